//! What is wrong is told so that it can be put right.

mod door;

use door::{Door, assert_seen};

#[test]
fn problems_of_a_scenario_are_told_with_their_lines() {
    let door = Door::new();
    door.write(
        "wrong.toml",
        "name = \"wrong\"\nhorizon = \"soon\"\n[catalogue]\ngenerate = { items = 10 }\n[[population]]\nname = \"a\"\nsize = 0\npersonas = {}\n[[arm]]\nname = \"only\"\npolicy = { kind = \"popularty\" }\n",
    );
    assert_seen!(door.habitue(&["run", "wrong.toml", "--set", "slate.sise=3"]).seen());
}

#[test]
fn what_cannot_be_run_is_said() {
    let door = Door::new();
    let said: Vec<String> = [
        &["run", "corner.tmol"][..],
        &["run", "corner.toml", "--set", "social.graph={ kind = \"random\", mean_degree = 50.0 }"],
        &["run", "corner.toml", "--set", "catalogue={ file = \"items.jsonl\" }"],
        &["run", "corner.toml", "--out", "corner.toml"],
        &["run", "corner.toml", "--set", "arm.1.policy={ kind = \"fixed\", items = [\"itm-3\"] }"],
        &[
            "run",
            "corner.toml",
            "--set",
            "intervention=[{ kind = \"remove-items\", at = \"1d\", items = [\"itm-3\"] }]",
        ],
        &["import", "movielens", "nowhere", "--out", "x"],
        &["import", "csv", "nowhere", "--out", "x"],
    ]
    .iter()
    .map(|args| {
        let ended = door.habitue(args);
        assert_eq!(ended.out, "", "{args:?}");
        format!("{args:?}: exit code {}\n{}", ended.code, ended.err)
    })
    .collect();
    assert_seen!(said.join("\n"));
    assert!(!door.path().join("runs").exists());
}

#[test]
fn a_wrong_rust_log_is_said() {
    let door = Door::new();
    let output = door.command(&["doctor", "--no-speed"]).env("RUST_LOG", "habitue=loud").output().unwrap();
    let ended = door::Ended::from(output);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("RUST_LOG") && ended.err.contains("for example"), "{}", ended.err);
}
