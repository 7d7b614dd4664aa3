//! Every scenario that is shipped runs, is replayed to the digit, and is exported.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use habitue_tests::{Habitue, data, repository};

#[test]
fn shipped_scenarios_run_and_replay() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let mut names: Vec<String> = fs::read_dir(repository().join("scenarios"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| std::path::Path::new(name).extension().is_some_and(|ending| ending == "toml"))
        .collect();
    names.sort();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        let file = format!("scenarios/{name}");
        // A language model takes longer.
        let horizon = if name == "quickstart.toml" { "horizon=\"1d\"" } else { "horizon=\"6d\"" };
        let mut arguments = vec![file.as_str(), "--set", horizon];
        let folder = data("ml-100k");
        if ["alignment.toml", "movielens.toml"].contains(&name.as_str()) {
            let Some(folder) = &folder else { continue };
            arguments.extend(["--data", folder.to_str().unwrap()]);
        }
        let run = habitue.run(&name, &arguments);
        let run = run.to_str().unwrap();
        let replayed = habitue.output(&["replay", run]);
        assert!(replayed.status.success(), "{name}: {}", String::from_utf8_lossy(&replayed.stdout));
        assert!(habitue.output(&["inspect", run]).status.success());
        let out = habitue.folder().join(format!("{name}-export"));
        let exported = habitue.output(&[
            "export",
            run,
            "--format",
            "jsonl",
            "--table",
            "sessions",
            "--out",
            out.to_str().unwrap(),
        ]);
        assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    }
}
