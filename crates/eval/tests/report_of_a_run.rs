//! A report says what the log says, needs nothing but itself, and is the same every time.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod village;

use std::collections::BTreeMap;

use habitue_eval::report::Report;
use habitue_eval::retention::Measure;
use habitue_store::RunReader;
use village::Village;

#[test]
fn numbers_are_those_of_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let report = Village::default().report(folder.path());
    let [plain, lively] = &report.arms[..] else { panic!("two arms") };
    // Users 0, 2, 4, ... and 1, 3, 5, ...; see the village.
    assert_eq!((plain.users, plain.came, lively.came), (20, 20, 20));
    let value = |arm: usize, measure| report.arms[arm].measures.of(measure).value;
    assert_eq!(value(0, Measure::OnDay(1)), Some(0.5));
    assert_eq!(value(1, Measure::OnDay(1)), Some(1.0));
    assert_eq!(value(0, Measure::Churned), Some(0.25));
    assert_eq!(plain.survival.churned(), 5);
    assert_eq!(value(0, Measure::OnDay(30)), None);
    let shown: u64 = report.arms.iter().map(|arm| arm.funnel[0].count).sum();
    assert_eq!(shown, 3 * report.cost.decisions[0].1);
    assert_eq!(report.instructions.top[0].0, "more <b>jazz</b> | less news");
    assert!(report.tests[0].test.unwrap().p_value < 0.05);
}

#[test]
fn what_was_recommended_is_counted_from_the_slates() {
    let folder = tempfile::tempdir().unwrap();
    let report = Village::default().report(folder.path());
    let quality = &report.arms[0].quality;
    // Every slate shows the three songs there are, in their order; all are of one category, as were all before.
    assert_eq!((quality.slates, quality.shown, quality.items), (88, 264, 3));
    assert_eq!((quality.coverage, quality.gini), (Some(1.0), Some(0.0)));
    for nothing in [quality.category_diversity, quality.unexpectedness, quality.serendipity] {
        assert!(nothing.unwrap().value.abs() < 1e-6, "{nothing:?}");
    }
    assert_eq!(quality.embedding_diversity, None);
    assert!(
        quality.collective.iter().chain(&quality.individual).all(|point| point.entropy.value.abs() < 1e-12)
    );
    assert_eq!((quality.period_days, quality.individual.len()), (1.0, 4));
    // Actions turn with the place: of the actions of three places at least one is a click or a like.
    assert!((quality.slate.hit.unwrap().value - 1.0).abs() < 1e-12);
    assert!(quality.held_out.is_none());
}

#[test]
fn first_slates_are_judged_by_what_was_held_out() {
    let folder = tempfile::tempdir().unwrap();
    let run = Village::default().build(folder.path());
    // Users 0 and 2 are in arm "plain", 1 in arm "lively"; song c was not liked.
    let held = "user,item,rating\nvillager-0,b,5\nvillager-2,a,4\nvillager-2,c,3\nvillager-1,c,\n";
    std::fs::write(run.join("held-out.csv"), held).unwrap();
    let report = Report::read(&RunReader::open(&run).unwrap()).unwrap();
    let held = |arm: usize| report.arms[arm].quality.held_out.clone().unwrap();
    let value =
        |arm: usize, name: &str| held(arm).measures.iter().find(|(own, _)| *own == name).unwrap().1.value;
    assert_eq!((held(0).k, held(0).measures[0].1.count, held(1).measures[0].1.count), (3, 2, 1));
    assert_eq!((value(0, "precision"), value(0, "recall"), value(0, "MRR")), (1.0 / 3.0, 1.0, 0.75));
    assert!((value(1, "MRR") - 1.0 / 3.0).abs() < 1e-12 && (value(1, "nDCG") - 0.5).abs() < 1e-12);
    assert!(report.markdown().contains("| precision at 3 | 0.333 (0.333 to 0.333) | 0.333 |"));
}

#[test]
fn items_that_are_not_in_the_run_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = Village { unknown_item: true, ..Village::default() }.build(folder.path());
    let error = Report::read(&RunReader::open(run).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the log shows item 77, but the run has 3 items");
}

#[test]
fn the_markdown_is_the_whole_report() {
    let folder = tempfile::tempdir().unwrap();
    let report = Village::default().report(folder.path());
    insta::with_settings!({ filters => vec![(r"\| [0-9a-f]{64} \|", "| HASH |")] }, {
        insta::assert_snapshot!(report.markdown());
    });
}

#[test]
fn the_page_needs_nothing_but_itself() {
    let folder = tempfile::tempdir().unwrap();
    let html = Village::default().report(folder.path()).html().unwrap();
    for outside in ["http", "//", "src=", "@import", "<script", "<iframe", "<object", "onload"] {
        let style_free = html.replace("<!doctype html>", "").replace("http-equiv", "");
        assert!(!style_free.contains(outside), "the page has {outside}");
    }
    assert_eq!(html.matches("url(").count(), html.matches("url(#hatch-").count());
    // What users write stays text.
    assert!(html.contains("more &lt;b&gt;jazz&lt;&#x2f;b&gt; | less news") && !html.contains("<b>"));
}

#[test]
fn every_chart_is_a_table_too() {
    let folder = tempfile::tempdir().unwrap();
    let html = Village::default().report(folder.path()).html().unwrap();
    let figures: Vec<&str> =
        html.split("<figure>").skip(1).map(|rest| rest.split("</figure>").next().unwrap()).collect();
    assert!(figures.len() >= 7, "{}", figures.len());
    for figure in figures {
        assert_eq!((figure.matches("<svg").count(), figure.matches("<table").count()), (1, 1), "{figure}");
        assert!(figure.contains("<details>") && figure.matches("<tr>").count() > 1, "{figure}");
        assert!(figure.contains("role=\"img\" aria-label=\"") && !figure.contains("NaN"), "{figure}");
        // Both axes have titles.
        assert!(figure.contains("rotate(-90)") && figure.matches("class=\"middle").count() > 2, "{figure}");
    }
}

#[test]
fn tags_are_closed_in_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let html = Village::default().report(folder.path()).html().unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut ids: BTreeMap<&str, u32> = BTreeMap::new();
    let void = ["meta", "link", "br", "!doctype"];
    for (at, _) in html.match_indices('<') {
        let tag = &html[at + 1..at + html[at..].find('>').unwrap()];
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if let Some(id) = tag.split(" id=\"").nth(1) {
            *ids.entry(id.split('"').next().unwrap()).or_default() += 1;
        }
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "near {}", &html[at.saturating_sub(80)..at]);
        } else if !tag.ends_with('/') && !void.contains(&name) {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<&str>::new());
    assert!(ids.len() > 8 && ids.values().all(|count| *count == 1), "{ids:?}");
    let links = html.matches("href=\"#").count();
    assert!(links >= 9 && ids.keys().filter(|id| html.contains(&format!("href=\"#{id}\""))).count() == links);
}

#[test]
fn the_same_run_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let run = Village::default().build(folder.path());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| Report::read(&RunReader::open(&run).unwrap()).unwrap().html().unwrap())
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn what_should_not_be_believed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let said = |name: &str, village: Village| village.report(&folder.path().join(name)).warnings.join("\n");
    assert!(!said("whole", Village::default()).contains("propensity"));
    let unknown = said("unknown", Village { propensity: f32::NAN, ..Village::default() });
    assert!(unknown.contains("without a propensity"), "{unknown}");
    let certain = said("certain", Village { propensity: 1.0, ..Village::default() });
    assert!(certain.contains("it does not explore"), "{certain}");
    let stopped = said("stopped", Village { finished: false, ..Village::default() });
    assert!(stopped.contains("The run is not finished"), "{stopped}");
    let model = Some("habitue-mini");
    let played = said("played", Village { model, ..Village::default() });
    assert!(played.contains("not calibrated") && played.contains("a demonstration model"), "{played}");
    let empty = said("empty", Village { users: 0, ..Village::default() });
    assert!(empty.contains("Nobody came to arm"), "{empty}");
}

#[test]
fn rows_of_strangers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = Village { stranger: true, ..Village::default() }.build(folder.path());
    let error = Report::read(&RunReader::open(run).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the log has a row of user 0 in arm 1, who is not in the run");
}
