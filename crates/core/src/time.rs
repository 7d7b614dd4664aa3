//! Simulated time: integer milliseconds since the start of the run, which is a Monday, 00:00.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Milliseconds in a second, an hour and a day.
pub const SECOND: i64 = 1_000;
/// Milliseconds in an hour.
pub const HOUR: i64 = 3_600 * SECOND;
/// Milliseconds in a day.
pub const DAY: i64 = 24 * HOUR;

/// A moment of simulated time. Unit: milliseconds since the start of the run; items may have been published
/// before it (negative).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimTime(pub i64);

/// A stretch of simulated time. Unit: milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimDuration(pub i64);

impl SimTime {
    /// The start of the run.
    pub const ZERO: Self = Self(0);

    /// Days since the start, with fraction.
    pub fn days(self) -> f64 {
        self.0 as f64 / DAY as f64
    }

    /// Hour of the day, 0 to 23.
    pub const fn hour_of_day(self) -> usize {
        (self.0.rem_euclid(DAY) / HOUR) as usize
    }
}

impl SimDuration {
    /// A duration of so many seconds, rounded to the millisecond.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * SECOND as f64).round() as i64)
    }

    /// A duration of so many days, rounded to the millisecond.
    pub fn from_days(days: f64) -> Self {
        Self((days * DAY as f64).round() as i64)
    }

    /// The duration in seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / SECOND as f64
    }

    /// The duration in days.
    pub fn days(self) -> f64 {
        self.0 as f64 / DAY as f64
    }

    /// Reads `90s`, `1h 30m`, `14d`.
    ///
    /// # Errors
    /// A sentence that says what was expected, if the text is not a duration or longer than 10,000 years.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text)
            .map_err(|reason| format!("expected a duration such as \"90s\", \"1h 30m\" or \"14d\": {reason}"))
    }

    /// As [`Self::parse`], but an error says only what is wrong.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let parsed = humantime::parse_duration(text).map_err(|error| error.to_string())?;
        if parsed.as_secs() > 10_000 * 365 * 86_400 {
            return Err("it is longer than 10,000 years".to_owned());
        }
        i64::try_from(parsed.as_millis()).map(Self).map_err(|error| error.to_string())
    }
}

impl fmt::Display for SimDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 0 {
            write!(f, "-")?;
        }
        let milliseconds = self.0.unsigned_abs();
        let (days, rest) = (milliseconds / DAY as u64, milliseconds % DAY as u64);
        match (days, rest) {
            (_, 0) if days > 0 => write!(f, "{days}d"),
            (0, _) => {
                write!(f, "{}", humantime::format_duration(std::time::Duration::from_millis(rest)))
            }
            _ => {
                let rest = humantime::format_duration(std::time::Duration::from_millis(rest));
                write!(f, "{days}d {rest}")
            }
        }
    }
}

impl fmt::Display for SimTime {
    /// `day 3 07:15:00`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.rem_euclid(DAY) / SECOND;
        write!(
            f,
            "day {} {:02}:{:02}:{:02}",
            self.0.div_euclid(DAY),
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
    }
}

impl Add<SimDuration> for SimTime {
    type Output = Self;
    fn add(self, by: SimDuration) -> Self {
        Self(self.0.saturating_add(by.0))
    }
}

impl AddAssign<SimDuration> for SimTime {
    fn add_assign(&mut self, by: SimDuration) {
        *self = *self + by;
    }
}

impl Sub for SimTime {
    type Output = SimDuration;
    fn sub(self, from: Self) -> SimDuration {
        SimDuration(self.0.saturating_sub(from.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_and_print_the_same() {
        for text in ["14d", "1h 30m", "90s", "250ms", "2d 3h"] {
            let duration = SimDuration::parse(text).unwrap();
            assert_eq!(SimDuration::parse(&duration.to_string()).unwrap(), duration);
        }
        assert!(SimDuration::parse("soon").unwrap_err().contains("14d"));
        assert_eq!(SimDuration::parse("1.5d").unwrap(), SimDuration(36 * HOUR));
    }

    #[test]
    fn durations_have_an_end() {
        assert_eq!(SimDuration::parse("3650000d").unwrap(), SimDuration(3_650_000 * DAY));
        for text in ["3650001d", "584942417355y", "99999999999999999999d", "-1d", "", "1", "d"] {
            assert!(SimDuration::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_shown_in_the_units_they_need() {
        let shown = |milliseconds| SimDuration(milliseconds).to_string();
        assert_eq!([shown(0), shown(250), shown(90 * SECOND)], ["0s", "250ms", "1m 30s"]);
        assert_eq!([shown(14 * DAY), shown(DAY + HOUR), shown(-HOUR)], ["14d", "1d 1h", "-1h"]);
    }

    #[test]
    fn moments_are_shown_as_day_and_clock() {
        assert_eq!(SimTime(3 * DAY + 7 * HOUR + 15 * 60 * SECOND + 999).to_string(), "day 3 07:15:00");
        assert_eq!(SimTime(-1).to_string(), "day -1 23:59:59");
    }

    #[test]
    fn conversions_round_and_sums_stop_at_the_end_of_time() {
        assert_eq!(SimDuration::from_seconds(0.0015), SimDuration(2));
        assert_eq!(SimDuration::from_days(0.5), SimDuration(12 * HOUR));
        let (seconds, days) = (SimDuration(1_500).seconds(), SimTime(12 * HOUR).days());
        assert!((seconds - 1.5).abs() < 1e-12 && (days - 0.5).abs() < 1e-12);
        let mut time = SimTime(i64::MAX - 1);
        time += SimDuration(5);
        assert_eq!(time, SimTime(i64::MAX));
        assert_eq!(SimTime(i64::MIN) - SimTime(1), SimDuration(i64::MIN));
        assert_eq!(SimDuration::from_days(f64::INFINITY), SimDuration(i64::MAX));
        assert_eq!(SimTime(5) - SimTime(7), SimDuration(-2));
        assert!(SimDuration(i64::MIN).to_string().starts_with("-106751991167d"));
    }

    #[test]
    fn hour_of_day_is_right_before_the_start_too() {
        assert_eq!(SimTime(5 * HOUR + 1).hour_of_day(), 5);
        assert_eq!(SimTime(-HOUR).hour_of_day(), 23);
    }
}
