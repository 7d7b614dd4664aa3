//! Whatever comes, over HTTP or WebSocket, is answered, and never with a failure of the server.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod town;

use axum::body::Body;
use axum::http::Request;
use habitue_serve::View;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};
use serde_json::{Value, json};
use town::{ITEMS, Running, answer, ask, bind, limits};

/// Requests over HTTP, and as many messages over a WebSocket.
const REQUESTS: u32 = 10_000;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: REQUESTS,
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

/// Any JSON, in which the names that mean something are frequent.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "reset",
            "step",
            "state",
            "close",
            "mcp",
            "recommend",
            "casual-3",
            "item-1",
            "1\n2\n3",
            "items",
            "1. 5\n2) 6\n- 7",
        ])
        .prop_map(str::to_owned),
        ".{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-2..ITEMS + 2).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "type",
            "data",
            "action",
            "items",
            "text",
            "name",
            "arguments",
            "function",
            "seed",
            "user",
            "episode_id",
            "metadata",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Messages that mean something, more or less, in the shape of those over WebSocket.
fn any_message() -> impl Strategy<Value = Value> {
    let slate = prop::collection::vec(-1..ITEMS + 1, 2..5);
    prop_oneof![
        3 => slate.prop_map(|items| json!({ "type": "step", "data": { "items": items } })),
        2 => any::<u64>().prop_map(|seed| json!({ "type": "reset", "data": { "seed": seed } })),
        2 => (prop::sample::select(vec!["reset", "step", "state", "mcp", "clos"]), any_json())
            .prop_map(|(named, data)| json!({ "type": named, "data": data })),
        1 => any_json(),
    ]
}

fn any_text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => any_message().prop_map(|value| value.to_string().into_bytes()),
        2 => any_json().prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => Just("[".repeat(2_000).into_bytes()),
        1 => (any_message(), any::<prop::sample::Index>()).prop_map(|(value, at)| {
            let mut bytes = value.to_string().into_bytes();
            bytes.truncate(at.index(bytes.len()));
            bytes
        }),
    ]
}

/// Over HTTP the action of a message stands in `action`, and the parameters of a reset at the top.
fn as_body(bytes: Vec<u8>) -> Vec<u8> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(&bytes) else { return bytes };
    match (fields.get("type").and_then(Value::as_str), fields.get("data")) {
        (Some("step"), Some(data)) => json!({ "action": data }).to_string().into_bytes(),
        (Some("reset"), Some(data)) => data.to_string().into_bytes(),
        _ => bytes,
    }
}

#[test]
fn ten_thousand_requests_over_http() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (router, id) = runtime.block_on(async {
        let router = bind(View::Text { offers: 3 }, limits(), None).await.router();
        let id = ask(&router, "POST", "/reset", None, r#"{"seed": 3}"#).await.session.unwrap();
        (router, id)
    });
    let paths = prop_oneof![
        8 => prop::sample::select(vec!["/step", "/reset"]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["/state", "/mcp", "/ws", "/schema", "/metadata", "/items", "/health", "/openapi.json"])
            .prop_map(str::to_owned),
        1 => "/[a-z%./?]{0,8}",
    ];
    let methods = prop_oneof![
        6 => Just("POST"),
        2 => Just("GET"),
        1 => prop::sample::select(vec!["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"]),
    ];
    // Mostly the session that exists: one that is made by a request is forgotten and would take a place for good.
    let sessions = prop_oneof![9 => Just(id.clone()), 1 => "[ -~]{0,40}"];
    let (mut done, mut refused) = (0, 0);
    let counts = std::cell::RefCell::new((&mut done, &mut refused));
    TestRunner::new(config())
        .run(&(methods, paths, sessions, any_text()), |(method, path, session, bytes)| {
            let bytes = if path == "/mcp" { bytes } else { as_body(bytes) };
            let Ok(request) = Request::builder()
                .method(method)
                .uri(&path)
                .header("x-session-id", session)
                .body(Body::from(bytes))
            else {
                return Ok(());
            };
            let answer = runtime.block_on(answer(&router, request));
            prop_assert!(!answer.status.is_server_error(), "{} {:?}", answer.status, answer.body);
            let mut counts = counts.borrow_mut();
            if answer.status.is_success() {
                *counts.0 += 1;
            } else {
                *counts.1 += 1;
                prop_assert!(method == "HEAD" || answer.body["error"].is_string(), "{:?}", answer.body);
            }
            Ok(())
        })
        .unwrap();
    assert!(done > 1_000 && refused > 1_000, "{done} done, {refused} refused");
    // The session is still there and whole.
    let begun = runtime.block_on(ask(&router, "POST", "/reset", Some(&id), r#"{"seed": 3}"#));
    assert_eq!(begun.body["done"], false);
}

#[test]
fn ten_thousand_messages_over_a_socket() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (server, client) = runtime.block_on(async {
        let server = Running::start(View::Items, limits(), None).await;
        let client = server.connect().await;
        (server, client)
    });
    let client = std::cell::RefCell::new(client);
    let kinds = std::cell::RefCell::new(std::collections::BTreeMap::<String, u32>::new());
    TestRunner::new(config())
        .run(&any_text(), |bytes| {
            let Ok(text) = String::from_utf8(bytes) else { return Ok(()) };
            if text.contains(r#""close""#) || text.len() > 2_048 {
                return Ok(());
            }
            let mut client = client.borrow_mut();
            let answer = runtime.block_on(async {
                client.tell(text).await;
                client.hear().await
            });
            let answer = answer.map_err(|end| TestCaseError::fail(format!("closed: {end:?}")))?;
            let kind = answer["type"].as_str().unwrap_or_default();
            prop_assert!(["observation", "state", "mcp", "error"].contains(&kind), "{}", answer);
            if kind == "error" {
                prop_assert!(
                    answer["data"]["message"].is_string() && answer["data"]["error"].is_string(),
                    "{}",
                    answer
                );
                prop_assert!(!answer["data"]["message"].as_str().unwrap().contains("failed"), "{}", answer);
            }
            *kinds.borrow_mut().entry(kind.to_owned()).or_default() += 1;
            Ok(())
        })
        .unwrap();
    let kinds = kinds.into_inner();
    assert!(kinds.values().all(|count| *count > 100) && kinds.len() == 4, "{kinds:?}");
    drop(client);
    runtime.block_on(server.stop());
}
