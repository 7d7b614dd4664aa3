//! What the page says, in order.

mod behaviour;
mod headline;
mod lives;
mod people;
mod recommended;
mod run;

use habitue_store::RunStatus;

use super::Report;
use super::chart::LineChart;
use super::number::{count, days, with_interval};
use super::page::{Block, Page, Section, Table};

/// The page of a report.
pub(super) fn page(report: &Report) -> Page {
    let users: u64 = report.arms.iter().map(|arm| arm.users).sum();
    let users = if report.run.paired { users / report.arms.len().max(1) as u64 } else { users };
    let arms = report.arms.len();
    let state = match report.run.status {
        RunStatus::Finished => "finished",
        RunStatus::Checkpointed | RunStatus::Partial => "not finished",
    };
    let design = if report.run.paired { ", every user in every arm" } else { "" };
    let mut sections = vec![
        headline::section(report),
        lives::survival(report),
        lives::retention(report),
        behaviour::sessions(report),
        behaviour::actions(report),
        behaviour::satisfaction(report),
        recommended::recommended(report),
    ];
    sections.extend(behaviour::instructions(report));
    sections.extend(people::section(report));
    sections.extend([run::cost(report), run::facts(report)]);
    Page {
        title: format!("{}: what came of it", report.run.name),
        subtitle: format!(
            "{} users, {arms} {}{design}, {} simulated, seed {}, {state}. Intervals have level 95%.",
            count(users),
            if arms == 1 { "arm" } else { "arms" },
            days(report.run.observed_days),
            report.run.seed,
        ),
        warnings: report.warnings.clone(),
        sections,
    }
}

fn text(words: impl Into<String>) -> Block {
    Block::Text { text: words.into() }
}

fn heading(words: impl Into<String>) -> Block {
    Block::Heading { text: words.into() }
}

fn section(id: &'static str, title: &str, blocks: Vec<Block>) -> Section {
    Section { id, title: title.to_owned(), blocks }
}

/// The headings of a table with a column for every arm.
fn by_arm(report: &Report, first: &str) -> Vec<String> {
    [first.to_owned()].into_iter().chain(report.arms.iter().map(|arm| arm.name.clone())).collect()
}

/// The table of a chart of lines: a row for every x that any line has, at most `rows` of them, evenly.
fn table_of(chart: &LineChart, rows: usize, x: impl Fn(f64) -> String, y: impl Fn(f64) -> String) -> Table {
    let mut places: Vec<f64> =
        chart.series.iter().flat_map(|series| series.points.iter().map(|point| point.x)).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let every = places.len().div_ceil(rows).max(1);
    let names = chart.series.iter().map(|series| series.name.clone());
    let row = |place: &f64| {
        let cells = chart.series.iter().map(|series| {
            let point = series.points.iter().find(|point| point.x.total_cmp(place).is_eq());
            with_interval(point.map(|point| point.y), point.and_then(|point| point.interval), &y)
        });
        [x(*place)].into_iter().chain(cells).collect()
    };
    Table {
        caption: chart.title.clone(),
        head: [chart.x.title.clone()].into_iter().chain(names).collect(),
        rows: places.iter().step_by(every).map(row).collect(),
        words: 0,
    }
}

/// A chart of lines with its numbers.
fn lines(
    chart: &LineChart,
    note: &str,
    rows: usize,
    x: impl Fn(f64) -> String,
    y: impl Fn(f64) -> String,
) -> Block {
    Block::Chart {
        title: chart.title.clone(),
        note: note.to_owned(),
        svg: chart.svg(),
        table: table_of(chart, rows, x, y),
    }
}
