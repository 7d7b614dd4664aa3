//! An arm's policy, in service or out of it.

use habitue_core::scenario::{InterventionKind, PolicySpec, Scenario};
use habitue_core::{ArmId, Policy, PolicyError, SimTime, UserModel, World};

use crate::chunk::Service;
use crate::error::SimError;
use crate::parts::{Parts, PolicyMaker};

/// What serves the users of an arm.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) policy: Box<dyn Policy>,
    /// Requests before this moment meet an outage.
    pub(crate) out_until: SimTime,
    /// Whether the policy must be told that a window ended before it serves the next one.
    pub(crate) stale: bool,
}

impl Server {
    /// The arm with a policy that has learnt nothing in the run.
    pub(crate) fn new(
        name: &str,
        spec: &PolicySpec,
        maker: &dyn PolicyMaker,
        world: &World<'_>,
        parts: &Parts,
    ) -> Result<Self, SimError> {
        let policy = maker
            .make(name, spec, world, &parts.history())
            .map_err(|source| SimError::Policy { arm: name.to_owned(), source })?;
        Ok(Self { name: name.to_owned(), policy, out_until: SimTime::ZERO, stale: false })
    }

    /// How the arm serves users of this model.
    pub(crate) fn service<'a>(&'a self, arm: usize, model: &'a dyn UserModel) -> Service<'a> {
        Service {
            arm: ArmId(arm as u16),
            arm_name: &self.name,
            policy: &*self.policy,
            model,
            out_until: self.out_until,
        }
    }

    /// An error of this arm's policy.
    pub(crate) fn failed(&self, source: PolicyError) -> SimError {
        SimError::Policy { arm: self.name.clone(), source }
    }
}

/// The policy of an arm once the first `applied` interventions have happened.
pub(crate) fn spec_of(scenario: &Scenario, arm: usize, applied: usize) -> &PolicySpec {
    let own = &scenario.arms[arm];
    let swaps =
        scenario.interventions[..applied].iter().rev().filter_map(|intervention| match &intervention.kind {
            InterventionKind::SwapPolicy { arm, policy } if *arm == own.name => Some(&**policy),
            _ => None,
        });
    swaps.into_iter().next().unwrap_or(&own.policy)
}
