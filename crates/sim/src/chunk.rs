//! The users of one arm and population whose sessions are played side by side within a window.

use std::collections::BTreeMap;

use habitue_core::{
    Action, ArmId, Encounter, LlmCall, MemoryRecord, Persona, Policy, Request, SessionRecord, SimTime, Slate,
    SocialGraph, Streams, Trace, Turn, UserId, UserModel, WindowRows, World,
};

use crate::error::SimError;
use crate::mail::Letter;
use crate::resident::Resident;
use crate::rules::Rules;
use crate::seat::Seat;
use crate::shelf::Shelf;

/// What the users of a window have in common.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) world: World<'a>,
    pub(crate) rules: &'a Rules,
    pub(crate) streams: Streams,
    pub(crate) personas: &'a [Persona],
    pub(crate) graph: &'a SocialGraph,
    pub(crate) shelf: &'a Shelf,
    /// The action by which a user follows an item's creator.
    pub(crate) follow: Option<Action>,
    /// Turns that begin at or after this moment belong to a later window.
    pub(crate) end: SimTime,
    pub(crate) horizon: SimTime,
    /// Whether every user plays one turn only.
    pub(crate) single_turn: bool,
}

impl Scene<'_> {
    /// A user's key, for messages.
    pub(crate) fn key(&self, user: UserId) -> String {
        self.personas[user.index()].key.clone()
    }
}

/// Who is served by whom.
#[derive(Clone, Copy)]
pub(crate) struct Service<'a> {
    pub(crate) arm: ArmId,
    pub(crate) arm_name: &'a str,
    pub(crate) policy: &'a dyn Policy,
    pub(crate) model: &'a dyn UserModel,
    /// The recommender answers nobody before this moment.
    pub(crate) out_until: SimTime,
}

/// What the users of a chunk did in the window.
#[derive(Default)]
pub(crate) struct Played {
    /// In the order in which they were played; see [`Self::take_turns`].
    turns: Vec<Option<Turn>>,
    /// Positions in `turns` by (user, session, turn).
    order: Vec<u32>,
    /// By (user, session).
    pub(crate) sessions: Vec<SessionRecord>,
    /// What decisions of language models left, with the position of the turn in `turns`.
    traces: Vec<(u32, Box<Trace>)>,
    /// By sender each in the order of writing.
    pub(crate) letters: Vec<Letter>,
    /// Who wants something again, and when; later than the window.
    pub(crate) due: Vec<(SimTime, UserId)>,
}

impl Played {
    /// Moves the turns, and what their decisions left, to the end of the rows, by (user, session, turn). They are moved
    /// only once, since rows are what a window spends its memory traffic on.
    pub(crate) fn take_turns(&mut self, rows: &mut WindowRows) {
        let first = rows.turns.len();
        let take = |at: &u32| self.turns[*at as usize].take().expect("every turn has one place in the order");
        rows.turns.extend(self.order.iter().map(take));
        let mut traces: BTreeMap<u32, Box<Trace>> = std::mem::take(&mut self.traces).into_iter().collect();
        if traces.is_empty() {
            return;
        }
        for (at, turn) in self.order.iter().zip(&rows.turns[first..]) {
            let Some(trace) = traces.remove(at) else { continue };
            let &Turn { arm, user, session, turn, time, .. } = turn;
            let calls =
                trace.programs.into_iter().map(|trace| LlmCall { arm, user, session, turn, time, trace });
            rows.llm_calls.extend(calls);
            let memories = trace.memories.into_iter().map(|memory| MemoryRecord { arm, user, memory });
            rows.memories.extend(memories);
        }
    }
}

/// Plays all users up to the window's end, in rounds: one slate and one decision for every seated user per round. Who is
/// done with the window gives the seat to the next one, so that batches stay full. How users are cut into chunks and how
/// many seats there are changes nothing but speed.
pub(crate) fn play(
    scene: &Scene<'_>,
    service: &Service<'_>,
    users: &mut [(UserId, &mut Resident)],
) -> Result<Played, SimError> {
    let seats = seats(service);
    let mut table =
        Table { scene, service, places: Vec::new(), sessions: Vec::new(), played: Played::default() };
    let places = users.len();
    let mut waiting =
        users.iter_mut().enumerate().map(|(place, (user, resident))| Seat { place, user: *user, resident });
    let mut seated: Vec<Seat<'_>> = Vec::with_capacity(seats.min(places));
    loop {
        seated.extend(waiting.by_ref().take(seats - seated.len()));
        if seated.is_empty() {
            break;
        }
        for seat in &mut seated {
            seat.arrive(scene, service.arm, service.model);
        }
        table.show_slates(&mut seated)?;
        table.take_decisions(&mut seated)?;
        seated.retain_mut(|seat| table.settle(seat));
    }
    Ok(table.finish(places))
}

/// How many users are played side by side.
pub(crate) fn seats(service: &Service<'_>) -> usize {
    service.policy.batch().max(service.model.batch()).max(1)
}

struct Table<'a> {
    scene: &'a Scene<'a>,
    service: &'a Service<'a>,
    /// The user's place, by turn in the order in which they were played.
    places: Vec<u32>,
    sessions: Vec<(usize, SessionRecord)>,
    played: Played,
}

impl Table<'_> {
    /// Shows everybody a slate, or the outage; what a policy with nothing to show leaves empty is met like an outage.
    fn show_slates(&self, seated: &mut [Seat<'_>]) -> Result<(), SimError> {
        let (scene, service) = (self.scene, self.service);
        let is_out = |seat: &Seat<'_>| seat.session().now() < service.out_until;
        let served = seated.iter().filter(|seat| !is_out(seat));
        let requests: Vec<Request<'_>> = served.map(|seat| seat.request(scene.rules)).collect();
        let mut slates = self.recommend(&requests)?.into_iter();
        for seat in seated {
            let before = seat.resident.state.mindset;
            let slate = if is_out(seat) { None } else { slates.next() };
            let may_be_empty = service.policy.shows_nothing_at_times();
            let shown = match slate.filter(|slate| !(may_be_empty && slate.items.is_empty())) {
                Some(slate) => {
                    seat.session_mut().show(scene.rules, slate, before, |item| scene.shelf.has(item))
                }
                None => seat.session_mut().show_outage(before),
            };
            shown.map_err(|source| SimError::Slate {
                arm: service.arm_name.to_owned(),
                policy: service.policy.name().to_owned(),
                user: scene.key(seat.user),
                source: Box::new(source),
            })?;
        }
        Ok(())
    }

    /// One slate for each request.
    fn recommend(&self, requests: &[Request<'_>]) -> Result<Vec<Slate>, SimError> {
        let (scene, service) = (self.scene, self.service);
        let Some(first) = requests.first() else { return Ok(Vec::new()) };
        if scene.shelf.available().is_empty() {
            return Err(SimError::NothingToShow { time: first.time });
        }
        let arm = || service.arm_name.to_owned();
        let slates = service.policy.recommend(&scene.world, requests, scene.streams);
        let slates = slates.map_err(|source| SimError::Policy { arm: arm(), source })?;
        let (got, expected) = (slates.len(), requests.len());
        if got != expected {
            let policy = service.policy.name().to_owned();
            return Err(SimError::SlateCount { arm: arm(), policy, got, expected });
        }
        Ok(slates)
    }

    fn take_decisions(&mut self, seated: &mut [Seat<'_>]) -> Result<(), SimError> {
        let (scene, service) = (self.scene, self.service);
        let mut encounters: Vec<Encounter<'_>> =
            seated.iter_mut().map(|seat| seat.encounter(scene)).collect();
        let decisions = service.model.decide(&scene.world, &mut encounters, scene.streams)?;
        drop(encounters);
        if decisions.len() != seated.len() {
            return Err(SimError::DecisionCount { got: decisions.len(), expected: seated.len() });
        }
        for (seat, decision) in seated.iter_mut().zip(decisions) {
            let (turn, trace) = seat.take(scene, service.model, decision)?;
            for reply in trace.iter().flat_map(|trace| &trace.replies) {
                self.played.letters.push(Letter::reply(scene, &turn, reply)?);
            }
            if let Some(letter) = Letter::of(scene, &turn)? {
                self.played.letters.push(letter);
            }
            self.played.traces.extend(trace.map(|trace| (self.played.turns.len() as u32, trace)));
            self.places.push(seat.place as u32);
            self.played.turns.push(Some(turn));
        }
        Ok(())
    }

    /// After a turn: schedules the next one, or ends the session and schedules the return. Returns whether the user
    /// goes on in this window.
    fn settle(&mut self, seat: &mut Seat<'_>) -> bool {
        let (scene, service) = (self.scene, self.service);
        let closed = seat.settle(scene, service.arm, service.model);
        self.sessions.extend(closed.map(|record| (seat.place, record)));
        match seat.resident.due {
            Some(due) if due < scene.end && !scene.single_turn => true,
            Some(due) => {
                self.played.due.push((due, seat.user));
                false
            }
            None => false,
        }
    }

    /// Finds the order of the log: that of the users, each with the turns as they were played.
    fn finish(mut self, places: usize) -> Played {
        let mut next = vec![0u32; places + 1];
        for place in &self.places {
            next[*place as usize + 1] += 1;
        }
        for place in 0..places {
            next[place + 1] += next[place];
        }
        self.played.order = vec![0; self.places.len()];
        for (at, place) in (0..).zip(&self.places) {
            let next = &mut next[*place as usize];
            self.played.order[*next as usize] = at;
            *next += 1;
        }
        self.sessions.sort_by_key(|(place, _)| *place);
        self.played.sessions = self.sessions.into_iter().map(|(_, record)| record).collect();
        self.played
    }
}
