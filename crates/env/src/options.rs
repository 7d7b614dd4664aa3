//! What kind of environment it is.

use std::fmt;
use std::str::FromStr;

use habitue_core::SessionRecord;
use habitue_core::scenario::nearest;
use habitue_core::{DAY, SimDuration};

use crate::error::EnvError;

/// What an episode is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A user's first session. The reward of a step is that of the turn, as the scenario defines it.
    Slate,
    /// A user's life over many sessions, until churn or the horizon. The reward is granted at returns.
    Retention,
}

/// What a step of [`Kind::Retention`] is worth. Let g be the return gap in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LifeReward {
    /// 1 / (1 + g) on the step that ends a session, 0 on others and without an observed return.
    InverseGap,
    /// -g on the step that ends a session, 0 on others: the return time that `KuaiSim`'s cross-session environment asks to
    /// minimise (Zhao et al. 2023). Without an observed return, g is the time left to the horizon.
    MinusGap,
    /// The turn's reward as the scenario defines it, and on the step that ends a session its `return_within`.
    Scenario,
    /// The turn's reward alone: what a myopic recommender looks at.
    Turn,
}

/// When an environment whose episode is over begins the next one; the three modes of Gymnasium 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Autoreset {
    /// With the next step, which ignores its action and has reward 0.
    NextStep,
    /// Within the step, whose observation is the first of the next episode; the last one goes to `finals`.
    SameStep,
    /// Only when it is told to.
    Disabled,
}

/// What happens to an item that stands twice on a slate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// The step is refused.
    Refuse,
    /// The second one becomes the available item next in order of id that is not on the slate; for learners that choose
    /// every position on its own.
    Replace,
}

/// How environments are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What an episode is.
    pub kind: Kind,
    /// What a step is worth in [`Kind::Retention`].
    pub reward: LifeReward,
    /// When the next episode begins.
    pub autoreset: Autoreset,
    /// What happens to an item that stands twice on a slate.
    pub duplicates: Duplicates,
    /// Reactions in observations; `None` takes the scenario's `slate.history`.
    pub history: Option<usize>,
    /// Whether the distributions behind the users' choices are worked out.
    pub propensities: bool,
    /// Threads; `None` takes one per core.
    pub threads: Option<usize>,
}

impl Options {
    /// The usual options of a kind.
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            reward: LifeReward::InverseGap,
            autoreset: Autoreset::NextStep,
            duplicates: Duplicates::Refuse,
            history: None,
            propensities: false,
            threads: None,
        }
    }
}

impl LifeReward {
    /// The reward of a turn that may have ended a session; `left` is the time to the horizon then.
    pub(crate) fn of(self, turn: f32, session: Option<&SessionRecord>, left: SimDuration) -> f64 {
        match (self, session) {
            (Self::Turn, _) | (Self::Scenario, None) => f64::from(turn),
            (Self::Scenario, Some(session)) => f64::from(turn) + f64::from(session.return_reward),
            (Self::InverseGap | Self::MinusGap, None) => 0.0,
            (Self::InverseGap, Some(session)) => session.gap.map_or(0.0, |gap| 1.0 / (1.0 + days(gap))),
            (Self::MinusGap, Some(session)) => -days(session.gap.unwrap_or(left)),
        }
    }
}

/// A time in days.
pub(crate) fn days(time: SimDuration) -> f64 {
    time.0 as f64 / DAY as f64
}

/// Names of an option's values, read and written.
macro_rules! named {
    ($type:ident, $field:literal, [$($variant:ident: $name:literal),*]) => {
        impl $type {
            /// The names of the values.
            pub const NAMES: &[&str] = &[$($name),*];
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $name),* })
            }
        }

        impl FromStr for $type {
            type Err = EnvError;

            fn from_str(text: &str) -> Result<Self, EnvError> {
                match text {
                    $($name => Ok(Self::$variant),)*
                    other => {
                        let near = nearest(other, Self::NAMES.iter().copied());
                        let near = near.map(|near| format!("; the nearest is \"{near}\"")).unwrap_or_default();
                        let expected = format!("one of {:?}{near}", Self::NAMES);
                        Err(EnvError::argument($field, format!("{other:?}"), expected))
                    }
                }
            }
        }
    };
}

named!(Kind, "kind", [Slate: "slate", Retention: "retention"]);
named!(LifeReward, "reward", [
    InverseGap: "inverse-gap", MinusGap: "minus-gap", Scenario: "scenario", Turn: "turn"
]);
named!(Autoreset, "autoreset_mode", [NextStep: "next-step", SameStep: "same-step", Disabled: "disabled"]);
named!(Duplicates, "duplicates", [Refuse: "refuse", Replace: "replace"]);
