//! The report of a run, as a user asks for it.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod door;

use std::fs;
use std::path::Path;

use door::{Door, assert_seen};
use serde_json::Value;

#[test]
fn a_run_ends_with_its_report_and_can_be_asked_for_it_again() {
    let door = Door::new();
    let ended = door.habitue(&["run", "corner.toml", "--json"]);
    let said: Value = serde_json::from_str(&ended.out).unwrap();
    let run = door.run();
    assert_eq!(said["report"], format!("{run}/report.html"));
    let page = door.path().join(&run).join("report.html");
    let first = fs::read_to_string(&page).unwrap();
    assert!(first.contains("<title>corner: what came of it</title>") && first.contains("popular"));

    let again = door.habitue(&["report", &run]);
    assert_eq!((again.code, again.out), (0, format!("report in {run}/report.html\n")));
    assert_eq!(fs::read_to_string(&page).unwrap(), first);
    let other = door.habitue(&["report", &run, "--out", "page.html"]);
    assert_eq!((other.code, other.out.as_str()), (0, "report in page.html\n"));
    assert_eq!(fs::read_to_string(door.path().join("page.html")).unwrap(), first);
}

#[test]
fn markdown_has_the_numbers_of_the_summary() {
    let door = Door::after_a_run();
    let run = door.run();
    let overview: Value = serde_json::from_str(&door.habitue(&["inspect", &run, "--json"]).out).unwrap();
    let report = door.habitue(&["report", &run, "--md", "--out", "-"]);
    assert_eq!(report.code, 0, "{}", report.err);
    let row = |name: &str| {
        let line = report.out.lines().find(|line| line.starts_with(&format!("| {name} |")));
        let cells = line.unwrap_or_else(|| panic!("no {name} in {}", report.out)).split('|').skip(2);
        cells.map(|cell| cell.trim().split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (at, arm) in overview["summary"]["arms"].as_array().unwrap().iter().enumerate() {
        let number = |field: &str| arm[field].as_f64().unwrap();
        assert_eq!(row("users")[at], number("users").to_string());
        assert_eq!(row("sessions per user")[at], format!("{:.2}", number("sessions_per_user")));
        assert_eq!(row("turns per session")[at], format!("{:.2}", number("turns_per_session")));
        assert_eq!(row("engaged items")[at], format!("{:.1}%", 100.0 * number("engagement")));
        assert_eq!(row("reward per user")[at], format!("{:.2}", number("reward_per_user")));
        assert_eq!(row("return on day 1")[at], format!("{:.1}%", 100.0 * number("retention_day_1")));
        assert_eq!(row("churned")[at], format!("{:.1}%", 100.0 * number("churned")));
    }
    let saved = door.habitue(&["report", &run, "--md"]);
    assert_eq!(saved.out, format!("report in {run}/report.md\n"));
    assert_eq!(fs::read_to_string(door.path().join(run).join("report.md")).unwrap(), report.out);
}

/// Puts something else in the place of a text in a file of the run.
fn replace(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn what_cannot_be_reported_is_named() {
    let door = Door::after_a_run();
    let run = door.run();
    let folder = door.path().join(&run);
    let mut said = String::new();
    let mut ask = |run: &str, code: i32| {
        let ended = door.habitue(&["report", run]);
        assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{}", ended.err);
        said.push_str(&ended.err);
    };
    ask("nowhere", 2);
    // A folder of somebody else, and one with a scenario of somebody else.
    fs::create_dir_all(door.path().join("foreign")).unwrap();
    ask("foreign", 2);
    door.write("foreign/scenario.json", "{\"name\": 7}\n");
    ask("foreign", 1);
    // Cut short.
    let turns = folder.join("turns/part-000000.parquet");
    let whole = fs::read(&turns).unwrap();
    fs::write(&turns, &whole[..whole.len() / 2]).unwrap();
    ask(&run, 1);
    fs::write(&turns, &whole).unwrap();
    fs::remove_file(folder.join("sessions/part-000000.parquet")).unwrap();
    ask(&run, 1);
    // Of an older version.
    replace(&folder.join("manifest.json"), "\"format\": 1", "\"format\": 0");
    ask(&run, 1);
    insta::with_settings!({ filters => vec![
        (r"corner-[0-9a-f]{8}", "corner-HASH"),
        (r"\(\d+ bytes\)", "(N bytes)"),
    ] }, { insta::assert_snapshot!(said) });
}

#[test]
fn a_report_that_cannot_be_written_is_said_with_its_place() {
    let door = Door::after_a_run();
    let run = door.run();
    let ended = door.habitue(&["report", &run, "--out", "no/such/folder.html"]);
    assert_seen!(ended.seen());
}
