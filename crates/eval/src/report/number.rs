//! Numbers as they are shown.

use crate::retention::{Measure, Unit};

/// "12.3%"
pub(crate) fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// "1.25 days"
pub(crate) fn days(days: f64) -> String {
    let number = format!("{days:.2}");
    let number = number.trim_end_matches('0').trim_end_matches('.');
    format!("{number} {}", if number == "1" { "day" } else { "days" })
}

/// "1,234,567"
pub(crate) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of two decimals, without the sign of nothing.
pub(crate) fn decimal(value: f64) -> String {
    let text = format!("{value:.2}");
    if text == "-0.00" { "0.00".to_owned() } else { text }
}

/// A number of three decimals, without the sign of nothing.
pub(crate) fn fine(value: f64) -> String {
    let text = format!("{value:.3}");
    if text == "-0.000" { "0.000".to_owned() } else { text }
}

/// A probability with three digits that count.
pub(crate) fn probability(value: f32) -> String {
    if value >= 0.001 || value == 0.0 { format!("{value:.3}") } else { format!("{value:.1e}") }
}

/// A p-value.
pub(crate) fn p_value(value: f64) -> String {
    if value < 0.0001 { "< 0.0001".to_owned() } else { format!("{value:.4}") }
}

/// The name of a measure with the unit of its values.
pub(crate) fn heading(measure: Measure) -> String {
    match measure.unit() {
        Unit::Days => format!("{} (days)", measure.name()),
        Unit::Minutes => format!("{} (minutes)", measure.name()),
        Unit::Share | Unit::Number => measure.name(),
    }
}

/// A value of a measure without its unit, which the heading has.
pub(crate) fn value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Share => percent(value),
        Unit::Days | Unit::Minutes | Unit::Number => decimal(value),
    }
}

/// A difference with its sign; of shares in percentage points.
pub(crate) fn difference(value: f64, unit: Unit) -> String {
    let value = if unit == Unit::Share { value * 100.0 } else { value };
    let digits = usize::from(unit != Unit::Share) + 1;
    let text = format!("{value:+.digits$}");
    if text.trim_start_matches(['+', '-']).chars().all(|digit| matches!(digit, '0' | '.')) {
        return text.trim_start_matches(['+', '-']).to_owned();
    }
    text
}

/// "value (low to high)"; "-" without a value.
pub(crate) fn with_interval(
    value: Option<f64>,
    interval: Option<(f64, f64)>,
    show: impl Fn(f64) -> String,
) -> String {
    match (value, interval) {
        (None, _) => "-".to_owned(),
        (Some(value), None) => show(value),
        (Some(value), Some((low, high))) => format!("{} ({} to {})", show(value), show(low), show(high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_people_write_them() {
        assert_eq!([count(0), count(999), count(1_234_567)], ["0", "999", "1,234,567"]);
        assert_eq!(
            [days(1.0), days(2.5), days(14.0), days(10.0)],
            ["1 day", "2.5 days", "14 days", "10 days"]
        );
        assert_eq!([decimal(-0.001), decimal(-1.5)], ["0.00", "-1.50"]);
        assert_eq!([fine(-0.0001), fine(0.12345)], ["0.000", "0.123"]);
        assert_eq!([p_value(0.00001), p_value(0.0312)], ["< 0.0001", "0.0312"]);
        assert_eq!([probability(0.25), probability(0.0), probability(0.00025)], ["0.250", "0.000", "2.5e-4"]);
        assert_eq!(
            [difference(0.1, Unit::Share), difference(-1.0, Unit::Days), difference(-0.0001, Unit::Share)],
            ["+10.0", "-1.00", "0.0"]
        );
        assert_eq!(with_interval(Some(0.5), Some((0.4, 0.6)), percent), "50.0% (40.0% to 60.0%)");
    }
}
