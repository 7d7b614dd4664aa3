//! What a log says about another policy, as a user asks for it.
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

const POPULAR: &str = "{ kind = \"popularity\", explore = { kind = \"epsilon\", epsilon = 0.2 } }";
const MILDER: &str = "{ kind = \"popularity\", explore = { kind = \"epsilon\", epsilon = 0.3 } }";

#[test]
fn another_policy_in_three_forms() {
    let door = Door::after_a_run();
    let run = door.run();
    let ask = |more: &[&str]| {
        let ended = door.habitue(&[&["evaluate", &run, "--arm", "popular", "--quiet"], more].concat());
        assert_eq!(ended.code, 0, "{}", ended.err);
        ended
    };
    assert_form!("a_table", ask(&["--policy", MILDER]).seen());
    assert_form!("first_sessions", ask(&["--policy", MILDER, "--first", "--target", "return-1-day"]).seen());
    door.write("milder.toml", "kind = \"popularity\"\nexplore = { kind = \"epsilon\", epsilon = 0.3 }\n");
    let some = ["--target", "slate-reward", "--estimator", "ips,snips", "--estimator", "dr", "--policy"];
    let md = ask(&[&some[..], &["milder.toml", "--md"]].concat());
    assert_form!("markdown", md.seen());
    let typed = ask(&[&some[..], &[MILDER, "--md"]].concat());
    assert_eq!(typed.out, md.out, "a file and a table say the same");

    // Threads and the seed of the run change nothing, another seed only what is drawn.
    let json = ask(&["--policy", MILDER, "--json", "--threads", "1"]);
    assert_eq!(ask(&["--policy", MILDER, "--json", "--threads", "3", "--seed", "5"]).out, json.out);
    let [one, other]: [Value; 2] = [&json.out, &ask(&["--policy", MILDER, "--json", "--seed", "6"]).out]
        .map(|out| serde_json::from_str(out).unwrap());
    let row = |said: &Value, name: &str| {
        said["rows"].as_array().unwrap().iter().find(|row| row["estimator"] == name).unwrap().clone()
    };
    assert_eq!(row(&one, "trajectory-is")["value"], row(&other, "trajectory-is")["value"]);
    assert_ne!(row(&one, "sequential-dm")["value"], row(&other, "sequential-dm")["value"]);
    assert_eq!((&one["target"], &one["policy"]), (&"session-reward".into(), &"popularity".into()));
}

#[test]
fn the_logged_policy_is_worth_what_it_earned() {
    let door = Door::after_a_run();
    let run = door.run();
    for target in ["session-reward", "slate-reward", "return-1-day", "return-gap"] {
        let ended = door.habitue(&[
            "evaluate", &run, "--arm", "popular", "--policy", POPULAR, "--target", target, "--json",
            "--quiet",
        ]);
        assert_eq!(ended.code, 0, "{}", ended.err);
        let said: Value = serde_json::from_str(&ended.out).unwrap();
        let logged = said["logged"]["value"].as_f64().unwrap();
        assert!((said["mean_weight"].as_f64().unwrap() - 1.0).abs() < 1e-9);
        for row in said["rows"].as_array().unwrap() {
            let (name, value) = (row["estimator"].as_str().unwrap(), row["value"].as_f64().unwrap());
            if name.ends_with("is") || name.ends_with("ips") {
                assert!(
                    (value - logged).abs() < 1e-6 * logged.abs().max(1.0),
                    "{target} {name}: {value} {logged}"
                );
            }
        }
    }
    // The log's own numbers: turns and rewards of the arm.
    let said: Value = serde_json::from_str(&door.habitue(&["inspect", &run, "--json"]).out).unwrap();
    let arm = &said["summary"]["arms"][0];
    let ended = door.habitue(&[
        "evaluate",
        &run,
        "--arm",
        "popular",
        "--policy",
        POPULAR,
        "--target",
        "slate-reward",
        "--json",
        "-q",
    ]);
    let answer: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(answer["rounds"], arm["turns"]);
}

#[test]
fn what_cannot_be_evaluated_is_named() {
    let door = Door::after_a_run();
    let split = door.run();
    let fixed = run(&door, &["arm=[{ name = \"only\", policy = { kind = \"popularity\" } }]"]);
    let older = run(&door, &["name=\"older\""]);
    let manifest = door.path().join(&older).join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replacen("\"format\": 1", "\"format\": 0", 1)).unwrap();
    let cut = run(&door, &["name=\"cut\""]);
    let part = door.path().join(&cut).join("turns/part-000000.parquet");
    let bytes = fs::read(&part).unwrap();
    fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
    let unfinished = run(&door, &["name=\"unfinished\""]);
    let folder = door.path().join(&unfinished);
    fs::remove_file(folder.join("manifest.json")).unwrap();
    let sums = fs::read_to_string(folder.join("checksums.txt")).unwrap();
    let kept: Vec<&str> = sums.split_inclusive('\n').filter(|line| !line.contains("manifest")).collect();
    fs::write(folder.join("checksums.txt"), kept.concat()).unwrap();

    let mut said = String::new();
    let mut ask = |args: &[&str], code: i32| {
        let ended = door.habitue(&[&["evaluate", "--quiet"], args].concat());
        assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{args:?}: {}", ended.err);
        said.extend(["$ habitue evaluate ", &args.join(" "), "\n", &ended.err, "\n"]);
    };
    let popular = [split.as_str(), "--arm", "popular", "--policy"];
    let with = |more: &[&'static str]| [&popular[..], more].concat();
    ask(&[&split, "--policy", "random"], 2);
    ask(&[&split, "--policy", "random", "--arm", "popula"], 2);
    ask(&with(&["populrity"]), 2);
    ask(&with(&["policy.toml"]), 2);
    ask(&with(&["{ kind = \"random\", exclud = \"none\" }"]), 2);
    ask(&with(&["random", "--target", "sesion-reward"]), 2);
    ask(&with(&["random", "--estimator", "trajectory-si"]), 2);
    ask(&with(&["random", "--target", "return-30-days"]), 2);
    ask(&with(&["{ kind = \"fixed\", items = [\"item-0\", \"item-999\"] }"]), 2);
    ask(&with(&["{ kind = \"external\", command = [\"cat\"] }"]), 2);
    ask(&[&fixed, "--policy", "random"], 2);
    ask(&[&unfinished, "--policy", "random", "--arm", "random"], 2);
    ask(&[&older, "--policy", "random", "--arm", "random"], 1);
    ask(&[&cut, "--policy", "random", "--arm", "random"], 1);
    ask(&["nowhere", "--policy", "random"], 2);
    insta::with_settings!({ filters => vec![
        (r"(corner|older|cut|unfinished)-[0-9a-f]{8}", "$1-HASH"),
        (r"/\S*/\.tmp\w+", "FOLDER"),
        (r"the \d+ sessions", "the N sessions"),
        (r"\d+ bytes", "N bytes"),
    ] }, { insta::assert_snapshot!(said) });
}

#[test]
fn what_the_numbers_cannot_tell_is_said() {
    let door = Door::new();
    let run = run(&door, &["horizon=\"4d\"", "arm=[{ name = \"only\", policy = { kind = \"random\" } }]"]);
    let learner = "{ kind = \"linucb\", explore = { kind = \"plackett-luce\", temperature = 2.0 } }";
    let ended = door.habitue(&["evaluate", &run, "--policy", learner, "--json", "--quiet"]);
    let said: Value = serde_json::from_str(&ended.out).unwrap();
    assert_seen!(said["remarks"].as_array().unwrap()[0].as_str().unwrap());
}
