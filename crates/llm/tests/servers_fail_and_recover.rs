//! A server's failures are retried as documented or named, and its answers mean what the engine's mean.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]

mod fakes;

use std::sync::Arc;
use std::time::Duration;

use fakes::server::{Answer, Received, Server, json as ok};
use fakes::{block_on, hash_backend, stream};
use habitue_llm::{
    Answer as Decided, EachMode, LlmError, OpenAiBackend, OpenAiOptions, Program, Protocol, RecordedBackend,
    RecordingBackend, WriteEnd, WriteSpec, decide,
};
use serde_json::{Value, json};

fn options(server: &Server, protocol: Protocol) -> OpenAiOptions {
    OpenAiOptions {
        retries: 3,
        timeout: Duration::from_secs(60),
        pause: Duration::from_millis(1),
        longest_pause: Duration::from_millis(20),
        price: (2.0, 10.0),
        ..OpenAiOptions::new(&server.address, "tiny", protocol)
    }
}

fn text(text: &str) -> Value {
    json!({"choices": [{"text": text, "finish_reason": "stop", "message": {"content": text}}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 2}})
}

fn write(server: &Server, spec: WriteSpec) -> (Result<Decided, LlmError>, OpenAiBackend) {
    write_with(options(server, Protocol::Completions), spec)
}

fn write_with(options: OpenAiOptions, spec: WriteSpec) -> (Result<Decided, LlmError>, OpenAiBackend) {
    let backend = OpenAiBackend::new(options).unwrap();
    let mut program = Program::new();
    program.text("Say:");
    program.write("said", spec);
    let answer = block_on(decide(&backend, &program, &mut stream(0)));
    (answer, backend)
}

#[test]
fn passing_failures_are_tried_again() {
    let server = Server::start(|number, _| match number {
        0 => Answer::Whole(429, "retry-after: 0\r\n".to_owned(), b"slow down".to_vec()),
        1 => Answer::Whole(500, String::new(), b"oops".to_vec()),
        2 => Answer::Half(text("lost").to_string().into_bytes()),
        _ => ok(&text("hello")),
    });
    let (answer, backend) = write(&server, WriteSpec::new(5));
    assert!(serde_json::to_string(&answer.unwrap()).unwrap().contains("hello"));
    let statistics = backend.statistics();
    assert_eq!((statistics.requests, statistics.retries), (1, 3));
    assert_eq!((statistics.usage.new_tokens, statistics.usage.generated_tokens), (10, 2));
    assert!((statistics.cost - 40e-6).abs() < 1e-12);
    // A failure does not change what is asked next: the same seed each time.
    let seeds: Vec<Value> = server
        .requests()
        .iter()
        .map(|request| serde_json::from_str::<Value>(&request.body).unwrap()["seed"].clone())
        .collect();
    assert!(seeds.iter().all(|seed| seed == &seeds[0]));
}

type Table = fn(usize, &Received) -> Answer;

#[test]
fn lasting_failures_are_named() {
    let port = |text: String, server: &Server| text.replace(&server.address, "http://SERVER");
    let mut messages = Vec::new();
    let cases: [Table; 5] = [
        |_, _| Answer::Whole(503, String::new(), b"down for repairs".to_vec()),
        |_, _| Answer::Whole(401, String::new(), b"{\"error\": \"bad key\"}".to_vec()),
        |_, _| Answer::Whole(200, String::new(), b"<html>not json</html>".to_vec()),
        |_, _| ok(&json!({"choices": []})),
        |_, _| ok(&json!({"choices": [{"text": "not a number"}]})),
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let server = Server::start(case);
        let spec = if number == 4 { WriteSpec::new(5).regex("[0-9]+") } else { WriteSpec::new(5) };
        messages.push(port(write(&server, spec).0.unwrap_err().to_string(), &server));
    }
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn silence_and_garbage_end_in_an_error() {
    for garbage in [false, true] {
        let server = Server::start(move |_, _| {
            if garbage {
                Answer::Raw(b"\x00\x01 nonsense\r\n\r\n".to_vec())
            } else {
                Answer::Silence(Duration::from_secs(120))
            }
        });
        let short =
            OpenAiOptions { timeout: Duration::from_millis(200), ..options(&server, Protocol::Completions) };
        let (answer, backend) = write_with(short, WriteSpec::new(5));
        assert!(answer.unwrap_err().to_string().contains("after 4 attempts"));
        assert_eq!(backend.statistics().retries, 3);
    }
    let nobody =
        OpenAiOptions { retries: 0, ..OpenAiOptions::new("http://127.0.0.1:9", "tiny", Protocol::Chat) };
    let mut program = Program::new();
    program.text("Say:");
    program.write("said", WriteSpec::new(5));
    let backend = OpenAiBackend::new(nobody).unwrap();
    assert!(matches!(block_on(decide(&backend, &program, &mut stream(0))), Err(LlmError::Server { .. })));
}

#[test]
fn the_key_comes_from_the_environment_and_stays_out_of_messages() {
    let server = Server::start(|_, _| Answer::Whole(403, String::new(), b"no".to_vec()));
    let missing = OpenAiOptions {
        key_variable: Some("HABITUE_TEST_NO_SUCH_KEY".to_owned()),
        ..options(&server, Protocol::Completions)
    };
    let message = OpenAiBackend::new(missing.clone()).err().unwrap().to_string();
    assert!(message.contains("HABITUE_TEST_NO_SUCH_KEY"), "{message}");
    // PATH is set wherever tests run, and stands in for a key.
    let key = std::env::var("PATH").unwrap();
    let backend =
        OpenAiBackend::new(OpenAiOptions { key_variable: Some("PATH".to_owned()), ..missing }).unwrap();
    let mut program = Program::new();
    program.text("Say:");
    program.write("said", WriteSpec::new(5));
    let error = block_on(decide(&backend, &program, &mut stream(0))).unwrap_err();
    assert!(server.requests()[0].headers.contains(&format!("Bearer {key}")));
    assert!(!format!("{error} {error:?}").contains(&key));
}

/// A server whose tokens are characters, each with a probability that depends on what is before it.
fn echo(_: usize, request: &Received) -> Answer {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let choices: Vec<Value> = body["prompt"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(index, prompt)| {
            let characters: Vec<char> = prompt.as_str().unwrap().chars().collect();
            let prefix: Vec<u32> = characters.iter().map(|&c| u32::from(c)).collect();
            let logs: Vec<Value> = (0..prefix.len())
                .map(|at| if at == 0 { Value::Null } else { json!(fakes::logit(&prefix[..at], prefix[at])) })
                .chain([json!(-1.0)])
                .collect();
            let tokens: Vec<String> =
                characters.iter().map(char::to_string).chain(["!".to_owned()]).collect();
            json!({"index": index, "logprobs": {"tokens": tokens, "token_logprobs": logs}})
        })
        .collect();
    ok(&json!({"choices": choices, "usage": {"prompt_tokens": 7, "completion_tokens": 1}}))
}

#[test]
fn echoed_log_probabilities_give_the_trie_distribution() {
    let server = Server::start(echo);
    let backend = OpenAiBackend::new(options(&server, Protocol::Completions)).unwrap();
    let mut program = Program::new();
    program.text("a:");
    let slot = program.pick("act", ["xy", "xz", "x", "w"]);
    program.text(".");
    let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
    let weight = |text: &str| {
        let codes: Vec<u32> = text.chars().map(u32::from).collect();
        f64::from(fakes::logit(&codes[..codes.len() - 1], codes[codes.len() - 1])).exp()
    };
    let first = weight("a:x") / (weight("a:x") + weight("a:w"));
    let second = ["a:xy", "a:xz", "a:x."].map(weight);
    let total: f64 = second.iter().sum();
    let expected =
        [first * second[0] / total, first * second[1] / total, first * second[2] / total, 1.0 - first];
    let found = answer.pick(slot).distribution.as_ref().unwrap();
    for (option, expected) in expected.iter().enumerate() {
        assert!((found.probability(option) - expected).abs() < 1e-6, "{found:?} {expected:?}");
    }
}

#[test]
fn a_server_without_log_probabilities_draws_and_says_so() {
    let server = Server::start(|number, _| match number {
        0 => ok(&text("whatever")),
        1 => ok(&text("neither")),
        _ => ok(&text(" skip\n")),
    });
    let backend = OpenAiBackend::new(options(&server, Protocol::Completions)).unwrap();
    let mut program = Program::new();
    program.text("a: ");
    let slot = program.pick("act", ["like", "skip"]);
    let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
    assert_eq!((answer.pick(slot).index, &answer.pick(slot).distribution), (1, &None));
    program.calibrate();
    let error = block_on(decide(&backend, &program, &mut stream(0))).unwrap_err();
    assert!(error.to_string().contains("probabilities"), "{error}");
}

#[test]
fn chat_reads_the_probabilities_of_labels() {
    let server = Server::start(|_, request| {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let asked = body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
        assert!(asked.contains("A. like\nB. skip\n") && asked.contains("I ___"), "{asked}");
        assert_eq!(body["messages"][0]["content"], "Films.");
        let likely = |token: &str, p: f64| json!({"token": token, "logprob": p.ln()});
        ok(&json!({"choices": [{"message": {"content": "A"}, "logprobs": {"content": [{"top_logprobs":
            [likely("A", 0.3), likely(" A", 0.15), likely("The", 0.4), likely("B", 0.15)]}]}}]}))
    });
    let backend = OpenAiBackend::new(options(&server, Protocol::Chat)).unwrap();
    let mut program = Program::new();
    program.user().text("Films.");
    program.assistant().text("I ");
    let slot = program.pick_each("acts", ["", ""], ["like", "skip"], EachMode::Independent);
    let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
    for pick in answer.pick_each(slot) {
        assert!((pick.distribution.as_ref().unwrap().probability(0) - 0.75).abs() < 1e-9);
    }
}

#[test]
fn stop_texts_hold_even_where_a_server_ignores_them() {
    let server = Server::start(|_, _| ok(&text("one. two")));
    let backend = OpenAiBackend::new(options(&server, Protocol::Chat)).unwrap();
    let mut program = Program::new();
    program.user().text("Say.");
    program.assistant();
    let slot = program.write("said", WriteSpec::new(9).stop("."));
    let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
    assert_eq!(answer.text(slot).text, "one");
    assert_eq!(answer.text(slot).end, WriteEnd::Stop(".".to_owned()));
}

#[test]
fn no_more_requests_are_open_than_allowed() {
    let server = Server::start(|_, _| {
        std::thread::sleep(Duration::from_millis(20));
        ok(&text("hi"))
    });
    let few = OpenAiOptions {
        concurrency: 3,
        timeout: Duration::from_secs(20),
        ..options(&server, Protocol::Chat)
    };
    let backend = Arc::new(OpenAiBackend::new(few).unwrap());
    block_on(async {
        let tasks: Vec<_> = (0..12)
            .map(|user| {
                let backend = backend.clone();
                tokio::spawn(async move {
                    let mut program = Program::new();
                    program.text("Say:");
                    program.write("said", WriteSpec::new(5));
                    decide(backend.as_ref(), &program, &mut stream(user)).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(backend.statistics().requests, 12);
    assert!(server.most_open.load(std::sync::atomic::Ordering::SeqCst) <= 3);
}

#[test]
fn a_recording_answers_as_the_model_did() {
    let program = |user: u64| {
        let mut program = Program::new();
        program.text(format!("user {user}: "));
        program.pick("act", ["like", "skip", "share"]);
        program.text("\nwhy? ");
        program.write("why", WriteSpec::new(6));
        program.text("\nstars: ");
        program.number("stars", 1, 5);
        program
    };
    let backend = RecordingBackend::new(hash_backend("byte-level").1);
    let run = |backend: &dyn habitue_llm::Backend, seed: u64| {
        (0..10)
            .map(|user| block_on(decide(backend, &program(user), &mut stream(user + seed))))
            .collect::<Vec<_>>()
    };
    let answers: Vec<Decided> = run(&backend, 0).into_iter().map(Result::unwrap).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    backend.save(file.path()).unwrap();
    let recorded = RecordedBackend::open(file.path()).unwrap();
    assert_eq!(recorded.len(), 30);
    let replayed: Vec<Decided> = run(&recorded, 0).into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, replayed);
    // Another stream would write another text, which nobody recorded.
    assert!(matches!(run(&recorded, 100)[0], Err(LlmError::NotRecorded { .. })));
    std::fs::write(file.path(), "{\"prompt\": 1}\n").unwrap();
    let error = RecordedBackend::open(file.path()).unwrap_err().to_string();
    assert!(error.contains(":1: found"), "{error}");
}
