//! How long users stay: survival, hazard, curves by day, cohorts.

use super::super::chart::{Axis, LineChart, LinePoint, Series};
use super::super::number::{count, decimal, p_value, percent};
use super::super::page::{Block, Section, Table};
use super::super::{ArmReport, Report};
use super::{heading, lines, section, text};
use crate::retention::{Cohort, Daily};

/// Rows of the table of a curve.
const ROWS: usize = 31;

/// Moments at which survival is drawn.
const MOMENTS: u32 = 120;

/// Cohorts that are shown.
const COHORTS: usize = 14;

pub(super) fn survival(report: &Report) -> Section {
    let last = report.arms.iter().map(|arm| arm.survival.until).fold(0.0, f64::max);
    let moments = (0..=MOMENTS).map(|at| last * f64::from(at) / f64::from(MOMENTS));
    let drawn = survival_chart(report, &moments.collect::<Vec<_>>());
    let days = last.floor().max(0.0) as u32;
    let numbers = survival_chart(report, &(0..=days).map(f64::from).collect::<Vec<_>>());
    let mut blocks = vec![
        text(
            "A user is there until the visit on whose end they decide never to come back. Users whose end was not seen are \
             censored (Kaplan-Meier, intervals by Greenwood's formula on the log-log scale).",
        ),
        Block::Chart {
            title: drawn.title.clone(),
            note: String::new(),
            svg: drawn.svg(),
            table: super::table_of(&numbers, ROWS, |day| format!("{day:.0}"), percent),
        },
        Block::Table { table: churn(report), folded: false },
    ];
    if !report.tests.is_empty() {
        blocks.push(Block::Table { table: tests(report), folded: false });
    }
    blocks.push(daily(
        report,
        "Users who leave for good, by day.",
        "Of those who were still there and whose day was observed.",
        Axis::percent("Churn on that day"),
        |arm| &arm.hazard,
    ));
    section("survival", "How long do they stay?", blocks)
}

fn survival_chart(report: &Report, days: &[f64]) -> LineChart {
    let series = |arm: &ArmReport| {
        let points = days.iter().filter_map(|day| {
            let (y, low, high) = arm.survival.at(*day)?;
            Some(LinePoint { x: *day, y, interval: Some((low, high)) })
        });
        Series { name: arm.name.clone(), points: points.collect() }
    };
    LineChart {
        title: "Users who are still there.".to_owned(),
        x: Axis::new("Days since the first arrival"),
        y: Axis::percent("Users still there"),
        series: report.arms.iter().map(series).collect(),
        steps: true,
    }
}

fn churn(report: &Report) -> Table {
    let row = |arm: &ArmReport| {
        let median = arm.survival.median().map_or_else(|| "not reached".to_owned(), decimal);
        vec![arm.name.clone(), count(arm.survival.users), count(arm.survival.churned()), median]
    };
    Table {
        caption: "Churn by arm.".to_owned(),
        head: ["arm", "users", "churned", "median stay (days)"].map(str::to_owned).into(),
        rows: report.arms.iter().map(row).collect(),
        words: 1,
    }
}

fn tests(report: &Report) -> Table {
    let rows = report.tests.iter().map(|comparison| {
        let number = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        vec![
            comparison.arms.join(", "),
            number(comparison.test.map(|test| decimal(test.statistic))),
            number(comparison.test.map(|test| test.degrees.to_string())),
            number(comparison.test.map(|test| p_value(test.p_value))),
            number(comparison.adjusted.map(p_value)),
        ]
    });
    let mut caption =
        "Log-rank tests of equal survival; comparisons of two arms are adjusted together by Holm's method."
            .to_owned();
    if report.run.paired {
        caption.push_str(
            " The arms share their users and random numbers, which the test does not know: its p-values are too large.",
        );
    }
    Table {
        caption,
        head: ["arms", "chi-square", "degrees of freedom", "p", "adjusted p"].map(str::to_owned).into(),
        rows: rows.collect(),
        words: 1,
    }
}

pub(super) fn retention(report: &Report) -> Section {
    let mut blocks = vec![daily(
        report,
        "Users who are there, by day.",
        "Day 0 is the day of the first arrival.",
        Axis::percent("Users with a session on that day"),
        |arm| &arm.retention,
    )];
    let unit = report.arms.first().map_or(1, |arm| arm.cohorts.period_days);
    let unit = if unit == 1 { "day" } else { "week" };
    blocks.push(heading("Cohorts"));
    blocks.push(text(format!(
        "Users by the {unit} of the run in which they first came, and the share of them with a session in each later \
         {unit} of their own."
    )));
    let cohorts = report.arms.iter().map(|arm| Block::Table { table: triangle(arm, unit), folded: true });
    blocks.extend(cohorts);
    section("curves", "When do they come back?", blocks)
}

fn triangle(arm: &ArmReport, unit: &str) -> Table {
    let shown = &arm.cohorts.cohorts[..arm.cohorts.cohorts.len().min(COHORTS)];
    let columns = shown.iter().map(|cohort| cohort.later.len()).max().unwrap_or(0).min(COHORTS);
    let row = |cohort: &Cohort| {
        let cells = (0..columns).map(|at| {
            let cell = cohort.later.get(at).filter(|cell| cell.observed > 0);
            cell.map_or_else(|| "-".to_owned(), |cell| percent(cell.share().0))
        });
        [cohort.period.to_string(), count(cohort.users)].into_iter().chain(cells).collect()
    };
    let left_out = arm.cohorts.cohorts.len() - shown.len();
    let more = if left_out > 0 { format!(" {left_out} later cohorts are left out.") } else { String::new() };
    let later = (1..=columns).map(|at| format!("{unit} {at}"));
    Table {
        caption: format!("Cohorts of arm \"{}\".{more}", arm.name),
        head: [format!("first {unit}"), "users".to_owned()].into_iter().chain(later).collect(),
        rows: shown.iter().map(row).collect(),
        words: 0,
    }
}

fn daily(report: &Report, title: &str, note: &str, y: Axis, of: impl Fn(&ArmReport) -> &Vec<Daily>) -> Block {
    let point = |daily: &Daily| LinePoint {
        x: f64::from(daily.day),
        y: daily.share,
        interval: Some((daily.low, daily.high)),
    };
    let series = report
        .arms
        .iter()
        .map(|arm| Series { name: arm.name.clone(), points: of(arm).iter().map(point).collect() });
    let chart = LineChart {
        title: title.to_owned(),
        x: Axis::new("Day after the first arrival"),
        y,
        series: series.collect(),
        steps: false,
    };
    lines(&chart, note, ROWS, |day| format!("{day:.0}"), percent)
}
