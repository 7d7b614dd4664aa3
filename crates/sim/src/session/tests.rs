#![allow(clippy::float_cmp, reason = "sums are exact where their order is")]

use habitue_core::{
    Action, ActionScale, Distributions, Feedback, ReturnReward, Reward, SessionRecord, SlateItem, UserState,
};
use proptest::prelude::*;

use super::*;
use crate::resident::Resident;
use crate::seat;

const ITEMS: u32 = 8;

fn rules() -> Rules {
    Rules {
        slate_size: 3,
        scale: ActionScale::new(&["dislike", "skip", "click", "like"], "click").unwrap(),
        rate: true,
        history: 4,
        max_turns: 5,
        overhead: SimDuration(250),
        distributions: false,
        reward: Reward {
            actions: vec![-1.0, 0.0, 1.0, 2.0],
            dwell_minute: 0.5,
            rating_point: 0.25,
            turn: 0.125,
            return_within: Some(ReturnReward { within: SimDuration(1_000), value: 10.0 }),
        },
    }
}

fn opened() -> Session {
    Session::open(ArmId(1), UserId(3), 7, SimTime(1_000), mood(0.5))
}

fn mood(satisfaction: f32) -> Mindset {
    Mindset { satisfaction, ..Mindset::default() }
}

fn slate(items: &[u32]) -> Slate {
    Slate::certain(items.iter().map(|item| ItemId(*item)))
}

fn feedback(action: u8) -> Feedback {
    Feedback { action: Action(action), examined: true, dwell_seconds: 2.0, rating: 0 }
}

fn decision(actions: &[u8], next: Move) -> Decision {
    let feedback = actions.iter().map(|action| feedback(*action)).collect();
    Decision { feedback, next, distributions: None, trace: None }
}

fn show(session: &mut Session, slate: Slate) -> Result<(), SessionError> {
    session.show(&rules(), slate, mood(0.5), |item| item.0 < ITEMS)
}

fn decide(session: &mut Session, decision: Decision) -> Result<Turn, SessionError> {
    session.decide(&rules(), decision, mood(0.75), Decider::Choice)
}

/// One turn on items 0 and 1.
fn turn(session: &mut Session, next: Move) -> Turn {
    show(session, slate(&[0, 1])).unwrap();
    decide(session, decision(&[1, 2], next)).unwrap()
}

#[test]
fn a_turn_says_all_that_happened() {
    let mut session = opened();
    let shown = Slate { log_propensity: -0.5, reply: Some("here".into()), ..slate(&[4, 2]) };
    show(&mut session, shown).unwrap();
    assert_eq!(session.slate().unwrap().items.len(), 2);
    let mut decision = decision(&[3, 0], Move::Search("jazz".into()));
    decision.feedback[0].dwell_seconds = 29.9996;
    decision.feedback[0].rating = 5;
    let turn = decide(&mut session, decision).unwrap();

    assert_eq!((turn.arm, turn.user, turn.session, turn.turn), (ArmId(1), UserId(3), 7, 0));
    assert_eq!((turn.time, turn.elapsed), (SimTime(1_000), SimDuration(30_000 + 2_000 + 250)));
    let dwell: Vec<f32> = turn.impressions.iter().map(|impression| impression.dwell_seconds).collect();
    assert_eq!(dwell, [30.0, 2.0]);
    assert_eq!(turn.impressions[0].item, ItemId(4));
    assert_eq!(turn.impressions[0].rating, 5);
    assert_eq!((turn.log_propensity, turn.reply.as_deref()), (-0.5, Some("here")));
    assert_eq!((turn.before, turn.after), (mood(0.5), mood(0.75)));
    assert_eq!(turn.reward, rules().reward.of_turn(&turn.impressions));
    assert_eq!(turn.request, None);
}

#[test]
fn the_next_turn_begins_where_the_last_one_ended() {
    let mut session = opened();
    let first = turn(&mut session, Move::NextPage);
    let second = turn(&mut session, Move::Leave);
    assert_eq!(second.time, first.time + first.elapsed);
    assert_eq!(second.turn, 1);
    assert_eq!(session.now(), second.time + second.elapsed);
    assert_eq!(session.reward(), first.reward + second.reward);
    assert_eq!(session.shown(), [ItemId(0), ItemId(1), ItemId(0), ItemId(1)]);
    assert_eq!((session.turn(), session.start(), session.before()), (2, SimTime(1_000), mood(0.5)));
}

#[test]
fn words_go_with_the_next_request_only() {
    for (said, request) in [
        (Move::Search("a".into()), Some(RequestText::Search("a".into()))),
        (Move::Instruct("b".into()), Some(RequestText::Instruct("b".into()))),
        (Move::Answer("c".into()), Some(RequestText::Answer("c".into()))),
        (Move::NextPage, None),
        (Move::Post { item: None, text: "d".into() }, None),
        (Move::Chat { with: UserId(0), item: None, text: "e".into() }, None),
    ] {
        let mut session = opened();
        turn(&mut session, said);
        assert_eq!(session.request(), request.as_ref());
        let second = turn(&mut session, Move::NextPage);
        assert_eq!(second.request, request);
        assert_eq!(session.request(), None);
    }
}

#[test]
fn a_session_ends_when_the_user_leaves() {
    let mut session = opened();
    turn(&mut session, Move::Leave);
    assert_eq!(session.need(), Need::Finished(EndReason::Left));
    assert!(session.slate().is_none());
}

#[test]
fn a_session_ends_at_the_turn_limit_unless_the_user_leaves_then() {
    for (last, reason) in [(Move::NextPage, EndReason::TurnLimit), (Move::Leave, EndReason::Left)] {
        let mut session = opened();
        for _ in 0..4 {
            turn(&mut session, Move::NextPage);
            assert_eq!(session.need(), Need::Slate);
        }
        turn(&mut session, last);
        assert_eq!(session.need(), Need::Finished(reason));
    }
}

#[test]
fn an_outage_is_an_empty_slate_after_which_nobody_stays() {
    let mut session = opened();
    session.show_outage(mood(0.5)).unwrap();
    assert!(session.slate().unwrap().items.is_empty());
    let turn = decide(&mut session, decision(&[], Move::NextPage)).unwrap();
    assert_eq!((turn.impressions.len(), turn.elapsed), (0, SimDuration(250)));
    assert_eq!(session.need(), Need::Finished(EndReason::Outage));
}

#[test]
fn a_slate_may_be_shorter_than_asked_for() {
    let mut session = opened();
    show(&mut session, slate(&[5])).unwrap();
    assert_eq!(session.need(), Need::Decision);
}

#[test]
fn what_is_wrong_changes_nothing() {
    let mut session = opened();
    let untouched = session.clone();
    show(&mut session, slate(&[0, 0])).unwrap_err();
    assert_eq!(session, untouched);
    show(&mut session, slate(&[0, 1])).unwrap();
    let waiting = session.clone();
    decide(&mut session, decision(&[0], Move::Leave)).unwrap_err();
    assert_eq!(session, waiting);
    decide(&mut session, decision(&[0, 1], Move::Leave)).unwrap();
}

/// Every way in which a slate, a decision or a call can be wrong, in words.
#[test]
fn mistakes_are_said() {
    let mut said = Vec::new();
    let with = |change: &dyn Fn(&mut Slate)| {
        let mut slate = slate(&[0, 1, 2]);
        change(&mut slate);
        show(&mut opened(), slate).unwrap_err()
    };
    said.push(with(&|slate| slate.items.clear()));
    said.push(with(&|slate| slate.items.push(SlateItem { item: ItemId(3), propensity: 1.0 })));
    said.push(with(&|slate| slate.items[2].item = ItemId(0)));
    said.push(with(&|slate| slate.items[1].item = ItemId(ITEMS)));
    for propensity in [0.0, -0.25, 1.5, f32::NAN] {
        said.push(with(&|slate| slate.items[2].propensity = propensity));
    }
    for joint in [0.5, f64::NEG_INFINITY, f64::NAN] {
        said.push(with(&|slate| slate.log_propensity = joint));
    }
    let with = |rate: bool, change: &dyn Fn(&mut Decision)| {
        let mut decision = decision(&[1, 2], Move::NextPage);
        change(&mut decision);
        let mut session = opened();
        show(&mut session, slate(&[0, 1])).unwrap();
        let rules = Rules { rate, ..rules() };
        session.decide(&rules, decision, mood(0.5), Decider::Choice).unwrap_err()
    };
    said.push(with(true, &|decision| decision.feedback.clear()));
    said.push(with(true, &|decision| decision.feedback[1].action = Action(4)));
    for dwell in [-1.0, f32::INFINITY, f32::NAN] {
        said.push(with(true, &|decision| decision.feedback[0].dwell_seconds = dwell));
    }
    said.push(with(true, &|decision| decision.feedback[0].rating = 6));
    for (actions, moves) in [(7, 7), (8, 6)] {
        let distributions = Distributions { actions: vec![0.25; actions], moves: vec![0.125; moves] };
        said.push(with(true, &|decision| decision.distributions = Some(distributions.clone())));
    }
    said.push(with(false, &|decision| decision.feedback[0].rating = 4));

    let mut session = opened();
    said.push(decide(&mut session, decision(&[], Move::Leave)).unwrap_err());
    show(&mut session, slate(&[0, 1])).unwrap();
    said.push(show(&mut session, slate(&[0, 1])).unwrap_err());
    said.push(session.show_outage(mood(0.5)).unwrap_err());
    decide(&mut session, decision(&[1, 1], Move::Leave)).unwrap();
    said.push(show(&mut session, slate(&[0, 1])).unwrap_err());

    let said: Vec<String> = said.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"));
}

fn closed(
    departure: Option<habitue_core::Departure>,
    horizon: i64,
) -> (Option<SessionRecord>, Option<SimTime>) {
    let mut session = opened();
    let last = turn(&mut session, Move::Leave);
    assert_eq!(last.time + last.elapsed, SimTime(5_250));
    let state = UserState { mindset: mood(0.75), ..UserState::default() };
    let mut resident = Resident::admitted(&rules(), state, SimTime(1_000), &[]);
    resident.session = Some(Box::new(session));
    let reason = EndReason::Left;
    let record =
        seat::close(&rules(), SimTime(horizon), UserId(3), ArmId(1), &mut resident, reason, departure);
    assert_eq!(resident.last_end, Some(SimTime(5_250)));
    (record, resident.due)
}

#[test]
fn a_return_counts_within_the_horizon_and_its_own_limit() {
    use habitue_core::Departure::{Never, Return};
    for (departure, horizon, gap, reward, censored) in [
        // In time; too late for the reward; after the run's end; at the run's end.
        (Return(SimDuration(1_000)), 9_000, Some(1_000), 10.0, false),
        (Return(SimDuration(1_001)), 9_000, Some(1_001), 0.0, false),
        (Return(SimDuration(900)), 6_000, None, 0.0, true),
        (Return(SimDuration(750)), 6_000, None, 0.0, true),
        // A user cannot be back before having left.
        (Return(SimDuration(-5)), 9_000, Some(1), 10.0, false),
        (Never, 9_000, None, 0.0, false),
    ] {
        let (record, due) = closed(Some(departure), horizon);
        let record = record.unwrap();
        assert_eq!(record.gap, gap.map(SimDuration), "{departure:?}");
        assert_eq!((record.return_reward, record.censored), (reward, censored), "{departure:?}");
        assert_eq!(record.churned, departure == Never);
        assert_eq!(due, gap.map(|gap| SimTime(5_250 + gap)));
        assert_eq!((record.start, record.end, record.turns), (SimTime(1_000), SimTime(5_250), 1));
        assert_eq!((record.before, record.after), (mood(0.5), mood(0.75)));
    }
}

#[test]
fn the_end_of_the_run_hides_the_return() {
    let (record, due) = closed(None, 9_000);
    let record = record.unwrap();
    assert_eq!((record.gap, record.censored, record.churned, due), (None, true, false, None));
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        8 => Just(Move::NextPage),
        2 => "[a-z]{0,4}".prop_map(Move::Search),
        1 => "[a-z]{0,4}".prop_map(Move::Instruct),
        1 => "[a-z]{0,4}".prop_map(Move::Answer),
        1 => Just(Move::Post { item: Some(ItemId(1)), text: String::new() }),
        1 => Just(Move::Leave),
    ]
}

/// A slate and its decision, possible or not.
fn any_turn() -> impl Strategy<Value = (Slate, Decision)> {
    let shown = (0..ITEMS + 1, 0.0f32..1.1);
    let given = (0u8..5, any::<bool>(), -0.1f32..50.0, 0u8..7);
    let position = (shown, given);
    let length = prop_oneof![1 => Just(0), 9 => 1usize..5];
    length.prop_flat_map(move |length| {
        (prop::collection::vec(position.clone(), length), -3.0f64..0.1, any_move()).prop_map(
            |(positions, log_propensity, next)| {
                let items = positions.iter().map(|((item, propensity), _)| SlateItem {
                    item: ItemId(*item),
                    propensity: *propensity,
                });
                let slate = Slate { items: items.collect(), log_propensity, reply: None };
                let feedback = positions.iter().map(|(_, (action, examined, dwell, rating))| Feedback {
                    action: Action(*action),
                    examined: *examined,
                    dwell_seconds: *dwell,
                    rating: *rating,
                });
                (slate, Decision { feedback: feedback.collect(), next, distributions: None, trace: None })
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever a session is given, right or wrong, it keeps its own account straight.
    #[test]
    fn no_input_breaks_a_session(turns in prop::collection::vec((any_turn(), any::<bool>()), 1..30)) {
        let rules = rules();
        let mut session = opened();
        let mut played: Vec<Turn> = Vec::new();
        for ((slate, decision), out) in turns {
            if let Need::Finished(_) = session.need() {
                prop_assert!(session.show(&rules, slate, mood(0.5), |_| true).is_err());
                prop_assert!(session.show_outage(mood(0.5)).is_err());
                continue;
            }
            prop_assert_eq!(session.need(), Need::Slate);
            let shown = if out { session.show_outage(mood(0.5)) } else { show(&mut session, slate) };
            let needs = if shown.is_ok() { Need::Decision } else { Need::Slate };
            prop_assert_eq!(session.need(), needs);
            let before = session.clone();
            let turn = match decide(&mut session, decision) {
                Err(_) => {
                    prop_assert_eq!(&session, &before);
                    let Some(slate) = session.slate() else { continue };
                    let skips = vec![1; slate.items.len()];
                    decide(&mut session, self::decision(&skips, Move::NextPage)).unwrap()
                }
                Ok(turn) => turn,
            };
            prop_assert!(shown.is_ok());
            prop_assert_eq!(turn.time, before.now());
            prop_assert!(turn.elapsed >= rules.overhead);
            prop_assert_eq!(turn.turn as usize, played.len());
            let ends = out || turn.next == Move::Leave || played.len() + 1 == rules.max_turns as usize;
            prop_assert_eq!(matches!(session.need(), Need::Finished(_)), ends);
            played.push(turn);
            let reward = played.iter().fold(0.0, |sum, turn| sum + turn.reward);
            prop_assert_eq!(session.reward(), reward);
            prop_assert_eq!(session.turn() as usize, played.len());
            let end = played.last().map_or(session.start(), |turn| turn.time + turn.elapsed);
            prop_assert_eq!(session.now(), end);
            let shown: usize = played.iter().map(|turn| turn.impressions.len()).sum();
            prop_assert_eq!(session.shown().len(), shown);
        }
    }
}
