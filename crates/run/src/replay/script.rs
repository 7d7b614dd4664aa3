//! What the users of a logged world did, kept compactly for looking up.

use std::collections::BTreeMap;

use habitue_core::{
    Action, ActionScale, ArmId, Decision, Feedback, Impression, ItemId, Move, RequestText, Reward,
    SessionRecord, SimDuration, SimTime, Slate, SlateItem, Turn, UserId,
};
use habitue_store::{RunReader, StoreError};

/// Who, in which session, at which turn.
pub(crate) type Place = (UserId, u32, u32);

/// The logged turns and sessions of one world: a whole run, or one arm of a paired one.
///
/// About 14 bytes an impression and 70 a turn; mindsets and distributions are left out, because neither the engine nor
/// a policy reads them.
pub(crate) struct Script {
    /// By (user, session).
    sessions: Vec<SessionRecord>,
    /// Rows of the other columns by place.
    order: Vec<u32>,
    places: Vec<Place>,
    arms: Vec<ArmId>,
    times: Vec<SimTime>,
    elapsed: Vec<SimDuration>,
    log_propensities: Vec<f64>,
    rewards: Vec<f32>,
    moves: Vec<Next>,
    words: BTreeMap<u32, Words>,
    /// Where the impressions of a row end.
    ends: Vec<usize>,
    shown: Vec<Shown>,
}

/// A move; the two that nearly all turns end with take no memory of their own.
enum Next {
    Page,
    Leave,
    Other(Box<Move>),
}

/// The words of a turn that has any.
#[derive(Default)]
struct Words {
    request: Option<RequestText>,
    reply: Option<String>,
}

#[derive(Clone, Copy)]
struct Shown {
    item: ItemId,
    propensity: f32,
    dwell_seconds: f32,
    action: Action,
    rating: u8,
    examined: bool,
}

/// A logged turn, as far as it can be verified.
pub(crate) struct LoggedTurn<'a> {
    pub(crate) arm: ArmId,
    pub(crate) time: SimTime,
    pub(crate) elapsed: SimDuration,
    pub(crate) request: Option<&'a RequestText>,
    pub(crate) reply: Option<&'a str>,
    pub(crate) items: Vec<u32>,
    pub(crate) propensities: Vec<f32>,
    pub(crate) log_propensity: f64,
    pub(crate) reward: f32,
}

impl Script {
    /// Reads the log of a run, or of one of its arms.
    pub(crate) fn read(run: &RunReader, arm: Option<ArmId>) -> Result<Self, StoreError> {
        let wanted = |of: ArmId| arm.is_none_or(|arm| arm == of);
        let mut script = Self {
            sessions: Vec::new(),
            order: Vec::new(),
            places: Vec::new(),
            arms: Vec::new(),
            times: Vec::new(),
            elapsed: Vec::new(),
            log_propensities: Vec::new(),
            rewards: Vec::new(),
            moves: Vec::new(),
            words: BTreeMap::new(),
            ends: Vec::new(),
            shown: Vec::new(),
        };
        for turn in run.turns() {
            let turn = turn?;
            if wanted(turn.arm) {
                script.push(turn);
            }
        }
        for session in run.sessions() {
            let session = session?;
            if wanted(session.arm) {
                script.sessions.push(session);
            }
        }
        script.sessions.sort_by_key(|session| (session.user, session.session));
        script.order = (0..script.places.len() as u32).collect();
        let places = &script.places;
        script.order.sort_by_key(|row| places[*row as usize]);
        Ok(script)
    }

    fn push(&mut self, turn: Turn) {
        if turn.request.is_some() || turn.reply.is_some() {
            let words = Words { request: turn.request, reply: turn.reply };
            self.words.insert(self.places.len() as u32, words);
        }
        self.places.push((turn.user, turn.session, turn.turn));
        self.arms.push(turn.arm);
        self.times.push(turn.time);
        self.elapsed.push(turn.elapsed);
        self.log_propensities.push(turn.log_propensity);
        self.rewards.push(turn.reward);
        self.moves.push(match turn.next {
            Move::NextPage => Next::Page,
            Move::Leave => Next::Leave,
            other => Next::Other(Box::new(other)),
        });
        self.shown.extend(turn.impressions.iter().map(|shown| Shown {
            item: shown.item,
            propensity: shown.propensity,
            dwell_seconds: shown.dwell_seconds,
            action: shown.action,
            rating: shown.rating,
            examined: shown.examined,
        }));
        self.ends.push(self.shown.len());
    }

    /// Number of logged turns.
    pub(crate) fn turns(&self) -> usize {
        self.places.len()
    }

    /// Number of logged sessions.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// The row of the turn at this place.
    pub(crate) fn find(&self, place: Place) -> Option<usize> {
        let at = self.order.binary_search_by_key(&place, |row| self.places[*row as usize]).ok()?;
        Some(self.order[at] as usize)
    }

    /// The place of a row.
    pub(crate) fn place(&self, row: usize) -> Place {
        self.places[row]
    }

    /// Position of a session.
    pub(crate) fn find_session(&self, user: UserId, session: u32) -> Option<usize> {
        self.sessions.binary_search_by_key(&(user, session), |row| (row.user, row.session)).ok()
    }

    /// The session at a position.
    pub(crate) fn session(&self, at: usize) -> &SessionRecord {
        &self.sessions[at]
    }

    /// When the user first came.
    pub(crate) fn first_arrival(&self, user: UserId) -> Option<SimTime> {
        let at = self.sessions.partition_point(|row| row.user < user);
        self.sessions.get(at).filter(|row| row.user == user).map(|row| row.start)
    }

    fn shown(&self, row: usize) -> &[Shown] {
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        &self.shown[start..self.ends[row]]
    }

    /// The turn in a row.
    pub(crate) fn turn(&self, row: usize) -> LoggedTurn<'_> {
        let words = self.words.get(&(row as u32));
        LoggedTurn {
            arm: self.arms[row],
            time: self.times[row],
            elapsed: self.elapsed[row],
            request: words.and_then(|words| words.request.as_ref()),
            reply: words.and_then(|words| words.reply.as_deref()),
            items: self.shown(row).iter().map(|shown| shown.item.0).collect(),
            propensities: self.shown(row).iter().map(|shown| shown.propensity).collect(),
            log_propensity: self.log_propensities[row],
            reward: self.rewards[row],
        }
    }

    /// The slate in a row, as it was shown.
    pub(crate) fn slate(&self, row: usize) -> Slate {
        let items = self.shown(row).iter();
        let items = items.map(|shown| SlateItem { item: shown.item, propensity: shown.propensity }).collect();
        let reply = self.words.get(&(row as u32)).and_then(|words| words.reply.clone());
        Slate { items, log_propensity: self.log_propensities[row], reply }
    }

    /// What each position of a row brought, without the constant reward of the turn.
    pub(crate) fn position_rewards(&self, row: usize, reward: &Reward) -> impl Iterator<Item = f64> {
        self.shown(row).iter().map(|shown| {
            let impression = Impression {
                item: shown.item,
                propensity: shown.propensity,
                dwell_seconds: shown.dwell_seconds,
                action: shown.action,
                rating: shown.rating,
                examined: shown.examined,
            };
            f64::from(reward.of_turn(&[impression])) - f64::from(reward.turn)
        })
    }

    /// The arm of a row.
    pub(crate) fn arm(&self, row: usize) -> ArmId {
        self.arms[row]
    }

    /// The rows by (user, session, turn).
    pub(crate) fn in_order(&self) -> impl Iterator<Item = usize> {
        self.order.iter().map(|row| *row as usize)
    }

    /// What the user did with a slate of `size` items. Where the slate has another length than the logged one, the
    /// difference is for the comparison to find; here the user skips what the log does not know.
    pub(crate) fn decision(&self, row: usize, size: usize, scale: &ActionScale) -> Decision {
        let mut feedback: Vec<Feedback> = self
            .shown(row)
            .iter()
            .take(size)
            .map(|shown| Feedback {
                action: shown.action,
                examined: shown.examined,
                dwell_seconds: shown.dwell_seconds,
                rating: shown.rating,
            })
            .collect();
        feedback.resize(size, skip(scale));
        let next = match &self.moves[row] {
            Next::Page => Move::NextPage,
            Next::Leave => Move::Leave,
            Next::Other(other) => (**other).clone(),
        };
        Decision { feedback, next, distributions: None, trace: None }
    }
}

/// Feedback of a user who looks at nothing.
pub(crate) fn skip(scale: &ActionScale) -> Feedback {
    Feedback { action: scale.skip(), examined: false, dwell_seconds: 0.0, rating: 0 }
}
