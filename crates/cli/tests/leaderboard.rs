//! Leaderboards: a suite played, gone on with, and refused.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod door;

use door::{Door, assert_form, assert_seen};
use serde_json::Value;

const SUITE: &str = r#"
seeds = [1, 2]
metrics = ["reward_per_user", "retention_day_1"]

[[scenario]]
file = "corner.toml"
set  = ["horizon=3d"]

[[policy]]
name   = "popular"
policy = "popular.toml"

[[policy]]
name   = "random"
policy = { kind = "random" }
"#;

fn door(suite: &str) -> Door {
    let door = Door::new();
    door.write("popular.toml", "kind = \"popularity\"\n");
    door.write("small.toml", suite);
    door
}

#[test]
fn a_suite_ends_with_tables_and_is_not_played_twice() {
    let door = door(SUITE);
    let ended = door.habitue(&["leaderboard", "small.toml"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_form!(ended.seen());
    let folder = door.path().join("leaderboards/small");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (json, markdown) = (read("leaderboard.json"), read("leaderboard.md"));
    assert_eq!(read("suite.toml"), SUITE);
    let runs: Vec<_> =
        std::fs::read_dir(folder.join("runs")).unwrap().map(|run| run.unwrap().path()).collect();
    assert_eq!(runs.len(), 4);
    for run in &runs {
        // Configuration, log and result of every run stand together.
        for file in ["scenario.json", "run.log", "manifest.json"] {
            assert!(run.join(file).exists(), "{}", run.join(file).display());
        }
    }

    let again = door.habitue(&["leaderboard", "small.toml", "--json", "--threads", "1"]);
    assert_eq!(again.err.matches("is there already").count(), 4, "{}", again.err);
    assert_eq!((read("leaderboard.json"), read("leaderboard.md")), (json.clone(), markdown));
    let board: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(board, serde_json::from_str::<Value>(&json).unwrap());
    assert_eq!(board["rankings"][1]["metric"], "retention_day_1");
    assert_eq!(board["runs"].as_array().unwrap().len(), 4);

    // Another seed: two new runs.
    door.write("small.toml", &SUITE.replace("[1, 2]", "[1, 2, 3]"));
    let more = door.habitue(&["leaderboard", "small.toml"]);
    assert_eq!(more.err.matches("is there already").count(), 4, "{}", more.err);
    assert_eq!(more.err.matches("seed3").count(), 2, "{}", more.err);
}

#[test]
fn what_a_suite_cannot_name_is_told() {
    let changes = [
        ("file = \"corner.toml\"", "file = \"croner.toml\""),
        ("kind = \"random\"", "kind = \"randon\""),
        ("seeds = [1, 2]", "seeds = [1, 1]"),
        ("horizon=3d", "horizn=3d"),
    ];
    let seen = changes
        .map(|(from, to)| door(&SUITE.replace(from, to)).habitue(&["leaderboard", "small.toml"]).seen());
    assert_seen!(seen.join("\n"));
    let absent = door(SUITE).habitue(&["leaderboard", "smal.toml"]);
    assert_eq!(absent.code, 2);
    assert!(absent.err.contains("nearest: small.toml"), "{}", absent.err);
}

#[test]
fn a_run_that_fails_is_named_and_what_is_finished_is_kept() {
    let door = door(&SUITE.replace("{ kind = \"random\" }", "{ kind = \"fixed\", items = [\"none\"] }"));
    let ended = door.habitue(&["leaderboard", "small.toml", "--quiet"]);
    assert_seen!(ended.seen());
    door.write("small.toml", SUITE);
    let mended = door.habitue(&["leaderboard", "small.toml"]);
    assert_eq!((mended.code, mended.err.matches("is there already").count()), (0, 1), "{mended:?}");
}

#[test]
fn the_suite_that_is_shipped_is_played() {
    let door = Door::new();
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios/suites/first.toml");
    let ended = door.habitue(&["leaderboard", suite, "--quiet", "--json"]);
    assert_eq!(ended.code, 0, "{}", ended.err);
    let board: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(board["name"], "first");
    let reward = &board["rankings"][0];
    assert_eq!((reward["ranked"].as_u64(), reward["standings"].as_array().unwrap().len()), (Some(4), 3));
}
