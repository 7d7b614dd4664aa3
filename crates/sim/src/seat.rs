//! One user's visit, step by step: what every driver of sessions does between a slate and the next.

use habitue_core::{
    ArmId, Decision, Departure, Encounter, EndReason, Request, SessionRecord, SimDuration, SimTime, Trace,
    Turn, UserId, UserModel, Visit,
};

use crate::chunk::Scene;
use crate::error::SimError;
use crate::resident::Resident;
use crate::rules::Rules;
use crate::session::{Need, Session, SessionError};

/// A user who is being played.
pub(crate) struct Seat<'a> {
    /// Position among those who are played side by side.
    pub(crate) place: usize,
    pub(crate) user: UserId,
    pub(crate) resident: &'a mut Resident,
}

impl Seat<'_> {
    pub(crate) fn session(&self) -> &Session {
        self.resident.session.as_deref().expect("the session of a seated user is open")
    }

    pub(crate) fn session_mut(&mut self) -> &mut Session {
        self.resident.session.as_deref_mut().expect("the session of a seated user is open")
    }

    /// Opens the user's session if none is open.
    pub(crate) fn arrive(&mut self, scene: &Scene<'_>, arm: ArmId, model: &dyn UserModel) {
        let resident = &mut *self.resident;
        if resident.session.is_some() {
            return;
        }
        let time = resident.due.expect("only users who are due are seated");
        let away = resident.last_end.map(|end| time - end);
        let visit = Visit {
            user: self.user,
            persona: &scene.personas[self.user.index()],
            state: &mut resident.state,
            session: resident.sessions,
            time,
        };
        model.arrive(&scene.world, visit, away, scene.streams);
        let session = Session::open(arm, self.user, resident.sessions, time, resident.state.mindset);
        resident.session = Some(Box::new(session));
        resident.sessions += 1;
    }

    /// What the recommender is asked.
    pub(crate) fn request(&self, rules: &Rules) -> Request<'_> {
        let session = self.session();
        request(rules, self.user, self.resident, session)
    }

    /// What the user is asked.
    pub(crate) fn encounter<'a>(&'a mut self, scene: &Scene<'a>) -> Encounter<'a> {
        let Resident { state, session, .. } = &mut *self.resident;
        let session = session.as_deref().expect("the session of a seated user is open");
        Encounter {
            user: self.user,
            persona: &scene.personas[self.user.index()],
            state,
            session: session.number(),
            turn: session.turn(),
            time: session.now(),
            slate: session.slate().expect("every seated user was shown a slate"),
            friends: scene.graph.friends(self.user),
            rate: scene.rules.rate,
            distributions: scene.rules.distributions,
        }
    }

    /// Finishes the turn with the user's decision.
    pub(crate) fn take(
        &mut self,
        scene: &Scene<'_>,
        model: &dyn UserModel,
        mut decision: Decision,
    ) -> Result<(Turn, Option<Box<Trace>>), SimError> {
        let after = self.resident.state.mindset;
        let impossible = |source: SessionError| SimError::Decision { user: scene.key(self.user), source };
        let session = self.resident.session.as_deref_mut().expect("the session of a seated user is open");
        let (trace, decider) = (decision.trace.take(), model.decider_of(self.user));
        let turn = session.decide(scene.rules, decision, after, decider).map_err(impossible)?;
        self.resident.remember(scene.rules, scene.follow, scene.world.catalogue, &turn);
        Ok((turn, trace))
    }

    /// After a turn: schedules the next one, or ends the session and schedules the return.
    pub(crate) fn settle(
        &mut self,
        scene: &Scene<'_>,
        arm: ArmId,
        model: &dyn UserModel,
    ) -> Option<SessionRecord> {
        let (need, now) = (self.session().need(), self.session().now());
        let Need::Finished(reason) = need else {
            self.resident.due = Some(now).filter(|time| *time < scene.horizon);
            return None;
        };
        let visit = Visit {
            user: self.user,
            persona: &scene.personas[self.user.index()],
            state: &mut self.resident.state,
            session: self.resident.sessions - 1,
            time: now,
        };
        let departure = model.depart(&scene.world, visit, scene.streams);
        close(scene.rules, scene.horizon, self.user, arm, self.resident, reason, Some(departure))
    }
}

/// What the recommender is asked for a user in this session.
pub(crate) fn request<'a>(
    rules: &Rules,
    user: UserId,
    resident: &'a Resident,
    session: &'a Session,
) -> Request<'a> {
    Request {
        user,
        session: session.number(),
        turn: session.turn(),
        time: session.now(),
        size: rules.slate_size,
        history: &resident.history,
        shown: session.shown(),
        text: session.request(),
        said: session.said(),
    }
}

/// Ends the open session, if there is one; without a departure the run ended first.
pub(crate) fn close(
    rules: &Rules,
    horizon: SimTime,
    user: UserId,
    arm: ArmId,
    resident: &mut Resident,
    reason: EndReason,
    departure: Option<Departure>,
) -> Option<SessionRecord> {
    let session = resident.session.take()?;
    let end = session.now();
    resident.last_end = Some(end);
    let returns = match departure {
        // A return in the same millisecond would make two sessions one.
        Some(Departure::Return(gap)) => Some(end + SimDuration(gap.0.max(1))),
        Some(Departure::Never) | None => None,
    };
    resident.due = returns.filter(|time| *time < horizon);
    let gap = resident.due.map(|time| time - end);
    let churned = departure == Some(Departure::Never);
    Some(SessionRecord {
        arm,
        user,
        session: session.number(),
        start: session.start(),
        end,
        turns: session.turn(),
        turn_reward: session.reward(),
        return_reward: rules.reward.of_gap(gap),
        reason,
        gap,
        churned,
        censored: gap.is_none() && !churned,
        before: session.before(),
        after: resident.state.mindset,
    })
}
