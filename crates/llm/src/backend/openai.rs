//! Servers that speak the protocol of `OpenAI`: `vLLM`, `SGLang`, `llama.cpp`, `Ollama`, and the hosted ones.

mod chat;
mod completions;
mod transport;

use std::time::Duration;

use habitue_core::Stream;
use rand::Rng;
use serde_json::{Map, Value, json};

use super::local::constraint::Grammars;
use super::{Backend, Choice, ChoiceReply, Pending, Prompt, Usage, WriteEnd, Written};
use crate::chat::ChatTemplate;
use crate::error::LlmError;
use crate::program::{Constraint, WriteSpec};
pub use transport::ServerStatistics;
use transport::Transport;

/// Which of the two interfaces is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `/completions`: the prompt as text. Choices are scored exactly where the server echoes log-probabilities.
    Completions,
    /// `/chat/completions`: messages. Choices are scored by the log-probabilities of labels.
    Chat,
}

/// How a server is used.
#[derive(Debug, Clone)]
pub struct OpenAiOptions {
    /// Address up to and with the version, as in `http://127.0.0.1:8000/v1`.
    pub endpoint: String,
    /// The model's name there.
    pub model: String,
    /// The interface.
    pub protocol: Protocol,
    /// Environment variable that holds the key. The key itself is never stored in a file or written to a log.
    pub key_variable: Option<String>,
    /// Most requests at the same time.
    pub concurrency: usize,
    /// Further attempts after a failure.
    pub retries: u32,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// First pause after a failure; doubles with each, up to `longest_pause`.
    pub pause: Duration,
    /// Longest pause, a `Retry-After` of the server included.
    pub longest_pause: Duration,
    /// The chat template and its variables: [`Protocol::Completions`] needs it for programs with turns.
    pub template: Option<(ChatTemplate, Map<String, Value>)>,
    /// Price of a million prompt tokens and of a million written tokens, in any currency.
    pub price: (f64, f64),
}

impl OpenAiOptions {
    /// 16 requests at a time, 5 retries, pauses from half a second to 30 seconds, answers within two minutes, no key.
    pub fn new(endpoint: &str, model: &str, protocol: Protocol) -> Self {
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            model: model.to_owned(),
            protocol,
            key_variable: None,
            concurrency: 16,
            retries: 5,
            timeout: Duration::from_secs(120),
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
            template: None,
            price: (0.0, 0.0),
        }
    }
}

/// Decisions by a server.
///
/// # Scores
/// With [`Protocol::Completions`] every option is sent as a continuation of the prompt; the server's log-probabilities of
/// the tokens give the same trie distribution as [`LocalBackend`](super::LocalBackend). With [`Protocol::Chat`] options
/// get letters and the first token's log-probabilities are read; a letter outside the server's list counts as
/// impossible. Where a server gives no log-probabilities it is asked to choose, constrained to the options, and the
/// answer says [`Scores::Drawn`](super::Scores::Drawn).
///
/// # Failures
/// Status 408, 429 and 5xx, broken connections and answers that cannot be read are tried again after a pause that
/// doubles, with jitter, or that the server asks for (`Retry-After`). Other failures, and the last one, are errors.
pub struct OpenAiBackend {
    options: OpenAiOptions,
    transport: Transport,
    check: Grammars,
}

impl OpenAiBackend {
    /// Prepares the connection; nothing is sent.
    ///
    /// # Errors
    /// If the variable that should hold the key is not set.
    pub fn new(options: OpenAiOptions) -> Result<Self, LlmError> {
        let transport = Transport::new(&options)?;
        Ok(Self { options, transport, check: Grammars::of_bytes() })
    }

    /// Counters since the start.
    pub fn statistics(&self) -> ServerStatistics {
        self.transport.statistics()
    }

    fn failed(&self, what: impl Into<String>) -> LlmError {
        LlmError::Server { server: self.options.endpoint.clone(), what: what.into() }
    }

    /// The fields of a request that samples a text.
    fn sampling(&self, spec: &WriteSpec, seed: u64) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("model".to_owned(), self.options.model.clone().into());
        body.insert("max_tokens".to_owned(), spec.max_tokens.into());
        body.insert("temperature".to_owned(), spec.temperature.into());
        body.insert("top_p".to_owned(), spec.top_p.into());
        body.insert("seed".to_owned(), (seed >> 33).into());
        if !spec.stop.is_empty() {
            body.insert("stop".to_owned(), spec.stop.clone().into());
        }
        match &spec.constraint {
            None => {}
            Some(Constraint::JsonSchema(schema)) => {
                let schema = json!({"name": "answer", "strict": true, "schema": schema});
                let format = json!({"type": "json_schema", "json_schema": schema});
                body.insert("response_format".to_owned(), format);
            }
            Some(Constraint::Regex(expression)) => {
                body.insert("structured_outputs".to_owned(), json!({"regex": expression}));
            }
        }
        body
    }

    async fn write_text(
        &self,
        prompt: &Prompt,
        spec: &WriteSpec,
        stream: &mut Stream,
    ) -> Result<Written, LlmError> {
        let mut usage = Usage::default();
        // A server that ignores the constraint gets as many chances as one that fails, with new seeds.
        for _ in 0..=self.options.retries {
            let mut body = self.sampling(spec, stream.next_u64());
            let (path, field) = match self.options.protocol {
                Protocol::Completions => {
                    body.insert("prompt".to_owned(), self.text(prompt)?.into());
                    ("completions", "/text")
                }
                Protocol::Chat => {
                    body.insert("messages".to_owned(), chat::messages_to_continue(prompt));
                    ("chat/completions", "/message/content")
                }
            };
            let reply = self.transport.post(path, &Value::Object(body), stream).await?;
            usage.add(transport::usage(&reply));
            let choice = reply.pointer("/choices/0").unwrap_or(&Value::Null);
            let Some(text) = choice.pointer(field).and_then(Value::as_str) else {
                return Err(self.failed("the answer has no text"));
            };
            let (text, stop) = cut_at_stop(text, &spec.stop);
            let end = match (stop, choice.get("finish_reason").and_then(Value::as_str)) {
                (Some(stop), _) => WriteEnd::Stop(stop),
                (None, Some("length")) => WriteEnd::Length,
                (None, _) => WriteEnd::EndOfText,
            };
            let met = match &spec.constraint {
                Some(constraint) if end != WriteEnd::Length => self.check.accepts(constraint, text)?,
                _ => true,
            };
            if met {
                return Ok(Written { text: text.to_owned(), end, usage });
            }
        }
        Err(self.failed("its texts do not meet the constraint; it seems to ignore it"))
    }

    /// The prompt as text, the last turn open.
    fn text(&self, prompt: &Prompt) -> Result<String, LlmError> {
        let markup = super::local::markup::Markup::new(self.options.template.clone());
        let mut text = String::new();
        markup.write(prompt, |_, piece| {
            text.push_str(piece);
            Ok(())
        })?;
        Ok(text)
    }
}

/// The text before the first stop text; servers differ in whether they cut it.
fn cut_at_stop<'t>(text: &'t str, stops: &[String]) -> (&'t str, Option<String>) {
    let found = stops.iter().filter_map(|stop| Some((text.find(stop.as_str())?, stop)));
    match found.min_by_key(|(at, _)| *at) {
        Some((at, stop)) => (&text[..at], Some(stop.clone())),
        None => (text, None),
    }
}

impl Backend for OpenAiBackend {
    fn id(&self) -> String {
        format!("{} at {}", self.options.model, self.options.endpoint)
    }

    fn choose<'a>(&'a self, choice: &'a Choice, stream: &'a mut Stream) -> Pending<'a, ChoiceReply> {
        Box::pin(async move {
            match self.options.protocol {
                Protocol::Completions => self.choose_by_echo(choice, stream).await,
                Protocol::Chat => self.choose_by_label(choice, stream).await,
            }
        })
    }

    fn write<'a>(
        &'a self,
        prompt: &'a Prompt,
        spec: &'a WriteSpec,
        stream: &'a mut Stream,
    ) -> Pending<'a, Written> {
        Box::pin(self.write_text(prompt, spec, stream))
    }
}
