//! Where environments write what they have to say: arrays that the caller owns and keeps from step to step.

use crate::error::EnvError;

/// A struct of slices, one row of each per environment, that can be cut between environments.
macro_rules! columns {
    ($(#[$doc:meta])* $name:ident, $owned:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        pub struct $name<'a> {
            $($(#[$field_doc])* pub $field: &'a mut [$type],)*
        }

        impl<'a> $name<'a> {
            /// The first `at` environments, and the others, of `of`.
            pub(crate) fn split(self, at: usize, of: usize) -> (Self, Self) {
                $(let $field = { let width = self.$field.len() / of; self.$field.split_at_mut(width * at) };)*
                (Self { $($field: $field.0),* }, Self { $($field: $field.1),* })
            }

            /// The same columns for a shorter time.
            pub fn again(&mut self) -> $name<'_> {
                $name { $($field: &mut *self.$field),* }
            }

            /// Cut into groups of this many environments.
            pub(crate) fn chunks(self, size: usize, of: usize) -> Vec<Self> {
                let (mut rest, mut left, mut chunks) = (self, of, Vec::with_capacity(of.div_ceil(size)));
                while left > size {
                    let (chunk, others) = rest.split(size, left);
                    chunks.push(chunk);
                    (rest, left) = (others, left - size);
                }
                chunks.push(rest);
                chunks
            }
        }

        #[doc = concat!("Owned arrays for [`", stringify!($name), "`].")]
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $owned {
            $($(#[$field_doc])* pub $field: Vec<$type>,)*
        }

        impl $owned {
            /// The arrays as columns.
            pub fn columns(&mut self) -> $name<'_> {
                $name { $($field: &mut self.$field),* }
            }
        }
    };
}

columns! {
    /// What a recommender may see, one row per environment.
    Observations, ObservationArrays {
        /// The user's id, shape `[n]`.
        user: i64,
        /// Shape `[n, 6]`; see [`CONTEXT`].
        context: f32,
        /// Shape `[n, categories]`: mean level of the reactions in the history to items of the category, over the largest
        /// level of the scale: -1 to 1.
        profile: f32,
        /// Items of the last reactions other than `skip`, shape `[n, history]`: oldest first, the newest in the last
        /// column, -1 in columns before the oldest.
        history_items: i32,
        /// Their actions as positions on the scale, -1 where there is none; shape `[n, history]`.
        history_actions: i8,
        /// Their ratings 1 to 5, 0 where there is none; shape `[n, history]`.
        history_ratings: i8,
    }
}

columns! {
    /// What came of a step, one row per environment. A column of length 0 is not written.
    Outcomes, OutcomeArrays {
        /// Shape `[n]`.
        reward: f64,
        /// Whether the episode ended by what the user did, shape `[n]`.
        terminated: bool,
        /// Whether the episode was cut, shape `[n]`.
        truncated: bool,
        /// What was shown, shape `[n, k]`; -1 in a step that only reset.
        slate: i64,
        /// What the user did, as positions on the scale, shape `[n, k]`; -1 in a step that only reset.
        actions: i8,
        /// Seconds spent on each item, shape `[n, k]`.
        dwell: f32,
        /// Ratings 1 to 5 or 0, shape `[n, k]`.
        ratings: i8,
        /// The user's move, as a position in [`Move::NAMES`](habitue_core::Move::NAMES), shape `[n]`; -1 in a step that
        /// only reset.
        moves: i8,
        /// Why the session ended, as a position in [`EndReason::NAMES`](habitue_core::EndReason::NAMES), shape `[n]`; -1
        /// if it goes on.
        session_end: i8,
        /// Days until the next arrival, shape `[n]`; NaN unless a session ended and the user comes back within the
        /// horizon.
        gap_days: f64,
        /// Probability of every action at every position, shape `[n, k, actions]`. Privileged.
        action_propensities: f32,
        /// Probability of every move, shape `[n, 7]`. Privileged.
        move_propensities: f32,
        /// The user's mindset now, shape `[n, 5]`, order of [`Mindset::NAMES`](habitue_core::Mindset::NAMES). Privileged.
        mindset: f32,
        /// What the user is after: a category, or -1; shape `[n]`. Privileged.
        need: i32,
        /// The user's interests now, shape `[n, categories]`. Privileged.
        interests: f32,
        /// Whether the user looked at the position, shape `[n, k]`. Privileged.
        examined: bool,
    }
}

/// What stands in the columns of `context`: the user's session and its turn, counted from 0; days since the start of
/// the run; sine and cosine of the time of day; days between the end of the last session and the arrival (0 in the
/// first session).
pub const CONTEXT: [&str; 6] = ["session", "turn", "day", "hour_sin", "hour_cos", "gap_days"];

/// Sizes of the arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Environments.
    pub envs: usize,
    /// Items of a slate.
    pub slate: usize,
    /// Items of the catalogue.
    pub items: usize,
    /// Users who can be played.
    pub users: usize,
    /// Categories of the catalogue.
    pub categories: usize,
    /// Actions of the scale.
    pub actions: usize,
    /// Reactions in the history.
    pub history: usize,
    /// Numbers that describe an item.
    pub features: usize,
}

impl Shape {
    /// Arrays for observations.
    pub fn observations(&self) -> ObservationArrays {
        let &Self { envs, categories, history, .. } = self;
        ObservationArrays {
            user: vec![0; envs],
            context: vec![0.0; envs * CONTEXT.len()],
            profile: vec![0.0; envs * categories],
            history_items: vec![-1; envs * history],
            history_actions: vec![-1; envs * history],
            history_ratings: vec![0; envs * history],
        }
    }

    /// Arrays for outcomes; without `info` only for reward, termination and truncation, and with propensities only
    /// where they are asked for.
    pub fn outcomes(&self, info: bool, propensities: bool) -> OutcomeArrays {
        let &Self { envs, slate, categories, actions, .. } = self;
        let of = |wanted: bool, width: usize| if wanted { envs * width } else { 0 };
        OutcomeArrays {
            reward: vec![0.0; envs],
            terminated: vec![false; envs],
            truncated: vec![false; envs],
            slate: vec![-1; of(info, slate)],
            actions: vec![-1; of(info, slate)],
            dwell: vec![0.0; of(info, slate)],
            ratings: vec![0; of(info, slate)],
            moves: vec![-1; of(info, 1)],
            session_end: vec![-1; of(info, 1)],
            gap_days: vec![f64::NAN; of(info, 1)],
            action_propensities: vec![0.0; of(info && propensities, slate * actions)],
            move_propensities: vec![0.0; of(info && propensities, habitue_core::Move::NAMES.len())],
            mindset: vec![0.0; of(info, habitue_core::Mindset::NAMES.len())],
            need: vec![-1; of(info, 1)],
            interests: vec![0.0; of(info, categories)],
            examined: vec![false; of(info, slate)],
        }
    }

    pub(crate) fn check_observations(&self, columns: &Observations<'_>) -> Result<(), EnvError> {
        let &Self { envs, categories, history, .. } = self;
        expect("user", columns.user.len(), envs, 1, "user")?;
        expect("context", columns.context.len(), envs, CONTEXT.len(), "numbers")?;
        expect("profile", columns.profile.len(), envs, categories, "categories")?;
        expect("history_items", columns.history_items.len(), envs, history, "reactions")?;
        expect("history_actions", columns.history_actions.len(), envs, history, "reactions")?;
        expect("history_ratings", columns.history_ratings.len(), envs, history, "reactions")
    }

    pub(crate) fn check_outcomes(&self, columns: &Outcomes<'_>) -> Result<(), EnvError> {
        let &Self { envs, slate, categories, actions, .. } = self;
        expect("reward", columns.reward.len(), envs, 1, "number")?;
        expect("terminated", columns.terminated.len(), envs, 1, "flag")?;
        expect("truncated", columns.truncated.len(), envs, 1, "flag")?;
        let moves = habitue_core::Move::NAMES.len();
        for (field, got, width) in [
            ("slate", columns.slate.len(), slate),
            ("actions", columns.actions.len(), slate),
            ("dwell", columns.dwell.len(), slate),
            ("ratings", columns.ratings.len(), slate),
            ("moves", columns.moves.len(), 1),
            ("session_end", columns.session_end.len(), 1),
            ("gap_days", columns.gap_days.len(), 1),
            ("action_propensities", columns.action_propensities.len(), slate * actions),
            ("move_propensities", columns.move_propensities.len(), moves),
            ("mindset", columns.mindset.len(), habitue_core::Mindset::NAMES.len()),
            ("need", columns.need.len(), 1),
            ("interests", columns.interests.len(), categories),
            ("examined", columns.examined.len(), slate),
        ] {
            if got > 0 {
                expect(field, got, envs, width, "values")?;
            }
        }
        Ok(())
    }
}

pub(crate) fn expect(
    field: &'static str,
    got: usize,
    envs: usize,
    width: usize,
    what: &str,
) -> Result<(), EnvError> {
    if got == envs * width {
        return Ok(());
    }
    let expected = format!("{} ({envs} environments of {width} {what})", envs * width);
    Err(EnvError::Shape { field, got, expected })
}
