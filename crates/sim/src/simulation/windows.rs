//! Windows of fixed length.

use habitue_core::{SimDuration, SimTime, UserId, WindowRows};
use rayon::prelude::*;

use super::Simulation;
use crate::chunk::{self, Played, Scene, Service};
use crate::error::SimError;
use crate::mail;
use crate::resident::Resident;
use crate::schedule::Schedule;
use crate::society::{Society, pick};

/// The most users of a chunk: enough to keep batches full, few enough to share the work among threads.
const CHUNK: usize = 256;

/// Chunks per thread that are played before their rows are taken in: few, so that what they were written to is written
/// to again while it is still in the cache.
const WAVE: usize = 8;

/// Users of one arm and population, with all it takes to play them.
struct Job<'a, 'b> {
    scene: &'a Scene<'a>,
    service: Service<'a>,
    society: usize,
    users: &'a mut [(UserId, &'b mut Resident)],
}

impl Simulation {
    /// Plays one window of this length.
    pub(super) fn play_window(&mut self, length: SimDuration) -> Result<WindowRows, SimError> {
        let start = self.progress.now;
        let end = (start + length).min(self.plan.horizon);
        let mut rows = WindowRows::default();
        let announced = self.open(start, &mut rows)?;
        self.end_windows(start, 0..self.servers.len())?;
        self.play_due(start, end, &mut rows)?;
        for (society, mut messages) in announced.into_iter().enumerate() {
            let outbox = &mut self.societies[society].outbox;
            let arm_of = |user| self.plan.arm_in(society, user);
            messages.extend(mail::collect(outbox, end, &self.parts.graph, arm_of));
            for message in &mut messages {
                message.delivered = end;
            }
            self.deliver(society, messages, start, &mut rows);
        }
        self.learn(start, &rows.turns)?;
        self.servers.iter_mut().for_each(|server| server.stale = true);
        self.progress.now = end;
        if end == self.plan.horizon {
            self.close(&mut rows);
        }
        Ok(rows)
    }

    /// Plays everybody who wants something before the window's end.
    fn play_due(&mut self, start: SimTime, end: SimTime, rows: &mut WindowRows) -> Result<(), SimError> {
        let Self { plan, parts, shelf, servers, societies, schedule, .. } = self;
        let Schedule::Windows(calendars) = schedule else { return Ok(()) };

        let mut groups: Vec<Vec<(UserId, &mut Resident)>> = servers.iter().map(|_| Vec::new()).collect();
        let mut scenes = Vec::with_capacity(calendars.len());
        let mut outboxes = Vec::with_capacity(calendars.len());
        for (index, society) in societies.iter_mut().enumerate() {
            let Society { residents, stats, outbox } = society;
            let users = calendars[index].take(start);
            for (user, resident) in pick(residents, &users) {
                groups[plan.arm_in(index, user).index()].push((user, resident));
            }
            scenes.push(plan.scene(parts, shelf, plan.world(parts, shelf, stats, start), Some(end)));
            outboxes.push(outbox);
        }
        let users: usize = groups.iter().map(Vec::len).sum();
        let share = users.div_ceil(4 * rayon::current_num_threads()).min(CHUNK);
        let mut jobs = Vec::new();
        for (arm, group) in groups.iter_mut().enumerate() {
            let society = plan.society_of(arm);
            for users in group
                .chunk_by_mut(|(a, _), (b, _)| parts.populations[a.index()] == parts.populations[b.index()])
            {
                let service = servers[arm].service(arm, parts.model_of(users[0].0));
                let length = share.max(chunk::seats(&service));
                let job = |users| Job { scene: &scenes[society], service, society, users };
                jobs.extend(users.chunks_mut(length).map(job));
            }
        }
        let play = |job: Job<'_, '_>| (job.society, chunk::play(job.scene, &job.service, job.users));
        let mut played: Vec<(usize, Result<Played, SimError>)> = Vec::new();
        let (mut jobs, mut seen) = (jobs.into_iter(), 0);
        loop {
            let wave: Vec<Job<'_, '_>> = jobs.by_ref().take(WAVE * rayon::current_num_threads()).collect();
            if wave.is_empty() {
                return Ok(());
            }
            seen += wave.iter().map(|job| job.users.len()).sum::<usize>();
            wave.into_par_iter().with_max_len(1).map(play).collect_into_vec(&mut played);
            for (society, played) in played.drain(..) {
                let mut played = played?;
                // Jobs are in order of arm and user, so that the rows are too.
                played.take_turns(rows);
                rows.sessions.append(&mut played.sessions);
                outboxes[society].append(&mut played.letters);
                played.due.into_iter().for_each(|(due, user)| calendars[society].enter(due, user));
            }
            // The users to come will have about as many turns: a row is not to be moved again for want of room.
            let (turns, sessions) = (rows.turns.len(), rows.sessions.len());
            let to_come = |so_far: usize| so_far * (users - seen) * 9 / 8 / seen;
            rows.turns.reserve(to_come(turns));
            rows.sessions.reserve(to_come(sessions));
        }
    }
}
