//! The question: what is to be estimated.

use std::fmt;
use std::str::FromStr;

use habitue_core::scenario::nearest;
use habitue_core::{DAY, SimDuration, SimTime};
use serde::Serialize;

use super::LoggedSession;

/// The longest stretch that can be asked for; unit: days.
const LONGEST: u32 = 3650;

/// What is to be estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The reward of a slate, in the states that the log has. Unit: reward per turn.
    SlateReward,
    /// The sum of the rewards of a session's turns. Unit: reward per session.
    SessionReward,
    /// Whether the user is back at most so many days after the end of a session. Unit: share of sessions.
    ReturnWithin {
        /// The days, at least 1.
        days: u32,
    },
    /// The time to the next arrival, a longer one counted as `within`: the restricted mean, since a run ends before
    /// everybody is back (Royston and Parmar, 2013). Unit: days.
    ReturnGap {
        /// The longest time that counts; half of the run where it is not given.
        within: Option<SimDuration>,
    },
}

/// What is asked for does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "target \"{found}\", expected slate-reward, session-reward, return-N-days or return-gap-N-days with N from 1 to \
     3650, or return-gap{}", nearest.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default()
)]
pub struct OutcomeError {
    /// What was asked for.
    pub found: String,
    /// What is nearest to it.
    pub nearest: Option<String>,
}

impl FromStr for Outcome {
    type Err = OutcomeError;

    fn from_str(typed: &str) -> Result<Self, OutcomeError> {
        let days = |prefix: &str| {
            let rest = typed.strip_prefix(prefix)?;
            let number = rest.strip_suffix("-days").or_else(|| rest.strip_suffix("-day"))?;
            number.parse().ok().filter(|days| (1..=LONGEST).contains(days))
        };
        match typed {
            "slate-reward" => return Ok(Self::SlateReward),
            "session-reward" => return Ok(Self::SessionReward),
            "return-gap" => return Ok(Self::ReturnGap { within: None }),
            _ => {}
        }
        if let Some(days) = days("return-gap-") {
            return Ok(Self::ReturnGap { within: Some(SimDuration(i64::from(days) * DAY)) });
        }
        if let Some(days) = days("return-") {
            return Ok(Self::ReturnWithin { days });
        }
        let names = ["slate-reward", "session-reward", "return-gap", "return-7-days", "return-gap-7-days"];
        Err(OutcomeError { found: typed.to_owned(), nearest: nearest(typed, names) })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SlateReward => write!(f, "slate-reward"),
            Self::SessionReward => write!(f, "session-reward"),
            Self::ReturnWithin { days: 1 } => write!(f, "return-1-day"),
            Self::ReturnWithin { days } => write!(f, "return-{days}-days"),
            Self::ReturnGap { within: None } => write!(f, "return-gap"),
            Self::ReturnGap { within: Some(SimDuration(DAY)) } => write!(f, "return-gap-1-day"),
            Self::ReturnGap { within: Some(within) } => write!(f, "return-gap-{}-days", within.days()),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Outcome {
    /// The outcome with the stretch that it takes in a run of this length.
    #[must_use]
    pub fn in_run(self, horizon: SimTime) -> Self {
        match self {
            Self::ReturnGap { within: None } => {
                Self::ReturnGap { within: Some(SimDuration((horizon.0 / 2).max(1))) }
            }
            other => other,
        }
    }

    /// What a value is a number of.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::SlateReward => "reward per turn",
            Self::SessionReward => "reward per session",
            Self::ReturnWithin { .. } => "share of sessions",
            Self::ReturnGap { .. } => "days",
        }
    }

    /// What a round is.
    pub const fn round(self) -> &'static str {
        match self {
            Self::SlateReward => "turns",
            _ => "sessions",
        }
    }

    /// How long a session must be followed to be counted.
    pub(super) fn follow(self) -> SimDuration {
        match self {
            Self::SlateReward | Self::SessionReward => SimDuration(0),
            Self::ReturnWithin { days } => SimDuration(i64::from(days) * DAY),
            Self::ReturnGap { within } => within.unwrap_or(SimDuration(0)),
        }
    }

    /// Whether a session can be counted: it was seen to its end, and followed as long as it takes. Sessions of which only
    /// a return that came early enough is known are left out as well: to take them in would be to look at the outcome.
    pub(super) fn counts(self, session: &LoggedSession, horizon: SimTime) -> bool {
        let seen = self == Self::SlateReward || !session.cut;
        seen && (self.follow().0 == 0 || session.end + self.follow() <= horizon)
    }

    /// What a session that counts is worth at its end, beside its rewards.
    pub(super) fn at_the_end(self, session: &LoggedSession) -> Option<f64> {
        match self {
            Self::SlateReward | Self::SessionReward => None,
            Self::ReturnWithin { .. } => {
                Some(f64::from(u8::from(session.gap.is_some_and(|gap| gap <= self.follow()))))
            }
            Self::ReturnGap { .. } => {
                let within = self.follow();
                Some(session.gap.map_or(within, |gap| gap.min(within)).days())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_counts_if_it_was_followed_long_enough() {
        let session = |end: i64, gap: Option<i64>| LoggedSession {
            user: 0,
            number: 0,
            first: 0,
            turns: 1,
            end: SimTime(end),
            gap: gap.map(SimDuration),
            cut: false,
        };
        let horizon = SimTime(10 * DAY);
        let week = Outcome::ReturnWithin { days: 7 };
        assert!(week.counts(&session(3 * DAY, None), horizon));
        assert!(
            !week.counts(&session(3 * DAY + 1, Some(1)), horizon),
            "a return that was seen makes no difference"
        );
        assert_eq!(week.at_the_end(&session(0, Some(7 * DAY))), Some(1.0));
        assert_eq!(week.at_the_end(&session(0, Some(7 * DAY + 1))), Some(0.0));
        let gap = Outcome::ReturnGap { within: None }.in_run(horizon);
        assert_eq!(gap.at_the_end(&session(0, None)), Some(5.0));
        assert_eq!(gap.at_the_end(&session(0, Some(2 * DAY))), Some(2.0));
        assert!(!Outcome::SessionReward.counts(&LoggedSession { cut: true, ..session(0, None) }, horizon));
        assert!(Outcome::SlateReward.counts(&LoggedSession { cut: true, ..session(0, None) }, horizon));
    }
}
