//! What was recommended: rankings, diversity, fairness to items, groups of users.

use super::super::chart::{Axis, LineChart, LinePoint, Series};
use super::super::number::{count, decimal, fine, percent, with_interval};
use super::super::page::{Block, Section, Table};
use super::super::{ArmReport, Report};
use super::{by_arm, heading, lines, section, text};
use crate::quality::{Attribute, Diversity, Fairness, ItemFairness, Popularity, Quality, Ranking, Share};

/// Rows of the table of a curve.
const ROWS: usize = 31;

pub(super) fn recommended(report: &Report) -> Section {
    let mut blocks = vec![measures(report)];
    blocks.extend(held_out(report));
    blocks.push(heading("Filter bubble"));
    blocks.push(text(
        "Entropy of the categories shown, in bits: 0 if all is of one category, 1 more for each doubling of equally frequent \
         ones (Miller and Madow's estimator). A bubble closes if the individual entropy falls; the collective one tells \
         whether users still see different things.",
    ));
    blocks.push(curve(
        report,
        "What one user is shown.",
        "Mean entropy of a user's categories (bits)",
        |quality| &quality.individual,
    ));
    blocks.push(curve(
        report,
        "What all users are shown together.",
        "Entropy of all categories (bits)",
        |quality| &quality.collective,
    ));
    blocks.extend(fairness(report));
    blocks.extend(groups(report));
    section("recommended", "What was recommended?", blocks)
}

fn shown(share: Option<Share>, show: impl Fn(f64) -> String) -> String {
    with_interval(share.map(|share| share.value), share.and_then(|share| share.interval), show)
}

/// A row with a cell for every arm.
fn row(report: &Report, name: &str, cell: impl Fn(&ArmReport) -> String) -> Vec<String> {
    [name.to_owned()].into_iter().chain(report.arms.iter().map(cell)).collect()
}

fn measures(report: &Report) -> Block {
    let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), fine);
    let signed = |value: f64| format!("{:+.1}%", value * 100.0);
    let of = |name: &str, cell: &dyn Fn(&Quality) -> String| row(report, name, |arm| cell(&arm.quality));
    let from_histories = report.arms.iter().any(|arm| arm.quality.popularity == Popularity::Histories);
    let lift =
        if from_histories { "popularity lift over histories" } else { "popularity lift over all items" };
    let mut rows = vec![
        of("slates", &|quality| count(quality.slates)),
        of("items shown", &|quality| count(quality.shown)),
        of("coverage: items of the catalogue shown", &|quality| {
            quality.coverage.map_or_else(|| "-".to_owned(), percent)
        }),
        of("Gini index of exposure (0 to 1)", &|quality| number(quality.gini)),
        of("novelty (bits)", &|quality| shown(quality.novelty, decimal)),
        of(lift, &|quality| shown(quality.popularity_lift, signed)),
        of("intra-list diversity of categories (0 to 1)", &|quality| shown(quality.category_diversity, fine)),
        of("intra-list diversity of embeddings (0 to 2)", &|quality| {
            shown(quality.embedding_diversity, fine)
        }),
        of("unexpectedness (0 to 1)", &|quality| shown(quality.unexpectedness, fine)),
        of("serendipity (0 to 1)", &|quality| shown(quality.serendipity, fine)),
        of("slates with an engaged item (hit rate)", &|quality| shown(quality.slate.hit, percent)),
        of("MRR of the first engaged item", &|quality| shown(quality.slate.reciprocal_rank, fine)),
        of("nDCG of slates with one", &|quality| shown(quality.slate.ndcg, fine)),
        of("MAP of slates with one", &|quality| shown(quality.slate.average_precision, fine)),
    ];
    rows.retain(|row| row[1..].iter().any(|cell| cell != "-"));
    let popularity = if from_histories { "in the users' histories" } else { "engaged with in any arm" };
    let caption = format!(
        "Slates and items by arm. Popular is what is often {popularity}. Hit rate, MRR, nDCG and MAP judge the order of a \
         slate by what its user engaged with; users look at the first places more. Intervals by jackknife over groups of \
         users."
    );
    Block::Table { table: Table { caption, head: by_arm(report, "measure"), rows, words: 1 }, folded: false }
}

/// First slates against what was held out.
fn held_out(report: &Report) -> Option<Block> {
    let held = |arm: &ArmReport| arm.quality.held_out.clone();
    let k = report.arms.iter().find_map(held)?.k;
    let measure = |at: usize, arm: &ArmReport| {
        held(arm).and_then(|held| held.measures.get(at).map(|(_, share)| *share))
    };
    let mut rows = vec![row(report, "users", |arm| {
        measure(0, arm).map_or_else(|| "-".to_owned(), |share| count(share.count))
    })];
    rows.extend(
        Ranking::NAMES
            .iter()
            .enumerate()
            .map(|(at, name)| row(report, &format!("{name} at {k}"), |arm| shown(measure(at, arm), fine))),
    );
    let caption = "Everybody's first slate against the items that were held out of the user's history and that the real user \
                   liked. Users of whom nothing was held out are left out."
        .to_owned();
    Some(Block::Table {
        table: Table { caption, head: by_arm(report, "measure"), rows, words: 1 },
        folded: false,
    })
}

fn curve(report: &Report, title: &str, y: &str, of: impl Fn(&Quality) -> &Vec<Diversity>) -> Block {
    let point = |point: &Diversity| LinePoint {
        x: point.day,
        y: point.entropy.value,
        interval: point.entropy.interval,
    };
    let series = report
        .arms
        .iter()
        .map(|arm| Series { name: arm.name.clone(), points: of(&arm.quality).iter().map(point).collect() });
    let days = report.arms.first().map_or(1.0, |arm| arm.quality.period_days);
    let (length, x) = if days < 1.0 {
        (format!("{:.0} h", days * 24.0), "Day of the run on which the period begins")
    } else {
        (format!("{days:.0} d"), "Day of the run")
    };
    let chart = LineChart {
        title: title.to_owned(),
        x: Axis::new(x),
        y: Axis::new(y),
        series: series.collect(),
        steps: false,
    };
    let note = format!("Periods of {length}. Intervals by jackknife over groups of users.");
    let digits = usize::from(days < 1.0) * 2;
    lines(&chart, &note, ROWS, |day| format!("{day:.digits$}"), decimal)
}

fn fairness(report: &Report) -> Vec<Block> {
    type Part = (&'static str, fn(&ItemFairness) -> Fairness);
    if report.arms.iter().all(|arm| arm.quality.fairness.is_none()) {
        return Vec::new();
    }
    let parts: [Part; 5] = [
        ("Jain's index", |fairness| fairness.jain),
        ("items shown at all", |fairness| fairness.shown),
        ("entropy", |fairness| fairness.entropy),
        ("items with their maximin share", |fairness| fairness.satisfied),
        ("Gini index (lower is fairer)", |fairness| fairness.gini),
    ];
    let cell = |arm: &ArmReport, of: fn(&ItemFairness) -> Fairness| {
        arm.quality.fairness.as_ref().map(of).map_or_else(
            || "-".to_owned(),
            |one| format!("{} ({})", one.corrected.map_or_else(|| "-".to_owned(), fine), fine(one.original)),
        )
    };
    let rows = parts.into_iter().map(|(name, of)| row(report, name, |arm| cell(arm, of)));
    let caption = "Fairness of exposure to individual items, whatever their relevance: corrected, and in brackets as first \
                   published. Corrected, 1 is as equal as these slates can be (Gini: 0), 0 is the same items on every slate \
                   (Gini: 1). It depends on how much was shown, so compare arms that showed about as much."
        .to_owned();
    let table = Table { caption, head: by_arm(report, "measure"), rows: rows.collect(), words: 1 };
    vec![heading("Fairness to items"), Block::Table { table, folded: false }]
}

fn groups(report: &Report) -> Vec<Block> {
    let Some(first) = report.arms.first().filter(|arm| !arm.quality.groups.is_empty()) else {
        return Vec::new();
    };
    let tables = first.quality.groups.iter().enumerate();
    let tables = tables.map(|(at, attribute)| {
        let mut names: Vec<&str> = Vec::new();
        for arm in &report.arms {
            for group in &arm.quality.groups[at].groups {
                if !names.contains(&group.name.as_str()) {
                    names.push(&group.name);
                }
            }
        }
        Block::Table { table: groups_of(report, at, attribute, &names), folded: true }
    });
    let words = "Who is served better? The gap is the highest group's mean less the lowest's; as these are picked after the \
                 fact, gaps are never below 0 and some are there by chance.";
    [heading("Groups of users"), text(words)].into_iter().chain(tables).collect()
}

fn groups_of(report: &Report, at: usize, attribute: &Attribute, names: &[&str]) -> Table {
    let group = |arm: &ArmReport, name: &str| {
        arm.quality.groups[at].groups.iter().find(|group| group.name == name).cloned()
    };
    let mut rows = Vec::new();
    for name in names {
        rows.push(row(report, &format!("{name}: users"), |arm| {
            group(arm, name).map_or_else(|| "-".to_owned(), |group| count(group.users))
        }));
        rows.push(row(report, &format!("{name}: engaged items"), |arm| {
            shown(group(arm, name).and_then(|group| group.engagement), percent)
        }));
        rows.push(row(report, &format!("{name}: satisfaction"), |arm| {
            shown(group(arm, name).and_then(|group| group.satisfaction), decimal)
        }));
    }
    let points = |value: f64| format!("{:.1}", value * 100.0);
    rows.push(row(report, "gap of engaged items (points)", |arm| {
        shown(arm.quality.groups[at].engagement_gap, points)
    }));
    rows.push(row(report, "gap of satisfaction", |arm| {
        shown(arm.quality.groups[at].satisfaction_gap, decimal)
    }));
    Table { caption: format!("Users by {}.", attribute.name), head: by_arm(report, "group"), rows, words: 1 }
}
