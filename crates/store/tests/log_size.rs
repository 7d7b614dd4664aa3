//! A turn costs at most 150 bytes on disk: slates of 10 out of 10,000 items, no full distributions.

#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../benches/choice_log/mod.rs"]
mod choice_log;

use choice_log::Propensities;
use habitue_core::WindowRows;
use habitue_store::{RunReader, RunSummary, RunWriter, Table};

/// Bytes a turn: of all that is logged window by window, and of the columns of turns whose names begin like this.
fn bytes_per_turn(windows: Vec<WindowRows>, columns: &str) -> (f64, f64) {
    let root = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create(root.path(), &choice_log::scenario("size")).unwrap();
    writer.begin(&choice_log::catalogue(), choice_log::entries(&choice_log::personas())).unwrap();
    for window in windows {
        writer.append(window).unwrap();
    }
    let folder = writer.folder().to_path_buf();
    writer.finish(RunSummary::default()).unwrap();
    let run = RunReader::open(folder).unwrap();
    let turns = run.rows(Table::Turns).unwrap() as f64;
    let sizes = run.column_bytes(Table::Turns).unwrap();
    let some: u64 = sizes.iter().filter(|(name, _)| name.starts_with(columns)).map(|(_, bytes)| bytes).sum();
    let tables = [Table::Turns, Table::Sessions, Table::Messages, Table::Interventions];
    let all: u64 = tables.into_iter().map(|table| run.files(table).unwrap().1).sum();
    (all as f64 / turns, some as f64 / turns)
}

#[test]
fn a_turn_costs_at_most_150_bytes() {
    for propensities in [Propensities::One, Propensities::PlackettLuce] {
        let (bytes, _) = bytes_per_turn(choice_log::windows(30_000, propensities), "");
        assert!(bytes < 150.0, "{propensities:?}: {bytes:.1} bytes a turn");
    }
}

#[test]
fn what_a_producer_rounds_costs_less() {
    let mut windows = choice_log::windows(30_000, Propensities::One);
    let (_, exact) = bytes_per_turn(windows.clone(), "privileged_");
    for turn in windows.iter_mut().flat_map(|window| &mut window.turns) {
        for mindset in [&mut turn.before, &mut turn.after] {
            for value in [
                &mut mindset.satisfaction,
                &mut mindset.fatigue,
                &mut mindset.boredom,
                &mut mindset.trust,
                &mut mindset.mood,
            ] {
                *value = (*value * 1000.0).round() / 1000.0;
            }
        }
    }
    let (_, rounded) = bytes_per_turn(windows, "privileged_");
    assert!(rounded < 0.6 * exact, "{exact:.1} bytes a turn became {rounded:.1}");
}
