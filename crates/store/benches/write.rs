//! How fast the log is written and read, on one core: `cargo bench -p habitue-store`.
#![allow(missing_docs, reason = "criterion makes public functions")]

mod choice_log;

use std::hint::black_box;
use std::path::{Path, PathBuf};

use choice_log::Propensities;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use habitue_core::WindowRows;
use habitue_store::export::{ExportFormat, export_table};
use habitue_store::{RunReader, RunSummary, RunWriter, Table};

const TURNS: usize = 300_000;

/// Writes a run; the thread that calls only hands windows over.
fn write(root: &Path, windows: Vec<WindowRows>) -> PathBuf {
    let mut writer = RunWriter::create(root, &choice_log::scenario("bench")).expect("a new run");
    writer
        .begin(&choice_log::catalogue(), choice_log::entries(&choice_log::personas()))
        .expect("a beginning");
    for window in windows {
        writer.append(window).expect("a window is taken");
    }
    let folder = writer.folder().to_path_buf();
    writer.finish(RunSummary::default()).expect("the run ends");
    folder
}

/// The same rows with a window for every turn.
fn one_turn_each(windows: Vec<WindowRows>) -> Vec<WindowRows> {
    let singles = |mut window: WindowRows| {
        let turns = std::mem::take(&mut window.turns);
        let windows = turns.into_iter().map(|turn| WindowRows { turns: vec![turn], ..WindowRows::default() });
        windows.chain([window])
    };
    windows.into_iter().flat_map(singles).collect()
}

fn log(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    group.sample_size(10);
    for (name, propensities, split) in [
        ("deterministic", Propensities::One, false),
        ("plackett-luce", Propensities::PlackettLuce, false),
        ("window-of-one-turn", Propensities::PlackettLuce, true),
    ] {
        let windows = choice_log::windows(TURNS, propensities);
        let windows = if split { one_turn_each(windows) } else { windows };
        let turns = windows.iter().map(|window| window.turns.len() as u64).sum();
        group.throughput(Throughput::Elements(turns));
        group.bench_function(format!("write/{name}"), |bencher| {
            bencher.iter_batched(
                || (tempfile::tempdir().expect("a folder"), windows.clone()),
                |(root, windows)| {
                    write(root.path(), windows);
                    root
                },
                BatchSize::PerIteration,
            );
        });
        if split {
            continue;
        }
        let root = tempfile::tempdir().expect("a folder");
        let run = RunReader::open(write(root.path(), windows)).expect("the run that was written");
        group.bench_function(format!("read-turns/{name}"), |bencher| {
            bencher.iter(|| {
                run.turns().map(|turn| black_box(turn).expect("a turn").impressions.len()).sum::<usize>()
            });
        });
        group.bench_function(format!("read-batches/{name}"), |bencher| {
            let batches = || run.batches(Table::Turns);
            bencher
                .iter(|| batches().map(|batch| black_box(batch).expect("a batch").num_rows()).sum::<usize>());
        });
        group.bench_function(format!("export-csv/{name}"), |bencher| {
            bencher.iter(|| {
                export_table(&run, Table::Turns, ExportFormat::Csv, std::io::sink()).expect("an export")
            });
        });
    }
}

criterion_group!(benches, log);
criterion_main!(benches);
