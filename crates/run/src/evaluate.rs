//! What another policy would have been worth: a finished run is driven again from its log, and the target policy is asked
//! with which probability it would have shown what was shown.

mod ledger;
mod text;
mod weigher;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use habitue_core::scenario::{Design, InterventionKind, PolicySpec, Scenario, nearest};
use habitue_core::{ArmId, Catalogue, EndReason, SimTime, UserModel};
use habitue_eval::ope::OpeError;
use habitue_eval::ope::from_log::{Evaluated, FeatureMap, LoggedTurns, Outcome, evaluate as answer};
use habitue_policies::OpenModels;
use habitue_sim::{Parts, Simulation};
use habitue_store::{RunReader, RunStatus, StoreError};
use serde::Serialize;

use crate::build::{self, Zoo};
use crate::drive::{Control, Progress, with_threads};
use crate::error::RunError;
use crate::replay::Replayed;
use crate::replay::script::Script;
use crate::replay::users::ReplayUsers;
use ledger::Ledger;
use weigher::Weighers;

/// What is asked of a run.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The target policy.
    pub policy: &'a PolicySpec,
    /// The arm whose log is used; needed where arms have different policies.
    pub arm: Option<&'a str>,
    /// What is estimated.
    pub outcome: Outcome,
    /// The estimators, as [`habitue_eval::ope::from_log::find_estimators`] gives them.
    pub estimators: &'a [&'static str],
    /// Whether only the first session of each user counts.
    pub first: bool,
    /// Seed of the slates that the target draws and of the bootstrap; the run's if absent.
    pub seed: Option<u64>,
}

/// A log weighed for a target policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// The arms whose log it is.
    pub arms: Vec<String>,
    /// Kinds of the policies that were logged, those that came by an intervention included.
    pub logged: Vec<String>,
    /// Kind of the target.
    pub target: String,
    /// How often the target's parameters changed on the way through the log.
    pub updates: u64,
    /// The turns.
    pub turns: LoggedTurns,
}

/// What a log says about another policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evaluation {
    /// Name of the run's folder.
    pub run: String,
    /// The arms whose log it is.
    pub arms: Vec<String>,
    /// Kinds of the policies that were logged.
    pub logged_policy: Vec<String>,
    /// Kind of the target.
    pub policy: String,
    /// Whether only first sessions count.
    pub first_sessions: bool,
    /// Seed of the slates that the target drew and of the bootstrap.
    pub seed: u64,
    /// What to know before reading the numbers.
    pub remarks: Vec<String>,
    /// The numbers.
    #[serde(flatten)]
    pub answer: Evaluated,
}

/// Estimates from the log of a finished run what a target policy would have been worth. `None` if it was interrupted.
///
/// # Errors
/// As [`weigh`]; if the logged policy never drew at random and the target is another; if nothing in the run counts for the
/// outcome.
pub fn evaluate(
    run: &RunReader,
    question: &Question<'_>,
    control: &mut Control<'_>,
) -> Result<Option<Evaluation>, RunError> {
    let seed = question.seed.unwrap_or(run.scenario().seed);
    let Some(weighed) = weigh(run, question.policy, question.arm, seed, control)? else { return Ok(None) };
    let remarks = remarks(run.scenario(), &weighed);
    let Weighed { arms, logged, target, turns, .. } = weighed;
    if turns.is_deterministic() && !turns.is_same_policy() {
        return Err(RunError::NothingDrawn { arms, policy: logged.join(", ") });
    }
    let turns = if question.first { turns.first_sessions() } else { turns };
    let answered =
        with_threads(control, |_| Ok(answer(&turns, question.outcome, question.estimators, seed)))?;
    let answer = answered.map_err(|source| match source {
        OpeError::Empty { .. } => RunError::NothingCounts {
            what: question.outcome.in_run(turns.horizon).to_string(),
            sessions: turns.sessions.len(),
            horizon: turns.horizon,
        },
        source => RunError::Estimate(source),
    })?;
    let run = run.folder().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Some(Evaluation {
        run,
        arms,
        logged_policy: logged,
        policy: target,
        first_sessions: question.first,
        seed,
        remarks,
        answer,
    }))
}

/// Drives a finished run again from its log and asks the target with which probability it would have shown every slate.
///
/// The users do what the log says, and are shown what the log says. The target sees every request as the logged policy
/// saw it, and learns from the logged turns as the logged policy did. For the reward models it also draws slates of its
/// own, which nobody is shown. `None` if it was interrupted. The logged policy itself is not made: a run of a policy in
/// another process can be evaluated without that process.
///
/// Memory: as [`replay`](crate::replay()), and 24 bytes a turn, 24 a position and 8 a feature.
///
/// # Errors
/// If the run is not finished or damaged; if there is no such arm, or none is named where policies differ; if the target
/// cannot be made, or cannot say with which probability it would show a slate.
pub fn weigh(
    run: &RunReader,
    policy: &PolicySpec,
    arm: Option<&str>,
    seed: u64,
    control: &mut Control<'_>,
) -> Result<Option<Weighed>, RunError> {
    if run.status() != RunStatus::Finished {
        return Err(RunError::Unfinished { folder: run.folder().to_path_buf() });
    }
    let scenario = run.scenario();
    let arms = arms_of(run, arm)?;
    let catalogue = run.catalogue()?;
    let map = FeatureMap::new(catalogue.len());
    let horizon = SimTime::ZERO + scenario.horizon;
    let mut turns = LoggedTurns::new(horizon, scenario.slate.size, map.width());
    let mut updates = 0;
    let done = with_threads(control, |control| {
        let mut drawn = ledger::Drawn::default();
        for world in Replayed::worlds(scenario) {
            if world.arm.is_some_and(|arm| !arms.contains(&arm)) {
                continue;
            }
            let script = Arc::new(Script::read(run, world.arm)?);
            let ledger = Arc::new(Ledger::new(&script, &arms, map, &catalogue));
            let Some(changes) = drive(run, world, policy, &script, &ledger, seed, control)? else {
                return Ok(false);
            };
            updates += changes;
            drawn.add(ledger.enter(&script, &scenario.reward, &mut turns)?);
        }
        turns.never_logged = drawn.never_logged();
        Ok(true)
    })?;
    let name = |arm: &ArmId| scenario.arms[arm.index()].name.clone();
    Ok(done.then(|| Weighed {
        arms: arms.iter().map(name).collect(),
        logged: logged_kinds(scenario, &arms),
        target: policy.config.kind().to_owned(),
        updates,
        turns,
    }))
}

/// The arms that are meant.
fn arms_of(run: &RunReader, arm: Option<&str>) -> Result<Vec<ArmId>, RunError> {
    let arms = &run.scenario().arms;
    let id = |at: usize| ArmId(at as u16);
    if let Some(name) = arm {
        let names = || arms.iter().map(|arm| arm.name.as_str());
        let at = names().position(|known| known == name).ok_or_else(|| StoreError::NoSuch {
            what: "arm",
            name: name.to_owned(),
            nearest: nearest(name, names()),
        })?;
        return Ok(vec![id(at)]);
    }
    if arms.iter().any(|arm| arm.policy.config != arms[0].policy.config) {
        let folder = run.folder().to_path_buf();
        return Err(RunError::MixedArms { folder, arms: arms.iter().map(|arm| arm.name.clone()).collect() });
    }
    Ok((0..arms.len()).map(id).collect())
}

/// Kinds of the policies that served these arms, each once.
fn logged_kinds(scenario: &Scenario, arms: &[ArmId]) -> Vec<String> {
    let mut kinds = Vec::new();
    let mut add = |kind: &str| {
        if !kinds.iter().any(|known| known == kind) {
            kinds.push(kind.to_owned());
        }
    };
    for arm in arms {
        add(scenario.arms[arm.index()].policy.config.kind());
    }
    for intervention in &scenario.interventions {
        if let InterventionKind::SwapPolicy { arm, policy } = &intervention.kind
            && arms.iter().any(|id| scenario.arms[id.index()].name == *arm)
        {
            add(policy.config.kind());
        }
    }
    kinds
}

/// What the numbers cannot tell.
fn remarks(scenario: &Scenario, weighed: &Weighed) -> Vec<String> {
    let mut remarks = Vec::new();
    if weighed.updates > 0 {
        remarks.push(format!(
            "The {} policy learnt from what the logged policy showed. Had it run itself, it would have learnt from its own \
             slates: the numbers are those of the policy as it stood at each moment of this log.",
            weighed.target
        ));
    }
    if weighed.logged.iter().any(|kind| kind == "external" || kind == "llm-ranker") {
        remarks.push(
            "The propensities in the log are what the logged policy said of itself. `habitue replay` checks them where that \
             can be done."
                .to_owned(),
        );
    }
    if weighed.logged.len() > 1 {
        remarks.push(
            "The logged policy was changed on the way: its value is that of both, as long as each served."
                .to_owned(),
        );
    }
    if scenario.design == Design::Split && scenario.arms.len() > weighed.arms.len() {
        remarks.push("Users of other arms lived in the same world, and stay in it as they were.".to_owned());
    }
    remarks
}

/// Drives one world to its end; gives how often the target changed, or `None` if it was interrupted.
fn drive(
    run: &RunReader,
    mut world: Replayed,
    policy: &PolicySpec,
    script: &Arc<Script>,
    ledger: &Arc<Ledger>,
    seed: u64,
    control: &mut Control<'_>,
) -> Result<Option<u64>, RunError> {
    let horizon = SimTime::ZERO + world.scenario.horizon;
    // The target stays, whatever policy the log goes over to: what it showed and how likely is in the log.
    let swap = |kind: &InterventionKind| matches!(kind, InterventionKind::SwapPolicy { .. });
    world.scenario.interventions.retain(|intervention| !swap(&intervention.kind));
    let model =
        |_| -> Box<dyn UserModel> { Box::new(ReplayUsers { script: Arc::clone(script), never: horizon }) };
    let models = run.scenario().populations.iter().map(model).collect();
    let parts: Parts = build::parts_of(run, run.first_catalogue()?, models)?;
    let mut with_target = world.scenario.clone();
    with_target.arms.iter_mut().for_each(|arm| arm.policy = policy.clone());
    let zoo = Zoo::of_run(run.folder(), &with_target, &parts, OpenModels::default())?;
    let maker = Weighers {
        zoo,
        policy: policy.clone(),
        arms: run.scenario().arms.iter().map(|arm| arm.name.clone()).collect(),
        script: Arc::clone(script),
        ledger: Arc::clone(ledger),
        seed,
    };
    let mut simulation = Simulation::new(world.scenario, parts, Box::new(maker)).map_err(RunError::Build)?;
    let (started, mut windows, mut turns, mut sessions) = (Instant::now(), 0, 0, 0);
    while let Some(rows) = simulation.advance().map_err(|error| ledger.reason(run, policy, error))? {
        windows += 1;
        turns += rows.turns.len() as u64;
        sessions += rows.sessions.len() as u64;
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
            return Ok(None);
        }
    }
    let evaluated = |name: &str| {
        run.scenario()
            .arms
            .iter()
            .position(|arm| arm.name == name)
            .is_some_and(|at| ledger.wants(ArmId(at as u16)))
    };
    Ok(Some(
        simulation.policy_updates().iter().filter(|(name, _)| evaluated(name)).map(|(_, made)| made).sum(),
    ))
}

/// Whether the run's end cut a session short.
const fn is_cut(reason: EndReason) -> bool {
    matches!(reason, EndReason::Horizon)
}

/// Items that these rows show, by id.
fn shown_items(script: &Script, rows: &[usize], catalogue: &Catalogue) -> Vec<bool> {
    let mut shown = vec![false; catalogue.len()];
    for row in rows {
        for item in script.slate(*row).items {
            if let Some(shown) = shown.get_mut(item.item.index()) {
                *shown = true;
            }
        }
    }
    shown
}
