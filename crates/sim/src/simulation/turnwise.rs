//! Strictly one turn after the other.

use habitue_core::{ArmId, SimDuration, SimTime, UserId, WindowRows};

use super::Simulation;
use crate::chunk;
use crate::error::SimError;
use crate::mail;
use crate::schedule::Schedule;

impl Simulation {
    /// Plays what comes next: the interventions of a moment, a turn, or the end of the run.
    pub(super) fn play_next(&mut self) -> Result<WindowRows, SimError> {
        let Schedule::Turns(queue) = &mut self.schedule else { return Ok(WindowRows::default()) };
        let turn = queue.next_time();
        let intervention = self.plan.scenario.interventions.get(self.progress.applied);
        if let Some(at) = intervention.map(|intervention| intervention.at)
            && turn.is_none_or(|turn| at <= turn)
        {
            return self.play_interventions(at);
        }
        if let Some((time, user, arm)) = queue.take() {
            return self.play_turn(time, user, arm);
        }
        let mut rows = WindowRows::default();
        self.close(&mut rows);
        Ok(rows)
    }

    /// A moment at which something is done to the world. What creators say is heard at once.
    fn play_interventions(&mut self, at: SimTime) -> Result<WindowRows, SimError> {
        let mut rows = WindowRows::default();
        for (society, messages) in self.open(at, &mut rows)?.into_iter().enumerate() {
            self.deliver(society, messages, at, &mut rows);
        }
        self.progress.now = at;
        Ok(rows)
    }

    fn play_turn(&mut self, time: SimTime, user: UserId, arm: ArmId) -> Result<WindowRows, SimError> {
        let mut rows = WindowRows::default();
        self.open(time, &mut rows)?;
        let society = self.plan.society_of(arm.index());
        // In a paired design the other arms' worlds stand still: what one arm does is no event for another.
        let arms = match self.societies.len() {
            1 => 0..self.servers.len(),
            _ => arm.index()..arm.index() + 1,
        };
        self.end_windows(time, arms.clone())?;
        let outbox = &mut self.societies[society].outbox;
        let arm_of = |user| self.plan.arm_in(society, user);
        let messages = mail::collect(outbox, time + SimDuration(1), &self.parts.graph, arm_of);
        self.deliver(society, messages, time, &mut rows);

        let Self { plan, parts, shelf, servers, societies, schedule, .. } = self;
        let Schedule::Turns(queue) = schedule else { return Ok(rows) };
        let society = &mut societies[society];
        let world = plan.world(parts, shelf, &society.stats, time);
        let scene = plan.scene(parts, shelf, world, None);
        let service = servers[arm.index()].service(arm.index(), parts.model_of(user));
        let mut users = [(user, &mut society.residents[user.index()])];
        let mut played = chunk::play(&scene, &service, &mut users)?;
        played.take_turns(&mut rows);
        rows.sessions.append(&mut played.sessions);
        society.outbox.append(&mut played.letters);
        played.due.into_iter().for_each(|(due, user)| queue.enter(due, user, arm));

        self.learn(time, &rows.turns)?;
        self.servers[arms].iter_mut().for_each(|server| server.stale = true);
        self.progress.now = time;
        Ok(rows)
    }
}
