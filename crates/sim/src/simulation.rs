//! The event loop.

mod intervene;
mod snapshot;
mod turnwise;
mod windows;

use habitue_core::scenario::{Scenario, Window};
use habitue_core::{
    ArmId, Catalogue, EndReason, Message, Persona, SimTime, Turn, UserId, UserModel, WindowRows,
};
use rayon::prelude::*;

use crate::error::SimError;
use crate::intervention::{self, Edit};
use crate::mail;
use crate::parts::{Parts, PolicyMaker};
use crate::plan::Plan;
use crate::schedule::{Calendar, Queue, Schedule};
use crate::seat;
use crate::server::Server;
use crate::shelf::Shelf;
use crate::society::Society;

/// A run in progress: [`advance`](Self::advance) plays it window by window.
///
/// The rows of a window are a function of scenario, parts and policies alone: not of the number of threads (those of
/// the ambient [`rayon`] pool are used), nor of where the run was cut by [`snapshot`](Self::snapshot) and
/// [`restore`](Self::restore).
pub struct Simulation {
    plan: Plan,
    parts: Parts,
    maker: Box<dyn PolicyMaker>,
    /// By [`ArmId`].
    servers: Vec<Server>,
    shelf: Shelf,
    societies: Vec<Society>,
    schedule: Schedule,
    progress: Progress,
    edits: Vec<Edit>,
    failed: bool,
}

/// How far the run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Progress {
    /// The moment up to which the run has been played.
    now: SimTime,
    /// When the last window began.
    opened: Option<SimTime>,
    /// Interventions that have happened.
    applied: usize,
    finished: bool,
}

impl Simulation {
    /// The run at its start: admits all users and makes the policies.
    ///
    /// # Errors
    /// If the parts do not fit the scenario, an intervention names something unknown or falls after the last window's
    /// start, or a policy cannot be made.
    pub fn new(scenario: Scenario, parts: Parts, maker: Box<dyn PolicyMaker>) -> Result<Self, SimError> {
        let plan = Plan::new(scenario, &parts)?;
        intervention::check(&plan.scenario, &parts, 0)?;
        let shelf = Shelf::new(&parts.catalogue, SimTime::ZERO, Vec::new());
        let mut societies = vec![Society::admit(&plan, &parts, &shelf)?];
        societies.resize(plan.societies(), societies[0].clone());
        let progress = Progress { now: SimTime::ZERO, opened: None, applied: 0, finished: false };
        Self::assemble(plan, parts, maker, shelf, societies, progress, Vec::new())
    }

    fn assemble(
        plan: Plan,
        parts: Parts,
        maker: Box<dyn PolicyMaker>,
        shelf: Shelf,
        societies: Vec<Society>,
        progress: Progress,
        edits: Vec<Edit>,
    ) -> Result<Self, SimError> {
        let mut servers = Vec::with_capacity(plan.scenario.arms.len());
        for (arm, own) in plan.scenario.arms.iter().enumerate() {
            let stats = &societies[plan.society_of(arm)].stats;
            let world = plan.world(&parts, &shelf, stats, progress.now);
            let spec = crate::server::spec_of(&plan.scenario, arm, progress.applied);
            servers.push(Server::new(&own.name, spec, &*maker, &world, &parts)?);
        }
        let schedule = scheduled(&plan, &societies);
        Ok(Self { plan, parts, maker, servers, shelf, societies, schedule, progress, edits, failed: false })
    }

    /// Plays the next window and returns what happened in it; `None` once the horizon is reached. The last window ends
    /// the sessions that are still open. With `window = "turn"`, every turn is a window, so is every moment at which
    /// interventions happen, and the end of the run.
    ///
    /// # Errors
    /// What a policy or a user model could not do. The simulation cannot go on then.
    pub fn advance(&mut self) -> Result<Option<WindowRows>, SimError> {
        if self.failed {
            return Err(SimError::Stopped);
        }
        if self.progress.finished {
            return Ok(None);
        }
        let rows = match self.plan.scenario.window {
            Window::Every(length) => self.play_window(length),
            Window::Turn => self.play_next(),
        };
        self.failed = rows.is_err();
        rows.map(Some)
    }

    /// The moment up to which the run has been played.
    pub fn now(&self) -> SimTime {
        self.progress.now
    }

    /// The arm of a user; `None` in a paired design, where every user lives in every arm.
    pub fn arm_of(&self, user: UserId) -> Option<ArmId> {
        self.plan.arm_of(user)
    }

    /// The items, with those that joined.
    pub fn catalogue(&self) -> &Catalogue {
        &self.parts.catalogue
    }

    /// The users, as edited.
    pub fn personas(&self) -> &[Persona] {
        &self.parts.personas
    }

    /// By population: how its users decide.
    pub fn user_models(&self) -> &[Box<dyn UserModel>] {
        &self.parts.models
    }

    /// By arm: its name, and how often its policy's parameters have changed.
    pub fn policy_updates(&self) -> Vec<(String, u64)> {
        self.servers.iter().map(|server| (server.name.clone(), server.policy.updates())).collect()
    }

    /// Begins a window: publishes items, applies interventions. Returns the messages creators send, by society.
    fn open(&mut self, start: SimTime, rows: &mut WindowRows) -> Result<Vec<Vec<Message>>, SimError> {
        let waiting = &self.plan.scenario.interventions[self.progress.applied..];
        let due = waiting.iter().take_while(|intervention| intervention.at <= start).count();
        if self.shelf.publish(start) || due > 0 {
            // What policies prepared for this window no longer fits.
            self.servers.iter_mut().for_each(|server| server.stale = true);
        }
        self.progress.opened = Some(start);
        self.intervene(due, start, rows)
    }

    /// Tells these arms' policies that a window has ended, where they do not know it yet.
    fn end_windows(&mut self, now: SimTime, arms: std::ops::Range<usize>) -> Result<(), SimError> {
        let Self { plan, parts, shelf, societies, servers, .. } = self;
        let first = arms.start;
        let tell = |(arm, server): (usize, &mut Server)| {
            if !std::mem::take(&mut server.stale) {
                return Ok(());
            }
            let stats = &societies[plan.society_of(first + arm)].stats;
            let world = plan.world(parts, shelf, stats, now);
            server.policy.end_window(&world, plan.streams).map_err(|source| server.failed(source))
        };
        first_error(servers[arms].par_iter_mut().enumerate().map(tell).collect())
    }

    /// Policies learn from the turns they served since `start`, item statistics count them.
    fn learn(&mut self, start: SimTime, turns: &[Turn]) -> Result<(), SimError> {
        let Self { plan, parts, shelf, societies, servers, .. } = self;
        let learn = |(arm, server): (usize, &mut Server)| {
            let own = turns_of(turns, arm);
            if own.is_empty() {
                return Ok(());
            }
            let stats = &societies[plan.society_of(arm)].stats;
            let world = plan.world(parts, shelf, stats, start);
            server.policy.observe(&world, own).map_err(|source| server.failed(source))
        };
        first_error(servers.par_iter_mut().enumerate().map(learn).collect())?;
        match &mut societies[..] {
            [all] => all.stats.merge(turns, &plan.rules.scale),
            each => each.iter_mut().enumerate().for_each(|(arm, society)| {
                society.stats.merge(turns_of(turns, arm), &plan.rules.scale);
            }),
        }
        Ok(())
    }

    /// Delivers messages to a society, at this time.
    fn deliver(&mut self, society: usize, mut messages: Vec<Message>, now: SimTime, rows: &mut WindowRows) {
        let Self { plan, parts, shelf, societies, .. } = self;
        let Society { residents, stats, .. } = &mut societies[society];
        mail::deliver(&mut messages, &plan.world(parts, shelf, stats, now), parts, residents);
        rows.messages.append(&mut messages);
    }

    /// Ends the run: sessions that are still open end here.
    fn close(&mut self, rows: &mut WindowRows) {
        let Self { plan, societies, progress, .. } = self;
        for (society, Society { residents, .. }) in societies.iter_mut().enumerate() {
            for (user, resident) in (0..).map(UserId).zip(residents) {
                let arm = plan.arm_in(society, user);
                let reason = EndReason::Horizon;
                rows.sessions.extend(seat::close(
                    &plan.rules,
                    plan.horizon,
                    user,
                    arm,
                    resident,
                    reason,
                    None,
                ));
            }
        }
        rows.sessions.sort_by_key(|session| (session.arm, session.user, session.session));
        progress.now = plan.horizon;
        progress.finished = true;
    }
}

/// The turns of an arm, out of turns in the order of the log.
fn turns_of(turns: &[Turn], arm: usize) -> &[Turn] {
    let first = turns.partition_point(|turn| turn.arm.index() < arm);
    let count = turns[first..].partition_point(|turn| turn.arm.index() == arm);
    &turns[first..first + count]
}

/// Which of several errors is reported must not depend on threads.
fn first_error(results: Vec<Result<(), SimError>>) -> Result<(), SimError> {
    results.into_iter().collect()
}

/// The schedule that follows from what users want next.
fn scheduled(plan: &Plan, societies: &[Society]) -> Schedule {
    let due = |society: &'_ Society| -> Vec<(SimTime, UserId)> {
        let users = (0..).map(UserId).zip(&society.residents);
        let due = users.filter_map(|(user, resident)| Some((resident.due?, user)));
        due.filter(|(time, _)| *time < plan.horizon).collect()
    };
    match plan.scenario.window {
        Window::Every(length) => {
            let calendar = |society: &Society| {
                let mut calendar = Calendar::new(length);
                for (time, user) in due(society) {
                    calendar.enter(time, user);
                }
                calendar
            };
            Schedule::Windows(societies.iter().map(calendar).collect())
        }
        Window::Turn => {
            let mut queue = Queue::default();
            for (society, residents) in societies.iter().enumerate() {
                for (time, user) in due(residents) {
                    queue.enter(time, user, plan.arm_in(society, user));
                }
            }
            Schedule::Turns(queue)
        }
    }
}
