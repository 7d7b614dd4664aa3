//! A comparison as it is shown.

use super::{Against, Comparison, Difference, Table};
use crate::report::number::{self, count, days, p_value, with_interval};
use crate::report::page::{Block, Page, Section};
use crate::retention::Unit;

pub(super) fn page(comparison: &Comparison) -> Page {
    let tables = comparison.tables().into_iter().map(|table| Block::Table { table, folded: false });
    let notes = comparison.notes().into_iter().map(|text| Block::Text { text });
    let others: Vec<&str> = comparison.others.iter().map(|other| other.alternative.name.as_str()).collect();
    Page {
        title: format!("{} against {}", others.join(", "), comparison.baseline.name),
        subtitle: format!("{} simulated.", days(comparison.observed_days)),
        warnings: comparison.warnings.clone(),
        sections: vec![
            Section { id: "differences", title: "Differences".to_owned(), blocks: tables.collect() },
            Section { id: "notes", title: "How to read this".to_owned(), blocks: notes.collect() },
        ],
    }
}

/// An alternative against the baseline.
pub(super) fn table(comparison: &Comparison, other: &Against) -> Table {
    let baseline = &comparison.baseline;
    let name = &other.alternative.name;
    let users = if other.paired {
        format!("paired, {} users", count(baseline.users))
    } else {
        format!("unpaired, {} and {} users", count(other.alternative.users), count(baseline.users))
    };
    let head = ["measure", &baseline.name, name, "difference", "p", "p (Holm)", "users needed", "visible"];
    Table {
        caption: format!("{name} against {}: {users}, as {}.", baseline.name, other.design),
        head: head.map(str::to_owned).to_vec(),
        rows: other.measures.iter().map(row).collect(),
        words: 1,
    }
}

fn row(difference: &Difference) -> Vec<String> {
    let unit = difference.unit;
    let nothing = || "-".to_owned();
    // Two decimals of satisfaction, from 0 to 1, hide most of what differs.
    let fine = unit == Unit::Number && difference.baseline.abs().max(difference.alternative.abs()) < 1.0;
    let value = |value| if fine { unsigned(format!("{value:.3}")) } else { number::value(value, unit) };
    let signed =
        |value| if fine { unsigned(format!("{value:+.3}")) } else { number::difference(value, unit) };
    let p = |p: Option<f64>| p.map_or_else(nothing, p_value);
    let name = number::heading(difference.measure);
    vec![
        if unit == Unit::Share { format!("{name} (points)") } else { name },
        value(difference.baseline),
        value(difference.alternative),
        with_interval(Some(difference.difference), difference.interval, signed),
        p(difference.test.and_then(|test| test.p_value)),
        p(difference.holm),
        difference.users_needed.map_or_else(nothing, count),
        difference.visible.map_or_else(nothing, |visible| signed(visible).trim_start_matches('+').to_owned()),
    ]
}

/// Nothing has no sign.
fn unsigned(number: String) -> String {
    let digits = number.trim_start_matches(['+', '-']);
    if digits == "0.000" { digits.to_owned() } else { number }
}

fn whole_percent(share: f64) -> String {
    format!("{:.0}%", share * 100.0)
}

pub(super) fn notes(comparison: &Comparison) -> Vec<String> {
    let (paired, unpaired) = comparison.others.iter().fold((false, false), |(paired, unpaired), other| {
        (paired || other.paired, unpaired || !other.paired)
    });
    let test = match (paired, unpaired) {
        (true, true) => "the paired t test where users are compared with themselves, and Welch's elsewhere",
        (true, false) => "the paired t test",
        _ => "Welch's t test",
    };
    let tests =
        comparison.others.iter().flat_map(|other| &other.measures).filter(|row| row.holm.is_some()).count();
    let most = comparison.others.iter().map(|other| other.replicates).max().unwrap_or(0);
    let power = comparison.power;
    let mut needed = format!(
        "Users needed: those with whom a true difference of the size seen is found in {} of experiments at level {}; visible: \
         the smallest true difference that these users show as often.",
        whole_percent(power.power),
        power.level
    );
    if unpaired {
        needed.push_str(" Users of unpaired arms are counted in both together.");
    }
    vec![
        format!(
            "Differences have {} intervals by {} bootstrap samples of users; those of shares are in percentage points. P-values \
             over users are those of {test}; Holm's are adjusted for the {tests} tests shown here.",
            whole_percent(comparison.interval_level),
            count(most as u64)
        ),
        needed,
        "Chance is that of users: what a policy that learns would have learnt with another seed is not in it.".to_owned(),
    ]
}
