//! Statistics between arms, over users: what one user did is one observation, however many turns it had.
//!
//! A [`Sample`] holds what every user of an arm contributes to a measure. [`paired`] tests two arms in which the same users
//! live with the same random streams, [`welch`] two arms with different users; both give Student's t, and what [`Power`]
//! needs to plan the next experiment. [`holm`] and [`benjamini_hochberg`] adjust p-values for the number of tests.
//!
//! ```
//! use habitue_eval::stats::{Power, Sample, paired};
//!
//! let before = Sample::values(&[3.0, 5.0, 4.0, 6.0, 2.0])?;
//! let after = Sample::values(&[4.0, 5.5, 4.5, 7.5, 2.0])?;
//! let test = paired(&before, &after)?.expect("five users are enough");
//! assert!((test.difference - 0.7).abs() < 1e-12);
//! assert!(test.p_value.is_some_and(|p| p > 0.04 && p < 0.06));
//!
//! // How many users would show such a difference in four of five experiments?
//! assert_eq!(Power::default().users_needed(test.spread, test.difference), Some(8));
//! # Ok::<(), habitue_eval::stats::StatsError>(())
//! ```
//!
//! What a p-value says: had other users of the same kind come, with recommenders that do the same to everybody, how often
//! would chance alone give such a difference? It holds for one look at a finished experiment. Looking again and again, and
//! stopping when it is small, finds differences that are not there (Armitage and others, "Repeated Significance Tests
//! on Accumulating Data", JRSS A, 1969).

mod error;
mod multiple;
mod power;
mod sample;
mod student;
mod t_test;

pub use error::StatsError;
pub use multiple::{benjamini_hochberg, holm};
pub use power::Power;
pub use sample::Sample;
pub use t_test::{Spread, TTest, paired, welch};
