//! Off-policy evaluation: what another policy would have been worth, estimated from the log of this one.
//!
//! Notation of all estimators: round `i` of `n` showed action `a_i` with the behaviour propensity `b_i > 0` and
//! brought the reward `r_i`; the target policy would have chosen it with probability `p_i`; the weight is
//! `w_i = p_i / b_i`.
//!
//! ```
//! use habitue_eval::ope::{Feedback, FeedbackArrays, Target, ips, snips};
//!
//! let feedback = Feedback::new(FeedbackArrays {
//!     n_actions: 2,
//!     actions: vec![0, 1, 0, 1],
//!     positions: vec![0; 4],
//!     rewards: vec![1.0, 0.0, 1.0, 1.0],
//!     propensities: vec![0.5; 4],
//!     target: Target::Logged(vec![0.75, 0.25, 0.75, 0.25]),
//!     users: vec![0, 0, 1, 1],
//! })?;
//! assert_eq!(ips(&feedback).value, 0.875);
//! assert_eq!(snips(&feedback)?.value, 0.875);
//! # Ok::<(), habitue_eval::ope::OpeError>(())
//! ```

mod column;
mod diagnostics;
mod doubly_robust;
mod error;
mod estimate;
mod feedback;
pub mod from_log;
mod interval;
mod ips;
mod sequential;
mod slate;
mod sums;

pub use column::Column;
pub use diagnostics::{Diagnostics, Support, Warning};
pub use doubly_robust::{
    RewardModel, clipped_dr, dm, dr, dr_with_shrinkage, sndr, sub_gaussian_dr, switch_dr,
};
pub use error::OpeError;
pub use estimate::{Estimate, Ratio, Rounds};
pub use feedback::{Feedback, FeedbackArrays, Target};
pub use interval::{Interval, bootstrap_interval, normal_interval};
pub use ips::{clipped_ips, ips, snips, sub_gaussian_ips};
pub use sequential::{
    Trajectories, TrajectoryArrays, TrajectoryModel, marginalised_is, per_decision_is, per_decision_wis,
    sequential_dr, trajectory_is, trajectory_wis,
};
pub use slate::{
    MarginalPropensities, SlateArrays, SlateFeedback, SlateRewardModel, cascade_dr, independent_ips,
    pseudo_inverse_ips, reward_interaction_ips, self_normalised_independent_ips,
    self_normalised_reward_interaction_ips, self_normalised_standard_ips, standard_ips,
};

use sequential::step_wise_dr;
