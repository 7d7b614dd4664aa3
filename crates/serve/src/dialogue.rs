//! What is said over a WebSocket: one message in, one message out.

use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::action::Action;
use crate::refusal::{Code, Refusal};
use crate::seat::Seat;
use crate::wire::{Reset, State, Step, kind, shown};

/// The types of messages.
const TYPES: [&str; 5] = ["reset", "step", "state", "close", "mcp"];

/// An answer of the protocol.
#[derive(Debug, Serialize)]
#[serde(tag = "type", content = "data", rename_all = "lowercase")]
enum Answer<'a> {
    Observation(Box<Step>),
    State(Box<State>),
    Error(crate::refusal::Told<'a>),
    Mcp(Value),
}

/// What comes of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Spoken {
    /// The text to answer with; whether it is the observation after a step.
    Answer(String, bool),
    /// The client ends the session.
    Farewell,
}

/// Takes a message and does what it says.
pub(crate) fn speak(seat: &mut Seat, message: &str) -> Spoken {
    let answer = match heard(seat, message) {
        Ok(Some(answer)) => answer,
        Ok(None) => return Spoken::Farewell,
        Err(refusal) => return Spoken::Answer(error(&refusal), false),
    };
    let stepped = matches!(&answer, Answer::Observation(step) if step.reward.is_some());
    Spoken::Answer(text(&answer), stepped)
}

/// A refusal as a message.
pub(crate) fn error(refusal: &Refusal) -> String {
    text(&Answer::Error(refusal.told()))
}

fn text(answer: &Answer<'_>) -> String {
    serde_json::to_string(answer).unwrap_or_else(|error| error.to_string())
}

fn heard(seat: &mut Seat, message: &str) -> Result<Option<Answer<'static>>, Refusal> {
    let message: Value = parse(message.as_bytes())?;
    let Value::Object(fields) = &message else {
        return Err(Refusal::field("message", format!("is {}", kind(&message)), "an object with a type"));
    };
    let empty = Value::Object(serde_json::Map::new());
    let named = fields.get("type").unwrap_or(&Value::Null);
    let data = fields.get("data");
    Ok(Some(match named.as_str() {
        Some("reset") => Answer::Observation(Box::new(seat.reset(Reset::read(data.unwrap_or(&empty))?)?)),
        Some("step") => {
            let data = data.ok_or_else(|| Refusal::field("data", "is missing", "the action"))?;
            Answer::Observation(Box::new(seat.step(Action::read(data)?)?))
        }
        Some("state") => Answer::State(Box::new(seat.state()?)),
        Some("close") => return Ok(None),
        Some("mcp") => Answer::Mcp(no_tools(data.unwrap_or(&empty))),
        _ => {
            let refusal = Refusal::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                Code::UnknownType,
                format!("is {}", shown(named)),
            );
            return Err(refusal.at("type").expected(format!("one of {TYPES:?}")));
        }
    }))
}

/// JSON from bytes.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, Code::InvalidJson, format!("what came is no JSON: {error}"))
            .expected("a JSON object")
    })
}

/// The answer to a JSON-RPC request: environments here are stepped, they offer no tools.
pub(crate) fn no_tools(request: &Value) -> Value {
    let id = request.get("id").filter(|id| id.is_string() || id.is_number()).cloned().unwrap_or(Value::Null);
    let message = "this environment has no MCP tools; step it over /ws or /step";
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": -32601, "message": message } })
}
