//! Time per turn of the engine alone, by number of users: user model and policy do next to nothing.
#![allow(missing_docs)]

use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use habitue_core::scenario::catalogue::CatalogueSpec;
use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::scenario::{
    Arm, CatalogueSource, Checkpoints, Design, GraphSource, LogOptions, ModelConfig, PersonaSource,
    PolicySpec, Population, Scenario, SlateOptions, Window,
};
use habitue_core::{
    Action, ActionScale, Catalogue, CategoryId, DAY, Decider, Decision, Departure, Encounter, Feedback, HOUR,
    Item, ItemId, Message, Move, PastInteraction, Persona, Policy, PolicyError, PopulationId, Request,
    Reward, SimDuration, SimTime, Slate, SocialGraph, Streams, Turn, UserId, UserModel, UserModelError,
    UserState, Visit, World,
};
use habitue_sim::{Parts, PolicyMaker, Simulation};

const ITEMS: u32 = 10_000;
const SLATE: usize = 10;
const CATEGORIES: usize = 20;
/// Turns of a session.
const TURNS: u32 = 5;

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Clicks every tenth item, stays five turns, comes back after 1 to 23 hours.
struct Clockwork;

/// A cheap stand-in for random draws.
fn mix(mut number: u64) -> u64 {
    number = (number ^ number >> 30).wrapping_mul(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27).wrapping_mul(0x94d049bb133111eb);
    number ^ number >> 31
}

impl UserModel for Clockwork {
    fn decider(&self) -> Decider {
        Decider::Choice
    }

    fn admit(&self, _: &World<'_>, user: UserId, _: &Persona, _: Streams) -> (UserState, SimTime) {
        let state = UserState { interests: vec![0.5; CATEGORIES].into(), ..UserState::default() };
        (state, SimTime((mix(u64::from(user.0)) % DAY as u64) as i64))
    }

    fn arrive(&self, _: &World<'_>, _: Visit<'_>, _: Option<SimDuration>, _: Streams) {}

    fn decide(
        &self,
        _: &World<'_>,
        encounters: &mut [Encounter<'_>],
        _: Streams,
    ) -> Result<Vec<Decision>, UserModelError> {
        let decide = |encounter: &mut Encounter<'_>| {
            let feedback = encounter.slate.items.iter().map(|shown| Feedback {
                action: Action(u8::from((shown.item.0 + encounter.turn).is_multiple_of(10)) * 2),
                examined: true,
                dwell_seconds: 2.0,
                rating: 0,
            });
            let next = if encounter.turn + 1 < TURNS { Move::NextPage } else { Move::Leave };
            Decision { feedback: feedback.collect(), next, distributions: None, trace: None }
        };
        Ok(encounters.iter_mut().map(decide).collect())
    }

    fn depart(&self, _: &World<'_>, visit: Visit<'_>, _: Streams) -> Departure {
        let draw = mix(u64::from(visit.user.0) << 32 | u64::from(visit.session));
        Departure::Return(SimDuration(HOUR + (draw % (22 * HOUR as u64)) as i64))
    }

    fn hear(&self, _: &World<'_>, _: &Persona, _: &mut UserState, _: &Message) {}
}

/// Shows the items in turn.
struct Carousel;

impl Policy for Carousel {
    fn name(&self) -> &'static str {
        "carousel"
    }

    fn recommend(
        &self,
        _: &World<'_>,
        requests: &[Request<'_>],
        _: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        let slate = |request: &Request<'_>| {
            let first = mix(u64::from(request.user.0 + request.turn)) as u32 % ITEMS;
            Slate::certain((0..SLATE as u32).map(|at| ItemId((first + at) % ITEMS)))
        };
        Ok(requests.iter().map(slate).collect())
    }

    fn observe(&mut self, _: &World<'_>, _: &[Turn]) -> Result<(), PolicyError> {
        Ok(())
    }

    fn end_window(&mut self, _: &World<'_>, _: Streams) -> Result<(), PolicyError> {
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        Ok(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), PolicyError> {
        Ok(())
    }
}

struct Maker;

impl PolicyMaker for Maker {
    fn make(
        &self,
        _: &str,
        _: &PolicySpec,
        _: &World<'_>,
        _: &[(UserId, &[PastInteraction])],
    ) -> Result<Box<dyn Policy>, PolicyError> {
        Ok(Box::new(Carousel))
    }
}

fn scenario(window: Window) -> Scenario {
    Scenario {
        name: "bench".into(),
        seed: 1,
        horizon: SimDuration(3650 * DAY),
        window,
        catalogue: CatalogueSource::Generate(CatalogueSpec {
            items: ITEMS,
            categories: CATEGORIES as u16,
            category_skew: 0.0,
            creators: 0,
            quality_mean: 0.5,
            quality_concentration: 4.0,
            second_category: 0.0,
            published_later: 0.0,
            duration_seconds: 0.0,
        }),
        populations: vec![Population {
            name: "all".into(),
            size: None,
            personas: PersonaSource::Spec(Box::default()),
            model: ModelConfig::Choice(Box::default()),
        }],
        slate: SlateOptions {
            size: SLATE,
            scale: ActionScale::new(&["skip", "view", "click"], "click").expect("a scale"),
            rate: false,
            history: 50,
            max_turns: 50,
            overhead: SimDuration(1_000),
        },
        arms: vec![Arm {
            name: "only".into(),
            policy: PolicySpec { config: PolicyConfig::default(), folder: "/".into(), model: None },
            share: 1.0,
        }],
        design: Design::Split,
        reward: Reward {
            actions: vec![0.0, 0.0, 1.0],
            dwell_minute: 0.0,
            rating_point: 0.0,
            turn: 0.0,
            return_within: None,
        },
        graph: GraphSource::None,
        interventions: Vec::new(),
        log: LogOptions { enabled: false, distributions: false, rows_per_file: 1 },
        checkpoints: Checkpoints::Never,
    }
}

fn simulation(users: u32, window: Window) -> Simulation {
    let mut catalogue = Catalogue::new();
    (0..CATEGORIES).for_each(|category| {
        catalogue.category(&format!("c{category}"));
    });
    for item in 0..ITEMS {
        let categories = vec![CategoryId((item as usize % CATEGORIES) as u16)];
        let item = Item { key: format!("v{item}"), categories, ..Item::default() };
        catalogue.push(item).expect("keys differ");
    }
    let persona = |user| Persona {
        key: format!("casual-{user}"),
        interests: (0..4).map(|category| (CategoryId(category), 0.25)).collect(),
        ..Persona::default()
    };
    let parts = Parts {
        catalogue,
        personas: (0..users).map(persona).collect(),
        populations: vec![PopulationId(0); users as usize],
        models: vec![Box::new(Clockwork)],
        graph: SocialGraph::empty(users as usize),
    };
    Simulation::new(scenario(window), parts, Box::new(Maker)).expect("a simulation")
}

/// Time that `wanted` turns take, from that of whole windows; users come to rest on the first day.
fn play(simulation: &mut Simulation, wanted: u64) -> Duration {
    let (start, mut turns) = (Instant::now(), 0);
    while turns < wanted {
        turns += simulation.advance().expect("a window").expect("a horizon far away").turns.len() as u64;
    }
    start.elapsed().mul_f64(wanted as f64 / turns as f64)
}

fn advance(criterion: &mut Criterion) {
    let threads = rayon::current_num_threads();
    let mut group = criterion.benchmark_group(format!("turn, {threads} threads"));
    group.throughput(Throughput::Elements(1));
    let hourly = Window::Every(SimDuration(HOUR));
    for (window, name) in [(hourly, "hourly windows"), (Window::Turn, "one by one")] {
        for users in [10_000, 100_000, 1_000_000] {
            if window == Window::Turn && users > 10_000 {
                continue;
            }
            let mut simulation = simulation(users, window);
            while simulation.now() < SimTime(DAY) {
                simulation.advance().expect("a window");
            }
            group.bench_function(format!("{name}, {users} users"), |bencher| {
                bencher.iter_custom(|wanted| play(&mut simulation, wanted));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, advance);
criterion_main!(benches);
