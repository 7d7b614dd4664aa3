//! A run that is killed at any moment is readable, can be resumed, and ends with the bytes it would have ended with.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use habitue_core::{Purpose, Streams};
use habitue_store::RunReader;
use habitue_tests::{Habitue, tables};
use rand::RngExt;

const KILLS: u64 = 20;

#[test]
fn a_kill_at_any_moment_costs_nothing_but_time() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let arguments = [
        "scenarios/short-video.toml",
        "--set",
        "horizon=\"3d\"",
        "--set",
        "log.rows_per_file=3000",
        "--set",
        "checkpoint.windows=1",
    ];
    let begun = Instant::now();
    let whole = habitue.run("whole", &arguments);
    let wall = begun.elapsed();
    let (folder_name, whole) = (whole.file_name().unwrap().to_owned(), tables(&whole));

    let mut killed = 0;
    for kill in 0..KILLS {
        let moment: f64 = Streams::new(3).stream(Purpose::Bootstrap, kill, 0).random();
        let out = habitue.folder().join(format!("killed-{kill}"));
        let start = [&["run", "--quiet", "--out", out.to_str().unwrap()], arguments.as_slice()].concat();
        let mut child = habitue.command(&start).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(wall.as_secs_f64() * moment));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());

        let folder = out.join(&folder_name);
        if !folder.join("scenario.json").exists() {
            continue;
        }
        let reader = RunReader::open(&folder).unwrap();
        assert!(reader.turns().all(|turn| turn.is_ok()), "what is there can be read");
        if reader.manifest().is_none() {
            let resumed = habitue.output(&["resume", "--quiet", folder.to_str().unwrap()]);
            assert!(resumed.status.success(), "{}", String::from_utf8_lossy(&resumed.stderr));
        }
        assert!(tables(&folder) == whole, "killed after {:.0}% of the time", moment * 100.0);
    }
    assert!(killed >= 10, "only {killed} of {KILLS} kills came before the end");
}
