//! What is done to the world shows its effect from its time on, and leaves all before it identical.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod town;

use habitue_core::scenario::policy::{FixedConfig, PolicyConfig};
use habitue_core::scenario::{Design, InterventionKind, Span, Window};
use habitue_core::{
    ArmId, CategoryId, DAY, EndReason, HOUR, ItemId, Sender, SimDuration, SimTime, Turn, UserId, WindowRows,
};
use habitue_sim::Simulation;
use town::{HOURLY, Town, counting, item, joined, random, spec};

const AT: i64 = DAY + 90 * 60_000;
/// Start of the first window that begins at or after `AT`.
const FROM: i64 = DAY + 2 * HOUR;

fn town() -> Town {
    Town::new(HOURLY).arms(Design::Split, counting(), random())
}

/// Plays the town with and without the intervention: all windows before it are identical, some after it are not.
fn played(kind: &InterventionKind) -> (WindowRows, Simulation) {
    played_in(&town(), kind)
}

fn played_in(town: &Town, kind: &InterventionKind) -> (WindowRows, Simulation) {
    let calm = town.run();
    let town = town.clone().at(AT, kind.clone());
    let mut simulation = town.start();
    let disturbed = town::rest(&mut simulation);
    let hour = (FROM / HOUR) as usize;
    assert!(calm[..hour] == disturbed[..hour], "before {kind:?}");
    assert!(calm[hour..] != disturbed[hour..], "after {kind:?}");
    assert_eq!(disturbed[hour].interventions.len(), 1);
    let rows = joined(&disturbed);
    assert_eq!(rows.interventions[0].time, SimTime(FROM));
    assert_eq!(rows.interventions[0].kind, kind.name());
    (rows, simulation)
}

fn after(rows: &WindowRows) -> impl Iterator<Item = &Turn> {
    rows.turns.iter().filter(|turn| turn.time >= SimTime(FROM))
}

fn shown(rows: &WindowRows, item: ItemId) -> usize {
    let impressions = rows.turns.iter().flat_map(|turn| &turn.impressions);
    impressions.filter(|impression| impression.item == item).count()
}

/// Share of shown items of a category that this user engages with.
fn taste<'a>(turns: impl Iterator<Item = &'a Turn>, category: usize) -> f64 {
    let (mut shown, mut engaged) = (0u32, 0u32);
    for impression in turns.flat_map(|turn| &turn.impressions) {
        if impression.item.index() % town::CATEGORIES == category && impression.item.index() < 40 {
            shown += 1;
            engaged += u32::from(impression.action.0 >= 3);
        }
    }
    assert!(shown > 50, "{shown}");
    f64::from(engaged) / f64::from(shown)
}

#[test]
fn edit_persona_changes_the_interests_of_those_it_names() {
    // Users 1, 5, 9, ... like c1 and not c3.
    let users: Vec<String> = (1..60).step_by(4).map(|user| format!("u{user}")).collect();
    let edit =
        InterventionKind::EditPersona { users, interests: vec![("c3".into(), 0.9), ("c2".into(), 0.1)] };
    let (rows, simulation) = played(&edit);
    assert_eq!(rows.interventions[0].effect, "15 users: interests set to c3 0.9, c2 0.1");
    for (user, persona) in simulation.personas().iter().enumerate() {
        let expected = match user % 4 {
            1 => vec![(CategoryId(2), 0.1), (CategoryId(3), 0.9)],
            other => vec![(CategoryId(other as u16), 1.0)],
        };
        assert_eq!(persona.interests, expected);
    }
    let edited = |turn: &&Turn| turn.user.0 % 4 == 1;
    let before = || rows.turns.iter().filter(|turn| turn.time < SimTime(FROM)).filter(edited);
    assert!(taste(before(), 1) > 0.3 && taste(before(), 3) < 0.2);
    assert!(taste(after(&rows).filter(edited), 1) < 0.25 && taste(after(&rows).filter(edited), 3) > 0.3);
}

#[test]
fn edit_persona_without_names_is_for_everybody() {
    let edit = InterventionKind::EditPersona { users: Vec::new(), interests: vec![("c3".into(), 1.0)] };
    let (rows, simulation) = played(&edit);
    assert_eq!(rows.interventions[0].effect, "60 users: interests set to c3 1");
    assert!(simulation.personas().iter().all(|persona| persona.interests == [(CategoryId(3), 1.0)]));
    assert!(taste(after(&rows), 0) < 0.2 && taste(after(&rows), 3) > 0.3);
}

#[test]
fn add_items_makes_new_items_available() {
    let later = DAY + 20 * HOUR + 1;
    let mut late = item("late", "news");
    (late.creator, late.published) = (Some("newcomer".into()), Some(Span(SimDuration(later))));
    let (rows, simulation) = played(&InterventionKind::AddItems(vec![item("early", "c1"), late]));
    assert_eq!(rows.interventions[0].effect, "2 items added: early, late");
    let keys: Vec<&str> = rows.items.iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["early", "late"]);
    assert_eq!(
        (rows.new_categories.as_slice(), rows.new_creators.as_slice()),
        (&["news".to_owned()][..], &["newcomer".to_owned()][..])
    );
    assert_eq!(rows.items, simulation.catalogue().items()[40..]);
    assert_eq!(rows.items[0].published, SimTime(FROM));

    assert!(shown(&rows, ItemId(40)) > 0 && shown(&rows, ItemId(41)) > 0);
    let first = |item| {
        let with = rows.turns.iter().filter(|turn| turn.impressions.iter().any(|shown| shown.item == item));
        with.map(|turn| turn.time).min().unwrap()
    };
    assert!(first(ItemId(40)) >= SimTime(FROM));
    assert!(first(ItemId(41)) >= SimTime(DAY + 21 * HOUR), "the window after it is published");
}

#[test]
fn remove_items_takes_items_away() {
    let keys = vec!["v0".into(), "v5".into(), "v39".into()];
    let (rows, _) = played(&InterventionKind::RemoveItems(keys));
    assert_eq!(rows.interventions[0].effect, "3 items removed: v0, v5, v39");
    let gone = |turn: &Turn| turn.impressions.iter().any(|shown| [0, 5, 39].contains(&shown.item.0));
    assert!(rows.turns.iter().any(|turn| turn.time < SimTime(FROM) && gone(turn)));
    assert!(!after(&rows).any(gone), "nor is item 39, which was to be published later");

    let twice = town()
        .at(AT, InterventionKind::RemoveItems(vec!["v3".into()]))
        .at(AT, InterventionKind::RemoveItems(vec!["v3".into(), "v4".into()]));
    let effects: Vec<String> =
        joined(&twice.run()).interventions.into_iter().map(|done| done.effect).collect();
    assert_eq!(effects, ["1 item removed: v3", "1 item removed (1 had been before): v3, v4"]);
}

#[test]
fn creator_post_publishes_and_tells_the_followers() {
    let post =
        InterventionKind::CreatorPost { creator: "studio-2".into(), item: Box::new(item("hit", "c2")) };
    for design in [Design::Split, Design::Paired] {
        let town = Town::new(HOURLY).arms(design, counting(), random());
        let (rows, simulation) = played_in(&town, &post);
        let creator = simulation.catalogue().find_creator("studio-2").unwrap();
        assert_eq!(rows.items[0].creator, Some(creator));

        let follow = town.scenario.slate.scale.find("follow").unwrap();
        let mut followers: Vec<(ArmId, UserId)> = Vec::new();
        for turn in rows.turns.iter().filter(|turn| turn.time < SimTime(FROM)) {
            let of_creator = |item: ItemId| simulation.catalogue().item(item).creator == Some(creator);
            if turn.impressions.iter().any(|shown| shown.action == follow && of_creator(shown.item)) {
                followers.push((turn.arm, turn.user));
            }
        }
        followers.sort();
        followers.dedup();
        assert!(followers.len() > 2);
        let told: Vec<(ArmId, UserId)> = rows
            .messages
            .iter()
            .filter(|message| message.from == Sender::Creator(creator))
            .map(|message| {
                assert_eq!((message.sent, message.delivered), (SimTime(FROM), SimTime(FROM + HOUR)));
                assert_eq!((message.item, message.positive), (Some(ItemId(40)), true));
                assert_eq!(message.text, "The hit");
                (message.arm, message.to)
            })
            .collect();
        assert_eq!(told, followers);

        let of_arm = |arm: u16| followers.iter().filter(|(of, _)| *of == ArmId(arm)).count();
        let heard = match design {
            Design::Split => format!("{} followers will hear of it", followers.len()),
            Design::Paired => {
                let (one, other) = (of_arm(0), of_arm(1));
                format!("followers who will hear of it: {one} in arm \"one\", {other} in arm \"other\"")
            }
        };
        assert_eq!(
            rows.interventions[0].effect,
            format!("creator \"studio-2\" posted item \"hit\"; {heard}")
        );
        assert!(shown(&rows, ItemId(40)) > 0);
    }
}

#[test]
fn swap_policy_starts_the_new_one_untrained() {
    let swap = InterventionKind::SwapPolicy { arm: "one".into(), policy: Box::new(spec(counting())) };
    let (rows, simulation) = played(&swap);
    assert_eq!(rows.interventions[0].effect, "arm \"one\" is now served by a new popularity policy");
    // A counter is told of every window's end but the one it is made for: two hours fewer than a whole run.
    let hours = 3 * 24;
    assert_eq!(simulation.policy_updates(), [("one".into(), hours - 27), ("other".into(), hours - 1)]);

    // The new policy serves the first turn as one that has learnt nothing: by what was consumed before the run.
    let kind = InterventionKind::SwapPolicy { arm: "one".into(), policy: Box::new(spec(random())) };
    let (rows, _) = played(&kind);
    let of_one = after(&rows).filter(|turn| turn.arm == ArmId(0) && turn.turn == 0);
    let firsts: Vec<Vec<ItemId>> =
        of_one.map(|turn| turn.impressions[..3].iter().map(|shown| shown.item).collect()).collect();
    assert!(firsts.len() > 20);
    assert!(firsts.iter().all(|first| *first == [ItemId(0), ItemId(1), ItemId(2)]), "by id");
}

#[test]
fn an_outage_answers_nobody_for_its_time() {
    let until = FROM + 150 * 60_000;
    for (arm, effect) in [
        (None, "no arm answers until day 1 04:30:00"),
        (Some("other".to_owned()), "arm \"other\" answers nobody until day 1 04:30:00"),
    ] {
        let one = arm.is_some();
        let outage = InterventionKind::Outage { duration: SimDuration(150 * 60_000), arm };
        let (rows, _) = played(&outage);
        assert_eq!(rows.interventions[0].effect, effect);
        let mut met = 0;
        for turn in &rows.turns {
            let out = (FROM..until).contains(&turn.time.0) && !(one && turn.arm == ArmId(0));
            assert_eq!(turn.impressions.is_empty(), out, "{:?}", turn.time);
            met += usize::from(out);
        }
        let ended = rows.sessions.iter().filter(|session| session.reason == EndReason::Outage).count();
        assert!(met > 3 && met == ended, "{met} {ended}");
    }
}

#[test]
fn a_need_shock_makes_a_share_of_users_want_a_category() {
    let (rows, _) = played(&InterventionKind::NeedShock { category: "c2".into(), share: 0.5 });
    let wants = |turn: &Turn| turn.before.need == Some(CategoryId(2));
    assert!(!rows.turns.iter().any(|turn| turn.time < SimTime(FROM) && wants(turn)));
    let mut wanting: Vec<UserId> = after(&rows).filter(|turn| wants(turn)).map(|turn| turn.user).collect();
    wanting.sort();
    wanting.dedup();
    let said = &rows.interventions[0].effect;
    let hit: usize = said.split(' ').next().unwrap().parse().unwrap();
    assert!((18..43).contains(&hit) && said.ends_with("of 60 users want \"c2\""), "{said}");
    // Those who churned before are hit, but not seen again.
    assert!(wanting.len() <= hit && wanting.len() + 12 > hit, "{} of {hit}", wanting.len());
    let of_hit = after(&rows).filter(|turn| wanting.contains(&turn.user));
    assert!(taste(of_hit, 2) > 0.9);

    let (everybody, _) = played(&InterventionKind::NeedShock { category: "c2".into(), share: 1.0 });
    assert_eq!(everybody.interventions[0].effect, "60 of 60 users want \"c2\"");
    assert!(after(&everybody).filter(|turn| turn.turn == 0).all(wants));
}

#[test]
fn two_shocks_of_the_same_moment_hit_different_users() {
    let shock = |category: &str| InterventionKind::NeedShock { category: category.into(), share: 0.5 };
    let both = joined(&town().at(AT, shock("c1")).at(AT, shock("c2")).run());
    let needs = |category| move |turn: &&Turn| turn.before.need == Some(CategoryId(category));
    assert!(after(&both).any(|turn| needs(1)(&turn)) && after(&both).any(|turn| needs(2)(&turn)));
}

#[test]
fn interventions_of_a_moment_happen_in_the_order_of_the_scenario() {
    let all = town()
        .at(AT, InterventionKind::AddItems(vec![item("a", "c1")]))
        .at(AT - 1, InterventionKind::RemoveItems(vec!["v1".into()]))
        .at(AT, InterventionKind::RemoveItems(vec!["a".into()]))
        .at(0, InterventionKind::AddItems(vec![item("first", "c8")]));
    let rows = joined(&all.run());
    let done: Vec<(i64, &str)> =
        rows.interventions.iter().map(|done| (done.time.0, done.effect.as_str())).collect();
    assert_eq!(
        done,
        [
            (0, "1 item added: first"),
            (FROM, "1 item removed: v1"),
            (FROM, "1 item added: a"),
            (FROM, "1 item removed: a")
        ]
    );
    assert!(shown(&rows, ItemId(40)) > 0, "an item that joins at the start");
    assert_eq!(shown(&rows, ItemId(41)), 0);
}

/// What the simulation says to this intervention before it begins.
fn refused(kind: InterventionKind) -> String {
    town().at(AT, kind).try_start().err().expect("a refusal").to_string()
}

#[test]
fn what_cannot_happen_is_said_before_the_run() {
    let edit = |user: &str, category: &str, weight: f32| InterventionKind::EditPersona {
        users: vec!["u1".into(), user.into()],
        interests: vec![(category.into(), weight)],
    };
    let post =
        |creator: &str, item| InterventionKind::CreatorPost { creator: creator.into(), item: Box::new(item) };
    let mut foreign = item("new", "c1");
    foreign.creator = Some("studio-3".into());
    let mut better = item("new", "c1");
    better.quality = 1.5;
    let swap = |arm: &str| InterventionKind::SwapPolicy { arm: arm.into(), policy: Box::new(spec(random())) };
    let outage = |arm: &str| InterventionKind::Outage { duration: SimDuration(HOUR), arm: Some(arm.into()) };
    let mut said: Vec<String> = [
        edit("u61", "c1", 1.0),
        edit("nobody", "c1", 1.0),
        edit("u2", "c11", 1.0),
        edit("u2", "c1", 0.0),
        InterventionKind::EditPersona { users: Vec::new(), interests: Vec::new() },
        InterventionKind::AddItems(vec![item("a", "c1"), item("v3", "c1")]),
        InterventionKind::AddItems(vec![item("a", "c1"), item("a", "c2")]),
        InterventionKind::AddItems(vec![better.clone()]),
        InterventionKind::RemoveItems(vec!["v4".into(), "v-4".into()]),
        post("studio-7", item("new", "c1")),
        post("studio-1", foreign),
        post("studio-1", better),
        swap("onee"),
        outage("neither"),
        InterventionKind::NeedShock { category: "C3".into(), share: 0.5 },
    ]
    .into_iter()
    .map(refused)
    .collect();
    for (window, at) in [(HOURLY, 3 * DAY - HOUR + 1), (town::DAILY, 2 * DAY + 1), (Window::Turn, 3 * DAY)] {
        let late = Town::new(window).at(at, InterventionKind::RemoveItems(vec!["v1".into()]));
        said.push(late.try_start().err().expect("a refusal").to_string());
    }
    let unknown = PolicyConfig::Fixed(FixedConfig { items: vec!["v1".into()], ..FixedConfig::default() });
    let swap = InterventionKind::SwapPolicy { arm: "one".into(), policy: Box::new(spec(unknown)) };
    let mut simulation = town().at(AT, swap).start();
    let error = std::iter::from_fn(|| Some(simulation.advance())).find_map(Result::err).expect("a refusal");
    said.push(error.to_string());
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn what_an_earlier_intervention_brings_a_later_one_may_name() {
    let mut by_newcomer = item("a", "news");
    by_newcomer.creator = Some("newcomer".into());
    let town = town()
        .at(AT, InterventionKind::AddItems(vec![by_newcomer]))
        .at(AT + HOUR, InterventionKind::NeedShock { category: "news".into(), share: 1.0 })
        .at(
            AT + HOUR,
            InterventionKind::CreatorPost { creator: "newcomer".into(), item: Box::new(item("b", "news")) },
        )
        .at(AT + 2 * HOUR, InterventionKind::RemoveItems(vec!["a".into(), "b".into()]));
    assert_eq!(joined(&town.run()).interventions.len(), 4);
}
