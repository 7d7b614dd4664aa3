//! Retention and engagement: whether users came back, when, and how long they stayed.
//!
//! A day is 24 hours from the user's own first arrival, unless it is called a calendar day. A measure counts only users
//! (or sessions) whose whole stretch lies within what was observed, so that the end of a run is not mistaken for the end
//! of a habit.
//!
//! | word | definition |
//! |---|---|
//! | return on day N (classic) | a session began in \[24 h N, 24 h (N + 1)) after the first arrival |
//! | return on or after day N (rolling) | a session began 24 h N or later after the first arrival, before the end of what was observed |
//! | return within N days | another session began at most 24 h N after the first arrival |
//! | return gap | from the end of a session to the next arrival |
//! | churn | the decision, on leaving, never to come back |
//! | stickiness | mean daily active users over active users of the last calendar days, 30 at most (DAU / MAU) |
//!
//! Classic and rolling are the "N-day" and "unbounded" retention of product analytics (Amplitude, "Retention Analysis").
//! A rolling share grows with the time that was observed: compare it only between arms of one run.
//!
//! ```
//! use habitue_core::{DAY, SimTime, Streams};
//! use habitue_eval::retention::{Clock, Life, Measure, Visit, measure};
//!
//! let clock = Clock::new(SimTime(3 * DAY));
//! let visit = |start, end| Visit { start: SimTime(start), end: SimTime(end), ..Visit::default() };
//! let (mut keen, mut gone) = (Life::default(), Life::default());
//! keen.visit(&visit(0, 1), clock);
//! keen.visit(&visit(DAY, DAY + 1), clock);
//! gone.visit(&Visit { churned: true, ..visit(5, 9) }, clock);
//!
//! let arms = measure(&[vec![keen, gone]], clock, false, Streams::new(7));
//! let day_1 = arms[0].of(Measure::OnDay(1));
//! assert_eq!((day_1.value, day_1.count), (Some(0.5), 2));
//! ```

mod bootstrap;
mod chi_square;
mod cohorts;
mod daily;
mod life;
mod log_rank;
mod measure;
mod survival;

pub use bootstrap::{ArmMeasures, Measured, REPLICATES, measure};
pub(crate) use chi_square::erfc;
pub use cohorts::{Cohort, CohortCell, Cohorts};
pub use daily::{Daily, churn_hazard, return_curve, wilson};
pub use life::{CURVE_DAYS, Clock, Life, Visit};
pub use log_rank::{LogRank, holm, log_rank};
pub use measure::{Measure, Unit};
pub use survival::{KaplanMeier, Lifetime, Step, SurvivalError};

/// How often an interval of this module should hold the true value.
pub const LEVEL: f64 = 0.95;

/// The standard normal quantile of `0.5 + LEVEL / 2`.
const Z: f64 = 1.959_963_984_540_054;
