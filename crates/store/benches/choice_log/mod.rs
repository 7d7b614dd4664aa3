//! An invented log of the kind that parametric choice users leave: 10,000 items, slates of 10, dwell in whole
//! milliseconds, mindsets of which every number moves with every turn.

use habitue_core::scenario::catalogue::CatalogueSpec;
use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::scenario::{
    Arm, CatalogueSource, Checkpoints, Design, GraphSource, LogOptions, ModelConfig, PersonaSource,
    PolicySpec, Population, Scenario, SlateOptions, Window,
};
use habitue_core::{
    Action, ActionScale, ArmId, Catalogue, CategoryId, Decider, EndReason, HOUR, Impression, Item, ItemId,
    Mindset, Move, Persona, PopulationId, Purpose, Reward, SessionRecord, SimDuration, SimTime, Stream,
    Streams, Turn, UserId, WindowRows,
};
use habitue_store::UserEntry;
use rand::RngExt;
use rand_distr::{Distribution, LogNormal};

/// Number of items.
pub(crate) const ITEMS: u32 = 10_000;
/// Number of users.
pub(crate) const USERS: u32 = 20_000;
const SLATE: usize = 10;
const REWARDS: [f32; 6] = [0.0, 0.05, 0.2, 1.0, 2.0, 3.0];
/// Median dwell by action, in seconds.
const DWELL: [f64; 6] = [0.8, 2.5, 6.0, 15.0, 25.0, 30.0];

/// How slates were chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propensities {
    /// With certainty.
    One,
    /// Position by position from a softmax over scores (Plackett-Luce).
    PlackettLuce,
}

/// The scenario of the log.
pub(crate) fn scenario(name: &str) -> Scenario {
    let spec: CatalogueSpec = serde_json::from_str(r#"{ "items": 10000 }"#).expect("a catalogue of defaults");
    let actions = ["skip", "view", "click", "like", "share", "follow"];
    Scenario {
        name: name.to_owned(),
        seed: 7,
        horizon: SimDuration(1000 * HOUR),
        window: Window::Every(SimDuration(HOUR)),
        catalogue: CatalogueSource::Generate(spec),
        populations: vec![Population {
            name: "casual".to_owned(),
            size: Some(USERS),
            personas: PersonaSource::History,
            model: ModelConfig::Choice(Box::default()),
        }],
        slate: SlateOptions {
            size: SLATE,
            scale: ActionScale::new(&actions, "click").expect("a scale"),
            rate: false,
            history: 50,
            max_turns: 20,
            overhead: SimDuration(1000),
        },
        arms: vec![Arm {
            name: "only".to_owned(),
            policy: PolicySpec { config: PolicyConfig::default(), folder: "/".into(), model: None },
            share: 1.0,
        }],
        design: Design::Split,
        reward: Reward {
            actions: REWARDS.to_vec(),
            dwell_minute: 0.1,
            rating_point: 0.0,
            turn: 0.0,
            return_within: None,
        },
        graph: GraphSource::None,
        interventions: Vec::new(),
        log: LogOptions { enabled: true, distributions: false, rows_per_file: 131_072 },
        checkpoints: Checkpoints::Never,
    }
}

/// The catalogue of the log.
pub(crate) fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    for category in 0..10 {
        catalogue.category(&format!("category {category}"));
    }
    for item in 0..ITEMS {
        let key = format!("v{item}");
        let categories = vec![CategoryId((item % 10) as u16)];
        let item =
            Item { title: format!("Video number {item}"), key, categories, quality: 0.5, ..Item::default() };
        catalogue.push(item).expect("an item of its own");
    }
    catalogue
}

/// The users of the log.
pub(crate) fn personas() -> Vec<Persona> {
    let persona = |user| Persona {
        key: format!("casual-{user}"),
        interests: vec![(CategoryId((user % 10) as u16), 1.0)],
        ..Persona::default()
    };
    (0..USERS).map(persona).collect()
}

/// Personas as they are logged.
pub(crate) fn entries(personas: &[Persona]) -> impl Iterator<Item = UserEntry<'_>> {
    (0..).zip(personas).map(|(user, persona)| UserEntry {
        user: UserId(user),
        arm: Some(ArmId(0)),
        population: PopulationId(0),
        persona,
    })
}

/// Windows of an hour with at least so many turns in all.
pub(crate) fn windows(turns: usize, propensities: Propensities) -> Vec<WindowRows> {
    let streams = Streams::new(7);
    let mut made = 0;
    let mut sessions = vec![0; USERS as usize];
    let mut windows = Vec::new();
    for hour in 0.. {
        if made >= turns {
            break;
        }
        let mut window = WindowRows::default();
        for user in 0..USERS {
            let mut stream = streams.stream(Purpose::Decision, user.into(), hour);
            if stream.random::<f64>() < 0.05 {
                let start = SimTime(hour as i64 * HOUR + stream.random_range(0..HOUR));
                let number = sessions[user as usize];
                sessions[user as usize] += 1;
                visit(&mut window, &mut stream, UserId(user), number, start, propensities);
            }
        }
        made += window.turns.len();
        windows.push(window);
    }
    windows
}

fn visit(
    window: &mut WindowRows,
    stream: &mut Stream,
    user: UserId,
    session: u32,
    start: SimTime,
    propensities: Propensities,
) {
    let mut mindset = Mindset {
        satisfaction: stream.random(),
        fatigue: 0.0,
        boredom: stream.random(),
        trust: stream.random(),
        mood: stream.random(),
        need: (stream.random::<f32>() < 0.3).then(|| CategoryId(stream.random_range(0..10))),
    };
    let (arrival, mut now, mut reward) = (mindset, start, 0.0);
    let turns = stream.random_range(1..13);
    for turn in 0..turns {
        let before = mindset;
        let (impressions, log_propensity) = slate(stream, propensities);
        let mut drift = |value: &mut f32| *value += 0.1 * (stream.random::<f32>() - *value);
        drift(&mut mindset.satisfaction);
        drift(&mut mindset.fatigue);
        drift(&mut mindset.boredom);
        drift(&mut mindset.trust);
        drift(&mut mindset.mood);
        let dwell: f32 = impressions.iter().map(|impression| impression.dwell_seconds).sum();
        let gained = impressions.iter().map(|impression| REWARDS[impression.action.0 as usize]).sum::<f32>()
            + 0.1 * dwell / 60.0;
        let elapsed = SimDuration((dwell * 1000.0).round() as i64 + 1000);
        window.turns.push(Turn {
            arm: ArmId(0),
            user,
            session,
            turn,
            time: now,
            elapsed,
            request: None,
            impressions,
            log_propensity,
            reply: None,
            next: if turn + 1 == turns { Move::Leave } else { Move::NextPage },
            reward: gained,
            before,
            after: mindset,
            distributions: None,
            decider: Decider::Choice,
        });
        now += elapsed;
        reward += gained;
    }
    window.sessions.push(SessionRecord {
        arm: ArmId(0),
        user,
        session,
        start,
        end: now,
        turns,
        turn_reward: reward,
        return_reward: 0.0,
        reason: EndReason::Left,
        gap: Some(SimDuration(stream.random_range(0..100 * HOUR))),
        churned: false,
        censored: false,
        before: arrival,
        after: mindset,
    });
}

fn slate(stream: &mut Stream, propensities: Propensities) -> (Vec<Impression>, f64) {
    let mut log_propensity = 0.0;
    let spread = LogNormal::new(0.0, 0.6).expect("a spread above 0");
    let mut impressions: Vec<Impression> = Vec::with_capacity(SLATE);
    for position in 0..SLATE {
        // Half of what is shown is popular: the density of item number n falls with n.
        let item = loop {
            let draw: f64 = stream.random();
            let item = if stream.random::<bool>() { draw * draw * draw } else { draw };
            let item = ItemId((item * f64::from(ITEMS)) as u32);
            if impressions.iter().all(|shown| shown.item != item) {
                break item;
            }
        };
        let propensity = match propensities {
            Propensities::One => 1.0,
            Propensities::PlackettLuce => f64::min(1.0, 0.001 * spread.sample(stream)) as f32,
        };
        log_propensity += f64::from(propensity).ln();
        let examined = stream.random::<f64>() < 0.95 * 0.88f64.powi(position as i32);
        let action = match stream.random::<f64>() {
            _ if !examined => 0,
            draw if draw < 0.55 => 0,
            draw if draw < 0.75 => 1,
            draw if draw < 0.9 => 2,
            draw if draw < 0.97 => 3,
            draw if draw < 0.99 => 4,
            _ => 5,
        };
        let milliseconds =
            if examined { (DWELL[action] * spread.sample(stream) * 1000.0).round() } else { 0.0 };
        impressions.push(Impression {
            item,
            propensity,
            dwell_seconds: milliseconds as f32 / 1000.0,
            action: Action(action as u8),
            rating: 0,
            examined,
        });
    }
    (impressions, log_propensity)
}
