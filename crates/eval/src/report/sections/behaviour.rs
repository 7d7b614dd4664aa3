//! What users do: sessions, actions, satisfaction, instructions.

use super::super::chart::{Axis, Bar, BarChart, LineChart, LinePoint, Series};
use super::super::number::{count, decimal, percent, with_interval};
use super::super::page::{Block, Section, Table};
use super::super::{ArmReport, Bin, Following, Report, Share};
use super::{by_arm, lines, section, text};

/// Bars of the depth of sessions.
const DEPTHS: usize = 30;

pub(super) fn sessions(report: &Report) -> Section {
    let depths = depths(report);
    let gaps = histogram(
        report,
        "Time until the next arrival, of the returns that were observed.",
        "From leaving to the next arrival (hours, days)",
        "Observed returns",
        |arm| arm.sessions.gaps.clone(),
    );
    section("sessions", "How are visits?", vec![gaps, endings(report), depths])
}

/// Depths beyond [`DEPTHS`] as one bar.
fn depths(report: &Report) -> Block {
    histogram(report, "Turns of a session.", "Number of turns", "Sessions", |arm| {
        let depth = &arm.sessions.depth;
        let mut bins = depth[..depth.len().min(DEPTHS)].to_vec();
        let more: u64 = depth[bins.len()..].iter().map(|bin| bin.count).sum();
        if more > 0 {
            bins.push(Bin { name: format!("> {DEPTHS}"), count: more });
        }
        bins
    })
}

fn histogram(report: &Report, title: &str, x: &str, y: &str, of: impl Fn(&ArmReport) -> Vec<Bin>) -> Block {
    let bins: Vec<Vec<Bin>> = report.arms.iter().map(of).collect();
    let longest = bins.iter().max_by_key(|bins| bins.len());
    let names: Vec<String> = longest.into_iter().flatten().map(|bin| bin.name.clone()).collect();
    let at = |bins: &Vec<Bin>, name: &str| {
        let all: u64 = bins.iter().map(|bin| bin.count).sum();
        let own = bins.iter().find(|bin| bin.name == name).map_or(0, |bin| bin.count);
        (own, own as f64 / all.max(1) as f64)
    };
    let bars = |bins: &Vec<Bin>| {
        names.iter().map(|name| Some(Bar { value: at(bins, name).1, interval: None })).collect()
    };
    let chart = BarChart {
        title: title.to_owned(),
        x: x.to_owned(),
        y: Axis::percent(y),
        categories: names.clone(),
        series: report.arms.iter().zip(&bins).map(|(arm, bins)| (arm.name.clone(), bars(bins))).collect(),
    };
    let row = |name: &String| {
        let cells = bins.iter().map(|bins| {
            let (own, share) = at(bins, name);
            format!("{} ({})", count(own), percent(share))
        });
        [name.clone()].into_iter().chain(cells).collect()
    };
    let table = Table {
        caption: title.to_owned(),
        head: by_arm(report, x),
        rows: names.iter().map(row).collect(),
        words: 1,
    };
    Block::Chart { title: title.to_owned(), note: String::new(), svg: chart.svg(), table }
}

fn endings(report: &Report) -> Block {
    let row = |name: &str, of: &dyn Fn(&ArmReport) -> u64| -> Vec<String> {
        let cells = report.arms.iter().map(|arm| {
            format!("{} ({})", count(of(arm)), percent(of(arm) as f64 / arm.sessions.count.max(1) as f64))
        });
        [name.to_owned()].into_iter().chain(cells).collect()
    };
    let returned = |arm: &ArmReport| arm.sessions.gaps.iter().map(|bin| bin.count).sum();
    let mut rows = vec![
        row("followed by a return", &returned),
        row("followed by churn", &|arm| arm.sessions.churned),
        row("return not observed", &|arm| arm.sessions.censored),
    ];
    let reasons = report.arms.first().into_iter().flat_map(|arm| arm.sessions.reasons.iter().enumerate());
    for (at, (reason, _)) in reasons {
        let of = |arm: &ArmReport| arm.sessions.reasons[at].1;
        if report.arms.iter().any(|arm| of(arm) > 0) {
            rows.push(row(&format!("ended: {reason}"), &of));
        }
    }
    let caption = "Sessions: what came after them, and why they ended.".to_owned();
    Block::Table { table: Table { caption, head: by_arm(report, "sessions"), rows, words: 1 }, folded: false }
}

pub(super) fn actions(report: &Report) -> Section {
    // The same scale in every arm: the same steps.
    let names: Vec<String> = report
        .arms
        .first()
        .into_iter()
        .flat_map(|arm| arm.funnel.iter().map(|step| step.step.clone()))
        .collect();
    let bars = |arm: &ArmReport| {
        let share = arm.funnel.iter().skip(1);
        let share =
            share.map(|step| step.share.map(|share| Bar { value: share.value, interval: share.interval }));
        (arm.name.clone(), share.collect())
    };
    let chart = BarChart {
        title: "What is done with the items shown.".to_owned(),
        x: "How far an item comes; below skip, what it meets with".to_owned(),
        y: Axis::percent("Items shown"),
        categories: names.iter().skip(1).map(|name| name.replace(" or more", "+")).collect(),
        series: report.arms.iter().map(bars).collect(),
    };
    let rows = names.iter().enumerate().map(|(at, name)| {
        let cells = report.arms.iter().map(|arm| {
            let step = &arm.funnel[at];
            match step.share {
                None => count(step.count),
                Some(share) => {
                    let shown = with_interval(Some(share.value), share.interval, percent);
                    format!("{}: {shown}", count(step.count))
                }
            }
        });
        [name.clone()].into_iter().chain(cells).collect()
    });
    let table =
        Table { caption: chart.title.clone(), head: by_arm(report, "items"), rows: rows.collect(), words: 1 };
    let svg = chart.svg();
    let note = "Intervals by jackknife over groups of users.".to_owned();
    let blocks = vec![Block::Chart { title: chart.title, note, svg, table }, moves(report)];
    section("actions", "What do they do?", blocks)
}

fn moves(report: &Report) -> Block {
    let names = report.arms.first().into_iter().flat_map(|arm| arm.moves.iter().enumerate());
    let rows =
        names.filter(|(at, _)| report.arms.iter().any(|arm| arm.moves[*at].1 > 0)).map(|(at, (name, _))| {
            let cells = report.arms.iter().map(|arm| {
                let all: u64 = arm.moves.iter().map(|(_, count)| count).sum();
                let own = arm.moves[at].1;
                format!("{} ({})", count(own), percent(own as f64 / all.max(1) as f64))
            });
            [(*name).to_owned()].into_iter().chain(cells).collect()
        });
    let table = Table {
        caption: "Moves after a slate.".to_owned(),
        head: by_arm(report, "move"),
        rows: rows.collect(),
        words: 1,
    };
    Block::Table { table, folded: false }
}

pub(super) fn satisfaction(report: &Report) -> Section {
    let series = report.arms.iter().map(|arm| Series {
        name: arm.name.clone(),
        points: arm
            .satisfaction
            .iter()
            .map(|point| LinePoint {
                x: f64::from(point.turn),
                y: point.satisfaction.value,
                interval: point.satisfaction.interval,
            })
            .collect(),
    });
    let chart = LineChart {
        title: "Satisfaction by turn.".to_owned(),
        x: Axis::new("Turn of the session"),
        y: Axis::new("Mean satisfaction after it (0 to 1)"),
        series: series.collect(),
        steps: false,
    };
    let note = "Only sessions that go so far count for a turn, so later turns are those of the patient. Recommenders do not \
                see it. Intervals by jackknife over groups of users.";
    let blocks = vec![lines(&chart, note, 30, |turn| format!("{turn:.0}"), decimal)];
    section("satisfaction", "Are they content?", blocks)
}

pub(super) fn instructions(report: &Report) -> Option<Section> {
    let all = &report.instructions;
    if all.count == 0 {
        return None;
    }
    let rows = all.top.iter().map(|(words, times)| vec![words.clone(), count(*times)]);
    let table = Table {
        caption: "The most frequent, in small letters.".to_owned(),
        head: ["instruction", "times"].map(str::to_owned).into(),
        rows: rows.collect(),
        words: 1,
    };
    let turns: u64 = report.arms.iter().flat_map(|arm| arm.moves.iter().map(|(_, count)| count)).sum();
    let mut words = format!(
        "Users told the recommender what to change {} times, after {} of all turns.",
        count(all.count),
        percent(all.count as f64 / turns.max(1) as f64)
    );
    if all.uncounted > 0 {
        let left_out = count(all.uncounted);
        words.extend([" There are so many different texts that ", &left_out, " were not counted by text."]);
    }
    let blocks = vec![text(words), Block::Table { table, folded: false }, following(report)];
    Some(section("instructions", "What do they ask for?", blocks))
}

fn following(report: &Report) -> Block {
    type Part = (&'static str, fn(&Following) -> Option<Share>, fn(f64) -> String);
    let parts: [Part; 6] = [
        ("instructions understood", |arm| arm.understood, percent),
        ("items that satisfy the condition, on the slate it was given on", |arm| arm.before, percent),
        ("items that satisfy it, on the next slate", |arm| arm.after, percent),
        ("conditions satisfied later in the session", |arm| arm.satisfied, percent),
        ("slates until then", |arm| arm.turns, decimal),
        ("conditions that already were (false alarms)", |arm| arm.false_alarms, percent),
    ];
    let rows = parts.into_iter().map(|(name, of, show)| {
        let cells = report.arms.iter().map(|arm| {
            let share = of(&arm.following);
            with_interval(share.map(|share| share.value), share.and_then(|share| share.interval), show)
        });
        [name.to_owned()].into_iter().chain(cells).collect()
    });
    let rows = rows.filter(|row: &Vec<String>| row[1..].iter().any(|cell| cell != "-"));
    let caption = "Whether the recommender follows. A slate satisfies a condition if half of its items do, 80% for \"less\", \
                   \"only\" and caps. Intervals by jackknife over groups of users."
        .to_owned();
    let table = Table { caption, head: by_arm(report, "measure"), rows: rows.collect(), words: 1 };
    Block::Table { table, folded: false }
}
