//! Policies and user models that break their contract stop the run with a message that says who, what and what was
//! expected.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod town;

use habitue_core::scenario::policy::{FixedConfig, PolicyConfig};
use habitue_core::scenario::{PolicySpec, Window};
use habitue_core::{
    CategoryId, Decider, Decision, Departure, Encounter, ItemId, Message, Move, PastInteraction, Persona,
    Policy, PolicyError, PopulationId, Request, SimDuration, SimTime, Slate, SocialGraph, Streams, Turn,
    UserId, UserModel, UserModelError, UserState, Visit, World,
};
use habitue_sim::{Parts, PolicyMaker, SimError, Simulation};
use town::{Clicker, Counter, HOURLY, Town, arm};

/// Changes what was answered, or says what went wrong.
type Tamper<T> = fn(&mut Vec<T>) -> Option<&'static str>;

/// A counter whose slates are tampered with.
struct Tampered {
    inner: Counter,
    tamper: Tamper<Slate>,
}

impl Policy for Tampered {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        streams: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        let mut slates = self.inner.recommend(world, requests, streams)?;
        match (self.tamper)(&mut slates) {
            Some(message) => Err(PolicyError { policy: "tampered".into(), message: message.into() }),
            None => Ok(slates),
        }
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError> {
        self.inner.observe(world, turns)
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) -> Result<(), PolicyError> {
        self.inner.end_window(world, streams)
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        self.inner.snapshot()
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError> {
        self.inner.restore(snapshot)
    }
}

struct TamperedMaker(Tamper<Slate>);

impl PolicyMaker for TamperedMaker {
    fn make(
        &self,
        _: &str,
        _: &PolicySpec,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Box<dyn Policy>, PolicyError> {
        Ok(Box::new(Tampered { inner: Counter::new(world, history, 16, true), tamper: self.0 }))
    }
}

/// A clicker whose decisions are tampered with.
struct Odd {
    inner: Clicker,
    tamper: Tamper<Decision>,
    first: SimTime,
}

impl UserModel for Odd {
    fn decider(&self) -> Decider {
        Decider::Choice
    }

    fn admit(
        &self,
        world: &World<'_>,
        user: UserId,
        persona: &Persona,
        streams: Streams,
    ) -> (UserState, SimTime) {
        (self.inner.admit(world, user, persona, streams).0, self.first)
    }

    fn arrive(&self, world: &World<'_>, visit: Visit<'_>, away: Option<SimDuration>, streams: Streams) {
        self.inner.arrive(world, visit, away, streams);
    }

    fn decide(
        &self,
        world: &World<'_>,
        encounters: &mut [Encounter<'_>],
        streams: Streams,
    ) -> Result<Vec<Decision>, UserModelError> {
        let mut decisions = self.inner.decide(world, encounters, streams)?;
        match (self.tamper)(&mut decisions) {
            Some(message) => Err(UserModelError { model: "odd".into(), message: message.into() }),
            None => Ok(decisions),
        }
    }

    fn depart(&self, world: &World<'_>, visit: Visit<'_>, streams: Streams) -> Departure {
        self.inner.depart(world, visit, streams)
    }

    fn hear(&self, world: &World<'_>, persona: &Persona, state: &mut UserState, message: &Message) {
        self.inner.hear(world, persona, state, message);
    }
}

fn stopped(mut simulation: Simulation) -> String {
    let error = loop {
        match simulation.advance() {
            Ok(rows) => assert!(rows.is_some(), "the run went through"),
            Err(error) => break error,
        }
    };
    assert!(matches!(simulation.advance(), Err(SimError::Stopped)));
    assert!(matches!(simulation.snapshot(), Err(SimError::Stopped)));
    error.to_string()
}

#[test]
fn slates_that_are_none_stop_the_run() {
    let tampers: [Tamper<Slate>; 6] = [
        |slates| {
            slates.clear();
            None
        },
        |slates| {
            slates[0].items.clear();
            None
        },
        |slates| {
            slates[0].items[1].item = ItemId(4_000);
            None
        },
        |slates| {
            slates[0].items[0].propensity = 0.0;
            None
        },
        |slates| {
            slates[0] = Slate::certain((0..5).map(ItemId));
            None
        },
        |_| Some("the answer took longer than 5s"),
    ];
    let town = Town { batch: 1, users: 1, ..Town::new(HOURLY) };
    let said = tampers.map(|tamper| {
        let maker = Box::new(TamperedMaker(tamper));
        stopped(Simulation::new(town.scenario.clone(), town.parts(), maker).unwrap())
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn decisions_that_are_none_stop_the_run() {
    let tampers: [Tamper<Decision>; 6] = [
        |decisions| {
            decisions.clear();
            None
        },
        |decisions| {
            decisions[0].feedback.pop();
            None
        },
        |decisions| {
            decisions[0].feedback[2].dwell_seconds = -1.0;
            None
        },
        |decisions| {
            decisions[0].next = Move::Chat { with: UserId(7), item: None, text: "hi".into() };
            None
        },
        |decisions| {
            decisions[0].next = Move::Post { item: Some(ItemId(999)), text: String::new() };
            None
        },
        |_| Some("the model cannot be reached, expected an answer in 30s"),
    ];
    let town = Town { users: 9, ..Town::new(Window::Turn) };
    let said = tampers.map(|tamper| {
        let inner = Clicker { batch: 1, zeal: 0.5, herd: 0.0 };
        let model = || -> Box<dyn UserModel> { Box::new(Odd { inner, tamper, first: SimTime(500) }) };
        let parts = Parts { models: vec![model(), model()], ..town.parts() };
        stopped(Simulation::new(town.scenario.clone(), parts, Box::new(TamperedMaker(|_| None))).unwrap())
    });
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_run_without_items_to_show_stops_when_somebody_comes() {
    let town = Town::new(HOURLY);
    let keys = (0..town.items).map(|item| format!("v{item}")).collect();
    let town = town.at(0, habitue_core::scenario::InterventionKind::RemoveItems(keys));
    let error = stopped(town.start());
    assert!(error.starts_with("no item is available at day 0 "), "{error}");
    assert!(error.ends_with("expected at least one published and not removed while users come"), "{error}");
}

/// What the simulation says to parts and scenarios that do not fit.
#[test]
fn parts_that_do_not_fit_are_refused() {
    type Change = fn(&mut Town, &mut Parts);
    let changes: [Change; 14] = [
        |town, _| town.scenario.horizon = SimDuration(0),
        |town, _| town.scenario.window = Window::Every(SimDuration(0)),
        |town, _| town.scenario.arms.clear(),
        |town, _| town.scenario.arms = vec![arm("odd", PolicyConfig::Fixed(FixedConfig::default()), 1.0)],
        |_, parts| drop(parts.models.pop()),
        |_, parts| parts.populations.truncate(59),
        |_, parts| parts.populations.swap(0, 30),
        |_, parts| *parts.populations.last_mut().unwrap() = PopulationId(2),
        |_, parts| parts.personas[2].interests[0].0 = CategoryId(9),
        |_, parts| parts.personas[2].dislikes.push(CategoryId(9)),
        |_, parts| parts.personas[2].history[0].item = ItemId(41),
        |_, parts| {
            parts.graph = SocialGraph::empty(60);
            parts.graph.connect(UserId(4), UserId(60));
        },
        |_, parts| {
            let inner = Clicker { batch: 1, zeal: 0.5, herd: 0.0 };
            parts.models[1] = Box::new(Odd { inner, tamper: |_| None, first: SimTime(-1) });
        },
        |town, _| town.scenario.arms[0].policy.config = PolicyConfig::Fixed(FixedConfig::default()),
    ];
    let mut said = Vec::new();
    for change in changes {
        let mut town = Town::new(HOURLY);
        let mut parts = town.parts();
        change(&mut town, &mut parts);
        said.push(town.start_with(parts).err().expect("a refusal").to_string());
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_run_without_users_passes() {
    let town = Town { users: 0, ..Town::new(HOURLY) };
    assert_eq!(town.run().len(), 72);
}
