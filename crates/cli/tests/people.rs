//! Users are asked why, and a person takes a user's place.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod door;

use door::{Door, Ended, assert_seen, model};
use serde_json::Value;

/// A door behind which the scenario has been run, with a model beside it that reads long prompts.
fn door() -> Door {
    let door = Door::after_a_run();
    let folder = door.path().join("tiny");
    model::place(&folder);
    let config = std::fs::read_to_string(folder.join("config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["max_position_embeddings"] = 16_384.into();
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    door
}

#[test]
fn a_user_without_a_model_speaks_of_turns_that_exist() {
    let door = door();
    let run = door.run();
    let ask = |more: &[&str]| {
        let args = ["interview", &run, "--user", "casual-3", "--model", "tiny"];
        door.habitue(&[&args[..], more].concat())
    };
    let told = ask(&[]);
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{told:?}");
    assert!(told.out.starts_with("casual-3, day 8 00:00:00, arm "), "{}", told.out);
    assert!(told.out.contains("asked: Why did you act as you did the last time?"), "{}", told.out);
    assert_eq!(told.out, ask(&[]).out, "the same question has the same answer");
    let mut cited = 0;
    for question in ["Why?", "What did you like?", "Did you leave?", "Who are you?", "What was it?"] {
        let answered: Value = serde_json::from_str(&ask(&["--json", "--question", question]).out).unwrap();
        assert_eq!((&answered["user"], &answered["question"]), (&"casual-3".into(), &question.into()));
        assert!(!answered["answer"].as_str().unwrap().is_empty());
        let life = door.habitue(&["inspect", &run, "--user", "casual-3"]).out;
        for one in answered["cites"].as_array().unwrap() {
            assert_eq!(one["kind"], "turn", "choice users have no memories");
            assert!(life.contains(&format!("session {}\n", one["session"])), "{one}");
            cited += 1;
        }
    }
    assert!(cited > 0, "something is cited in five interviews");
    let before = ask(&["--json", "--at", "0s"]);
    let before: Value = serde_json::from_str(&before.out).unwrap();
    assert_eq!(
        (&before["came_to_mind"], &before["at_ms"]),
        (&0.into(), &0.into()),
        "nothing has happened yet"
    );
}

#[test]
fn what_cannot_be_asked_is_told() {
    let door = door();
    let run = door.run();
    let said: String = [
        &["--user", "casual-3"][..],
        &["--user", "casaul-3", "--model", "tiny"],
        &["--user", "casual-3", "--model", "tinny"],
        &["--user", "casual-3", "--model", "tiny", "--at", "9d"],
        &["--user", "casual-3", "--model", "tiny", "--at", "soon"],
        &["--user", "casual-3", "--model", "tiny", "--arm", "populer"],
        &["--user", "casual-3", "--model", "tiny", "--question", " "],
    ]
    .iter()
    .map(|more| {
        let ended = door.habitue(&[&["interview", &*run], *more].concat());
        assert_eq!((ended.code, ended.out.as_str()), (2, ""), "{more:?}");
        ended.err
    })
    .collect();
    assert_seen!(said);
}

/// Plays a user with what is typed.
fn play(door: &Door, user: &str, typed: &str) -> Ended {
    let args = ["run", "corner.toml", "--quiet", "--out", "played", "--play", user];
    Ended::from(door.command(&args).write_stdin(typed).output().unwrap())
}

#[test]
fn a_person_plays_a_user_and_the_others_live_as_always() {
    let door = Door::after_a_run();
    let ended = play(&door, "casual-3", "click\n2\nlaugh\nlike\n\ndislike\n\nsearch soup\n\nleave\n");
    assert_eq!(ended.code, 0, "{ended:?}");
    for words in ["page 1, you are casual-3", "\"laugh\": expected 1 to", "then (next"] {
        assert!(ended.err.contains(words), "{words}: {}", ended.err);
    }
    let runs: Vec<_> = std::fs::read_dir(door.path().join("played")).unwrap().map(Result::unwrap).collect();
    let [played] = &runs[..] else { panic!("{runs:?}") };
    let played = played.path().display().to_string();
    assert!(played.contains("corner-played-"), "a folder of its own");
    let turns = |run: &str, name: &str| {
        let out = door.path().join(name);
        let ended = door.habitue(&["export", run, "--format", "csv", "--table", "turns", "--out", name]);
        assert_eq!(ended.code, 0, "{ended:?}");
        let file = std::fs::read_dir(out).unwrap().map(|file| file.unwrap().path()).next().unwrap();
        std::fs::read_to_string(file).unwrap()
    };
    let (with, without) = (turns(&played, "with"), turns(&door.run(), "without"));
    let human: Vec<&str> = with.lines().filter(|line| line.contains("human")).collect();
    // Three pages were answered; then the input ended, and the person was gone.
    assert_eq!(human.len(), 4, "{human:?}");
    assert!(human[1].contains("soup") && human[0].contains("[2,1,3]"), "{human:?}");
    assert!(!without.contains("human"));

    let manifest = std::fs::read_to_string(format!("{played}/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert!(manifest.to_string().contains("\"played\":\"casual-3\""), "{manifest}");
    assert_eq!(door.habitue(&["replay", &played, "--quiet"]).code, 0, "it replays from its log");
}

#[test]
fn whom_nobody_knows_cannot_be_played_and_what_was_played_cannot_be_resumed() {
    let door = Door::new();
    let unknown = play(&door, "casaul-3", "");
    assert_eq!(unknown.code, 2, "{unknown:?}");
    let paired =
        ["run", "corner.toml", "--quiet", "--set", "experiment.design=\"paired\"", "--play", "casual-3"];
    let paired = door.habitue(&paired);
    assert_eq!(paired.code, 2, "{paired:?}");
    assert!(!door.path().join("played").exists());
    let ended = play(&door, "3", "");
    assert_eq!(ended.code, 0, "the end of the input is the end of the user alone: {ended:?}");
    let run = std::fs::read_dir(door.path().join("played")).unwrap().next().unwrap().unwrap().file_name();
    let run = format!("played/{}", run.to_string_lossy());
    let resumed = door.habitue(&["resume", &run]);
    assert_eq!(resumed.code, 2, "{resumed:?}");
    let said = [unknown.err, paired.err, resumed.err].concat();
    insta::with_settings!({ filters => vec![(r"corner-played-[0-9a-f]{8}", "corner-played-HASH")] }, {
        insta::assert_snapshot!(said);
    });
}

#[test]
fn people_are_written_to_a_file_that_a_scenario_can_name() {
    let door = door();
    let written = door.habitue(&["personas", "corner.toml", "--out", "people.jsonl"]);
    assert_eq!((written.code, written.err.as_str()), (0, ""), "{written:?}");
    // Who is read from the file is who was drawn.
    let read = "population.0.personas={ file = \"people.jsonl\" }";
    let again = door.habitue(&["personas", "corner.toml", "--out", "again.jsonl", "--set", read]);
    assert_eq!(again.code, 0, "{again:?}");
    let file = |name: &str| std::fs::read_to_string(door.path().join(name)).unwrap();
    assert_eq!(file("people.jsonl"), file("again.jsonl"));

    let args = [
        "personas",
        "corner.toml",
        "--model",
        "tiny",
        "--quiet",
        "--set",
        "population.0.size=3",
        "--out",
        "-",
    ];
    let described = door.habitue(&args);
    assert_eq!((described.code, described.err.as_str()), (0, ""), "{described:?}");
    let texts: Vec<String> = described
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["text"].as_str().unwrap().to_owned())
        .collect();
    assert!(texts.len() == 3 && texts.iter().all(|text| !text.is_empty()), "{texts:?}");
    assert!(texts[0] != texts[1], "{texts:?}");
    assert_eq!(described.out, door.habitue(&args).out, "the same again");

    let wrong = door.habitue(&["personas", "corner.toml", "--out", "-", "--population", "casul"]);
    assert_eq!(wrong.code, 2);
    assert!(wrong.err.contains("did you mean \"casual\"?"), "{}", wrong.err);
}
