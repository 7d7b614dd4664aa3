//! Sessions over WebSocket: one connection, one session.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use axum::http::StatusCode;
use tokio::time::{Instant, timeout, timeout_at};

use crate::dialogue::{self, Spoken, speak};
use crate::limits::Limits;
use crate::refusal::{Code, Refusal};
use crate::routes::{App, stopped, work};

/// The longest reason of a close frame, in bytes (RFC 6455, section 5.5).
const REASON: usize = 123;

/// Why a connection ends.
enum End {
    /// The client is gone.
    Gone,
    /// The client said farewell.
    Farewell,
    /// It is ended, with this code.
    Ended(u16, Refusal),
}

/// Serves one connection to its end.
pub(crate) async fn serve(mut socket: WebSocket, app: Arc<App>) {
    let end = converse(&mut socket, &app).await;
    let (code, reason) = match end {
        End::Gone => return,
        End::Farewell => (close_code::NORMAL, String::new()),
        End::Ended(code, refusal) => {
            if !say(&mut socket, dialogue::error(&refusal)).await {
                return;
            }
            let mut reason = refusal.error;
            while reason.len() > REASON {
                reason.pop();
            }
            (code, reason)
        }
    };
    // Whoever was turned away has not spoken yet: the message is read before the connection closes on it.
    if code == close_code::AGAIN {
        let _ = timeout(Limits::FAREWELL, socket.recv()).await;
    }
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(Limits::FAREWELL, async {
        let _ = socket.send(Message::Close(Some(frame))).await;
        // Closing with something unread would take the answer back. What is too long for a frame is never read.
        while code != close_code::SIZE && matches!(socket.recv().await, Some(Ok(_))) {}
    })
    .await;
}

async fn converse(socket: &mut WebSocket, app: &Arc<App>) -> End {
    let mut seat = match app.sessions.open(&app.world) {
        Ok(seat) => seat,
        Err(refusal) => return End::Ended(close_code::AGAIN, refusal),
    };
    let (mut early, body) = (None, app.limits.body);
    loop {
        let message = match early.take() {
            Some(message) => message,
            None => match next(socket, app).await {
                Ok(message) => message,
                Err(end) => return end,
            },
        };
        let text = match message {
            Message::Text(text) if text.len() <= body => text,
            Message::Text(text) => return End::Ended(close_code::SIZE, too_long(text.len(), body)),
            _ => {
                let refusal = Refusal::field("message", "is binary", "text");
                if say(socket, dialogue::error(&refusal)).await {
                    continue;
                }
                return End::Gone;
            }
        };
        let worked = work(move || {
            let spoken = speak(&mut seat, text.as_str());
            (seat, spoken)
        });
        let (back, spoken) = match listening(socket, body, &mut early, worked).await {
            Ok(Ok(done)) => done,
            Ok(Err(refusal)) => return End::Ended(close_code::ERROR, refusal),
            Err(end) => return end,
        };
        seat = back;
        let Spoken::Answer(answer, stepped) = spoken else { return End::Farewell };
        if !say(socket, answer).await {
            return End::Gone;
        }
        if stepped {
            app.sessions.count_step();
        }
    }
}

/// The next message, unless the client is silent for too long or the server stops.
async fn next(socket: &mut WebSocket, app: &App) -> Result<Message, End> {
    let Limits { idle, body, .. } = app.limits;
    let mut stop = app.stop.clone();
    let silent = Instant::now() + idle;
    loop {
        let message = tokio::select! {
            () = stopped(&mut stop) => return Err(End::Ended(close_code::AWAY, session("the server stops"))),
            message = timeout_at(silent, socket.recv()) => message,
        };
        match message {
            Err(_) => return Err(End::Ended(close_code::POLICY, idle_for(idle))),
            Ok(received) => match received_message(received, body) {
                Ok(None) => {}
                Ok(Some(message)) => return Ok(message),
                Err(end) => return Err(end),
            },
        }
    }
}

/// Waits for work and answers pings meanwhile: clients that hear nothing believe the connection to be dead. A message that
/// comes before the answer is kept; no further one is read then.
async fn listening<T>(
    socket: &mut WebSocket,
    body: usize,
    early: &mut Option<Message>,
    work: impl Future<Output = T>,
) -> Result<T, End> {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = work.as_mut() => return Ok(done),
            received = socket.recv(), if early.is_none() => *early = received_message(received, body)?,
        }
    }
}

/// A message with something in it; pings are answered as they are read.
fn received_message(
    received: Option<Result<Message, axum::Error>>,
    body: usize,
) -> Result<Option<Message>, End> {
    match received {
        None | Some(Ok(Message::Close(_))) => Err(End::Gone),
        Some(Err(error)) => Err(broken_off(&error, body)),
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(message)) => Ok(Some(message)),
    }
}

/// Sends an answer; false if it does not arrive.
async fn say(socket: &mut WebSocket, text: String) -> bool {
    matches!(timeout(Limits::TRANSFER, socket.send(Message::Text(text.into()))).await, Ok(Ok(())))
}

/// A connection whose next message could not be read.
fn broken_off(error: &axum::Error, most: usize) -> End {
    let text = error.to_string();
    if text.contains("too long") {
        let most_read = most.saturating_mul(Limits::DRAINED);
        return End::Ended(close_code::SIZE, too_long(most_read, most));
    }
    if text.contains("UTF-8") {
        return End::Ended(close_code::INVALID, session("a message is no UTF-8"));
    }
    End::Gone
}

fn session(error: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, Code::SessionError, error)
}

fn idle_for(idle: Duration) -> Refusal {
    session(format!("no message for {} s", idle.as_secs_f64()))
        .expected("messages closer together, or a longer idle time-out")
}

fn too_long(got: usize, most: usize) -> Refusal {
    session(format!("a message has at least {got} bytes"))
        .at("message")
        .expected(format!("at most {most} bytes"))
}
