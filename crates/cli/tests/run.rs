//! Running, resuming, replaying.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod door;

use door::{Door, assert_form, assert_seen};
use serde_json::Value;

#[test]
fn a_run_ends_with_a_table_and_paths() {
    let door = Door::new();
    let ended = door.habitue(&["run", "corner.toml"]);
    assert_form!(ended.seen());
    let run = door.path().join(door.run());
    assert!(run.join("manifest.json").exists());
    let log = std::fs::read_to_string(run.join("run.log")).unwrap();
    assert!(log.contains("the run starts") && log.contains("the run is finished"), "{log}");
}

#[test]
fn a_run_reports_to_machines() {
    let door = Door::new();
    let ended =
        door.habitue(&["run", "corner.toml", "--json", "--log-format", "json", "-v", "--threads", "1"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(report["ending"], "finished");
    assert_eq!(report["windows"], 96);
    assert_eq!(report["summary"]["arms"][1]["arm"], "random");
    assert_eq!(report["folder"], door.run());
    let turns = report["tables"]["turns"]["rows"].as_u64().unwrap();
    let of = |arm: usize| report["summary"]["arms"][arm]["turns"].as_u64().unwrap();
    assert!(turns > 100 && turns == of(0) + of(1));
    let log = std::fs::read_to_string(door.path().join(door.run()).join("log.jsonl")).unwrap();
    for lines in [&log, &ended.err] {
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().any(|line| line["fields"]["message"] == "the run is finished"), "{lines:?}");
    }
}

#[test]
fn what_is_set_on_the_command_line_counts() {
    let door = Door::new();
    let args =
        ["run", "corner.toml", "--json", "--seed", "6", "--set", "population.0.size=7", "--out", "elsewhere"];
    let ended = door.habitue(&args);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let users = |arm: usize| report["summary"]["arms"][arm]["users"].as_u64().unwrap();
    assert_eq!(users(0) + users(1), 7);
    assert!(report["folder"].as_str().unwrap().starts_with("elsewhere/corner-"));
}

#[test]
fn the_same_scenario_is_not_run_twice() {
    let door = Door::after_a_run();
    assert_seen!(door.habitue(&["run", "corner.toml"]).seen());
}

#[test]
fn a_run_without_a_log_says_so() {
    let door = Door::new();
    let ended = door.habitue(&["run", "corner.toml", "--set", "log.enabled=false"]);
    assert_eq!(ended.code, 0);
    assert!(ended.out.contains("nothing was written"), "{}", ended.out);
    assert!(!door.path().join("runs").exists());
}

#[test]
fn a_finished_run_replays_and_is_not_resumed() {
    let door = Door::after_a_run();
    let run = door.run();
    assert_form!("replay", door.habitue(&["replay", &run]).seen());
    let report: Value = serde_json::from_str(&door.habitue(&["replay", &run, "--json"]).out).unwrap();
    assert_eq!(report["differences"]["count"], 0);
    assert_seen!("resume_of_a_finished_run", door.habitue(&["resume", &run]).seen());
}

#[test]
fn a_damaged_run_is_a_failure_not_a_difference() {
    let door = Door::after_a_run();
    let turns = door.path().join(door.run()).join("turns/part-000000.parquet");
    let mut bytes = std::fs::read(&turns).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&turns, bytes).unwrap();
    let ended = door.habitue(&["replay", &door.run()]);
    assert_eq!(ended.code, 1);
    assert!(ended.err.contains("part-000000.parquet") && ended.err.contains("checksum"), "{}", ended.err);
}

/// A policy that gives up on the third day.
const QUITTER: &str = r#"
import json, sys
windows = 0
for line in sys.stdin:
    message = json.loads(line)
    kind = message["type"]
    answer = {"type": "ok"}
    if kind == "hello":
        items = message["available"]
        answer = {"type": "hello", "protocol": 1}
    elif kind == "recommend":
        slates = [{"items": items[:request["size"]]} for request in message["requests"]]
        answer = {"type": "slates", "slates": slates}
    elif kind == "snapshot":
        answer = {"type": "snapshot", "state": windows}
    elif kind == "restore":
        windows = message["state"]
    elif kind == "end_window":
        windows += 1
        if windows > 24:
            answer = {"type": "error", "message": "enough"}
    answer["id"] = message["id"]
    print(json.dumps(answer), flush=True)
"#;

#[test]
fn a_run_that_fails_says_how_to_go_on() {
    if std::process::Command::new("python3").arg("--version").output().is_err() {
        return;
    }
    let door = Door::new();
    door.write("quitter.py", QUITTER);
    let policy = "arm.1.policy={ kind = \"external\", command = [\"python3\", \"quitter.py\"] }";
    let failed = door.habitue(&["run", "corner.toml", "--set", policy, "--set", "checkpoint.windows=5"]);
    assert_seen!(failed.seen());
    let log = std::fs::read_to_string(door.path().join(door.run()).join("run.log")).unwrap();
    assert!(log.contains("the command failed") && log.contains("enough"), "{log}");

    // Once the cause is mended, the run goes on.
    door.write("quitter.py", &QUITTER.replace("> 24", "> 2400"));
    let resumed = door.habitue(&["resume", &door.run(), "--json"]);
    let report: Value = serde_json::from_str(&resumed.out).unwrap();
    assert_eq!((&report["ending"], &report["windows"]), (&"finished".into(), &96.into()));
}

#[cfg(unix)]
mod interrupted {
    use std::io::{BufRead, BufReader};
    use std::path::PathBuf;
    use std::process::{Child, Command, Stdio};
    use std::time::Duration;

    use super::door::{Door, Ended};

    /// Starts the command and waits until its log is in the run folder.
    fn started(door: &Door, args: &[&str]) -> (Child, PathBuf) {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("habitue"))
            .args(args)
            .current_dir(door.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        loop {
            std::thread::sleep(Duration::from_millis(5));
            let runs = std::fs::read_dir(door.path().join("runs")).into_iter().flatten().flatten();
            if let Some(log) = runs.map(|run| run.path().join("run.log")).find(|log| log.exists()) {
                return (command, log);
            }
            assert!(command.try_wait().unwrap().is_none(), "it ended before it could be interrupted");
        }
    }

    fn interrupt(command: &Child) {
        assert!(Command::new("kill").args(["-INT", &command.id().to_string()]).status().unwrap().success());
    }

    #[test]
    fn once_it_finishes_the_window_and_says_how_to_go_on() {
        let door = Door::new();
        let args = ["run", "corner.toml", "--set", "window=\"turn\"", "--set", "population.0.size=600"];
        let (command, log) = started(&door, &args);
        interrupt(&command);
        let ended = Ended::from(command.wait_with_output().unwrap());
        assert_eq!(ended.code, 130, "{ended:?}");
        let resume = format!("habitue resume {}", door.run());
        assert!(ended.err.contains(&resume) && ended.out.contains("played until"), "{ended:?}");
        assert!(door.habitue(&["inspect", &door.run()]).out.contains("interrupted"));

        let again = door.habitue(&args);
        assert_eq!(again.code, 2);
        assert!(again.err.contains(&resume), "{}", again.err);
        let resumed = door.habitue(&["resume", &door.run(), "--quiet"]);
        assert_eq!(resumed.code, 0, "{resumed:?}");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains("goes on from a checkpoint"), "{log}");
    }

    #[test]
    fn twice_it_stops_at_once() {
        let door = Door::new();
        let args = ["run", "corner.toml", "--set", "window=\"8d\"", "--set", "population.0.size=20000"];
        let (mut command, _) = started(&door, &args);
        interrupt(&command);
        let mut said = String::new();
        BufReader::new(command.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "interrupted: finishing the window; Ctrl-C again stops at once\n");
        interrupt(&command);
        assert_eq!(command.wait().unwrap().code(), Some(130));
        assert!(!door.path().join(door.run()).join("manifest.json").exists());
    }
}
