//! Replaying a run: its sessions are driven again from the log, and everything that is computed is compared with it.

mod audit;
mod compare;
pub(crate) mod script;
pub(crate) mod users;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use habitue_core::scenario::{Design, Intervention, InterventionKind, PolicySpec, Scenario};
use habitue_core::{ArmId, PastInteraction, Policy, PolicyError, SimTime, UserId, UserModel, World};
use habitue_policies::OpenModels;
use habitue_sim::{PolicyMaker, Simulation};
use habitue_store::{RunReader, RunStatus};
use serde::Serialize;

pub use audit::{Audit, Disagreement};
use audit::{Audited, Findings};
use compare::Comparison;
pub use compare::{Difference, Differences};
use script::Script;
use users::ReplayUsers;

use crate::build::{self, Zoo};
use crate::drive::{Control, Progress, with_threads};
use crate::error::RunError;

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// Turns in the log.
    pub turns: u64,
    /// Sessions in the log.
    pub sessions: u64,
    /// Where the replay and the log do not agree.
    pub differences: Differences,
    /// Whether the policies confirm the propensities.
    pub audit: Audit,
    /// Why the replay could not go on to the end, if so.
    pub stopped: Option<String>,
    /// When it was interrupted, in simulated milliseconds, if it was.
    pub interrupted: Option<SimTime>,
}

impl Replay {
    /// Whether the whole log was replayed and is what the scenario, the policies and the logged users give.
    pub const fn is_faithful(&self) -> bool {
        self.differences.count == 0
            && self.audit.differ == 0
            && self.stopped.is_none()
            && self.interrupted.is_none()
    }
}

/// Replays a finished run.
///
/// The users arrive, decide and leave as logged; engine and policies are the real ones. Compared exactly, turn by turn
/// and session by session: slates, conditional and joint propensities, rewards, times, gaps, ends. The users' inner
/// life (mindsets, which nothing else depends on) is taken as it stands. A paired design is replayed one arm at a time,
/// each in a world of its own, as it was run.
///
/// Memory: the logged turns of a world (about 14 bytes an impression and 70 a turn), beside what the simulation needs.
///
/// # Errors
/// If the run is not finished or damaged, or its policies cannot be made.
pub fn replay(folder: &Path, control: &mut Control<'_>) -> Result<Replay, RunError> {
    let run = RunReader::open(folder)?;
    if run.status() != RunStatus::Finished {
        return Err(RunError::Unfinished { folder: folder.to_path_buf() });
    }
    with_threads(control, |control| {
        let findings = Arc::new(Findings::default());
        let mut report = Replay {
            turns: 0,
            sessions: 0,
            differences: Differences::default(),
            audit: Audit::default(),
            stopped: None,
            interrupted: None,
        };
        for world in Replayed::worlds(run.scenario()) {
            world.replay(&run, &findings, &mut report, control)?;
            if report.stopped.is_some() || report.interrupted.is_some() {
                break;
            }
        }
        report.audit = findings.audit();
        Ok(report)
    })
}

/// A world of the run.
pub(crate) struct Replayed {
    pub(crate) scenario: Scenario,
    /// The arm, where every arm has a world of its own.
    pub(crate) arm: Option<ArmId>,
}

impl Replayed {
    pub(crate) fn worlds(scenario: &Scenario) -> Vec<Self> {
        match scenario.design {
            Design::Split => vec![Self { scenario: scenario.clone(), arm: None }],
            Design::Paired => (0..scenario.arms.len()).map(|arm| Self::only(scenario, arm)).collect(),
        }
    }

    /// The world of one arm of a paired design.
    fn only(scenario: &Scenario, arm: usize) -> Self {
        let mut own = scenario.clone();
        own.design = Design::Split;
        own.arms = vec![habitue_core::scenario::Arm { share: 1.0, ..scenario.arms[arm].clone() }];
        own.interventions.retain(|intervention| concerns(intervention, &scenario.arms[arm].name));
        Self { scenario: own, arm: Some(ArmId(arm as u16)) }
    }

    fn replay(
        self,
        run: &RunReader,
        findings: &Arc<Findings>,
        report: &mut Replay,
        control: &mut Control<'_>,
    ) -> Result<(), RunError> {
        let script = Arc::new(Script::read(run, self.arm)?);
        report.turns += script.turns() as u64;
        report.sessions += script.sessions() as u64;
        let horizon = SimTime::ZERO + self.scenario.horizon;
        let replayed = |_| -> Box<dyn UserModel> {
            Box::new(ReplayUsers { script: Arc::clone(&script), never: horizon })
        };
        let models = run.scenario().populations.iter().map(replayed).collect();
        let parts = build::parts_of(run, run.first_catalogue()?, models)?;
        let arms = run.scenario().arms.iter().map(|arm| arm.name.clone()).collect();
        let zoo = Zoo::of_run(run.folder(), &self.scenario, &parts, OpenModels::default())?;
        let maker = Auditor { zoo, arms, findings: Arc::clone(findings) };
        let mut simulation = Simulation::new(self.scenario, parts, Box::new(maker))?;
        let mut comparison = Comparison::new(&script, self.arm, &mut report.differences);
        let (started, mut windows) = (Instant::now(), 0);
        loop {
            let rows = match simulation.advance() {
                Ok(Some(rows)) => rows,
                Ok(None) => break,
                Err(error) => {
                    report.stopped = Some(error.to_string());
                    return Ok(());
                }
            };
            comparison.window(&rows);
            windows += 1;
            let (turns, sessions) = comparison.progress();
            control.observer.progress(&Progress {
                now: simulation.now(),
                horizon,
                windows,
                turns,
                sessions,
                new_turns: turns,
                elapsed: started.elapsed(),
            });
            if control.stop.load(Ordering::Relaxed) {
                report.interrupted = Some(simulation.now());
                return Ok(());
            }
        }
        comparison.finish();
        Ok(())
    }
}

/// Whether an intervention concerns an arm's world. Those that do not would name an arm that is not there.
fn concerns(intervention: &Intervention, arm: &str) -> bool {
    match &intervention.kind {
        InterventionKind::SwapPolicy { arm: of, .. } | InterventionKind::Outage { arm: Some(of), .. } => {
            of == arm
        }
        _ => true,
    }
}

/// Makes policies that are asked for the propensities of everything they show.
struct Auditor {
    zoo: Zoo,
    /// Names of the arms, in the order of the run's scenario.
    arms: Vec<String>,
    findings: Arc<Findings>,
}

impl PolicyMaker for Auditor {
    fn make(
        &self,
        arm: &str,
        spec: &PolicySpec,
        world: &World<'_>,
        history: &[(UserId, &[PastInteraction])],
    ) -> Result<Box<dyn Policy>, PolicyError> {
        let policy = self.zoo.make(arm, spec, world, history)?;
        let arm = self.arms.iter().position(|name| name == arm).unwrap_or_default();
        Ok(Box::new(Audited { policy, arm: ArmId(arm as u16), findings: Arc::clone(&self.findings) }))
    }
}
