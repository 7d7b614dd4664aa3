//! Single users who live alone, with the caller in the policy's place.

use std::collections::VecDeque;

use habitue_core::scenario::{Scenario, Window};
use habitue_core::{
    ArmId, Catalogue, EndReason, HistoryEntry, ItemId, ItemStats, Persona, Request, SessionRecord, SimTime,
    Slate, Streams, Turn, UserId, UserState, World,
};

use crate::chunk::Scene;
use crate::error::SimError;
use crate::parts::Parts;
use crate::plan::Plan;
use crate::resident::Resident;
use crate::rules::Rules;
use crate::seat::{self, Seat};
use crate::session::SessionError;
use crate::shelf::Shelf;

/// What all lives of a scenario share: items, people, rules, and the world at the start.
///
/// A life is what the scenario's run is for one of its users, with two differences. The caller chooses the slates; the
/// scenario's arms are not asked. And nobody else is there: item statistics count what happened before the run and what
/// this user did (as of the start of the window, as always), and no message comes. So a life is turn for turn that of a
/// run of the same seed with the same slates, as far as others do not reach the user there.
///
/// Nothing a life does depends on other lives: they can be played on any thread, in any order.
pub struct Lives {
    plan: Plan,
    parts: Parts,
    shelf: Shelf,
    stats: ItemStats,
}

/// One user's life, from the first arrival on.
///
/// A life waits for a slate ([`Lives::show`], then [`Lives::answer`]) while [`Life::is_open`]; between sessions it waits
/// for [`Lives::arrive`] while [`Life::next_arrival`] is known; else it is over.
#[derive(Debug)]
pub struct Life {
    user: UserId,
    arm: ArmId,
    streams: Streams,
    resident: Resident,
    /// The user's own from the first item on that is published during the run.
    shelf: Option<Shelf>,
    /// The user's own from the first engagement that counts on.
    stats: Option<Box<ItemStats>>,
    window: SimTime,
    /// Turns of this window, or of the last one.
    turns: Vec<Turn>,
    /// How many of them count in `stats`.
    counted: usize,
}

/// What a user answered to a slate.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The turn as the log would have it.
    pub turn: &'a Turn,
    /// The session, if this was its last turn. Cut by the end of the run, its reason is [`EndReason::Horizon`].
    pub session: Option<SessionRecord>,
}

impl Lives {
    /// Lives of this scenario.
    ///
    /// # Errors
    /// If the parts do not fit the scenario, or it has interventions: they are done to a society, not to a user.
    pub fn new(scenario: Scenario, parts: Parts) -> Result<Self, SimError> {
        let plan = Plan::new(scenario, &parts)?;
        if let Some(first) = plan.scenario.interventions.first() {
            return Err(SimError::Intervention {
                kind: first.kind.name(),
                at: first.at,
                message: "a life without the society around it has no interventions, expected none \
                          (set intervention=[])"
                    .to_owned(),
            });
        }
        if parts.personas.is_empty() {
            return Err(SimError::mismatch("the scenario has no users, expected at least one"));
        }
        let shelf = Shelf::new(&parts.catalogue, SimTime::ZERO, Vec::new());
        let mut stats = ItemStats::default();
        let past = parts.personas.iter().flat_map(|persona| &persona.history);
        stats.seed(past.map(|past| (past.item, past.rating)));
        Ok(Self { plan, parts, shelf, stats })
    }

    /// The rules of all sessions.
    pub fn rules(&self) -> &Rules {
        &self.plan.rules
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.plan.scenario
    }

    /// The items.
    pub fn catalogue(&self) -> &Catalogue {
        &self.parts.catalogue
    }

    /// By [`UserId`]: who can be played. Privileged.
    pub fn personas(&self) -> &[Persona] {
        &self.parts.personas
    }

    /// How many items can be shown at the start of the run.
    pub fn available_at_start(&self) -> usize {
        self.shelf.available().len()
    }

    /// The life of this user in the run of this seed, before the first session.
    ///
    /// # Errors
    /// If there is no such user, or its model lets it arrive before the start.
    pub fn begin(&self, seed: u64, user: UserId) -> Result<Life, SimError> {
        let Some(persona) = self.parts.personas.get(user.index()) else {
            let users = self.parts.personas.len();
            return Err(SimError::mismatch(format!("user {user}, expected less than {users}")));
        };
        let streams = Streams::new(seed);
        let world = self.plan.world(&self.parts, &self.shelf, &self.stats, SimTime::ZERO);
        let (state, first) = self.parts.model_of(user).admit(&world, user, persona, streams);
        if first < SimTime::ZERO {
            return Err(SimError::Admission { user: persona.key.clone(), first });
        }
        let mut resident = Resident::admitted(&self.plan.rules, state, first, &persona.history);
        resident.due = resident.due.filter(|first| *first < self.plan.horizon);
        let arm = self.plan.arm_of(user).unwrap_or(ArmId(0));
        let (shelf, stats, window) = (None, None, SimTime::ZERO);
        Ok(Life { user, arm, streams, resident, shelf, stats, window, turns: Vec::new(), counted: 0 })
    }

    /// Opens the session that is due. Returns whether there is one.
    pub fn arrive(&self, life: &mut Life) -> bool {
        let Some(due) = life.next_arrival() else { return false };
        self.turn_to(life, due);
        let (arm, model) = (life.arm, self.parts.model_of(life.user));
        let (mut seat, scene) = self.seat(life);
        seat.arrive(&scene, arm, model);
        true
    }

    /// What the recommender is asked; `None` between sessions and after the last one.
    pub fn request<'a>(&'a self, life: &'a Life) -> Option<Request<'a>> {
        let session = life.resident.session.as_deref()?;
        Some(seat::request(&self.plan.rules, life.user, &life.resident, session))
    }

    /// The world as the recommender sees it now.
    pub fn world<'a>(&'a self, life: &'a Life) -> World<'a> {
        let (shelf, stats) = (life.shelf.as_ref(), life.stats.as_deref());
        let (shelf, stats) = (shelf.unwrap_or(&self.shelf), stats.unwrap_or(&self.stats));
        self.plan.world(&self.parts, shelf, stats, life.window)
    }

    /// Whether an item can be shown now; also asked for ids that no item has.
    pub fn is_available(&self, life: &Life, item: ItemId) -> bool {
        life.shelf.as_ref().unwrap_or(&self.shelf).has(item)
    }

    /// Shows a slate.
    ///
    /// # Errors
    /// As [`Session::show`](crate::Session::show); a life that waits for no slate is
    /// [`OutOfTurn`](SessionError::OutOfTurn).
    pub fn show(&self, life: &mut Life, slate: Slate) -> Result<(), SessionError> {
        let before = life.resident.state.mindset;
        let shelf = life.shelf.as_ref().unwrap_or(&self.shelf);
        match life.resident.session.as_deref_mut() {
            Some(session) => session.show(&self.plan.rules, slate, before, |item| shelf.has(item)),
            None => Err(SessionError::OutOfTurn {
                given: "a slate",
                waits: crate::Need::Finished(EndReason::Left),
            }),
        }
    }

    /// The user's answer to the slate that was shown. The caller looks at the answer, then goes on: with the next slate,
    /// or the next arrival if the session is over.
    ///
    /// # Errors
    /// If no slate was shown, or the user model fails or gives a decision that is none.
    pub fn answer<'a>(&self, life: &'a mut Life) -> Result<Answer<'a>, SimError> {
        if life.resident.session.as_deref().is_none_or(|session| session.slate().is_none()) {
            return Err(SimError::mismatch("an answer without a slate, expected a slate to be shown first"));
        }
        let (arm, model) = (life.arm, self.parts.model_of(life.user));
        let (mut seat, scene) = self.seat(life);
        let decisions = model.decide(&scene.world, &mut [seat.encounter(&scene)], scene.streams)?;
        let got = decisions.len();
        let [decision] =
            <[_; 1]>::try_from(decisions).map_err(|_| SimError::DecisionCount { got, expected: 1 })?;
        let (turn, _) = seat.take(&scene, model, decision)?;
        let mut session = seat.settle(&scene, arm, model);
        if seat.resident.session.is_some() && seat.resident.due.is_none() {
            let (horizon, reason) = (self.plan.horizon, EndReason::Horizon);
            session = seat::close(&self.plan.rules, horizon, seat.user, arm, seat.resident, reason, None);
        }
        if life.counted > 0 {
            life.turns.clear();
            life.counted = 0;
        }
        life.turns.push(turn);
        if let Some(due) = life.resident.due.filter(|_| life.resident.session.is_some()) {
            self.turn_to(life, due);
        }
        Ok(Answer { turn: &life.turns[life.turns.len() - 1], session })
    }

    /// Lets the windows pass that end by this moment: items are published, and what the user did counts.
    fn turn_to(&self, life: &mut Life, due: SimTime) {
        let start = match self.plan.scenario.window {
            Window::Every(length) => SimTime(due.0 / length.0 * length.0),
            Window::Turn => due,
        };
        if start <= life.window && self.plan.scenario.window != Window::Turn {
            return;
        }
        life.window = start;
        if life.shelf.as_ref().unwrap_or(&self.shelf).next().is_some_and(|next| next <= start) {
            life.shelf.get_or_insert_with(|| self.shelf.clone()).publish(start);
        }
        let turns = &life.turns[life.counted..];
        if !turns.is_empty() {
            let stats = life.stats.get_or_insert_with(|| Box::new(self.stats.clone()));
            stats.merge(turns, &self.plan.rules.scale);
            life.counted = life.turns.len();
        }
    }

    fn seat<'a>(&'a self, life: &'a mut Life) -> (Seat<'a>, Scene<'a>) {
        let Life { user, streams, resident, shelf, stats, window, .. } = life;
        let shelf = shelf.as_ref().unwrap_or(&self.shelf);
        let world = self.plan.world(&self.parts, shelf, stats.as_deref().unwrap_or(&self.stats), *window);
        let scene = Scene { streams: *streams, ..self.plan.scene(&self.parts, shelf, world, None) };
        (Seat { place: 0, user: *user, resident }, scene)
    }
}

impl Life {
    /// Who lives it.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// Whether a session is open.
    pub fn is_open(&self) -> bool {
        self.resident.session.is_some()
    }

    /// When the user comes next; `None` while a session is open, and once there is no further one within the horizon.
    pub fn next_arrival(&self) -> Option<SimTime> {
        self.resident.due.filter(|_| !self.is_open())
    }

    /// When the last session ended.
    pub fn last_end(&self) -> Option<SimTime> {
        self.resident.last_end
    }

    /// The user's reactions as the recommender knows them, oldest first; see [`Request::history`].
    pub fn history(&self) -> &VecDeque<HistoryEntry> {
        &self.resident.history
    }

    /// The user's hidden state. Privileged.
    pub fn state(&self) -> &UserState {
        &self.resident.state
    }
}
