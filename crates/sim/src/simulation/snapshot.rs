//! A run as bytes, and back.

use habitue_core::scenario::{Scenario, Window};
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
const FORMAT: u32 = 2;
/// Bytes of the hash at the end.
const HASH: usize = blake3::OUT_LEN;

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
    /// What must be the same where the snapshot is restored, in words.
    fingerprint: Vec<(String, String)>,
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
            fingerprint: fingerprint(&self.plan.scenario, &self.parts, self.progress.applied),
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
        let State { fingerprint: then, progress, removed, edits, arms, societies } = read(snapshot)?;
        let plan = Plan::new(scenario, &parts)?;
        if progress.applied > plan.scenario.interventions.len() {
            return Err(SimError::Snapshot(format!(
                "{} interventions had happened, the scenario has {}",
                progress.applied,
                plan.scenario.interventions.len()
            )));
        }
        let now = fingerprint(&plan.scenario, &parts, progress.applied);
        if let Some(((what, then), (_, now))) = then.iter().zip(&now).find(|(then, now)| then != now) {
            let message = format!("{what}: {now}; expected {then}, as in the run it was made in");
            return Err(SimError::Snapshot(message));
        }
        check_late(&plan.scenario, progress)?;
        intervention::check(&plan.scenario, &parts, progress.applied)?;
        for edit in &edits {
            edit.apply(&mut parts.personas);
        }
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

fn fingerprint(scenario: &Scenario, parts: &Parts, applied: usize) -> Vec<(String, String)> {
    let joined = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let users = |population: usize| parts.populations.iter().filter(|of| of.index() == population).count();
    let populations = scenario.populations.iter().enumerate();
    let happened = scenario.interventions[..applied].iter();
    let told = [
        ("seed", scenario.seed.to_string()),
        ("horizon", scenario.horizon.to_string()),
        (
            "window",
            match scenario.window {
                Window::Turn => "turn".to_owned(),
                Window::Every(length) => length.to_string(),
            },
        ),
        ("design", format!("{:?}", scenario.design).to_lowercase()),
        ("arms", joined(scenario.arms.iter().map(|arm| arm.name.clone()).collect())),
        (
            "users",
            joined(
                populations.map(|(at, population)| format!("{} {}", users(at), population.name)).collect(),
            ),
        ),
        ("friendships", parts.graph.edges().to_string()),
        ("slate size", scenario.slate.size.to_string()),
        ("actions", scenario.slate.scale.names().join(", ")),
        ("items", parts.catalogue.len().to_string()),
        (
            "interventions so far",
            joined(happened.map(|past| format!("{} at {}", past.kind.name(), past.at)).collect()),
        ),
    ];
    told.into_iter().map(|(what, value)| (what.to_owned(), value)).collect()
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
