//! Intervals, tests and power.
