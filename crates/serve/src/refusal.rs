//! What is refused, and how that is told.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use habitue_env::EnvError;
use serde::Serialize;

/// Codes of the protocol's error messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Code {
    /// What came is no JSON.
    InvalidJson,
    /// A message of a type, or a request for a path, that does not exist.
    UnknownType,
    /// A field is missing or not what it may be.
    ValidationError,
    /// The environment cannot do that now, or failed.
    ExecutionError,
    /// All sessions are taken.
    CapacityReached,
    /// The session is unknown, over, or may not be begun.
    SessionError,
}

/// Something that was asked for and is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status of the answer over HTTP.
    pub(crate) status: StatusCode,
    /// The code of the answer over a WebSocket.
    pub(crate) code: Code,
    /// What is wrong.
    pub(crate) error: String,
    /// Where it is wrong: the path of a field, the name of a header.
    pub(crate) field: Option<String>,
    /// What would have been right.
    pub(crate) expected: Option<String>,
}

/// The body of a refusal; `message` says all in one line.
#[derive(Debug, Serialize)]
pub(crate) struct Told<'a> {
    message: String,
    code: Code,
    error: &'a str,
    field: Option<&'a str>,
    expected: Option<&'a str>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: Code, error: impl Into<String>) -> Self {
        Self { status, code, error: error.into(), field: None, expected: None }
    }

    /// A field that is not what it may be.
    pub(crate) fn field(field: &str, error: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, Code::ValidationError, error).at(field).expected(expected)
    }

    pub(crate) fn at(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// The environment itself broke.
    pub(crate) fn broken(error: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::ExecutionError, error)
    }

    /// The refusal as a body.
    pub(crate) fn told(&self) -> Told<'_> {
        let field = self.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
        let expected = self.expected.as_ref().map(|expected| format!(", expected {expected}"));
        Told {
            message: format!("{field}{}{}", self.error, expected.unwrap_or_default()),
            code: self.code,
            error: &self.error,
            field: self.field.as_deref(),
            expected: self.expected.as_deref(),
        }
    }
}

impl From<EnvError> for Refusal {
    fn from(error: EnvError) -> Self {
        let conflict = |error: &str| {
            Self::new(StatusCode::CONFLICT, Code::ExecutionError, error)
                .expected("a reset before the next step")
        };
        match error {
            EnvError::Argument { field, value, expected } => {
                Self::field(field, format!("is {value}"), expected)
            }
            EnvError::Shape { field, got, expected } => {
                Self::field(field, format!("has {got} elements"), expected)
            }
            EnvError::UnknownItem { position, item, last, .. } => Self::field(
                "action.items",
                format!("item {item} at position {position} is unknown"),
                format!("an item id from 0 to {last}"),
            ),
            EnvError::Unavailable { position, item, .. } => Self::field(
                "action.items",
                format!("item {item} at position {position} is not published yet"),
                "an item that the state does not list as unavailable",
            ),
            EnvError::Duplicate { item, first, second, .. } => Self::field(
                "action.items",
                format!("item {item} stands at positions {first} and {second}"),
                "different items",
            ),
            EnvError::Line { line, text, hint } => Self::field(
                "action",
                format!("line {line}, \"{text}\", is no item"),
                format!("an item id, key or title on each line{hint}"),
            ),
            EnvError::Ended { .. } => conflict("the episode is over"),
            EnvError::NotReset { .. } => conflict("no episode has begun"),
            EnvError::NoVisit { user, seed } => Self::field(
                "user",
                format!("\"{user}\" does not come within the horizon with seed {seed}"),
                "a user who does, or another seed",
            ),
            error @ (EnvError::Scenario(_) | EnvError::Build(_) | EnvError::Play(_)) => {
                Self::broken(error.to_string())
            }
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(self.status, &self.told());
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// A response that is JSON.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
