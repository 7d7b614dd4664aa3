//! Users who do what the log says.

use std::sync::Arc;

use habitue_core::{
    Decider, Decision, Departure, Encounter, Message, Mindset, Move, Persona, SimDuration, SimTime, Streams,
    UserId, UserModel, UserModelError, UserState, Visit, World,
};

use super::script::{Script, skip};

/// Users who arrive, decide and leave as a log says. Where the engine asks for something that the log does not have,
/// they skip everything and leave: the comparison reports it as a turn that is not in the log.
pub(crate) struct ReplayUsers {
    pub(crate) script: Arc<Script>,
    /// Beyond the end of the run.
    pub(crate) never: SimTime,
}

impl UserModel for ReplayUsers {
    fn decider(&self) -> Decider {
        Decider::Replay
    }

    fn admit(&self, world: &World<'_>, user: UserId, _: &Persona, _: Streams) -> (UserState, SimTime) {
        // No more than interventions on interests need.
        let interests = vec![0.0; world.catalogue.categories().len()].into_boxed_slice();
        let state = UserState { mindset: Mindset::default(), interests, ..UserState::default() };
        (state, self.script.first_arrival(user).unwrap_or(self.never))
    }

    fn arrive(&self, _: &World<'_>, _: Visit<'_>, _: Option<SimDuration>, _: Streams) {}

    fn decide(
        &self,
        world: &World<'_>,
        encounters: &mut [Encounter<'_>],
        _: Streams,
    ) -> Result<Vec<Decision>, UserModelError> {
        let decide = |encounter: &Encounter<'_>| {
            let size = encounter.slate.items.len();
            match self.script.find((encounter.user, encounter.session, encounter.turn)) {
                Some(row) => self.script.decision(row, size, world.scale),
                None => Decision {
                    feedback: vec![skip(world.scale); size],
                    next: Move::Leave,
                    distributions: None,
                    trace: None,
                },
            }
        };
        Ok(encounters.iter().map(decide).collect())
    }

    fn depart(&self, _: &World<'_>, visit: Visit<'_>, _: Streams) -> Departure {
        let logged = self.script.find_session(visit.user, visit.session).map(|at| self.script.session(at));
        match logged {
            Some(session) if session.churned => Departure::Never,
            Some(session) => Departure::Return(session.gap.unwrap_or(self.never - visit.time)),
            None => Departure::Never,
        }
    }

    fn hear(&self, _: &World<'_>, _: &Persona, _: &mut UserState, _: &Message) {}
}
