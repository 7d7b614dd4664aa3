//! A session as a pure state machine: it says what it needs and is given it; it never waits, draws or looks
//! anything up.

use habitue_core::{
    ArmId, Decider, Decision, EndReason, Impression, ItemId, Mindset, Move, RequestText, SimDuration,
    SimTime, Slate, Turn, UserId,
};
use serde::{Deserialize, Serialize};

use crate::rules::Rules;

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

/// What cannot be given to a session.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SessionError {
    /// The slate is longer than asked for.
    #[error("the slate has {got} items, expected at most {size}")]
    SlateTooLong {
        /// Items on it.
        got: usize,
        /// Items asked for.
        size: usize,
    },
    /// The slate is empty although the recommender is in service.
    #[error("the slate is empty, expected 1 to {size} items")]
    SlateEmpty {
        /// Items asked for.
        size: usize,
    },
    /// An item stands twice.
    #[error("item {item} stands at positions {first} and {second} of the slate, expected different items")]
    Duplicate {
        /// The item.
        item: ItemId,
        /// Its first position, counted from 1.
        first: usize,
        /// Its second position, counted from 1.
        second: usize,
    },
    /// An item that is not in the catalogue or not available now.
    #[error("item {item} at position {position} of the slate is not available now")]
    Unavailable {
        /// The item.
        item: ItemId,
        /// Its position, counted from 1.
        position: usize,
    },
    /// A propensity that is not a probability.
    #[error("the propensity at position {position} is {value}, expected a probability above 0 and at most 1")]
    Propensity {
        /// The position, counted from 1.
        position: usize,
        /// The value.
        value: f32,
    },
    /// A joint propensity that is not the logarithm of a probability.
    #[error("the joint log-propensity is {0}, expected a finite number of at most 0")]
    LogPropensity(f64),
    /// Feedback for another number of items.
    #[error("the decision has feedback on {got} items, expected {expected}, one for each position")]
    FeedbackCount {
        /// Feedback given.
        got: usize,
        /// Items on the slate.
        expected: usize,
    },
    /// Feedback outside its range.
    #[error("the feedback at position {position} has {field} {value}, expected {expected}")]
    Feedback {
        /// The position, counted from 1.
        position: usize,
        /// The field.
        field: &'static str,
        /// The value.
        value: f64,
        /// What was expected.
        expected: &'static str,
    },
    /// The session did not wait for this.
    #[error("the session was given {given}, but waits for {waits:?}")]
    OutOfTurn {
        /// What was given.
        given: &'static str,
        /// What the session waits for.
        waits: Need,
    },
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
/// let decision = Decision { feedback: vec![skip; 2], next: Move::Leave, distributions: None };
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
        check_slate(rules, &slate, available)?;
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
        let Phase::Deciding { slate, .. } = &self.phase else { unreachable!("checked by expect") };
        check_decision(rules, slate.items.len(), &decision)?;
        let Phase::Deciding { slate, before, outage } = std::mem::replace(&mut self.phase, Phase::Browsing)
        else {
            unreachable!("checked by expect")
        };

        let mut dwell_ms = 0;
        let mut impressions = Vec::with_capacity(slate.items.len());
        for (shown, feedback) in slate.items.iter().zip(&decision.feedback) {
            let ms = (feedback.dwell_seconds * 1000.0).round();
            dwell_ms += ms as i64;
            impressions.push(Impression {
                item: shown.item,
                propensity: shown.propensity,
                dwell_seconds: ms / 1000.0,
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
        self.request = match &turn.next {
            Move::Search(text) => Some(RequestText::Search(text.clone())),
            Move::Instruct(text) => Some(RequestText::Instruct(text.clone())),
            Move::Answer(text) => Some(RequestText::Answer(text.clone())),
            Move::NextPage | Move::Post { .. } | Move::Chat { .. } | Move::Leave => None,
        };
        Ok(turn)
    }

    fn expect(&self, need: Need, given: &'static str) -> Result<(), SessionError> {
        let waits = self.need();
        if waits == need { Ok(()) } else { Err(SessionError::OutOfTurn { given, waits }) }
    }
}

fn check_slate(rules: &Rules, slate: &Slate, available: impl Fn(ItemId) -> bool) -> Result<(), SessionError> {
    let size = rules.slate_size;
    if slate.items.is_empty() {
        return Err(SessionError::SlateEmpty { size });
    }
    if slate.items.len() > size {
        return Err(SessionError::SlateTooLong { got: slate.items.len(), size });
    }
    for (position, shown) in slate.items.iter().enumerate() {
        if !available(shown.item) {
            return Err(SessionError::Unavailable { item: shown.item, position: position + 1 });
        }
        if !(shown.propensity > 0.0 && shown.propensity <= 1.0) {
            return Err(SessionError::Propensity { position: position + 1, value: shown.propensity });
        }
        if let Some(first) = slate.items[..position].iter().position(|earlier| earlier.item == shown.item) {
            return Err(SessionError::Duplicate { item: shown.item, first: first + 1, second: position + 1 });
        }
    }
    if !(slate.log_propensity <= 0.0 && slate.log_propensity.is_finite()) {
        return Err(SessionError::LogPropensity(slate.log_propensity));
    }
    Ok(())
}

fn check_decision(rules: &Rules, expected: usize, decision: &Decision) -> Result<(), SessionError> {
    if decision.feedback.len() != expected {
        return Err(SessionError::FeedbackCount { got: decision.feedback.len(), expected });
    }
    for (position, feedback) in decision.feedback.iter().enumerate() {
        let wrong = |field, value, expected| {
            Err(SessionError::Feedback { position: position + 1, field, value, expected })
        };
        if usize::from(feedback.action.0) >= rules.scale.len() {
            return wrong("action", f64::from(feedback.action.0), "a position on the action scale");
        }
        if !(feedback.dwell_seconds >= 0.0 && feedback.dwell_seconds < 1e6) {
            return wrong("dwell", f64::from(feedback.dwell_seconds), "seconds, 0 to 1,000,000");
        }
        if feedback.rating > 5 {
            return wrong("rating", f64::from(feedback.rating), "1 to 5, or 0 for none");
        }
        if feedback.rating > 0 && !rules.rate {
            return wrong(
                "rating",
                f64::from(feedback.rating),
                "none, since the scenario asks for no ratings",
            );
        }
    }
    Ok(())
}
