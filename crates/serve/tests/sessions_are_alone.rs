//! Every session is one environment, whatever the others do, over WebSocket as over HTTP.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod town;

use axum::http::StatusCode;
use habitue_env::Kind;
use habitue_serve::{Served, View};
use serde_json::{Value, json};
use town::{Direct, Running, ask, bind, limits, through_json};

const STEPS: usize = 30;

/// What one environment says in so many steps, and the slates it was shown; the next episode begins where one is over.
fn expected(seed: u64) -> Vec<(Vec<i64>, Value)> {
    let mut direct = Direct::new(Kind::Retention);
    let mut said = vec![(Vec::new(), direct.reset(Some(seed)))];
    for step in 0..STEPS {
        if direct.envs.is_over(0) {
            said.push((Vec::new(), direct.reset(None)));
        }
        let slate = direct.slate(seed, step);
        let answer = direct.step(&slate);
        said.push((slate, answer));
    }
    said.iter().map(|(slate, answer)| (slate.clone(), through_json(answer))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_at_once_each_say_what_one_alone_says() {
    let limits = habitue_serve::Limits { sessions: 64, ..limits() };
    let server = Running::start(View::Items, limits, None).await;
    let mut clients = Vec::new();
    for _ in 0..64 {
        clients.push(server.connect().await);
    }
    let played: Vec<_> = clients
        .into_iter()
        .zip(100u64..)
        .map(|(mut client, seed)| {
            tokio::spawn(async move {
                let expected = tokio::task::spawn_blocking(move || expected(seed)).await.unwrap();
                let mut begun = false;
                for (slate, expected) in &expected {
                    let message = match (slate.is_empty(), begun) {
                        (true, false) => json!({ "type": "reset", "data": { "seed": seed } }),
                        (true, true) => json!({ "type": "reset", "data": {} }),
                        _ => json!({ "type": "step", "data": { "items": slate, "metadata": {} } }),
                    };
                    begun = true;
                    let answer = client.ask(message).await;
                    assert_eq!(answer["type"], "observation");
                    assert_eq!(&answer["data"], expected, "seed {seed}");
                }
                client.tell(r#"{"type": "close"}"#).await;
                assert_eq!(client.hear().await, Err((1000, String::new())));
            })
        })
        .collect();
    for played in played {
        played.await.unwrap();
    }
    assert_eq!(server.stop().await, Served { sessions: 64, steps: 64 * STEPS as u64 });
}

#[tokio::test]
async fn http_says_the_same() {
    let router = bind(View::Items, limits(), None).await.router();
    let mut ids = Vec::new();
    for seed in [3u64, 4] {
        let begun = ask(&router, "POST", "/reset", None, json!({ "seed": seed }).to_string()).await;
        assert_eq!((begun.status, &begun.body), (StatusCode::OK, &expected(seed)[0].1));
        ids.push((seed, begun.session.unwrap()));
    }
    for step in 1..12 {
        for (seed, id) in &ids {
            let (slate, expected) = &expected(*seed)[step];
            let answer = if slate.is_empty() {
                ask(&router, "POST", "/reset", Some(id), "").await
            } else {
                let action = json!({ "action": { "items": slate }, "timeout_s": 5.0 });
                ask(&router, "POST", "/step", Some(id), action.to_string()).await
            };
            assert_eq!((answer.status, &answer.body), (StatusCode::OK, expected));
        }
    }
    let state = ask(&router, "GET", "/state", Some(&ids[1].1), "").await.body;
    assert_eq!((&state["seed"], state["user"].is_string()), (&json!(4), true));
    assert_eq!(ask(&router, "POST", "/close", Some(&ids[0].1), "").await.status, StatusCode::OK);
    assert_eq!(ask(&router, "GET", "/state", Some(&ids[0].1), "").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn sessions_without_a_seed_play_one_after_the_other() {
    let router = bind(View::Items, limits(), None).await.router();
    for seed in [7u64, 8, 9] {
        let begun = ask(&router, "POST", "/reset", None, "").await;
        assert_eq!(begun.body, through_json(&Direct::new(Kind::Retention).reset(Some(seed))));
    }
}

#[tokio::test]
async fn a_state_tells_episode_user_and_what_is_hidden() {
    let server = Running::start(View::Items, limits(), None).await;
    let mut client = server.connect().await;
    let fresh = client.ask(json!({ "type": "state" })).await;
    assert_eq!((&fresh["data"]["episode_id"], &fresh["data"]["step_count"]), (&Value::Null, &json!(0)));
    let data =
        json!({ "seed": 5, "episode_id": "mine", "user": "casual-4", "prompt": ["a column of the trainer"] });
    client.ask(json!({ "type": "reset", "data": data })).await;
    let mut direct = Direct::new(Kind::Retention);
    direct.reset(Some(5));
    let slate = direct.slate(5, 0);
    client.ask(json!({ "type": "step", "data": { "items": slate } })).await;
    let state = client.ask(json!({ "type": "state" })).await;
    let state = &state["data"];
    assert_eq!(state["episode_id"], "mine");
    assert_eq!((&state["step_count"], &state["seed"], &state["episode"]), (&json!(1), &json!(5), &json!(0)));
    assert_eq!(state["user"], "casual-4");
    assert!(!state["unavailable"].as_array().unwrap().is_empty());
    let hidden = &state["privileged"];
    assert_eq!(hidden["mindset"].as_object().unwrap().len(), 5);
    assert_eq!(hidden["interests"].as_array().unwrap().len(), 4);
    drop(client);
    assert_eq!(server.stop().await, Served { sessions: 1, steps: 1 });
}

#[tokio::test]
async fn words_go_out_and_come_back() {
    let server = Running::start(View::Text { offers: 4 }, limits(), None).await;
    let mut client = server.connect().await;
    let begun = client.ask(json!({ "type": "reset", "data": { "seed": 5 } })).await;
    let mut direct = Direct::new(Kind::Retention);
    direct.reset(Some(5));
    assert_eq!(begun["data"]["observation"]["text"], direct.envs.describe(0, 4).unwrap());
    let slate = direct.slate(5, 0);
    let lines: Vec<String> = slate.iter().zip(1..).map(|(item, at)| format!("{at}. {item}")).collect();
    let call = json!({ "name": "recommend", "arguments": json!({ "items": slate }).to_string() });
    for action in [json!({ "text": lines.join("\n") }), json!({ "function": call })] {
        client.ask(json!({ "type": "reset", "data": { "seed": 5 } })).await;
        let answer = client.ask(json!({ "type": "step", "data": action })).await;
        let mut direct = Direct::new(Kind::Retention);
        direct.reset(Some(5));
        let expected = direct.step(&slate);
        assert_eq!(answer["data"]["reward"], expected["reward"]);
        assert_eq!(
            answer["data"]["observation"]["feedback"],
            through_json(&expected)["observation"]["feedback"]
        );
        assert_eq!(answer["data"]["observation"]["text"], direct.envs.describe(0, 4).unwrap());
    }
    drop(client);
    server.stop().await;
}
