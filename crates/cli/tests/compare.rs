//! Arms and runs against each other, as a user asks for it.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod door;

use std::fs;

use door::{Door, assert_form, assert_seen};
use serde_json::Value;

/// Runs the scenario with settings and gives the new run's folder.
fn run(door: &Door, sets: &[&str]) -> String {
    let mut args = vec!["run", "corner.toml", "--json"];
    args.extend(sets.iter().flat_map(|set| ["--set", set]));
    let done = door.habitue(&args);
    assert_eq!(done.code, 0, "{}", done.err);
    let said: Value = serde_json::from_str(&done.out).unwrap();
    said["report"].as_str().unwrap().trim_end_matches("/report.html").to_owned()
}

const PAIRED: &str = "experiment={ design = \"paired\" }";

#[test]
fn arms_of_a_run_in_three_forms() {
    let door = Door::after_a_run();
    let split = door.run();
    let text = door.habitue(&["compare", &split]);
    assert_form!("arms_of_a_split_run", text.seen());
    let other = run(&door, &[PAIRED]);
    assert_form!("arms_of_a_paired_run", door.habitue(&["compare", &other, "--baseline", "random"]).seen());
    assert_form!("arms_as_markdown", door.habitue(&["compare", &other, "--md"]).seen());

    // The numbers are those of the run's summary, and the report's.
    let said: Value = serde_json::from_str(&door.habitue(&["compare", &split, "--json"]).out).unwrap();
    let overview: Value = serde_json::from_str(&door.habitue(&["inspect", &split, "--json"]).out).unwrap();
    let arms = overview["summary"]["arms"].as_array().unwrap();
    let measures = said["others"][0]["measures"].as_array().unwrap();
    assert_eq!(
        (measures.len(), said["others"].as_array().unwrap().len()),
        (7, 1),
        "30 days were not observed"
    );
    for (name, field) in [
        ("sessions per user", "sessions_per_user"),
        ("turns per session", "turns_per_session"),
        ("reward per user", "reward_per_user"),
    ] {
        let row = measures.iter().find(|row| row["measure"] == name).unwrap();
        let number = |value: &Value| value.as_f64().unwrap();
        for (at, side) in ["baseline", "alternative"].into_iter().enumerate() {
            assert!((number(&row[side]) / number(&arms[at][field]) - 1.0).abs() < 1e-5, "{name}");
        }
        let (p, holm) = (number(&row["test"]["p_value"]), number(&row["holm"]));
        assert!(p > 0.0 && p <= holm && holm <= 1.0 && number(&row["visible"]) > 0.0);
    }
}

#[test]
fn runs_are_paired_by_seed_and_people() {
    let door = Door::new();
    let one = "arm=[{ name = \"only\", policy = { kind = \"random\" } }]";
    let two = "arm=[{ name = \"only\", policy = { kind = \"popularity\" } }]";
    let runs = [
        run(&door, &[one, "name=\"chance\""]),
        run(&door, &[two, "name=\"crowd\""]),
        run(&door, &[two, "name=\"others\"", "seed=6"]),
    ];
    let ended = door.habitue(&["compare", &runs[0], &runs[1], &runs[2]]);
    assert_form!(ended.seen());
    let said = door.habitue(&["compare", &runs[0], &runs[1], "--baseline", "crowd", "--json"]);
    let said: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&said["baseline"]["name"], &said["others"][0]["alternative"]["name"]),
        (&"crowd".into(), &"chance".into())
    );
    assert_eq!(
        (&said["others"][0]["paired"], &said["others"][0]["alternative"]["arm"]),
        (&true.into(), &"only".into())
    );
}

#[test]
fn what_sets_runs_apart_is_said() {
    let door = Door::new();
    let plain = run(&door, &[]);
    let other =
        run(&door, &["reward={ click = 5.0 }", "slate.size=4", "catalogue.generate.items=70", "seed=8"]);
    let said = door.habitue(&["compare", &plain, &other]);
    assert_eq!(said.code, 0, "{}", said.err);
    let mut warnings: Vec<&str> = said.out.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert!(!said.out.contains("reward per user  "), "{}", said.out);
    // Half of the only arm's users are in each arm of the other run, with the same luck.
    let only =
        run(&door, &["name=\"corner-only\"", "arm=[{ name = \"only\", policy = { kind = \"random\" } }]"]);
    let shared = door.habitue(&["compare", &plain, &only, "--baseline", "corner-only/only"]);
    assert_eq!(shared.code, 0, "{}", shared.err);
    warnings.extend(shared.out.lines().filter(|line| line.contains("share ")));
    assert_seen!(warnings.join("\n"));
}

#[test]
fn an_unfinished_run_is_compared_with_a_warning() {
    let door = Door::after_a_run();
    let run = door.run();
    // As a run is that was stopped after its parts were sealed.
    let folder = door.path().join(&run);
    fs::remove_file(folder.join("manifest.json")).unwrap();
    let sums = fs::read_to_string(folder.join("checksums.txt")).unwrap();
    let kept: Vec<&str> = sums.split_inclusive('\n').filter(|line| !line.contains("manifest")).collect();
    fs::write(folder.join("checksums.txt"), kept.concat()).unwrap();
    let ended = door.habitue(&["compare", &run]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let warnings: Vec<&str> = ended.out.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_seen!(warnings.join("\n"));
}

#[test]
fn what_cannot_be_compared_is_named() {
    let door = Door::after_a_run();
    let first = door.run();
    let alone = run(&door, &["arm=[{ name = \"only\", policy = { kind = \"random\" } }]"]);
    let longer = run(&door, &["horizon=\"9d\""]);
    let renamed = run(&door, &["population.0.name=\"regular\""]);
    let changed = run(&door, &["population.0.personas={ interests = { min = 1, max = 1 } }"]);
    let lonely = run(&door, &["population.0.size=1"]);
    let mut said = String::new();
    let mut ask = |args: &[&str], code: i32| {
        let ended = door.habitue(&[&["compare"], args].concat());
        assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{}", ended.err);
        said.push_str(&ended.err);
    };
    ask(&["nowhere"], 2);
    ask(&[&alone], 2);
    ask(&[&first, &format!("{first}/")], 2);
    ask(&[&first, "--baseline", "popularity"], 2);
    ask(&[&first, &longer], 2);
    ask(&[&first, &renamed], 2);
    ask(&[&first, &changed], 2);
    ask(&[&lonely], 2);
    let sessions = door.path().join(&first).join("sessions/part-000000.parquet");
    let whole = fs::read(&sessions).unwrap();
    fs::write(&sessions, &whole[..whole.len() / 2]).unwrap();
    ask(&[&first], 1);
    insta::with_settings!({ filters => vec![
        (r"corner-[0-9a-f]{8}", "corner-HASH"),
        (r"\(\d+ bytes\)", "(N bytes)"),
    ] }, { insta::assert_snapshot!(said) });
    assert_eq!(door.habitue(&["compare"]).code, 2);
}
