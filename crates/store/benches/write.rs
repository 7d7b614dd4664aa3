//! How fast the log is written and read, on one core: `cargo bench -p habitue-store`.

mod choice_log;

use std::hint::black_box;

use choice_log::Propensities;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use habitue_store::{RunReader, RunSummary, RunWriter};

const TURNS: usize = 300_000;

/// Writes a run; the thread that calls only hands windows over.
fn write(root: &std::path::Path, windows: Vec<habitue_core::WindowRows>) -> std::path::PathBuf {
    let mut writer = RunWriter::create(root, &choice_log::scenario("bench")).expect("a new run");
    writer.begin(&choice_log::catalogue(), []).expect("a catalogue");
    for window in windows {
        writer.append(window).expect("a window is taken");
    }
    let folder = writer.folder().to_path_buf();
    writer.finish(RunSummary::default()).expect("the run ends");
    folder
}

fn log(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("log");
    group.sample_size(10);
    for (name, propensities) in
        [("deterministic", Propensities::One), ("plackett-luce", Propensities::PlackettLuce)]
    {
        let windows = choice_log::windows(TURNS, propensities);
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
        let root = tempfile::tempdir().expect("a folder");
        let folder = write(root.path(), windows);
        let run = RunReader::open(folder).expect("the run that was written");
        group.bench_function(format!("read-turns/{name}"), |bencher| {
            bencher.iter(|| {
                run.turns().map(|turn| black_box(turn).expect("a turn").impressions.len()).sum::<usize>()
            });
        });
        group.bench_function(format!("read-batches/{name}"), |bencher| {
            bencher.iter(|| {
                let batches = run.batches(habitue_store::Table::Turns);
                batches.map(|batch| black_box(batch).expect("a batch").num_rows()).sum::<usize>()
            });
        });
    }
}

criterion_group!(benches, log);
criterion_main!(benches);
