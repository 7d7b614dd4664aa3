//! Asking models from the shell, and measuring them.
#![allow(clippy::unwrap_used, reason = "tests may fail, and so may what they share")]

mod door;
#[allow(dead_code, reason = "a part of it is used here")]
#[path = "../../llm/tests/fakes/server.rs"]
mod server;

use std::fmt::Write as _;

use door::{Door, Ended, model};
use serde_json::{Value, json};
use server::{Answer, Server};

/// A door with a model beside it.
fn door() -> Door {
    let door = Door::new();
    model::place(&door.path().join("tiny"));
    door
}

/// Asks the model, in floats, which differ least between machines.
fn ask(door: &Door, args: &[&str]) -> Ended {
    door.habitue(&[&["llm", "ask", "--model", "tiny", "--precision", "f32"], args].concat())
}

/// Compares with a snapshot without times, and without what differs between machines.
macro_rules! assert_told {
    ($($snapshot:tt)*) => {
        insta::with_settings!({ filters => vec![
            (r"/\S*/\.tmp\w+", "FOLDER"),
            (r"\d+\.\d+ s\b", "N s"),
            (r"127\.0\.0\.1:\d+", "HOST"),
            (r"(x86_64|aarch64|arm64|generic)-[\w-]+", "KERNEL"),
        ] }, { insta::assert_snapshot!($($snapshot)*) })
    };
}

#[test]
fn options_are_shown_with_their_probabilities() {
    let door = door();
    let mut told = String::new();
    for args in [
        &["Do you like films? ", "--plain", "--pick", "yes,no,yes please"][..],
        &["Do you like films?", "--system", "You are Ada.", "--pick", "yes,no"],
        &["Stars: ", "--plain", "--number", "-1..1", "--seed", "4"],
        &["A year?", "--write", "--regex", "(19|20)[0-9]{2}", "--temperature", "0"],
    ] {
        let ended = ask(&door, args);
        assert_eq!((ended.code, ended.err.as_str()), (0, ""), "{args:?}: {ended:?}");
        writeln!(told, "{args:?}\n{}", ended.out).unwrap();
    }
    assert_told!(told);
}

#[test]
fn a_program_has_many_slots() {
    let door = door();
    door.write(
        "evening.toml",
        r#"
        segment = [
            { kind = "text", text = "On now:\n" },
            { kind = "list", name = "films", options = ["Heat", "Paterson"], style = "numbered", shuffled = true },
            { kind = "text", text = "It rains.", neutral = "N/A" },
            { kind = "pick", name = "film", list = "films", by = "label", calibrate = true },
            { kind = "pick-each", name = "again", items = ["\nHeat: ", "\nPaterson: "], options = ["yes", "no"] },
            { kind = "text", text = " Stars: " },
            { kind = "number", name = "stars", from = 1, to = 3 },
            { kind = "write", name = "why", max_tokens = 3, regex = "[a-c]{2}" },
        ]
        "#,
    );
    let ended = ask(&door, &["--program", "evening.toml", "--seed", "3"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_told!(ended.out);
    let ended = ask(&door, &["--program", "evening.toml", "--seed", "3", "--json", "--threads", "1"]);
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    let kinds: Vec<_> = report["slots"].as_array().unwrap().iter().map(|slot| slot["kind"].clone()).collect();
    assert_eq!(kinds, ["pick", "pick-each", "number", "write"]);
    let options = report["slots"][2]["options"].as_array().unwrap();
    let sum: f64 = options.iter().map(|option| option["probability"].as_f64().unwrap()).sum();
    assert!(options.len() == 3 && (sum - 1.0).abs() < 1e-9, "{options:?}");
    assert!(options.iter().any(|option| option["option"] == report["slots"][2]["drawn"]));
    assert!(report["tokens"]["new_tokens"].as_u64().unwrap() > 0);
    assert_eq!(report["slots"][3]["text"].as_str().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_asked_is_told() {
    let door = door();
    door.write("broken.json", "{");
    door.write("nonsense.json", "{\"type\": \"nonsense\"}");
    door.write("wrong.toml", "[[segment]]\nkind = \"pick\"\nname = \"a\"\noptins = [\"x\"]\n");
    let mut told = String::new();
    for args in [
        &["--model", "tine", "x", "--pick", "a"][..],
        &["--model", "models/tiny/deep", "x", "--pick", "a"],
        &["--model", "org/tiny", "--offline", "x", "--pick", "a"],
        &["--model", "tiny", "--revision", "v1", "x", "--pick", "a"],
        &["--model", "tiny", "x", "--pick", ""],
        &["--model", "tiny", "x", "--pick", "yes,no,yes"],
        &["--model", "tiny", "x", "--number", "5..1"],
        &["--model", "tiny", "x", "--number", "1-5"],
        &["--model", "tiny", "x", "--number", "1..5000"],
        &["--model", "tiny", "x", "--write", "--schema", "broken.json"],
        &["--model", "tiny", "x", "--write", "--schema", "nonsense.json"],
        &["--model", "tiny", "x", "--write", "--schema", "missing.json"],
        &["--model", "tiny", "x", "--write", "--regex", "("],
        &["--model", "tiny", "x", "--write", "--max-tokens", "0"],
        &["--model", "tiny", "--program", "wrong.toml"],
        &["--model", "tiny", "--program", "missing.toml"],
        &["--model", "tiny", "x"],
        &["x", "--pick", "a"],
        &["--model", "tiny", "x", "--pick", "a", "--max-tokens", "3"],
        &[
            "--server",
            "http://127.0.0.1:9",
            "--model",
            "m",
            "x",
            "--pick",
            "a",
            "--key-variable",
            "NO_SUCH_KEY",
        ],
    ] {
        let mut command = door.command(&[&["llm", "ask"], args].concat());
        let ended = Ended::from(command.env("HF_HUB_CACHE", door.path().join("cache")).output().unwrap());
        assert!(ended.code > 0 && ended.out.is_empty(), "{args:?}: {ended:?}");
        writeln!(told, "{args:?}: exit code {}\n{}", ended.code, ended.err).unwrap();
    }
    let shape = door.habitue(&["bench", "llm", "--shape", "smol130"]);
    writeln!(told, "bench llm --shape smol130: exit code {}\n{}", shape.code, shape.err).unwrap();
    assert_told!(told);
}

#[test]
fn a_system_text_needs_a_chat_template() {
    let door = door();
    std::fs::remove_file(door.path().join("tiny/chat_template.jinja")).unwrap();
    let ended = ask(&door, &["x", "--system", "You are Ada.", "--pick", "a,b"]);
    assert_eq!(
        (ended.code, ended.err.as_str()),
        (2, "error: chat template: the model has none, so it takes programs without turns only\n")
    );
}

#[test]
fn a_model_of_the_hub_is_fetched_and_then_there() {
    let door = door();
    let folder = door.path().join("tiny");
    let hub = Server::start(move |_, request| {
        if request.path == "/api/models/org/tiny/revision/v1" {
            let files = ["config.json", "model.safetensors", "tokenizer.json"];
            let files = files.map(|file| json!({"rfilename": file}));
            return server::json(&json!({"sha": "c0ffee", "siblings": files}));
        }
        match request.path.strip_prefix("/org/tiny/resolve/c0ffee/") {
            Some(file) => Answer::Whole(200, String::new(), std::fs::read(folder.join(file)).unwrap()),
            None => Answer::Whole(404, String::new(), Vec::new()),
        }
    });
    let address = hub.address.clone();
    let ask = |args: &[&str]| {
        let base = ["llm", "ask", "Films? ", "--plain", "--pick", "yes,no", "--precision", "f32"];
        let mut command = door.command(&[&base, args].concat());
        command.env("HF_ENDPOINT", &address).env("HF_HUB_CACHE", door.path().join("cache"));
        Ended::from(command.env_remove("HF_TOKEN").env_remove("HF_HUB_OFFLINE").output().unwrap())
    };
    let fetched = ask(&["--model", "org/tiny", "--revision", "v1"]);
    assert_told!(fetched.seen());
    drop(hub);
    let there = ask(&["--model", "org/tiny@v1", "--offline", "--quiet"]);
    assert_eq!((there.code, there.err.as_str()), (0, ""));
    let unreachable = ask(&["--model", "org/tiny@v1"]);
    assert!(
        unreachable.code == 1 && unreachable.err.contains("hub model \"org/tiny@v1\""),
        "{unreachable:?}"
    );
}

#[test]
fn servers_are_asked_too() {
    let likely = |token: &str, probability: f64| json!({"token": token, "logprob": probability.ln()});
    let scored = json!({"usage": {"prompt_tokens": 40, "completion_tokens": 1}, "choices": [{
        "message": {"content": "B"},
        "logprobs": {"content": [{"token": "B", "top_logprobs": [likely("B", 0.6), likely("A", 0.2)]}]},
    }]});
    let drawn = json!({"usage": {"prompt_tokens": 40, "completion_tokens": 1},
        "choices": [{"message": {"content": "A"}}]});
    let server = Server::start(move |number, _| match number {
        0 => server::json(&scored),
        1 => server::json(&drawn),
        _ => Answer::Whole(401, String::new(), b"bad key".to_vec()),
    });
    let door = Door::new();
    let mut told = String::new();
    for _ in 0..3 {
        let mut command = door.command(&[
            "llm",
            "ask",
            "--server",
            &format!("{}/v1", server.address),
            "--model",
            "tiny",
            "--system",
            "You are Ada.",
            "Films?",
            "--pick",
            "yes,no",
            "--key-variable",
            "TINY_KEY",
        ]);
        let ended = Ended::from(command.env("TINY_KEY", "not-to-be-told").output().unwrap());
        writeln!(told, "{}", ended.seen()).unwrap();
    }
    assert_told!(told);
    assert!(!told.contains("not-to-be-told"));
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.headers.contains("Bearer not-to-be-told")));
    assert!(requests[0].body.contains("You are Ada.") && requests[0].path == "/v1/chat/completions");
}

#[test]
fn the_engine_is_measured() {
    let door = door();
    let bench = ["bench", "llm", "--model", "tiny", "--quick", "--threads", "2"];
    let ended = door.habitue(&bench);
    assert_eq!(ended.code, 0, "{ended:?}");
    insta::with_settings!({ filters => vec![
        (r"this is no release build: its figures are too low\n", ""),
        (r"(x86_64|aarch64|arm64|generic)-[\w-]+", "KERNEL"),
        (r"\d[\d,.]*(e-\d+)?", "N"),
        (r"N (B|KiB|MiB)", "SIZE"),
        (r"  +", "  "),
    ] }, { insta::assert_snapshot!(ended.seen()) });
    let ended = door.habitue(&[&bench[..], &["--json", "--quiet", "--precision", "f32"]].concat());
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((&report["precision"], &report["threads"]), (&"f32".into(), &2.into()));
    let rows = |list: &str| report[list].as_array().unwrap().len();
    assert_eq!((rows("prefill"), rows("decode"), rows("decisions"), rows("overhead")), (2, 3, 5, 4));
    assert!(report["closeness"]["positions"].as_u64().unwrap() > 0);
    assert_eq!(report["interrupted"], false);
}

/// Ctrl-C lets the measurement end, and what was measured is shown.
#[cfg(unix)]
#[test]
fn a_bench_can_be_interrupted() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let door = door();
    let mut bench = Command::new(assert_cmd::cargo::cargo_bin!("habitue"))
        .args(["bench", "llm", "--model", "tiny", "--users", "5000", "--json"])
        .current_dir(door.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(bench.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("decode, 1 at once")));
    let kill = Command::new("kill").args(["-INT", &bench.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(rest.iter().any(|line| line.contains("interrupted: finishing the measurement")), "{rest:?}");
    let ended = Ended::from(bench.wait_with_output().unwrap());
    let report: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!((ended.code, &report["interrupted"]), (130, &true.into()));
    assert_eq!(report["prefill"].as_array().unwrap().len(), 2);
}
