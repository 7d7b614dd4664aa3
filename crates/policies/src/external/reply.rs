//! What a policy answers, and everything that can be wrong with it.

use habitue_core::{ItemId, Request, Slate, SlateItem, World};
use serde_json::Value;

use super::PROTOCOL;
use crate::names;

/// Characters of a reply that a message quotes.
const SHOWN: usize = 160;

/// What a process did that the protocol does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyProblem {
    /// The command could not be started.
    #[error("cannot start {command} in {folder}: {source_message}")]
    Start {
        /// Program and arguments.
        command: String,
        /// Where.
        folder: String,
        /// What the operating system said.
        source_message: String,
    },
    /// The process ended.
    #[error("the process {how} before it answered \"{asked}\"{after}{stderr}")]
    Ended {
        /// The message it was to answer.
        asked: &'static str,
        /// How it ended.
        how: String,
        /// How often it had been restarted, as a phrase.
        after: String,
        /// Its last words, as a phrase.
        stderr: String,
    },
    /// No answer in time.
    #[error("no answer to \"{asked}\" within {timeout}{after}; `timeout` sets the limit{stderr}")]
    TooSlow {
        /// The message it was to answer.
        asked: &'static str,
        /// The limit.
        timeout: String,
        /// How often it had been restarted, as a phrase.
        after: String,
        /// Its last words, as a phrase.
        stderr: String,
    },
    /// A line beyond the limit.
    #[error(
        "the answer to \"{asked}\" is longer than {limit} bytes (`longest_line` sets the limit); it begins: {beginning}"
    )]
    TooLong {
        /// The message it was to answer.
        asked: &'static str,
        /// The limit.
        limit: usize,
        /// The beginning of the line.
        beginning: String,
    },
    /// The policy itself reported an error.
    #[error("it could not answer \"{asked}\": {message}")]
    Reported {
        /// The message it was to answer.
        asked: &'static str,
        /// Its words.
        message: String,
    },
    /// Anything else.
    #[error("a bad answer to \"{asked}\": {problem}; the answer begins: {beginning}")]
    Bad {
        /// The message it was to answer.
        asked: &'static str,
        /// What is wrong, and what was expected.
        problem: String,
        /// The beginning of the reply.
        beginning: String,
    },
}

impl ReplyProblem {
    /// Whether another process might do better.
    pub(super) const fn is_breakdown(&self) -> bool {
        matches!(self, Self::Ended { .. } | Self::TooSlow { .. })
    }
}

/// The beginning of a text, on one line.
pub(super) fn beginning(text: &str) -> String {
    let mut start: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        start.push_str(" ...");
    }
    start
}

/// An answer of the right type to the right message.
#[derive(Debug)]
pub(super) struct Answer {
    asked: &'static str,
    line: String,
    fields: serde_json::Map<String, Value>,
}

/// The type of the answer to each message.
const fn expected(asked: &str) -> &'static str {
    match asked.as_bytes() {
        b"hello" => "hello",
        b"recommend" => "slates",
        b"snapshot" => "snapshot",
        _ => "ok",
    }
}

impl Answer {
    /// Reads the line that came in answer to message `id`.
    pub(super) fn read(asked: &'static str, id: u64, line: Vec<u8>) -> Result<Self, ReplyProblem> {
        let line = String::from_utf8(line).map_err(|source| ReplyProblem::Bad {
            asked,
            problem: format!("not UTF-8 at byte {}", source.utf8_error().valid_up_to()),
            beginning: beginning(&String::from_utf8_lossy(source.as_bytes())),
        })?;
        let bad = |problem: String| ReplyProblem::Bad { asked, problem, beginning: beginning(&line) };
        let value: Value = serde_json::from_str(&line).map_err(|source| {
            bad(format!(
                "not JSON ({source}): only answers belong on standard output, one a line; print anything else to \
                 standard error"
            ))
        })?;
        let Value::Object(fields) = value else {
            return Err(bad("expected a JSON object".to_owned()));
        };
        let kind = fields.get("type").and_then(Value::as_str);
        if kind == Some("error") {
            let message = fields.get("message").and_then(Value::as_str).unwrap_or("(no message)").to_owned();
            return Err(ReplyProblem::Reported { asked, message });
        }
        if kind != Some(expected(asked)) {
            let got = fields.get("type").map_or("no \"type\"".to_owned(), |kind| format!("\"type\": {kind}"));
            return Err(bad(format!("{got}, expected \"type\": \"{}\"", expected(asked))));
        }
        if fields.get("id").and_then(Value::as_u64) != Some(id) {
            let got = fields.get("id").map_or("no \"id\"".to_owned(), |id| format!("\"id\": {id}"));
            return Err(bad(format!("{got}, expected \"id\": {id}, that of the message")));
        }
        Ok(Self { asked, line, fields })
    }

    fn bad(&self, problem: impl Into<String>) -> ReplyProblem {
        ReplyProblem::Bad { asked: self.asked, problem: problem.into(), beginning: beginning(&self.line) }
    }

    /// Whether the propensities of a policy that greets so are exact.
    pub(super) fn greeting(&self) -> Result<bool, ReplyProblem> {
        let protocol = self.fields.get("protocol");
        if protocol.and_then(Value::as_u64) != Some(PROTOCOL) {
            let got = protocol.map_or("no protocol".to_owned(), |got| format!("protocol {got}"));
            return Err(self.bad(format!("{got}, expected \"protocol\": {PROTOCOL}")));
        }
        match self.fields.get("propensities").map(Value::as_str) {
            None | Some(Some("exact")) => Ok(true),
            Some(Some("estimated")) => Ok(false),
            Some(_) => Err(self.bad(format!(
                "\"propensities\": {}, expected \"exact\" or \"estimated\"",
                self.fields["propensities"]
            ))),
        }
    }

    /// The state of a snapshot.
    pub(super) fn state(mut self) -> Result<Value, ReplyProblem> {
        self.fields.remove("state").ok_or_else(|| self.bad("no \"state\"; null is one"))
    }

    /// The slates, checked against the requests.
    pub(super) fn slates(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
    ) -> Result<Vec<Slate>, ReplyProblem> {
        let slates = self
            .fields
            .get("slates")
            .and_then(Value::as_array)
            .ok_or_else(|| self.bad("no \"slates\", expected a list with a slate for each request"))?;
        if slates.len() != requests.len() {
            return Err(self.bad(format!(
                "{} slates, expected {}, one for each request in order",
                slates.len(),
                requests.len()
            )));
        }
        let read = |(at, (slate, request)): (usize, (&Value, &Request<'_>))| {
            slate_of(world, request, slate)
                .map_err(|problem| self.bad(format!("slate {at} (for user {}): {problem}", request.user)))
        };
        slates.iter().zip(requests).enumerate().map(read).collect()
    }
}

/// One slate of a reply.
fn slate_of(world: &World<'_>, request: &Request<'_>, slate: &Value) -> Result<Slate, String> {
    let items = slate
        .get("items")
        .and_then(Value::as_array)
        .ok_or_else(|| format!("no \"items\", expected a list of {} item ids", request.size))?;
    let wanted = request.size.min(world.available.len());
    if items.len() != wanted {
        return Err(format!("{} items, expected {wanted}", items.len()));
    }
    let propensities = match slate.get("propensities") {
        None | Some(Value::Null) => None,
        Some(Value::Array(propensities)) if propensities.len() == items.len() => Some(propensities),
        Some(Value::Array(propensities)) => {
            return Err(format!("{} propensities for {} items", propensities.len(), items.len()));
        }
        Some(other) => return Err(format!("\"propensities\": {other}, expected a list of numbers")),
    };
    let mut result = Slate { items: Vec::with_capacity(items.len()), ..Slate::default() };
    for (position, item) in items.iter().enumerate() {
        let item = item_of(world, &result.items, item)
            .map_err(|problem| format!("position {position}: {problem}"))?;
        let propensity = match propensities {
            None => 1.0,
            Some(propensities) => propensity_of(&propensities[position])
                .map_err(|problem| format!("position {position}: {problem}"))?,
        };
        result.items.push(SlateItem { item, propensity: (propensity as f32).max(f32::MIN_POSITIVE) });
        result.log_propensity += propensity.ln();
    }
    result.reply = match slate.get("reply") {
        None | Some(Value::Null) => None,
        Some(Value::String(reply)) => Some(reply.clone()),
        Some(other) => return Err(format!("\"reply\": {other}, expected a text")),
    };
    Ok(result)
}

fn item_of(world: &World<'_>, before: &[SlateItem], item: &Value) -> Result<ItemId, String> {
    let key = item.as_str().ok_or_else(|| format!("{item}, expected an item id as text"))?;
    let item = world.catalogue.find(key).ok_or_else(|| {
        let suggestion = names::suggestion(key, world.catalogue.keys());
        format!("no item \"{key}\" in the catalogue{suggestion}")
    })?;
    if let Some(place) = before.iter().position(|shown| shown.item == item) {
        return Err(format!("item \"{key}\" stands at position {place} already, expected different items"));
    }
    if world.available.binary_search(&item).is_err() {
        return Err(format!("item \"{key}\" is not available now; \"world\" messages say what is"));
    }
    Ok(item)
}

fn propensity_of(value: &Value) -> Result<f64, String> {
    let number = value.as_f64().filter(|number| *number > 0.0 && *number <= 1.0);
    number.ok_or_else(|| format!("propensity {value}, expected a number above 0 and at most 1"))
}
