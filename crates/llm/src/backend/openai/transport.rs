//! Requests with limits, retries and counters.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use habitue_core::Stream;
use rand::RngExt;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::OpenAiOptions;
use crate::backend::Usage;
use crate::error::LlmError;

/// Counters of a server since the start.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ServerStatistics {
    /// Requests answered.
    pub requests: u64,
    /// Further attempts after failures.
    pub retries: u64,
    /// Prompt tokens and written tokens that the server counted.
    pub usage: Usage,
    /// What they cost at the given prices.
    pub cost: f64,
}

pub(super) struct Transport {
    agent: ureq::Agent,
    endpoint: String,
    /// Kept out of every message and of `Debug`.
    key: Option<Arc<str>>,
    places: Semaphore,
    retries: u32,
    pause: Duration,
    longest_pause: Duration,
    price: (f64, f64),
    statistics: Mutex<ServerStatistics>,
}

/// How one attempt ended.
enum Attempt {
    Answer(Value),
    /// Worth another attempt, after this pause if the server named one.
    Again(String, Option<Duration>),
    Failed(String),
}

impl Transport {
    pub(super) fn new(options: &OpenAiOptions) -> Result<Self, LlmError> {
        let failed = |what: String| LlmError::Server { server: options.endpoint.clone(), what };
        let key = match &options.key_variable {
            None => None,
            Some(name) => match std::env::var(name) {
                Ok(key) if !key.is_empty() => Some(key.into()),
                _ => {
                    return Err(failed(format!(
                        "environment variable {name} should hold the key and is not set"
                    )));
                }
            },
        };
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(options.timeout))
            .max_redirects(0)
            .user_agent(concat!("habitue/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Ok(Self {
            agent,
            endpoint: options.endpoint.clone(),
            key,
            places: Semaphore::new(options.concurrency.max(1)),
            retries: options.retries,
            pause: options.pause,
            longest_pause: options.longest_pause,
            price: options.price,
            statistics: Mutex::default(),
        })
    }

    pub(super) fn statistics(&self) -> ServerStatistics {
        *self.statistics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request until it is answered or the attempts are used up. The jitter comes from a copy of the caller's
    /// stream, so that failures do not change what is drawn later.
    pub(super) async fn post(&self, path: &str, body: &Value, stream: &Stream) -> Result<Value, LlmError> {
        let failed = |what: String| LlmError::Server { server: self.endpoint.clone(), what };
        let _place = self.places.acquire().await.map_err(|_| failed("closed".to_owned()))?;
        let mut jitter = stream.clone();
        let mut pause = self.pause;
        let mut attempt = 0;
        loop {
            match self.attempt(path, body).await {
                Attempt::Answer(value) => {
                    self.count(&value);
                    return Ok(value);
                }
                Attempt::Failed(what) => return Err(failed(what)),
                Attempt::Again(what, _) if attempt == self.retries => {
                    return Err(failed(format!("{what}, after {} attempts", attempt + 1)));
                }
                Attempt::Again(what, asked) => {
                    let jittered = pause.mul_f64(jitter.random_range(0.5..1.5));
                    let wait = asked.unwrap_or(jittered).min(self.longest_pause);
                    tracing::debug!(server = %self.endpoint, %what, ?wait, "another attempt");
                    tokio::time::sleep(wait).await;
                    pause = (pause * 2).min(self.longest_pause);
                    attempt += 1;
                    self.statistics.lock().unwrap_or_else(PoisonError::into_inner).retries += 1;
                }
            }
        }
    }

    fn count(&self, reply: &Value) {
        let usage = usage(reply);
        let mut statistics = self.statistics.lock().unwrap_or_else(PoisonError::into_inner);
        statistics.requests += 1;
        statistics.usage.add(usage);
        let prompt = (usage.new_tokens + usage.cached_tokens) as f64;
        statistics.cost += (prompt * self.price.0 + usage.generated_tokens as f64 * self.price.1) / 1e6;
    }

    async fn attempt(&self, path: &str, body: &Value) -> Attempt {
        let mut request = self
            .agent
            .post(format!("{}/{path}", self.endpoint))
            .header("content-type", "application/json")
            .header("accept", "application/json");
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        let body = body.to_string();
        // The client blocks, so it gets a thread of the pool for such work.
        let sent = tokio::task::spawn_blocking(move || {
            let mut response = request.send(body)?;
            let status = response.status().as_u16();
            let after = response
                .headers()
                .get("retry-after")
                .and_then(|value| value.to_str().ok()?.trim().parse::<f64>().ok())
                .filter(|seconds| (0.0..1e6).contains(seconds))
                .map(Duration::from_secs_f64);
            let text = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
            Ok::<_, ureq::Error>((status, after, text))
        });
        match sent.await {
            Err(error) => Attempt::Failed(format!("the request was not finished: {error}")),
            Ok(Err(error)) => Attempt::Again(format!("no whole answer: {error}"), None),
            Ok(Ok((200, _, text))) => match serde_json::from_slice(&text) {
                Ok(value @ Value::Object(_)) => Attempt::Answer(value),
                _ => Attempt::Again(format!("the answer is not a JSON object: {}", excerpt(&text)), None),
            },
            Ok(Ok((status @ (408 | 429 | 500..=599), after, text))) => {
                Attempt::Again(format!("status {status}: {}", excerpt(&text)), after)
            }
            Ok(Ok((status, _, text))) => Attempt::Failed(format!("status {status}: {}", excerpt(&text))),
        }
    }
}

/// The start of an answer, for messages.
fn excerpt(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut start: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    if text.chars().count() > 120 {
        start.push('…');
    }
    start
}

/// The tokens that an answer says it took.
pub(super) fn usage(reply: &Value) -> Usage {
    let number = |path: &str| reply.pointer(path).and_then(Value::as_u64).unwrap_or(0);
    let cached = number("/usage/prompt_tokens_details/cached_tokens");
    Usage {
        new_tokens: number("/usage/prompt_tokens").saturating_sub(cached),
        cached_tokens: cached,
        generated_tokens: number("/usage/completion_tokens"),
    }
}
