//! A run as bytes, and back.

use std::fmt::{Debug, Display};

use habitue_core::scenario::{Design, Scenario, Window};
use habitue_core::{ItemId, SimTime};
use serde::{Deserialize, Serialize};

use super::{Progress, Simulation};
use crate::error::SimError;
use crate::intervention::{self, Edit, first_window};
use crate::parts::{Parts, PolicyMaker};
use crate::plan::Plan;
use crate::shelf::Shelf;
use crate::society::Society;

/// What every snapshot begins with.
const TAG: &[u8; 12] = b"habitue-sim\0";
/// Format of what follows; to be counted up whenever a type in [`State`] changes.
const FORMAT: u32 = 1;
/// Bytes of the hash at the end.
const HASH: usize = blake3::OUT_LEN;

/// What must be the same for a snapshot to be restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Fingerprint {
    seed: u64,
    horizon: SimTime,
    window: Window,
    design: Design,
    arms: Vec<String>,
    /// Users by population.
    users: Vec<usize>,
    friendships: usize,
    slate_size: usize,
    actions: Vec<String>,
    /// Items, with those that joined.
    items: usize,
    /// Interventions that have happened: kind and time.
    interventions: Vec<(String, SimTime)>,
}

/// An arm's policy.
#[derive(Debug, Serialize, Deserialize)]
struct Served {
    policy: Vec<u8>,
    out_until: SimTime,
    stale: bool,
}

/// All that changes; `S` is the societies, borrowed to be written and owned when read.
#[derive(Debug, Serialize, Deserialize)]
struct State<S> {
    fingerprint: Fingerprint,
    progress: Progress,
    removed: Vec<ItemId>,
    edits: Vec<Edit>,
    arms: Vec<Served>,
    societies: S,
}

impl Simulation {
    /// All that changes, as bytes.
    ///
    /// # Errors
    /// If a policy cannot be written down, or an earlier call failed.
    pub fn snapshot(&self) -> Result<Vec<u8>, SimError> {
        if self.failed {
            return Err(SimError::Stopped);
        }
        let mut arms = Vec::with_capacity(self.servers.len());
        for server in &self.servers {
            let policy = server.policy.snapshot().map_err(|source| server.failed(source))?;
            arms.push(Served { policy, out_until: server.out_until, stale: server.stale });
        }
        let state = State {
            fingerprint: Fingerprint::new(&self.plan.scenario, &self.parts, self.progress.applied),
            progress: self.progress,
            removed: self.shelf.removed().to_vec(),
            edits: self.edits.clone(),
            arms,
            societies: &self.societies,
        };
        let mut bytes = TAG.to_vec();
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        let mut bytes = postcard::to_extend(&state, bytes)
            .map_err(|error| SimError::Snapshot(format!("it cannot be written: {error}")))?;
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        Ok(bytes)
    }

    /// The run as it was when [`Self::snapshot`] was taken. The scenario is the same, though interventions that had not
    /// happened yet may be others; `parts` are those of [`Self::new`], but with the catalogue as logged up to the
    /// snapshot (with the items that had joined).
    ///
    /// # Errors
    /// As [`Self::new`], and if the snapshot is damaged or of another run.
    pub fn restore(
        scenario: Scenario,
        mut parts: Parts,
        maker: Box<dyn PolicyMaker>,
        snapshot: &[u8],
    ) -> Result<Self, SimError> {
        let State { fingerprint, progress, removed, edits, arms, societies } = read(snapshot)?;
        let plan = Plan::new(scenario, &parts)?;
        if progress.applied > plan.scenario.interventions.len() {
            return Err(SimError::Snapshot(format!(
                "{} interventions had happened, the scenario has {}",
                progress.applied,
                plan.scenario.interventions.len()
            )));
        }
        fingerprint.agree(&Fingerprint::new(&plan.scenario, &parts, progress.applied))?;
        check_late(&plan.scenario, progress)?;
        intervention::check(&plan.scenario, &parts, progress.applied)?;
        edits.iter().for_each(|edit| edit.apply(&mut parts.personas));
        let shelf = Shelf::new(&parts.catalogue, progress.opened.unwrap_or(SimTime::ZERO), removed);
        let mut simulation = Self::assemble(plan, parts, maker, shelf, societies, progress, edits)?;
        for (server, served) in simulation.servers.iter_mut().zip(arms) {
            server.policy.restore(&served.policy).map_err(|source| server.failed(source))?;
            server.out_until = served.out_until;
            server.stale = served.stale;
        }
        Ok(simulation)
    }
}

fn read(snapshot: &[u8]) -> Result<State<Vec<Society>>, SimError> {
    let damaged = |what: &str| SimError::Snapshot(what.to_owned());
    let Some(rest) = snapshot.strip_prefix(TAG) else {
        return Err(damaged("the bytes are not a checkpoint of a simulation"));
    };
    let Some((format, rest)) = rest.split_first_chunk() else { return Err(damaged("it is cut short")) };
    let format = u32::from_le_bytes(*format);
    if format != FORMAT {
        return Err(damaged(&format!("it has format {format}, this version reads format {FORMAT}")));
    }
    let Some((body, hash)) = rest.len().checked_sub(HASH).map(|length| rest.split_at(length)) else {
        return Err(damaged("it is cut short"));
    };
    if blake3::hash(&snapshot[..snapshot.len() - HASH]).as_bytes() != hash {
        return Err(damaged("its bytes have changed since it was written"));
    }
    postcard::from_bytes(body).map_err(|error| damaged(&format!("it cannot be read: {error}")))
}

impl Fingerprint {
    fn new(scenario: &Scenario, parts: &Parts, applied: usize) -> Self {
        let count =
            |population: usize| parts.populations.iter().filter(|of| of.index() == population).count();
        Self {
            seed: scenario.seed,
            horizon: SimTime::ZERO + scenario.horizon,
            window: scenario.window,
            design: scenario.design,
            arms: scenario.arms.iter().map(|arm| arm.name.clone()).collect(),
            users: (0..scenario.populations.len()).map(count).collect(),
            friendships: parts.graph.edges(),
            slate_size: scenario.slate.size,
            actions: scenario.slate.scale.names().to_vec(),
            items: parts.catalogue.len(),
            interventions: scenario.interventions[..applied]
                .iter()
                .map(|intervention| (intervention.kind.name().to_owned(), intervention.at))
                .collect(),
        }
    }

    fn agree(&self, now: &Self) -> Result<(), SimError> {
        same("seed", &self.seed, &now.seed)?;
        same("horizon", &self.horizon, &now.horizon)?;
        same_debug("window", &self.window, &now.window)?;
        same_debug("design", &self.design, &now.design)?;
        same_debug("arms", &self.arms, &now.arms)?;
        same_debug("number of users by population", &self.users, &now.users)?;
        same("number of friendships", &self.friendships, &now.friendships)?;
        same("slate size", &self.slate_size, &now.slate_size)?;
        same_debug("actions", &self.actions, &now.actions)?;
        same("number of items", &self.items, &now.items)?;
        same_debug("interventions so far", &self.interventions, &now.interventions)
    }
}

fn same<T: PartialEq + Display>(what: &str, then: &T, now: &T) -> Result<(), SimError> {
    if then == now {
        return Ok(());
    }
    Err(SimError::Snapshot(format!("{what}: {now}, expected {then} as in the run it was made in")))
}

fn same_debug<T: PartialEq + Debug>(what: &str, then: &T, now: &T) -> Result<(), SimError> {
    if then == now {
        return Ok(());
    }
    Err(SimError::Snapshot(format!("{what}: {now:?}, expected {then:?} as in the run it was made in")))
}

/// An intervention whose window has been played cannot be added.
fn check_late(scenario: &Scenario, progress: Progress) -> Result<(), SimError> {
    let Some(opened) = progress.opened else { return Ok(()) };
    let next = &scenario.interventions.get(progress.applied);
    match next.filter(|next| first_window(scenario.window, next.at) <= opened) {
        Some(late) => Err(intervention::error(
            late,
            format!("lies before the checkpoint, whose last window began at {opened}; expected a later time"),
        )),
        None => Ok(()),
    }
}
