//! A small world: users who click by taste and talk, policies that count clicks.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a town that cannot be built fails the test")]

use habitue_core::scenario::catalogue::{CatalogueSpec, ItemSpec};
use habitue_core::scenario::policy::{PolicyConfig, PopularityConfig, RandomConfig};
use habitue_core::scenario::{
    Arm, CatalogueSource, Checkpoints, Design, GraphSource, Intervention, InterventionKind, LogOptions,
    ModelConfig, PersonaSource, PolicySpec, Population, Scenario, SlateOptions, Window,
};
use habitue_core::{
    ActionScale, Catalogue, CategoryId, DAY, HOUR, Item, PastInteraction, Persona, PolicyError, PopulationId,
    ReturnReward, Reward, SimDuration, SimTime, SocialGraph, UserId, WindowRows, World,
};
use habitue_sim::{Parts, PolicyMaker, SimError, Simulation};

mod clicker;
mod counter;

pub use clicker::Clicker;
pub use counter::Counter;

pub const HOURLY: Window = Window::Every(SimDuration(HOUR));
pub const DAILY: Window = Window::Every(SimDuration(DAY));
pub const ACTIONS: [&str; 5] = ["dislike", "skip", "view", "click", "follow"];
pub const CATEGORIES: usize = 4;

/// What a town is built from.
#[derive(Debug, Clone)]
pub struct Town {
    pub scenario: Scenario,
    pub items: usize,
    pub users: usize,
    /// Every user hears the user after it, and this many more.
    pub friends: usize,
    /// How many users and requests are worth giving at once: 1 or more.
    pub batch: usize,
    /// How much users follow others.
    pub herd: f32,
}

impl Town {
    /// One arm of counters, two populations, three days.
    pub fn new(window: Window) -> Self {
        let scenario = Scenario {
            name: "town".into(),
            seed: 7,
            horizon: SimDuration(3 * DAY),
            window,
            catalogue: CatalogueSource::Generate(CatalogueSpec {
                items: 0,
                categories: 1,
                category_skew: 0.0,
                creators: 0,
                quality_mean: 0.5,
                quality_concentration: 4.0,
                second_category: 0.0,
                published_later: 0.0,
                duration_seconds: 0.0,
            }),
            populations: vec![population("early"), population("late")],
            slate: SlateOptions {
                size: 4,
                scale: ActionScale::new(&ACTIONS, "click").unwrap(),
                rate: true,
                history: 12,
                max_turns: 6,
                overhead: SimDuration(500),
            },
            arms: vec![arm("one", counting(), 1.0)],
            design: Design::Split,
            reward: Reward {
                actions: vec![-1.0, 0.0, 0.1, 1.0, 2.0],
                dwell_minute: 0.5,
                rating_point: 0.25,
                turn: 0.01,
                return_within: Some(ReturnReward { within: SimDuration(DAY / 2), value: 3.0 }),
            },
            graph: GraphSource::None,
            interventions: Vec::new(),
            log: LogOptions { enabled: true, distributions: true, rows_per_file: 1000 },
            checkpoints: Checkpoints::Never,
        };
        Self { scenario, items: 40, users: 60, friends: 2, batch: 16, herd: 0.1 }
    }

    /// Two arms with these policies.
    pub fn arms(mut self, design: Design, one: PolicyConfig, other: PolicyConfig) -> Self {
        self.scenario.arms = vec![arm("one", one, 0.5), arm("other", other, 0.5)];
        self.scenario.design = design;
        self
    }

    pub fn horizon(mut self, horizon: i64) -> Self {
        self.scenario.horizon = SimDuration(horizon);
        self
    }

    pub fn at(mut self, at: i64, kind: InterventionKind) -> Self {
        self.scenario.interventions.push(Intervention { at: SimTime(at), kind });
        self.scenario.interventions.sort_by_key(|intervention| intervention.at);
        self
    }

    /// Items v0, v1, ... of creators studio-0 to studio-4; every tenth is published during the second day.
    pub fn catalogue(&self) -> Catalogue {
        let mut catalogue = Catalogue::new();
        for category in 0..CATEGORIES {
            catalogue.category(&format!("c{category}"));
        }
        for at in 0..self.items {
            let creator = Some(catalogue.creator(&format!("studio-{}", at % 5)));
            let published = if at % 10 == 9 { SimTime(DAY + at as i64 * 61_000) } else { SimTime(-5) };
            let categories = vec![CategoryId((at % CATEGORIES) as u16)];
            let item = Item { key: format!("v{at}"), categories, creator, published, ..Item::default() };
            catalogue.push(item).unwrap();
        }
        catalogue
    }

    pub fn parts(&self) -> Parts {
        let persona = |user: usize| Persona {
            key: format!("u{user}"),
            interests: vec![(CategoryId((user % CATEGORIES) as u16), 1.0)],
            history: (0..user % 3)
                .map(|past| PastInteraction {
                    item: habitue_core::ItemId(((user * 7 + past) % self.items.min(9)) as u32),
                    time: SimTime(-HOUR * (3 - past as i64)),
                    rating: Some(past as f32 * 2.0 + 1.0),
                })
                .collect(),
            ..Persona::default()
        };
        let mut graph = SocialGraph::empty(self.users);
        for user in 0..self.users {
            for step in 1..=self.friends {
                let friend = (user + step * step) % self.users;
                graph.connect(UserId(user as u32), UserId(friend as u32));
            }
        }
        let early = self.users / 3;
        Parts {
            catalogue: self.catalogue(),
            personas: (0..self.users).map(persona).collect(),
            populations: (0..self.users).map(|user| PopulationId(u16::from(user >= early))).collect(),
            models: vec![
                Box::new(Clicker { batch: self.batch, zeal: 0.2, herd: self.herd }),
                Box::new(Clicker { batch: self.batch, zeal: 0.6, herd: self.herd }),
            ],
            graph,
        }
    }

    pub fn start(&self) -> Simulation {
        self.try_start().unwrap()
    }

    pub fn try_start(&self) -> Result<Simulation, SimError> {
        self.start_with(self.parts())
    }

    pub fn start_with(&self, parts: Parts) -> Result<Simulation, SimError> {
        Simulation::new(self.scenario.clone(), parts, Box::new(Maker { batch: self.batch }))
    }

    /// Goes on from a snapshot, with the catalogue and personas of the simulation it was taken of.
    pub fn restore(&self, of: &Simulation, snapshot: &[u8]) -> Result<Simulation, SimError> {
        let parts = Parts { catalogue: of.catalogue().clone(), ..self.parts() };
        Simulation::restore(self.scenario.clone(), parts, Box::new(Maker { batch: self.batch }), snapshot)
    }

    /// All windows.
    pub fn run(&self) -> Vec<WindowRows> {
        rest(&mut self.start())
    }
}

/// All windows that are left.
pub fn rest(simulation: &mut Simulation) -> Vec<WindowRows> {
    std::iter::from_fn(|| simulation.advance().unwrap()).collect()
}

/// All windows as one.
pub fn joined(windows: &[WindowRows]) -> WindowRows {
    let mut all = WindowRows::default();
    for rows in windows.iter().cloned() {
        all.turns.extend(rows.turns);
        all.sessions.extend(rows.sessions);
        all.messages.extend(rows.messages);
        all.interventions.extend(rows.interventions);
        all.items.extend(rows.items);
        all.new_categories.extend(rows.new_categories);
        all.new_creators.extend(rows.new_creators);
    }
    all
}

pub fn population(name: &str) -> Population {
    Population {
        name: name.into(),
        size: None,
        personas: PersonaSource::Spec(Box::default()),
        model: ModelConfig::Choice(Box::default()),
    }
}

pub fn arm(name: &str, config: PolicyConfig, share: f64) -> Arm {
    Arm { name: name.into(), policy: spec(config), share }
}

pub fn spec(config: PolicyConfig) -> PolicySpec {
    PolicySpec { config, folder: "/".into(), model: None }
}

/// A policy that learns.
pub fn counting() -> PolicyConfig {
    PolicyConfig::Popularity(PopularityConfig::default())
}

/// A policy that does not.
pub fn random() -> PolicyConfig {
    PolicyConfig::Random(RandomConfig::default())
}

pub fn item(id: &str, category: &str) -> ItemSpec {
    ItemSpec {
        id: id.into(),
        title: format!("The {id}"),
        text: String::new(),
        categories: vec![category.into()],
        tags: Vec::new(),
        creator: None,
        published: None,
        age: None,
        duration_seconds: 0.0,
        price: None,
        quality: 0.5,
        caption: None,
        semantic_id: Vec::new(),
        embedding: Vec::new(),
    }
}

/// Makes counters that learn for `popularity`, and ones that do not for `random`.
struct Maker {
    batch: usize,
}

impl PolicyMaker for Maker {
    fn make(
        &self,
        arm: &str,
        spec: &PolicySpec,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Box<dyn habitue_core::Policy>, PolicyError> {
        match &spec.config {
            PolicyConfig::Random(_) => Ok(Box::new(Counter::new(world, &[], self.batch, false))),
            PolicyConfig::Popularity(_) => Ok(Box::new(Counter::new(world, history, self.batch, true))),
            other => Err(PolicyError {
                policy: arm.into(),
                message: format!("kind \"{}\", expected popularity or random", other.kind()),
            }),
        }
    }
}
