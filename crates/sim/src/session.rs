//! A session as a pure state machine: it says what it needs and is given it; it never waits, draws or looks
//! anything up.

use std::fmt;

use habitue_core::{
    ArmId, Decider, Decision, EndReason, Impression, ItemId, Mindset, Move, RequestText, SimDuration,
    SimTime, Slate, Turn, UserId,
};
use serde::{Deserialize, Serialize};

pub use self::error::SessionError;
use crate::rules::Rules;

mod check;
mod error;
#[cfg(test)]
mod tests;

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// A slate, through [`Session::show`].
    Slate,
    /// The user's decision on the slate, through [`Session::decide`].
    Decision,
    /// Nothing: the session is over.
    Finished(EndReason),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slate => f.write_str("a slate"),
            Self::Decision => f.write_str("a decision"),
            Self::Finished(reason) => {
                write!(f, "nothing more: it is over ({})", EndReason::NAMES[*reason as usize])
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Phase {
    Browsing,
    Deciding { slate: Slate, before: Mindset, outage: bool },
    Over(EndReason),
}

/// One visit of one user.
///
/// ```
/// use habitue_core::{
///     ActionScale, ArmId, Decider, Decision, EndReason, ItemId, Mindset, Move, Reward, SimDuration, SimTime, Slate,
///     UserId,
/// };
/// use habitue_sim::{Need, Rules, Session};
///
/// let rules = Rules {
///     slate_size: 2,
///     scale: ActionScale::new(&["skip", "click"], "click")?,
///     rate: false,
///     history: 10,
///     max_turns: 50,
///     overhead: SimDuration(1_000),
///     distributions: false,
///     reward: Reward { actions: vec![0.0, 1.0], dwell_minute: 0.0, rating_point: 0.0, turn: 0.0, return_within: None },
/// };
/// let mut session = Session::open(ArmId(0), UserId(3), 0, SimTime::ZERO, Mindset::default());
/// assert_eq!(session.need(), Need::Slate);
/// let slate = Slate::certain([ItemId(1), ItemId(0)]);
/// session.show(&rules, slate, Mindset::default(), |item| item.0 < 2)?;
/// assert_eq!(session.need(), Need::Decision);
/// let skip = habitue_core::Feedback { action: rules.scale.skip(), examined: true, dwell_seconds: 1.5, rating: 0 };
/// let decision = Decision { feedback: vec![skip; 2], next: Move::Leave, distributions: None, trace: None };
/// let turn = session.decide(&rules, decision, Mindset::default(), Decider::Choice)?;
/// assert_eq!(turn.elapsed.seconds(), 3.0 + rules.overhead.seconds());
/// assert_eq!(session.need(), Need::Finished(EndReason::Left));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    arm: ArmId,
    user: UserId,
    number: u32,
    start: SimTime,
    before: Mindset,
    now: SimTime,
    turn: u32,
    reward: f32,
    shown: Vec<ItemId>,
    request: Option<RequestText>,
    said: Vec<RequestText>,
    phase: Phase,
}

impl Session {
    /// The user's `number`-th visit (counted from 0) begins; `before` is the mindset on arrival.
    pub fn open(arm: ArmId, user: UserId, number: u32, start: SimTime, before: Mindset) -> Self {
        Self {
            arm,
            user,
            number,
            start,
            before,
            now: start,
            turn: 0,
            reward: 0.0,
            shown: Vec::new(),
            request: None,
            said: Vec::new(),
            phase: Phase::Browsing,
        }
    }

    /// What the session waits for.
    pub fn need(&self) -> Need {
        match self.phase {
            Phase::Browsing => Need::Slate,
            Phase::Deciding { .. } => Need::Decision,
            Phase::Over(reason) => Need::Finished(reason),
        }
    }

    /// The moment up to which the session has been played.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// Arrival.
    pub fn start(&self) -> SimTime {
        self.start
    }

    /// The user's session, counted from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The turn that is being played, counted from 0; once the session is over, the number of turns.
    pub fn turn(&self) -> u32 {
        self.turn
    }

    /// Mindset on arrival.
    pub fn before(&self) -> Mindset {
        self.before
    }

    /// Sum of the turns' rewards so far.
    pub fn reward(&self) -> f32 {
        self.reward
    }

    /// Items shown in earlier turns, in order.
    pub fn shown(&self) -> &[ItemId] {
        &self.shown
    }

    /// Words that the next request comes with.
    pub fn request(&self) -> Option<&RequestText> {
        self.request.as_ref()
    }

    /// Words of all requests so far, those of the next one included.
    pub fn said(&self) -> &[RequestText] {
        &self.said
    }

    /// The slate the user looks at.
    pub fn slate(&self) -> Option<&Slate> {
        match &self.phase {
            Phase::Deciding { slate, .. } => Some(slate),
            Phase::Browsing | Phase::Over(_) => None,
        }
    }

    /// Shows a slate; `before` is the user's mindset at this moment, `available` says which items can be shown.
    ///
    /// # Errors
    /// If the session does not wait for a slate, or the slate is empty, too long, repeats an item, holds an item that
    /// is not available or a propensity that is none.
    pub fn show(
        &mut self,
        rules: &Rules,
        slate: Slate,
        before: Mindset,
        available: impl Fn(ItemId) -> bool,
    ) -> Result<(), SessionError> {
        self.expect(Need::Slate, "a slate")?;
        check::slate(rules, &slate, available)?;
        self.phase = Phase::Deciding { slate, before, outage: false };
        Ok(())
    }

    /// The recommender is out of service: the user meets an empty slate, and the session ends with this turn.
    ///
    /// # Errors
    /// If the session does not wait for a slate.
    pub fn show_outage(&mut self, before: Mindset) -> Result<(), SessionError> {
        self.expect(Need::Slate, "an outage")?;
        self.phase = Phase::Deciding { slate: Slate::default(), before, outage: true };
        Ok(())
    }

    /// Takes the user's decision and finishes the turn; `after` is the user's mindset now. Dwell is kept to the
    /// millisecond.
    ///
    /// # Errors
    /// If the session does not wait for a decision, or the feedback does not fit the slate.
    pub fn decide(
        &mut self,
        rules: &Rules,
        decision: Decision,
        after: Mindset,
        decider: Decider,
    ) -> Result<Turn, SessionError> {
        self.expect(Need::Decision, "a decision")?;
        check::decision(rules, self.slate().map_or(0, |slate| slate.items.len()), &decision)?;
        let (slate, before, outage) = match std::mem::replace(&mut self.phase, Phase::Browsing) {
            Phase::Deciding { slate, before, outage } => (slate, before, outage),
            Phase::Browsing | Phase::Over(_) => unreachable!("the session waits for a decision"),
        };

        let mut dwell_ms = 0;
        let mut impressions = Vec::with_capacity(slate.items.len());
        self.shown.reserve(slate.items.len());
        for (shown, feedback) in slate.items.iter().zip(&decision.feedback) {
            // Exact in 64 bits, and faster than `round`, which is a call on plain x86-64.
            let ms = (f64::from(feedback.dwell_seconds) * 1000.0 + 0.5) as i64;
            dwell_ms += ms;
            impressions.push(Impression {
                item: shown.item,
                propensity: shown.propensity,
                dwell_seconds: (ms as f64 / 1000.0) as f32,
                action: feedback.action,
                rating: feedback.rating,
                examined: feedback.examined,
            });
            self.shown.push(shown.item);
        }
        let elapsed = SimDuration(dwell_ms + rules.overhead.0);
        let reward = rules.reward.of_turn(&impressions);
        let turn = Turn {
            arm: self.arm,
            user: self.user,
            session: self.number,
            turn: self.turn,
            time: self.now,
            elapsed,
            request: self.request.take(),
            impressions,
            log_propensity: slate.log_propensity,
            reply: slate.reply,
            next: decision.next,
            reward,
            before,
            after,
            distributions: decision.distributions,
            decider,
        };

        self.request = match &turn.next {
            Move::Search(text) => Some(RequestText::Search(text.clone())),
            Move::Instruct(text) => Some(RequestText::Instruct(text.clone())),
            Move::Answer(text) => Some(RequestText::Answer(text.clone())),
            Move::NextPage | Move::Post { .. } | Move::Chat { .. } | Move::Leave => None,
        };
        self.said.extend(self.request.clone());
        self.turn += 1;
        self.now += elapsed;
        self.reward += reward;
        if outage {
            self.phase = Phase::Over(EndReason::Outage);
        } else if turn.next == Move::Leave {
            self.phase = Phase::Over(EndReason::Left);
        } else if self.turn >= rules.max_turns {
            self.phase = Phase::Over(EndReason::TurnLimit);
        }
        Ok(turn)
    }

    fn expect(&self, need: Need, given: &'static str) -> Result<(), SessionError> {
        let waits = self.need();
        if waits == need { Ok(()) } else { Err(SessionError::OutOfTurn { given, waits }) }
    }
}
