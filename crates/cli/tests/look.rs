//! Looking into runs and at the machine, exporting, importing.

mod door;

use door::{Door, assert_seen};
use serde_json::Value;

#[test]
fn a_run_can_be_looked_into() {
    let door = Door::after_a_run();
    let run = door.run();
    let overview = door.habitue(&["inspect", &run]);
    assert_eq!(overview.code, 0);
    for words in ["status  finished", "interventions", "sessions/user", "popular"] {
        assert!(overview.out.contains(words), "{}", overview.out);
    }
    let report: Value = serde_json::from_str(&door.habitue(&["inspect", &run, "--json"]).out).unwrap();
    assert_eq!((&report["status"], &report["seed"]), (&"finished".into(), &5.into()));
    assert_eq!(report["summary"]["arms"].as_array().unwrap().len(), 2);
    let life = door.habitue(&["inspect", &run, "--user", "casual-3"]);
    assert!(life.out.starts_with("casual-3 (user 3, population casual)") && life.out.contains("session 0"));
    assert!(door.habitue(&["inspect", &run, "--schema", "sessions"]).out.starts_with("sessions/1\n"));
    assert!(door.habitue(&["inspect", &run, "--schema"]).out.contains("\nmessages/2\n"));
}

#[test]
fn names_that_do_not_exist_are_answered_with_the_nearest() {
    let door = Door::after_a_run();
    let run = door.run();
    let said: String = [
        &["inspect", &run, "--user", "casaul-3"][..],
        &["inspect", &run, "--schema", "session"],
        &["export", &run, "--format", "cvs", "--out", "x"],
        &["export", &run, "--format", "csv", "--table", "turn", "--out", "x"],
        &["inspect", "runs"],
        &["resume", "nowhere"],
        &["replay", "nowhere"],
    ]
    .iter()
    .map(|args| {
        let ended = door.habitue(args);
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{args:?}");
        ended.err
    })
    .collect();
    assert_seen!(said);
    assert!(!door.path().join("x").exists());
}

#[test]
fn tables_are_exported() {
    let door = Door::after_a_run();
    let ended = door.habitue(&[
        "export",
        &door.run(),
        "--format",
        "csv",
        "--table",
        "users",
        "--table",
        "items",
        "--out",
        "x",
    ]);
    assert_seen!(ended.seen());
    let users = std::fs::read_to_string(door.path().join("x/users.csv")).unwrap();
    assert!(users.starts_with("user,key,arm,population") && users.lines().count() == 21);
    door.habitue(&["export", &door.run(), "--format", "jsonl", "--out", "all"]);
    let turns = std::fs::read_to_string(door.path().join("all/turns.jsonl")).unwrap();
    assert!(turns.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert_eq!(std::fs::read_dir(door.path().join("all")).unwrap().count(), 8);
}

/// A reader that has seen enough (`| head -1`) is no error.
#[cfg(unix)]
#[test]
fn a_broken_pipe_is_no_error() {
    use std::io::Read;
    use std::process::{Command, Stdio};

    let door = Door::new();
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("habitue"))
        .arg("schema")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .current_dir(door.path())
        .spawn()
        .unwrap();
    let mut out = command.stdout.take().unwrap();
    out.read_exact(&mut [0; 1]).unwrap();
    drop(out);
    let ended = command.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.len()), (Some(0), 0));
}

#[test]
fn the_schema_is_one_of_scenarios() {
    let schema: Value = serde_json::from_str(&Door::new().habitue(&["schema"]).out).unwrap();
    assert_eq!(schema["title"], "Habitué scenario");
    assert!(schema["properties"]["population"].is_object());
}

#[test]
fn the_doctor_looks_at_the_machine() {
    let door = Door::new();
    let health: Value = serde_json::from_str(&door.habitue(&["doctor", "--json"]).out).unwrap();
    assert_eq!(
        (&health["version"], &health["out_writable"]),
        (&env!("CARGO_PKG_VERSION").into(), &true.into())
    );
    assert!(health["cores"].as_u64().unwrap() >= 1 && health["memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert!(health["llm"]["kernels"]["int8"].is_string());
    let models: Vec<&Value> =
        health["llm"]["sizes"].as_array().unwrap().iter().map(|it| &it["model"]).collect();
    assert_eq!(models, ["smol135", "qwen05"]);
    let speed = &health["llm"]["speed"];
    assert!(speed["shape"] == "smol135" && speed["seconds"].is_number(), "{speed}");
    let text = door.habitue(&["doctor", "--no-speed"]);
    assert!(text.out.contains("runs (writable"), "{}", text.out);
    assert!(
        text.out.contains("smol135: 129.03 MiB int8, 513.00 MiB f32; a cached token 22.50 KiB int8"),
        "{}",
        text.out
    );
    assert!(!text.out.contains("tok/s"), "{}", text.out);
    assert_eq!(std::fs::read_dir(door.path()).unwrap().count(), 1, "nothing is left behind");
    let refused = door.habitue(&["doctor", "--no-speed", "--out", "/proc/nowhere"]);
    assert_eq!(refused.code, 1);
    assert!(refused.out.contains("problem: /proc/nowhere cannot be written"), "{}", refused.out);
}

#[test]
fn the_quick_bench_gives_figures() {
    let ended = Door::new().habitue(&["bench", "--users", "10,20", "--items", "50", "--json", "--quiet"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let runs = report["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 4);
    assert!(runs.iter().all(|run| run["turns_per_second"].as_f64().unwrap() > 0.0));
}
