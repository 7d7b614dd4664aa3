//! Whether a policy stands by the propensities it gave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use habitue_core::{ArmId, ItemId, Policy, PolicyError, Request, Slate, Streams, Turn, UserId, World};
use serde::Serialize;

/// Largest difference of two logarithms that counts as none: a propensity is logged with 24 significant bits.
const TOLERANCE: f64 = 1e-5;
/// Disagreements kept for the report.
const KEPT: usize = 10;

/// How often policies, asked again in the same state, gave the slate they had shown the probability they had logged.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Audit {
    /// Slates whose probabilities were confirmed, position by position.
    pub agree: u64,
    /// Slates whose probabilities were not.
    pub differ: u64,
    /// Slates of policies that cannot say.
    pub unknown: u64,
    /// The first disagreements by (arm, user, session, turn).
    pub first: Vec<Disagreement>,
}

/// A position whose propensity a policy does not confirm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Disagreement {
    /// The arm.
    pub arm: ArmId,
    /// The user.
    pub user: UserId,
    /// The user's session, counted from 0.
    pub session: u32,
    /// Turn of the session, counted from 0.
    pub turn: u32,
    /// Position on the slate, counted from 1; 0 is the slate as a whole.
    pub position: usize,
    /// Logarithm of the propensity as logged.
    pub logged: f64,
    /// Logarithm of the propensity as the policy gives it now.
    pub policy: f64,
}

type Key = (ArmId, UserId, u32, u32);

/// Collects what audited policies find, whatever thread they run on.
#[derive(Debug, Default)]
pub(super) struct Findings(Mutex<(Audit, BTreeMap<Key, Disagreement>)>);

impl Findings {
    /// The audit so far.
    pub(super) fn audit(&self) -> Audit {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Audit { first: found.1.values().cloned().collect(), ..found.0.clone() }
    }

    fn add(&self, audit: &Audit) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.0.agree += audit.agree;
        found.0.differ += audit.differ;
        found.0.unknown += audit.unknown;
        for one in &audit.first {
            found.1.insert((one.arm, one.user, one.session, one.turn), one.clone());
            if found.1.len() > KEPT {
                found.1.pop_last();
            }
        }
    }
}

/// A policy that is asked for the propensities of everything it shows.
pub(super) struct Audited {
    pub(super) policy: Box<dyn Policy>,
    pub(super) arm: ArmId,
    pub(super) findings: Arc<Findings>,
}

impl Audited {
    fn check(&self, world: &World<'_>, request: &Request<'_>, slate: &Slate, audit: &mut Audit) {
        let items: Vec<ItemId> = slate.items.iter().map(|shown| shown.item).collect();
        let Some(logs) = self.policy.log_propensity(world, request, &items) else {
            audit.unknown += 1;
            return;
        };
        let joint: f64 = logs.iter().sum();
        let positions = slate.items.iter().map(|shown| f64::from(shown.propensity).ln());
        let wrong = positions
            .zip(logs)
            .zip(1..)
            .map(|((logged, policy), position)| (position, logged, policy))
            .chain([(0, slate.log_propensity, joint)])
            .find(|(_, logged, policy)| !agree(*logged, *policy));
        match wrong {
            None => audit.agree += 1,
            Some((position, logged, policy)) => {
                audit.differ += 1;
                audit.first.push(Disagreement {
                    arm: self.arm,
                    user: request.user,
                    session: request.session,
                    turn: request.turn,
                    position,
                    logged,
                    policy,
                });
            }
        }
    }
}

fn agree(one: f64, other: f64) -> bool {
    (one - other).abs() <= TOLERANCE * one.abs().max(1.0)
}

impl Policy for Audited {
    fn name(&self) -> &str {
        self.policy.name()
    }

    fn batch(&self) -> usize {
        self.policy.batch()
    }

    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        streams: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        let slates = self.policy.recommend(world, requests, streams)?;
        let mut audit = Audit::default();
        for (request, slate) in requests.iter().zip(&slates) {
            self.check(world, request, slate, &mut audit);
        }
        self.findings.add(&audit);
        Ok(slates)
    }

    fn log_propensity(&self, world: &World<'_>, request: &Request<'_>, slate: &[ItemId]) -> Option<Vec<f64>> {
        self.policy.log_propensity(world, request, slate)
    }

    fn shows_nothing_at_times(&self) -> bool {
        self.policy.shows_nothing_at_times()
    }

    fn exact_propensities(&self) -> bool {
        self.policy.exact_propensities()
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError> {
        self.policy.observe(world, turns)
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) -> Result<(), PolicyError> {
        self.policy.end_window(world, streams)
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        self.policy.snapshot()
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError> {
        self.policy.restore(snapshot)
    }

    fn updates(&self) -> u64 {
        self.policy.updates()
    }
}
