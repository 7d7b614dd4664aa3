//! Invented runs for tests: a fixed small one, and strategies for rows of every kind.

pub(crate) mod small;

use habitue_core::scenario::catalogue::CatalogueSpec;
use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::scenario::{
    Arm, CatalogueSource, Checkpoints, Design, GraphSource, LogOptions, ModelConfig, PersonaSource,
    PolicySpec, Population, Scenario, SlateOptions, Window,
};
use habitue_core::{
    Action, ActionScale, ArmId, Catalogue, CategoryId, ChatTurn, CreatorId, DAY, Decider, Distributions,
    EndReason, Habits, Impression, InterventionRecord, Item, ItemId, LlmCall, Memory, MemoryKind,
    MemoryRecord, Message, Mindset, Move, PastInteraction, Persona, PopulationId, ProgramTrace, RequestText,
    Reward, Sender, SessionRecord, SimDuration, SimTime, SlotTrace, Turn, UserId, WindowRows,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngSeed, TestRunner};

use crate::table::users::UserEntry;

pub(crate) const ACTIONS: [&str; 5] = ["skip", "view", "click", "like", "share"];
const CATEGORIES: [&str; 3] = ["cooking", "music", "über \"alles\""];
const CREATORS: [&str; 2] = ["studio-9", "Ann"];

/// A scenario with two arms and two populations.
pub(crate) fn scenario(rows_per_file: usize) -> Scenario {
    let spec: CatalogueSpec = serde_json::from_str(r#"{ "items": 3 }"#).unwrap();
    let arm = |name: &str| Arm {
        name: name.to_owned(),
        policy: PolicySpec { config: PolicyConfig::default(), folder: "/policies".into(), model: None },
        share: 0.1 + 0.2,
    };
    let population = |name: &str| Population {
        name: name.to_owned(),
        size: Some(2),
        personas: PersonaSource::History,
        model: ModelConfig::Choice(Box::default()),
    };
    Scenario {
        name: "town".to_owned(),
        seed: 7,
        horizon: SimDuration(2 * DAY),
        window: Window::Every(SimDuration(DAY)),
        catalogue: CatalogueSource::Generate(spec),
        populations: vec![population("casual"), population("regular")],
        slate: SlateOptions {
            size: 3,
            scale: ActionScale::new(&ACTIONS, "click").unwrap(),
            rate: true,
            history: 10,
            max_turns: 20,
            overhead: SimDuration(1000),
        },
        arms: vec![arm("popular"), arm("random")],
        design: Design::Split,
        reward: Reward {
            actions: vec![0.0, 0.1, 1.0, 2.0, 3.0],
            dwell_minute: 0.1,
            rating_point: 0.0,
            turn: 0.0,
            return_within: None,
        },
        graph: GraphSource::None,
        interventions: Vec::new(),
        log: LogOptions { enabled: true, distributions: false, rows_per_file },
        checkpoints: Checkpoints::Never,
    }
}

/// A catalogue of three items.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    for name in CATEGORIES {
        catalogue.category(name);
    }
    for name in CREATORS {
        catalogue.creator(name);
    }
    for key in ["a", "b", "c"] {
        let categories = vec![CategoryId(0)];
        catalogue.push(Item { key: key.into(), title: key.into(), categories, ..Item::default() }).unwrap();
    }
    catalogue
}

/// Users as they are logged; every third lives in every arm.
pub(crate) fn entries(personas: &[Persona]) -> impl Iterator<Item = UserEntry<'_>> {
    (0..).zip(personas).map(|(at, persona)| UserEntry {
        user: UserId(at),
        arm: (at % 3 < 2).then_some(ArmId((at % 3) as u16)),
        population: PopulationId((at % 2) as u16),
        persona,
    })
}

/// So many cases of a property, always the same ones, unless `PROPTEST_CASES` or `PROPTEST_RNG_SEED` say otherwise.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = count;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(7);
    }
    config
}

/// A value of a strategy, always the same.
pub(crate) fn fixed<T>(strategy: impl Strategy<Value = T>) -> T {
    strategy.new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

fn number() -> impl Strategy<Value = f32> {
    prop_oneof![4 => 0.0f32..1.0, 1 => proptest::num::f32::ANY]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), any::<String>(), "[a-z ]{1,8}"]
}

fn time() -> impl Strategy<Value = SimTime> {
    prop_oneof![4 => 0..2 * DAY, 1 => any::<i64>()].prop_map(SimTime)
}

fn item() -> impl Strategy<Value = ItemId> {
    prop_oneof![0u32..3, any::<u32>()].prop_map(ItemId)
}

fn user() -> impl Strategy<Value = UserId> {
    prop_oneof![4 => 0u32..6, 1 => any::<u32>()].prop_map(UserId)
}

fn arm() -> impl Strategy<Value = ArmId> {
    (0u16..2).prop_map(ArmId)
}

fn mindset() -> impl Strategy<Value = Mindset> {
    let need = option::of(prop_oneof![0u16..3, any::<u16>()].prop_map(CategoryId));
    (number(), number(), number(), number(), number(), need).prop_map(
        |(satisfaction, fatigue, boredom, trust, mood, need)| Mindset {
            satisfaction,
            fatigue,
            boredom,
            trust,
            mood,
            need,
        },
    )
}

fn impression() -> impl Strategy<Value = Impression> {
    (item(), number(), number(), 0u8..5, 0u8..6, any::<bool>()).prop_map(
        |(item, propensity, dwell_seconds, action, rating, examined)| Impression {
            item,
            propensity,
            dwell_seconds,
            action: Action(action),
            rating,
            examined,
        },
    )
}

fn request() -> impl Strategy<Value = RequestText> {
    prop_oneof![
        text().prop_map(RequestText::Search),
        text().prop_map(RequestText::Instruct),
        text().prop_map(RequestText::Answer),
    ]
}

fn next_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => Just(Move::NextPage),
        1 => text().prop_map(Move::Search),
        1 => text().prop_map(Move::Instruct),
        1 => text().prop_map(Move::Answer),
        1 => (option::of(item()), text()).prop_map(|(item, text)| Move::Post { item, text }),
        1 => (user(), option::of(item()), text()).prop_map(|(with, item, text)| Move::Chat { with, item, text }),
        1 => Just(Move::Leave),
    ]
}

fn distributions() -> impl Strategy<Value = Distributions> {
    (vec(number(), 0..16), vec(number(), 0..8)).prop_map(|(actions, moves)| Distributions { actions, moves })
}

fn decider() -> impl Strategy<Value = Decider> {
    prop::sample::select(vec![Decider::Choice, Decider::Llm, Decider::Student, Decider::Replay])
}

/// Any turn.
pub(crate) fn turn() -> impl Strategy<Value = Turn> {
    let place = (arm(), user(), 0u32..9, 0u32..9, time(), any::<i64>());
    let slate = (option::of(request()), vec(impression(), 0..5), any::<f64>(), option::of(text()));
    let answer = (next_move(), number(), mindset(), mindset(), option::of(distributions()), decider());
    (place, slate, answer).prop_map(|(place, slate, answer)| {
        let (arm, user, session, turn, time, elapsed) = place;
        let (request, impressions, log_propensity, reply) = slate;
        let (next, reward, before, after, distributions, decider) = answer;
        Turn {
            arm,
            user,
            session,
            turn,
            time,
            elapsed: SimDuration(elapsed),
            request,
            impressions,
            log_propensity,
            reply,
            next,
            reward,
            before,
            after,
            distributions,
            decider,
        }
    })
}

/// Any session.
pub(crate) fn session() -> impl Strategy<Value = SessionRecord> {
    let reasons = vec![EndReason::Left, EndReason::TurnLimit, EndReason::Outage, EndReason::Horizon];
    let place = (arm(), user(), 0u32..9, time(), time(), any::<u32>());
    let end = (
        number(),
        number(),
        prop::sample::select(reasons),
        option::of(any::<i64>().prop_map(SimDuration)),
        any::<bool>(),
        any::<bool>(),
        mindset(),
        mindset(),
    );
    (place, end).prop_map(|(place, end)| {
        let (arm, user, session, start, stop, turns) = place;
        let (turn_reward, return_reward, reason, gap, churned, censored, before, after) = end;
        SessionRecord {
            arm,
            user,
            session,
            start,
            end: stop,
            turns,
            turn_reward,
            return_reward,
            reason,
            gap,
            churned,
            censored,
            before,
            after,
        }
    })
}

/// Any message.
pub(crate) fn message() -> impl Strategy<Value = Message> {
    let from = prop_oneof![
        user().prop_map(Sender::User),
        any::<u32>().prop_map(|id| Sender::Creator(CreatorId(id)))
    ];
    let chat = (user(), 0u32..9, 0u32..9, 0u32..9).prop_map(|(opener, session, turn, number)| ChatTurn {
        opener,
        session,
        turn,
        number,
    });
    (from, user(), time(), time(), option::of(chat), option::of(item()), any::<bool>(), text()).prop_map(
        |(from, to, sent, delivered, chat, item, positive, text)| Message {
            arm: ArmId((to.0 % 2) as u16),
            from,
            to,
            sent,
            delivered,
            chat,
            item,
            positive,
            text,
        },
    )
}

/// Any intervention.
pub(crate) fn intervention() -> impl Strategy<Value = InterventionRecord> {
    (time(), text(), text()).prop_map(|(time, kind, effect)| InterventionRecord { time, kind, effect })
}

/// Any run of a decision program.
pub(crate) fn llm_call() -> impl Strategy<Value = LlmCall> {
    let slot = (text(), vec(number(), 0..4), option::of(any::<u32>()), option::of(text()))
        .prop_map(|(name, probabilities, choice, text)| SlotTrace { name, probabilities, choice, text });
    let place = (arm(), user(), 0u32..9, 0u32..9, time());
    (place, text(), text(), any::<u64>(), any::<u64>(), vec(slot, 0..4)).prop_map(
        |((arm, user, session, turn, time), program, prompt_hash, prompt_tokens, generated_tokens, slots)| {
            let trace = ProgramTrace { program, prompt_hash, prompt_tokens, generated_tokens, slots };
            LlmCall { arm, user, session, turn, time, trace }
        },
    )
}

/// Any memory.
pub(crate) fn memory() -> impl Strategy<Value = MemoryRecord> {
    let kinds = vec![MemoryKind::Observation, MemoryKind::Message, MemoryKind::Insight];
    let what = (any::<u32>(), prop::sample::select(kinds), text(), number(), time());
    (arm(), user(), what, vec(any::<u32>(), 0..3), option::of(item())).prop_map(
        |(arm, user, (id, kind, text, importance, created), sources, item)| {
            let memory = Memory { id, kind, text, importance, created, sources, item };
            MemoryRecord { arm, user, memory }
        },
    )
}

/// Any item of the sample's catalogue; the key is to be filled in.
pub(crate) fn joining_item() -> impl Strategy<Value = Item> {
    let words = (text(), text(), vec(text(), 0..3), option::of(text()));
    let names = (0u16..3, option::of((0u32..2).prop_map(CreatorId)));
    let numbers = (time(), 0.0f32..1e6, option::of(number()), 0.0f32..=1.0, vec(any::<u32>(), 0..4));
    (words, names, numbers).prop_map(|((title, text, tags, caption), (category, creator), numbers)| {
        let (published, duration_seconds, price, quality, semantic_id) = numbers;
        Item {
            key: String::new(),
            title,
            text,
            categories: (0..=category).rev().map(CategoryId).collect(),
            tags,
            creator,
            published,
            duration_seconds,
            price,
            quality,
            caption,
            semantic_id,
            embedding: Vec::new(),
        }
    })
}

/// Any persona.
pub(crate) fn persona() -> impl Strategy<Value = Persona> {
    let who = (text(), text(), option::of(any::<u8>()), text(), text(), vec(text(), 0..3));
    let tastes = (
        vec(((0u16..3).prop_map(CategoryId), number()), 0..3),
        vec((0u16..3).prop_map(CategoryId), 0..3),
        (number(), number(), number(), number()),
    );
    let past = (item(), time(), option::of(number())).prop_map(|(item, time, rating)| PastInteraction {
        item,
        time,
        rating,
    });
    (who, tastes, text(), vec(past, 0..4)).prop_map(|(who, tastes, text, history)| {
        let (key, name, age, gender, occupation, traits) = who;
        let (interests, dislikes, (activity, patience, diversity, conformity)) = tastes;
        let habits = Habits { activity, patience, diversity, conformity };
        Persona { key, name, age, gender, occupation, traits, interests, dislikes, habits, text, history }
    })
}

/// Any sequence of windows; items that join have keys of their own, some bring categories and creators.
pub(crate) fn windows(count: usize) -> impl Strategy<Value = Vec<WindowRows>> {
    let window = (
        vec(turn(), 0..9),
        vec(session(), 0..4),
        vec(message(), 0..3),
        vec(intervention(), 0..2),
        (vec(llm_call(), 0..3), vec(memory(), 0..3)),
        vec(joining_item(), 0..2),
        any::<bool>(),
    );
    vec(window, count).prop_map(|windows| {
        let mut joined = 0;
        let finished = windows.into_iter().map(|window| {
            let (turns, sessions, messages, interventions, (llm_calls, memories), mut items, names) = window;
            for item in &mut items {
                joined += 1;
                item.key = format!("joined-{joined}");
            }
            let new = |what: &str| -> Vec<String> {
                if names && !items.is_empty() { vec![format!("{what}-{joined}")] } else { Vec::new() }
            };
            let (new_categories, new_creators) = (new("category"), new("creator"));
            WindowRows {
                turns,
                sessions,
                messages,
                llm_calls,
                memories,
                interventions,
                items,
                new_categories,
                new_creators,
            }
        });
        finished.collect()
    })
}
