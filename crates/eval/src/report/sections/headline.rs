//! Did they come back? All measures with their intervals.

use super::super::chart::{Axis, Bar, BarChart};
use super::super::number::{difference, heading, percent, value, with_interval};
use super::super::page::{Block, Section, Table};
use super::super::{ArmReport, Report};
use super::{by_arm, text};
use crate::retention::{Measure, Unit};

pub(super) fn section(report: &Report) -> Section {
    let mut blocks = vec![
        text(
            "A day is 24 hours from a user's own first arrival; only users whose day was observed wholly count for it. \
             \"On day N\" asks for a session on that very day, \"on or after\" for any later one, \"within\" for a second \
             session in time.",
        ),
        chart(report),
        measures(report),
    ];
    if report.arms.len() > 1 {
        blocks.push(differences(report));
    }
    super::section("retention", "Did they come back?", blocks)
}

/// Measures of which something is known.
fn known(report: &Report) -> impl Iterator<Item = Measure> {
    let known = |measure: &Measure| report.arms.iter().any(|arm| arm.measures.of(*measure).value.is_some());
    Measure::ALL.into_iter().filter(known)
}

fn chart(report: &Report) -> Block {
    let days: Vec<Measure> = known(report).filter(|measure| matches!(measure, Measure::OnDay(_))).collect();
    let bars = |arm: &ArmReport| {
        let bar = |measure: &Measure| {
            let found = arm.measures.of(*measure);
            Some(Bar { value: found.value?, interval: found.interval })
        };
        (arm.name.clone(), days.iter().map(bar).collect())
    };
    let chart = BarChart {
        title: "Users who came back, by day.".to_owned(),
        x: "Day after the first arrival".to_owned(),
        y: Axis::percent("Users with a session on that day"),
        categories: days.iter().map(|measure| measure.name().replace("return on ", "")).collect(),
        series: report.arms.iter().map(bars).collect(),
    };
    let row = |measure: &Measure| {
        let cells = report.arms.iter().map(|arm| {
            let found = arm.measures.of(*measure);
            with_interval(found.value, found.interval, percent)
        });
        [measure.name()].into_iter().chain(cells).collect()
    };
    Block::Chart {
        note: String::new(),
        svg: chart.svg(),
        table: Table {
            caption: chart.title.clone(),
            head: by_arm(report, "measure"),
            rows: days.iter().map(row).collect(),
            words: 1,
        },
        title: chart.title,
    }
}

fn measures(report: &Report) -> Block {
    let users = |of: fn(&ArmReport) -> u64| report.arms.iter().map(move |arm| super::count(of(arm)));
    let mut rows: Vec<Vec<String>> = vec![
        ["users".to_owned()].into_iter().chain(users(|arm| arm.users)).collect(),
        ["users who came".to_owned()].into_iter().chain(users(|arm| arm.came)).collect(),
    ];
    rows.extend(known(report).map(|measure| {
        let cells = report.arms.iter().map(|arm| {
            let found = arm.measures.of(measure);
            with_interval(found.value, found.interval, |number| value(number, measure.unit()))
        });
        [heading(measure)].into_iter().chain(cells).collect()
    }));
    let replicates = report.arms.first().map_or(0, |arm| arm.measures.replicates);
    let caption = format!(
        "Retention and engagement by arm, with intervals by {} bootstrap samples of users.",
        super::count(replicates as u64)
    );
    Block::Table { table: Table { caption, head: by_arm(report, "measure"), rows, words: 1 }, folded: false }
}

fn differences(report: &Report) -> Block {
    let others = &report.arms[1..];
    let rows = known(report).map(|measure| {
        let unit = measure.unit();
        let cells = others.iter().map(|arm| {
            let found = arm.measures.of(measure).difference;
            let interval = found.and_then(|(_, interval)| interval);
            let clear = interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0);
            let cell = with_interval(found.map(|(own, _)| own), interval, |number| difference(number, unit));
            if clear { format!("{cell} *") } else { cell }
        });
        let name =
            if unit == Unit::Share { format!("{} (points)", measure.name()) } else { heading(measure) };
        [name].into_iter().chain(cells).collect()
    });
    let first = &report.arms[0].name;
    let how = if report.run.paired { "drawn in all arms together" } else { "drawn in each arm" };
    let caption = format!(
        "Differences to arm \"{first}\" with intervals by bootstrap over users, {how}. A star marks intervals without 0; \
         among so many, one in twenty has one by chance."
    );
    let head = ["measure".to_owned()].into_iter().chain(others.iter().map(|arm| arm.name.clone())).collect();
    Block::Table { table: Table { caption, head, rows: rows.collect(), words: 1 }, folded: false }
}
