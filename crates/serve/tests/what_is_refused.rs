//! What is malformed, too much or not allowed is refused, and the answer says what would have been right.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod town;

use std::fmt::Write;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use futures_util::{SinkExt, StreamExt};
use habitue_env::Kind;
use habitue_serve::{Limits, ServeError, Server, View, World};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use town::{Client, Direct, Running, answer, ask, bind, limits};

/// A refusal on one line, its fields in a fixed order.
fn told(answer: &Value) -> String {
    ["code", "field", "error", "expected", "message"]
        .iter()
        .map(|key| format!("{key}={}", answer[key]))
        .collect::<Vec<_>>()
        .join(" ")
}

#[tokio::test]
async fn messages_over_a_socket() {
    let server = Running::start(View::Items, limits(), None).await;
    let mut client = server.connect().await;
    let mut lines = String::new();
    let mut hear = async |message: &str| {
        client.tell(message).await;
        let answer = client.hear().await.unwrap();
        if answer["type"] == "error" {
            writeln!(lines, "{message}\n  {}", told(&answer["data"])).unwrap();
        } else {
            writeln!(lines, "{message}\n  {}", answer["type"]).unwrap();
        }
    };
    for message in [
        "",
        "reset",
        "[]",
        "{}",
        r#"{"type": 5}"#,
        r#"{"type": "rest"}"#,
        r#"{"type": "step"}"#,
        r#"{"type": "step", "data": {"items": [0, 1, 2]}}"#,
        r#"{"type": "reset", "data": [7]}"#,
        r#"{"type": "reset", "data": {"seed": -1}}"#,
        r#"{"type": "reset", "data": {"seed": "seven"}}"#,
        r#"{"type": "reset", "data": {"seed": 1.5}}"#,
        r#"{"type": "reset", "data": {"user": "casual-44"}}"#,
        r#"{"type": "reset", "data": {"user": 9}}"#,
        r#"{"type": "reset", "data": {"episode_id": 9}}"#,
        r#"{"type": "mcp", "data": {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}}"#,
        r#"{"type": "reset", "data": {"seed": 3}}"#,
        r#"{"type": "step", "data": {"items": [0, 1]}}"#,
        r#"{"type": "step", "data": {"items": [0, 1, 40]}}"#,
        r#"{"type": "step", "data": {"items": [0, 1, -1]}}"#,
        r#"{"type": "step", "data": {"items": [1, 0, 1]}}"#,
        r#"{"type": "step", "data": {"items": [0, "1", 2]}}"#,
        r#"{"type": "step", "data": {"items": ["item-1", "item-2", "item-33333"]}}"#,
        r#"{"type": "step", "data": {"items": ["item-1", "item-2", "item-3\nitem-4"]}}"#,
        r#"{"type": "step", "data": {"text": "1\n2"}}"#,
        r#"{"type": "step", "data": {"text": "Here you are:\n1\n2"}}"#,
        r#"{"type": "step", "data": {"name": "search", "arguments": {}}}"#,
        r#"{"type": "step", "data": {"slate": [1, 2, 3]}}"#,
    ] {
        hear(message).await;
    }
    let mut mask = vec![false; 40];
    let mut direct = Direct::new(Kind::Retention);
    direct.reset(Some(3));
    direct.envs.masks(&mut mask).unwrap();
    let hidden = mask.iter().position(|allowed| !allowed).unwrap();
    hear(&json!({ "type": "step", "data": { "items": [0, 1, hidden] } }).to_string()).await;
    hear(&json!({ "type": "step", "data": { "text": format!("1\n2\n{}", "x".repeat(500)) } }).to_string())
        .await;
    client.0.send(Message::binary(b"{}".to_vec())).await.unwrap();
    writeln!(lines, "bytes\n  {}", told(&client.hear().await.unwrap()["data"])).unwrap();
    // Nothing of that counted.
    let slate = direct.slate(3, 0);
    let step = client.ask(json!({ "type": "step", "data": { "items": slate } })).await;
    assert_eq!(step["data"]["observation"]["feedback"], direct.step(&slate)["observation"]["feedback"]);
    insta::assert_snapshot!(lines);
}

#[tokio::test]
async fn requests_over_http() {
    let router = bind(View::Items, limits(), None).await.router();
    let id = ask(&router, "POST", "/reset", None, r#"{"seed": 3}"#).await.session.unwrap();
    let mut lines = String::new();
    for (method, path, session, body) in [
        ("POST", "/reset", None, "{"),
        ("POST", "/reset", None, "7"),
        ("POST", "/reset", None, r#"{"seed": []}"#),
        ("POST", "/reset", Some("nobody"), ""),
        ("POST", "/step", None, r#"{"action": {"items": [0, 1, 2]}}"#),
        ("POST", "/step", Some("nobody"), r#"{"action": {"items": [0, 1, 2]}}"#),
        ("POST", "/step", Some(&*id), r#"{"items": [0, 1, 2]}"#),
        ("POST", "/step", Some(&*id), r#"{"action": {"items": [0, 1]}}"#),
        ("POST", "/close", None, ""),
        ("GET", "/step", None, ""),
        ("PUT", "/state", None, ""),
        ("GET", "/stats", None, ""),
        ("GET", "/ws", None, ""),
        ("POST", "/mcp", None, "{"),
    ] {
        let answer = ask(&router, method, path, session, body).await;
        assert!(answer.status.is_client_error(), "{method} {path} {}", answer.status);
        let known = if session == Some(&*id) { " (session)" } else { "" };
        writeln!(lines, "{method} {path}{known} {body}\n  {} {}", answer.status.as_u16(), told(&answer.body))
            .unwrap();
    }
    let mut direct = Direct::new(Kind::Retention);
    direct.reset(Some(3));
    let mut step = 0;
    loop {
        let slate = if direct.envs.is_over(0) { vec![0, 1, 2] } else { direct.slate(3, step) };
        let body = json!({ "action": { "items": slate } }).to_string();
        let answer = ask(&router, "POST", "/step", Some(&id), body).await;
        if direct.envs.is_over(0) {
            writeln!(lines, "after the end\n  {} {}", answer.status.as_u16(), told(&answer.body)).unwrap();
            break;
        }
        direct.step(&slate);
        step += 1;
    }
    insta::assert_snapshot!(lines);
}

/// A text of so many bytes in so many frames.
async fn send(client: &mut Client, size: usize, parts: usize) {
    for part in 0..parts {
        let code = OpCode::Data(if part == 0 { Data::Text } else { Data::Continue });
        let frame = Frame::message("x".repeat(size / parts), code, part == parts - 1);
        // The server may have closed already.
        let _ = client.0.send(Message::Frame(frame)).await;
    }
}

#[tokio::test]
async fn what_is_too_long() {
    let server = Running::start(View::Items, limits(), None).await;
    let mut lines = String::new();
    for parts in [1, 10] {
        let mut client = server.connect().await;
        send(&mut client, 6_000, parts).await;
        let error = client.hear().await.unwrap();
        let end = client.hear().await.unwrap_err();
        writeln!(lines, "6000 bytes in {parts} frames\n  {}\n  {end:?}", told(&error["data"])).unwrap();
        // What is far too long is not even read: then the answer may be lost on the way.
        let mut client = server.connect().await;
        send(&mut client, 500_000, parts).await;
        while client.0.next().await.is_some_and(|message| message.is_ok()) {}
    }
    let router = bind(View::Items, limits(), None).await.router();
    for size in [2_049, 100_000] {
        let answer = ask(&router, "POST", "/reset", None, " ".repeat(size)).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        writeln!(lines, "a body of {size} bytes\n  {}", told(&answer.body)).unwrap();
    }
    insta::assert_snapshot!(lines);
    // Over the network the answer arrives too, in spite of what is still on its way.
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let body = "x".repeat(6_000);
    let head = format!(
        "POST /reset HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 413 ") && text.contains("at most 2048 bytes"), "{text}");
    server.stop().await;
}

#[tokio::test]
async fn more_sessions_than_allowed() {
    let limits = Limits { sessions: 2, ..limits() };
    let server = Running::start(View::Items, limits, None).await;
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    for client in [&mut first, &mut second] {
        client.ask(json!({ "type": "reset" })).await;
    }
    let mut third = server.connect().await;
    let error = third.ask(json!({ "type": "reset" })).await;
    let end = third.hear().await.unwrap_err();
    insta::assert_snapshot!(format!("{}\n{end:?}", told(&error["data"])), @r#"
    code="CAPACITY_REACHED" field=null error="all 2 sessions are taken" expected="another try when one has ended, or a server with a higher limit of sessions" message="all 2 sessions are taken, expected another try when one has ended, or a server with a higher limit of sessions"
    (1013, "all 2 sessions are taken")
    "#);
    first.tell(r#"{"type": "close"}"#).await;
    assert_eq!(first.hear().await.unwrap_err().0, 1000);
    // The place is free as soon as the connection is.
    let mut begun = Value::Null;
    for _ in 0..100 {
        let mut fourth = server.connect().await;
        begun = fourth.ask(json!({ "type": "reset" })).await;
        if begun["type"] == "observation" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(begun["type"], "observation");
    assert_eq!(second.ask(json!({ "type": "state" })).await["type"], "state");
    drop(second);
    server.stop().await;

    let router = bind(View::Items, limits, None).await.router();
    for _ in 0..2 {
        // What cannot begin takes no place.
        assert_eq!(
            ask(&router, "POST", "/reset", None, r#"{"user": "x"}"#).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert_eq!(ask(&router, "POST", "/reset", None, "").await.status, StatusCode::OK);
    }
    assert_eq!(ask(&router, "POST", "/reset", None, "").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn sessions_that_are_idle_end() {
    let limits = Limits { idle: Duration::from_millis(200), ..limits() };
    let server = Running::start(View::Items, limits, None).await;
    let mut client = server.connect().await;
    client.ask(json!({ "type": "reset" })).await;
    let error = client.hear().await.unwrap();
    let end = client.hear().await.unwrap_err();
    insta::assert_snapshot!(format!("{}\n{end:?}", told(&error["data"])), @r#"
    code="SESSION_ERROR" field=null error="no message for 0.2 s" expected="messages closer together, or a longer idle time-out" message="no message for 0.2 s, expected messages closer together, or a longer idle time-out"
    (1008, "no message for 0.2 s")
    "#);
    let at = format!("http://{}", server.address);
    let reset = raw(&at, "POST /reset", "").await;
    let id = reset.lines().find_map(|line| line.strip_prefix("x-session-id: ")).unwrap().to_owned();
    assert!(raw(&at, "GET /state", &format!("x-session-id: {id}\r\n")).await.starts_with("HTTP/1.1 200 "));
    tokio::time::sleep(Duration::from_millis(600)).await;
    let gone = raw(&at, "GET /state", &format!("x-session-id: {id}\r\n")).await;
    assert!(gone.starts_with("HTTP/1.1 404 ") && gone.contains("idle too long"), "{gone}");
    server.stop().await;
}

async fn raw(at: &str, line: &str, headers: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(at.trim_start_matches("http://")).await.unwrap();
    let request = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn strangers_and_web_pages() {
    let server = Running::start(View::Items, limits(), Some("open-sesame")).await;
    let refused = connect_async(server.url()).await.unwrap_err().to_string();
    assert!(refused.contains("401"), "{refused}");
    let basic = base64::prelude::BASE64_STANDARD.encode("any:open-sesame");
    for value in ["Bearer open-sesame".to_owned(), format!("Basic {basic}")] {
        let mut request = server.url().into_client_request().unwrap();
        request.headers_mut().insert("authorization", value.parse().unwrap());
        let mut client = Client(connect_async(request).await.unwrap().0);
        assert_eq!(client.ask(json!({ "type": "reset" })).await["type"], "observation");
    }
    server.stop().await;

    let mut lines = String::new();
    let router = bind(View::Items, limits(), Some("open-sesame")).await.router();
    for given in [None, Some("Bearer open-sesam"), Some("open-sesame")] {
        let mut request = Request::post("/reset");
        if let Some(given) = given {
            request = request.header("authorization", given);
        }
        let answer = answer(&router, request.body(Body::empty()).unwrap()).await;
        writeln!(lines, "{given:?}\n  {} {}", answer.status.as_u16(), told(&answer.body)).unwrap();
    }
    assert_eq!(ask(&router, "GET", "/health", None, "").await.body, json!({ "status": "healthy" }));
    let router = bind(View::Items, limits(), None).await.router();
    let request = Request::post("/reset").header("origin", "https://example.org");
    let page = answer(&router, request.body(Body::empty()).unwrap()).await;
    writeln!(lines, "a page\n  {} {}", page.status.as_u16(), told(&page.body)).unwrap();
    insta::assert_snapshot!(lines);
}

#[tokio::test]
async fn servers_that_do_not_start() {
    let mut lines = String::new();
    let mut fail = async |host: &str, limits: Limits, token: Option<&str>| {
        let world = World::new(town::envs(Kind::Slate), View::Items);
        let error: ServeError = Server::bind(world, host, 0, limits, token).await.unwrap_err();
        writeln!(lines, "{error}").unwrap();
    };
    fail("127.0.0.1", Limits { sessions: 0, ..limits() }, None).await;
    fail("127.0.0.1", Limits { idle: Duration::ZERO, ..limits() }, None).await;
    fail("127.0.0.1", Limits { body: 10, ..limits() }, None).await;
    fail("127.0.0.1", limits(), Some("")).await;
    fail("127.0.0.1", limits(), Some("short")).await;
    fail("127.0.0.1", limits(), Some("open sesame")).await;
    fail("0.0.0.0", limits(), None).await;
    insta::with_settings!({ filters => vec![(r"0\.0\.0\.0:\d+", "0.0.0.0:PORT")] }, {
        insta::assert_snapshot!(lines);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_says_so() {
    let server = Running::start(View::Items, limits(), None).await;
    let mut client = server.connect().await;
    client.ask(json!({ "type": "reset" })).await;
    let listening = tokio::spawn(async move {
        let error = client.hear().await.unwrap();
        (told(&error["data"]), client.hear().await.unwrap_err(), client.0.next().await.is_none())
    });
    let served = server.stop().await;
    assert_eq!((served.sessions, served.steps), (1, 0));
    let (error, end, gone) = listening.await.unwrap();
    assert!(error.contains("the server stops"), "{error}");
    assert_eq!((end, gone), ((1001, "the server stops".to_owned()), true));
}
