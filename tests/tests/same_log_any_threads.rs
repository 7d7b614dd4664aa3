//! The log is a function of scenario and seed: the same bytes on any number of threads, with checkpoints anywhere.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use habitue_tests::{Habitue, tables};

const SMALL: [&str; 6] =
    ["scenarios/short-video.toml", "--set", "horizon=\"3d\"", "--set", "population.0.size=150", "--threads"];

#[test]
fn threads_and_checkpoints_leave_no_trace() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let run =
        |name: &str, threads: &str, sets: &[&str]| {
            tables(&habitue.run(
                name,
                &[&SMALL, [threads].as_slice(), &["--set", "log.rows_per_file=2000"], sets].concat(),
            ))
        };
    let one = run("one", "1", &[]);
    assert!(one.len() > 8 && one.values().map(Vec::len).sum::<usize>() > 100_000, "{:?}", one.keys());
    assert!(one == run("eight", "8", &[]), "8 threads");
    assert!(one == run("every", "2", &["--set", "checkpoint.windows=1"]), "a checkpoint every window");
    assert!(one == run("never", "2", &["--set", "checkpoint.every=\"never\""]), "no checkpoint");
    assert!(one != run("seed", "1", &["--seed", "8"]), "another seed");
}
