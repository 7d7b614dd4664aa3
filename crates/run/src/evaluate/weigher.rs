//! Policies that show what the log says and ask the target about it.

use std::sync::Arc;

use habitue_core::scenario::PolicySpec;
use habitue_core::{
    ArmId, ItemId, PastInteraction, Policy, PolicyError, Request, Slate, Streams, Turn, UserId, World,
};
use habitue_eval::ope::from_log::Asked;
use habitue_sim::PolicyMaker;

use super::ledger::{Entry, Ledger};
use crate::build::Zoo;
use crate::replay::script::Script;

/// Slates that the target draws for each request: reward models are averaged over them.
const DRAWS: u64 = 4;

/// Makes a weigher for each arm.
pub(super) struct Weighers {
    pub(super) zoo: Zoo,
    /// The target.
    pub(super) policy: PolicySpec,
    /// Names of the arms, in the order of the run's scenario.
    pub(super) arms: Vec<String>,
    pub(super) script: Arc<Script>,
    pub(super) ledger: Arc<Ledger>,
    /// Seed of the slates that the target draws.
    pub(super) seed: u64,
}

impl PolicyMaker for Weighers {
    fn make(
        &self,
        arm: &str,
        _: &PolicySpec,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Box<dyn Policy>, PolicyError> {
        let at = self.arms.iter().position(|name| name == arm).unwrap_or_default();
        let wanted = self.ledger.wants(ArmId(at as u16));
        let made = || self.zoo.make("target", &self.policy, world, history);
        let target = wanted.then(made).transpose()?;
        // Not the run's streams: what the target draws must not be the draw that was logged.
        let stream = |draw: u64| Streams::new(self.seed ^ (draw + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Ok(Box::new(Weigher {
            name: arm.to_owned(),
            target,
            draws: (0..DRAWS).map(stream).collect(),
            script: Arc::clone(&self.script),
            ledger: Arc::clone(&self.ledger),
        }))
    }
}

/// Shows what was shown. In the arms that are evaluated, the target is asked about it.
struct Weigher {
    name: String,
    target: Option<Box<dyn Policy>>,
    draws: Vec<Streams>,
    script: Arc<Script>,
    ledger: Arc<Ledger>,
}

impl Weigher {
    fn error(&self, message: &str) -> PolicyError {
        PolicyError { policy: self.name.clone(), message: message.to_owned() }
    }

    /// Asks the target about requests whose logged slates are not empty.
    fn ask(
        &self,
        target: &dyn Policy,
        world: &World<'_>,
        requests: &[Request<'_>],
        shown: &[(usize, Vec<ItemId>)],
    ) -> Result<(), PolicyError> {
        let asked: Vec<Asked<'_>> =
            requests.iter().map(|request| self.ledger.map().asked(world, request)).collect();
        let mut entries = Vec::with_capacity(requests.len());
        for ((request, asked), (row, slate)) in requests.iter().zip(&asked).zip(shown) {
            let Some(logs) = target.log_propensity(world, request, slate) else {
                self.ledger.target_is_mute();
                return Err(self.error("the target cannot say with which probability it would show a slate"));
            };
            let mut entry = Entry::new(*row, logs, self.ledger.width());
            asked.add(slate, 1.0, &mut entry.features);
            entries.push(entry);
        }
        let share = 1.0 / self.draws.len() as f32;
        for streams in &self.draws {
            let drawn = target.recommend(world, requests, *streams)?;
            for ((asked, slate), entry) in asked.iter().zip(drawn).zip(&mut entries) {
                let items: Vec<ItemId> = slate.items.iter().map(|shown| shown.item).collect();
                asked.add(&items, share, &mut entry.target_features);
                entry.note(&items, |item| self.ledger.was_shown(item));
            }
        }
        self.ledger.write(entries);
        Ok(())
    }
}

impl Policy for Weigher {
    fn name(&self) -> &str {
        &self.name
    }

    fn batch(&self) -> usize {
        self.target.as_ref().map_or(64, |target| target.batch())
    }

    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        _: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        let mut slates = Vec::with_capacity(requests.len());
        let (mut asked, mut shown) = (Vec::new(), Vec::new());
        for request in requests {
            let Some(row) = self.script.find((request.user, request.session, request.turn)) else {
                self.ledger.lost_at(request);
                return Err(self.error("the log has no such turn"));
            };
            let slate = self.script.slate(row);
            if !slate.items.is_empty() {
                asked.push(*request);
                shown.push((row, slate.items.iter().map(|shown| shown.item).collect()));
            }
            slates.push(slate);
        }
        if let Some(target) = self.target.as_deref().filter(|_| !asked.is_empty()) {
            self.ask(target, world, &asked, &shown)?;
        }
        Ok(slates)
    }

    /// A logged slate may be empty, and then it was accepted when it was logged.
    fn shows_nothing_at_times(&self) -> bool {
        true
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError> {
        self.target.as_mut().map_or(Ok(()), |target| target.observe(world, turns))
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) -> Result<(), PolicyError> {
        self.target.as_mut().map_or(Ok(()), |target| target.end_window(world, streams))
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        Err(self.error("a log that is weighed is not kept"))
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), PolicyError> {
        Err(self.error("a log that is weighed is not kept"))
    }

    fn updates(&self) -> u64 {
        self.target.as_ref().map_or(0, |target| target.updates())
    }
}
