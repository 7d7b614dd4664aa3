//! What can be asked over HTTP.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use habitue_core::scenario::nearest;
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::access::Access;
use crate::action::Action;
use crate::dialogue::{no_tools, parse};
use crate::limits::Limits;
use crate::refusal::{self, Code, Refusal};
use crate::seat::Seat;
use crate::sessions::{SESSION, Sessions};
use crate::socket;
use crate::wire::{self, Reset, kind};
use crate::world::{PATHS, World, openapi};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) world: World,
    pub(crate) limits: Limits,
    pub(crate) sessions: Sessions,
    pub(crate) access: Access,
    /// Becomes true when the server stops.
    pub(crate) stop: watch::Receiver<bool>,
}

/// All paths.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/reset", post(reset))
        .route("/step", post(step))
        .route("/state", get(state))
        .route("/close", post(close))
        .route("/metadata", get(|State(app): State<Arc<App>>| async move { done(&app.world.metadata()) }))
        .route("/schema", get(|State(app): State<Arc<App>>| async move { done(&app.world.schema()) }))
        .route("/items", get(|State(app): State<Arc<App>>| async move { done(&app.world.items()) }))
        .route("/mcp", post(mcp))
        .route("/openapi.json", get(|| async { done(&openapi()) }))
        .route("/ws", get(upgrade))
        .layer(from_fn_with_state(Arc::clone(&app), check))
        .route("/health", get(|| async { done(&json!({ "status": "healthy" })) }))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .with_state(app)
}

type Answered = Result<Response, Refusal>;

fn done(body: &impl Serialize) -> Response {
    refusal::json(StatusCode::OK, body)
}

async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Answered {
    app.access.check(request.headers())?;
    Ok(next.run(request).await)
}

async fn reset(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Answered {
    let wish = Reset::read(&object(body, app.limits.body).await?)?;
    if let Some(id) = named(&headers)? {
        let step = in_session(&app, &id, move |seat| seat.reset(wish)).await?;
        return Ok(with_session(done(&step), &id));
    }
    let mut seat = app.sessions.open(&app.world)?;
    // A session whose first episode cannot begin is not kept.
    let (seat, step) = work(move || seat.reset(wish).map(|step| (seat, step))).await??;
    let id = app.sessions.keep(seat)?;
    Ok(with_session(done(&step), &id))
}

async fn step(State(app): State<Arc<App>>, headers: HeaderMap, body: Body) -> Answered {
    let request = object(body, app.limits.body).await?;
    let action = request.get("action").ok_or_else(|| Refusal::field("action", "is missing", "an object"))?;
    let action = Action::read(action)?;
    let id = named(&headers)?.ok_or_else(|| {
        Refusal::new(StatusCode::BAD_REQUEST, Code::SessionError, "is missing")
            .at(SESSION)
            .expected("the id that /reset answered with")
    })?;
    let step = in_session(&app, &id, move |seat| seat.step(action)).await?;
    app.sessions.count_step();
    Ok(done(&step))
}

async fn state(State(app): State<Arc<App>>, headers: HeaderMap) -> Answered {
    let Some(id) = named(&headers)? else { return Ok(done(&wire::State::default())) };
    Ok(done(&in_session(&app, &id, |seat| seat.state()).await?))
}

async fn close(State(app): State<Arc<App>>, headers: HeaderMap) -> Answered {
    let id = named(&headers)?.unwrap_or_default();
    app.sessions.close(&id)?;
    Ok(done(&json!({ "closed": true })))
}

async fn mcp(State(app): State<Arc<App>>, body: Body) -> Answered {
    let request = parse(&read(body, app.limits.body).await?)?;
    Ok(done(&no_tools(&request)))
}

async fn upgrade(
    State(app): State<Arc<App>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Answered {
    let upgrade = upgrade.map_err(|rejection| {
        Refusal::new(rejection.status(), Code::SessionError, rejection.body_text())
            .expected("a WebSocket handshake")
    })?;
    let most = app.limits.body.saturating_mul(Limits::DRAINED);
    let upgrade = upgrade.max_message_size(most).max_frame_size(most);
    Ok(upgrade.on_upgrade(move |socket| socket::serve(socket, app)))
}

async fn unknown_path(request: Request) -> Refusal {
    let path: String = request.uri().path().chars().take(100).collect();
    let near = nearest(&path, PATHS.iter().map(|(path, _, _)| *path).chain(["/ws"]));
    let expected =
        near.map_or_else(|| "one of those in /openapi.json".to_owned(), |near| format!("perhaps {near}"));
    Refusal::new(StatusCode::NOT_FOUND, Code::UnknownType, format!("there is no {path}"))
        .at("path")
        .expected(expected)
}

async fn unknown_method(request: Request) -> Refusal {
    let path = request.uri().path();
    let methods =
        PATHS.iter().find(|(known, _, _)| *known == path).map_or(&["get"][..], |(_, methods, _)| methods);
    let method: String = request.method().as_str().chars().take(40).collect();
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, Code::UnknownType, format!("is {method}"))
        .at("method")
        .expected(methods.join(" or ").to_uppercase())
}

/// The session that a request names.
fn named(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let text = headers.get(SESSION).map(|id| {
        id.to_str().map(str::to_owned).map_err(|_| {
            Refusal::new(StatusCode::BAD_REQUEST, Code::SessionError, "is no text")
                .at(SESSION)
                .expected("an id")
        })
    });
    text.transpose()
}

fn with_session(mut response: Response, id: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(id) {
        response.headers_mut().insert(SESSION, value);
    }
    response
}

/// Does something in a session that is kept; it is over if that goes to pieces.
async fn in_session<T: Send + 'static>(
    app: &App,
    id: &str,
    act: impl FnOnce(&mut Seat) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let mut seat = app.sessions.take(id)?;
    match work(move || act(&mut seat)).await {
        Ok(result) => result,
        Err(broken) => {
            // It may have been closed meanwhile.
            let _ = app.sessions.close(id);
            Err(broken)
        }
    }
}

/// Waits until the server stops.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Without a sender there is no server any more.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Runs what may take long beside the threads that serve connections.
pub(crate) async fn work<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(act).await.map_err(|error| {
        tracing::error!(%error, "an environment failed");
        Refusal::broken("the environment failed; its session is over")
    })
}

/// The body as a JSON object; nothing counts as an empty one.
async fn object(body: Body, most: usize) -> Result<Value, Refusal> {
    let bytes = read(body, most).await?;
    if bytes.is_empty() {
        return Ok(json!({}));
    }
    let value = parse(&bytes)?;
    if value.is_object() {
        return Ok(value);
    }
    Err(Refusal::field("body", format!("is {}", kind(&value)), "an object"))
}

/// The whole body. One that is somewhat too long is read to its end, so that the answer is not lost.
async fn read(mut body: Body, most: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut got = 0usize;
    let reading = async {
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                let told = format!("the body cannot be read: {error}");
                Refusal::new(StatusCode::BAD_REQUEST, Code::SessionError, told)
            })?;
            let Some(data) = frame.data_ref() else { continue };
            got = got.saturating_add(data.len());
            if got <= most {
                bytes.extend_from_slice(data);
            } else if got > most.saturating_mul(Limits::DRAINED) {
                break;
            }
        }
        Ok::<(), Refusal>(())
    };
    timeout(Limits::TRANSFER, reading).await.map_err(|_| {
        let error = format!("the body did not arrive within {} s", Limits::TRANSFER.as_secs());
        Refusal::new(StatusCode::REQUEST_TIMEOUT, Code::SessionError, error)
    })??;
    if got > most {
        return Err(Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            Code::ValidationError,
            format!("has {got} bytes or more"),
        )
        .at("body")
        .expected(format!("at most {most} bytes")));
    }
    Ok(bytes)
}
