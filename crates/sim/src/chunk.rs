//! The users of one arm and population whose sessions are played side by side within a window.

use habitue_core::{
    ArmId, Departure, Encounter, EndReason, Persona, Policy, Request, SessionRecord, SimTime, SocialGraph,
    Streams, Turn, UserId, UserModel, Visit, World,
};

use crate::error::SimError;
use crate::resident::Resident;
use crate::rules::Rules;
use crate::session::{Need, Session};

/// What the users of a window have in common.
pub(crate) struct Scene<'a> {
    pub(crate) world: World<'a>,
    pub(crate) rules: &'a Rules,
    pub(crate) streams: Streams,
    pub(crate) personas: &'a [Persona],
    pub(crate) graph: &'a SocialGraph,
    /// By item: whether it can be shown now.
    pub(crate) is_available: &'a [bool],
    /// Turns that begin at or after this moment belong to a later window.
    pub(crate) end: SimTime,
    pub(crate) horizon: SimTime,
    /// Whether every user plays one turn only.
    pub(crate) single_turn: bool,
}

/// Who is served by whom.
pub(crate) struct Service<'a> {
    pub(crate) arm: ArmId,
    pub(crate) arm_name: &'a str,
    pub(crate) policy: &'a dyn Policy,
    pub(crate) model: &'a dyn UserModel,
    pub(crate) outage: bool,
}

/// What one user did in the window.
#[derive(Default)]
pub(crate) struct Life {
    pub(crate) turns: Vec<Turn>,
    pub(crate) sessions: Vec<SessionRecord>,
}

/// Plays all users up to the window's end, in rounds: one slate and one decision for every open session per round. How
/// users are cut into chunks changes nothing but speed.
pub(crate) fn play(
    scene: &Scene<'_>,
    service: &Service<'_>,
    users: &mut [(UserId, &mut Resident)],
) -> Result<Vec<Life>, SimError> {
    let mut lives: Vec<Life> = users.iter().map(|_| Life::default()).collect();
    loop {
        let active: Vec<usize> =
            (0..users.len()).filter(|&at| users[at].1.due.is_some_and(|due| due < scene.end)).collect();
        if active.is_empty() {
            break;
        }
        for &at in &active {
            let (user, resident) = &mut users[at];
            open_session(scene, service, *user, resident);
        }
        show_slates(scene, service, users, &active)?;
        take_decisions(scene, service, users, &active, &mut lives)?;
        for &at in &active {
            let (user, resident) = &mut users[at];
            settle(scene, service, *user, resident, &mut lives[at]);
        }
        if scene.single_turn {
            break;
        }
    }
    Ok(lives)
}

fn open_session(scene: &Scene<'_>, service: &Service<'_>, user: UserId, resident: &mut Resident) {
    if resident.session.is_some() {
        return;
    }
    let Some(time) = resident.due else { return };
    let away = resident.last_end.map(|end| time - end);
    let visit = Visit {
        user,
        persona: &scene.personas[user.index()],
        state: &mut resident.state,
        session: resident.sessions,
        time,
    };
    service.model.arrive(&scene.world, visit, away, scene.streams);
    let session = Session::open(service.arm, user, resident.sessions, time, resident.state.mindset);
    resident.session = Some(Box::new(session));
    resident.sessions += 1;
}

fn show_slates(
    scene: &Scene<'_>,
    service: &Service<'_>,
    users: &mut [(UserId, &mut Resident)],
    active: &[usize],
) -> Result<(), SimError> {
    let in_session = |user, session: Result<(), _>| {
        session.map_err(|source| SimError::slate(user, service.arm_name, service.policy.name(), source))
    };
    if service.outage {
        for &at in active {
            let (user, resident) = &mut users[at];
            let before = resident.state.mindset;
            in_session(*user, open(resident).show_outage(before))?;
        }
        return Ok(());
    }
    let requests: Vec<Request<'_>> = active
        .iter()
        .map(|&at| {
            let (user, resident) = &users[at];
            let session = resident.session.as_ref().expect("sessions of active users are open");
            Request {
                user: *user,
                session: session.number(),
                turn: session.turn(),
                time: session.now(),
                size: scene.rules.slate_size,
                history: &resident.history,
                shown: session.shown(),
                text: session.request(),
            }
        })
        .collect();
    let slates = service
        .policy
        .recommend(&scene.world, &requests, scene.streams)
        .map_err(|source| SimError::Policy { arm: service.arm_name.to_owned(), source })?;
    if slates.len() != active.len() {
        return Err(SimError::SlateCount {
            arm: service.arm_name.to_owned(),
            policy: service.policy.name().to_owned(),
            got: slates.len(),
            expected: active.len(),
        });
    }
    for (&at, slate) in active.iter().zip(slates) {
        let (user, resident) = &mut users[at];
        let before = resident.state.mindset;
        let available =
            |item: habitue_core::ItemId| scene.is_available.get(item.index()).copied().unwrap_or(false);
        in_session(*user, open(resident).show(scene.rules, slate, before, available))?;
    }
    Ok(())
}

fn take_decisions(
    scene: &Scene<'_>,
    service: &Service<'_>,
    users: &mut [(UserId, &mut Resident)],
    active: &[usize],
    lives: &mut [Life],
) -> Result<(), SimError> {
    let mut wanted = active.iter().copied().peekable();
    let mut encounters: Vec<Encounter<'_>> = Vec::with_capacity(active.len());
    for (at, (user, resident)) in users.iter_mut().enumerate() {
        if wanted.next_if_eq(&at).is_none() {
            continue;
        }
        let Resident { state, session, .. } = &mut **resident;
        let session = session.as_ref().expect("sessions of active users are open");
        encounters.push(Encounter {
            user: *user,
            persona: &scene.personas[user.index()],
            state,
            session: session.number(),
            turn: session.turn(),
            time: session.now(),
            slate: session.slate().expect("every active session was shown a slate"),
            friends: scene.graph.friends(*user),
            rate: scene.rules.rate,
            distributions: scene.rules.distributions,
        });
    }
    let decisions = service.model.decide(&scene.world, &mut encounters, scene.streams)?;
    drop(encounters);
    if decisions.len() != active.len() {
        return Err(SimError::DecisionCount { got: decisions.len(), expected: active.len() });
    }
    for (&at, decision) in active.iter().zip(decisions) {
        let (user, resident) = &mut users[at];
        let after = resident.state.mindset;
        let turn = open(resident)
            .decide(scene.rules, decision, after, service.model.decider())
            .map_err(|source| SimError::Decision { user: *user, source })?;
        resident.remember(scene.rules, scene.world.catalogue, &turn);
        lives[at].turns.push(turn);
    }
    Ok(())
}

/// After a turn: schedules the next one, or ends the session and schedules the return.
fn settle(scene: &Scene<'_>, service: &Service<'_>, user: UserId, resident: &mut Resident, life: &mut Life) {
    let session = open(resident);
    let reason = match session.need() {
        Need::Finished(reason) => reason,
        Need::Slate | Need::Decision => {
            resident.due = Some(session.now());
            return;
        }
    };
    let end = session.now();
    let visit = Visit {
        user,
        persona: &scene.personas[user.index()],
        state: &mut resident.state,
        session: resident.sessions - 1,
        time: end,
    };
    let departure = service.model.depart(&scene.world, visit, scene.streams);
    close_session(scene.rules, scene.horizon, service.arm, user, resident, reason, Some(departure))
        .into_iter()
        .for_each(|record| life.sessions.push(record));
}

/// Ends the open session, if there is one; without a departure the run ended first.
pub(crate) fn close_session(
    rules: &Rules,
    horizon: SimTime,
    arm: ArmId,
    user: UserId,
    resident: &mut Resident,
    reason: EndReason,
    departure: Option<Departure>,
) -> Option<SessionRecord> {
    let session = resident.session.take()?;
    let end = session.now();
    resident.last_end = Some(end);
    // A return in the same millisecond would make two sessions one.
    let returns = match departure {
        Some(Departure::Return(gap)) => Some(end + habitue_core::SimDuration(gap.0.max(1))),
        Some(Departure::Never) | None => None,
    };
    resident.due = returns.filter(|&time| time < horizon);
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

fn open<'a>(resident: &'a mut Resident) -> &'a mut Session {
    resident.session.as_mut().expect("sessions of active users are open")
}
