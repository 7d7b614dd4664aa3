//! A small town, a server in this process, and clients.
#![allow(dead_code, reason = "not every test needs everything")]

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures_util::{SinkExt, StreamExt};
use habitue_core::scenario::{MemorySources, Scenario, Typed, resolve};
use habitue_env::{Autoreset, Envs, Kind, ObservationArrays, Options, OutcomeArrays};
use habitue_serve::{Limits, Served, Server, View, World};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use tower::ServiceExt;

pub(crate) const ITEMS: i64 = 40;
pub(crate) const SLATE: usize = 3;

pub(crate) fn scenario() -> Scenario {
    let text = r#"
        name = "town"
        seed = 7
        horizon = "20d"
        catalogue = { generate = { items = 40, categories = 4, published_later = 0.2 } }
        population = [{ name = "casual", size = 9, personas = {} }]
        slate = { size = 3, max_turns = 5, history = 6 }
        arm = [{ name = "none", policy = { kind = "random" } }]
    "#;
    let typed = Typed { file: Path::new("/town.toml"), sets: &[], seed: None, data: None };
    resolve(&typed, &MemorySources::new().with("/town.toml", text))
        .map_err(|problems| problems.render())
        .unwrap()
}

pub(crate) fn envs(kind: Kind) -> Envs {
    let options = Options { autoreset: Autoreset::Disabled, ..Options::new(kind) };
    Envs::open(&scenario(), options, 1).unwrap()
}

/// Limits that no test meets by accident.
pub(crate) fn limits() -> Limits {
    Limits { sessions: 8, idle: Duration::from_secs(600), body: 2_048 }
}

pub(crate) async fn bind(view: View, limits: Limits, token: Option<&str>) -> Server {
    Server::bind(World::new(envs(Kind::Retention), view), "127.0.0.1", 0, limits, token).await.unwrap()
}

/// A server that runs until it is told to stop.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Served>,
}

impl Running {
    pub(crate) async fn start(view: View, limits: Limits, token: Option<&str>) -> Self {
        let server = bind(view, limits, token).await;
        let address = server.address();
        let (stop, stopping) = oneshot::channel();
        let served = tokio::spawn(server.run(async {
            let _ = stopping.await;
        }));
        Self { address, stop, served }
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/ws", self.address)
    }

    pub(crate) async fn connect(&self) -> Client {
        Client(connect_async(self.url()).await.unwrap().0)
    }

    pub(crate) async fn stop(self) -> Served {
        self.stop.send(()).unwrap();
        self.served.await.unwrap()
    }
}

pub(crate) struct Client(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    pub(crate) async fn tell(&mut self, text: impl Into<String>) {
        self.0.send(Message::text(text.into())).await.unwrap();
    }

    /// The next text, or the code and reason of the close frame.
    pub(crate) async fn hear(&mut self) -> Result<Value, (u16, String)> {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(text) => return Ok(serde_json::from_str(text.as_str()).unwrap()),
                Message::Close(frame) => {
                    return Err(frame.map_or_else(
                        || (0, String::new()),
                        |frame| (frame.code.into(), frame.reason.to_string()),
                    ));
                }
                _ => {}
            }
        }
    }

    pub(crate) async fn ask(&mut self, message: Value) -> Value {
        self.tell(message.to_string()).await;
        self.hear().await.unwrap()
    }
}

/// A request without a network.
pub(crate) async fn ask(
    router: &Router,
    method: &str,
    path: &str,
    session: Option<&str>,
    body: impl Into<Body>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(id) = session {
        request = request.header("x-session-id", id);
    }
    answer(router, request.body(body.into()).unwrap()).await
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) session: Option<String>,
    pub(crate) body: Value,
}

pub(crate) async fn answer(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let session = response.headers().get("x-session-id").map(|id| id.to_str().unwrap().to_owned());
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answer { status, session, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// One environment without a server, and what a server would say of it.
pub(crate) struct Direct {
    pub(crate) envs: Envs,
    seen: ObservationArrays,
    came: OutcomeArrays,
}

impl Direct {
    pub(crate) fn new(kind: Kind) -> Self {
        let envs = envs(kind);
        let (seen, came) = (envs.shape().observations(), envs.shape().outcomes(true, false));
        Self { envs, seen, came }
    }

    pub(crate) fn reset(&mut self, seed: Option<u64>) -> Value {
        self.envs.reset(Some(&[seed]), None, None, self.came.columns(), self.seen.columns()).unwrap();
        json!({ "observation": self.observation(false), "reward": null, "done": false })
    }

    pub(crate) fn step(&mut self, slate: &[i64]) -> Value {
        self.envs.step(slate, self.came.columns(), self.seen.columns(), None).unwrap();
        json!({ "observation": self.observation(true), "reward": self.came.reward[0], "done": self.envs.is_over(0) })
    }

    fn observation(&self, stepped: bool) -> Value {
        let (seen, came) = (&self.seen, &self.came);
        let name = |names: &[&str], at: i8| usize::try_from(at).ok().map(|at| names[at].to_owned());
        let feedback = stepped.then(|| {
            json!({
                "slate": came.slate,
                "actions": came.actions,
                "dwell": short(&came.dwell),
                "ratings": came.ratings,
                "move": name(&habitue_core::Move::NAMES, came.moves[0]),
                "session_end": name(&habitue_core::EndReason::NAMES, came.session_end[0]),
                "gap_days": Some(came.gap_days[0]).filter(|gap| gap.is_finite()),
                "truncated": came.truncated[0],
            })
        });
        let request = self.envs.said(0).map(|(kind, text)| json!({ "kind": kind, "text": text }));
        json!({
            "user": seen.user[0],
            "context": short(&seen.context),
            "profile": short(&seen.profile),
            "history_items": seen.history_items,
            "history_actions": seen.history_actions,
            "history_ratings": seen.history_ratings,
            "request": request,
            "feedback": feedback,
        })
    }

    /// A slate that follows from the seed and the step, of items that are published.
    pub(crate) fn slate(&self, seed: u64, step: usize) -> Vec<i64> {
        let mut mask = vec![false; ITEMS as usize];
        self.envs.masks(&mut mask).unwrap();
        let allowed: Vec<i64> = (0..ITEMS).filter(|item| mask[*item as usize]).collect();
        (0..SLATE).map(|at| allowed[(seed as usize * 7 + step * 5 + at) % allowed.len()]).collect()
    }
}

/// Single precision as it is written: a value of JSON would have the digits of double precision.
fn short(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|number| number.to_string().parse().unwrap()).collect()
}

/// As it looks after a journey through JSON.
pub(crate) fn through_json(value: &Value) -> Value {
    serde_json::from_str(&value.to_string()).unwrap()
}
