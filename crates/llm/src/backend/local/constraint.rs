//! Texts constrained to a JSON schema or a regular expression, by `llguidance`.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{ApproximateTokEnv, SimpleVob, TokEnv, TokRxInfo, TokTrie};
use llguidance::{Matcher, ParserFactory};
use serde_json::{Value, json};

use crate::error::LlmError;
use crate::program::Constraint;

/// Compiled constraints that are kept.
const KEPT: usize = 256;

/// Compiles constraints, each once.
pub(crate) struct Grammars {
    vocabulary: usize,
    one_line: bool,
    factory: OnceLock<Result<ParserFactory, String>>,
    compiled: Mutex<BTreeMap<String, Matcher>>,
}

/// A constraint at some place of a text.
pub(crate) struct Grammar(Matcher);

fn refused(error: impl std::fmt::Display) -> LlmError {
    LlmError::Request(format!("the constraint cannot be used: {error}"))
}

impl Grammars {
    /// For a model with so many logits; JSON is asked for on one line.
    pub(crate) fn new(vocabulary: usize) -> Self {
        Self { vocabulary, one_line: true, factory: OnceLock::new(), compiled: Mutex::default() }
    }

    /// For checking whole texts byte by byte; JSON may have white space.
    pub(crate) fn of_bytes() -> Self {
        Self { one_line: false, ..Self::new(256) }
    }

    /// Whether a whole text meets the constraint; for [`Grammars::of_bytes`].
    pub(crate) fn accepts(&self, constraint: &Constraint, text: &str) -> Result<bool, LlmError> {
        let mut grammar = self.compile(constraint, |token| vec![token as u8])?;
        for byte in text.bytes() {
            if grammar.0.is_stopped()
                || !grammar.0.compute_mask().map_err(refused)?.is_allowed(u32::from(byte))
            {
                return Ok(false);
            }
            grammar.accept(u32::from(byte))?;
        }
        grammar.may_end()
    }

    /// The constraint at the start of a text, over tokens of these bytes.
    pub(crate) fn compile(
        &self,
        constraint: &Constraint,
        bytes: impl Fn(u32) -> Vec<u8>,
    ) -> Result<Grammar, LlmError> {
        let key = serde_json::to_string(constraint).map_err(refused)?;
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(matcher) = compiled.get(&key) {
            return Ok(Grammar(matcher.deep_clone()));
        }
        let factory = self.factory.get_or_init(|| factory(self.vocabulary, bytes));
        let factory = factory.as_ref().map_err(refused)?;
        let grammar = match constraint {
            Constraint::Regex(expression) => TopLevelGrammar::from_regex(expression),
            Constraint::JsonSchema(schema) if self.one_line => {
                TopLevelGrammar::from_json_schema(on_one_line(schema)?)
            }
            Constraint::JsonSchema(schema) => TopLevelGrammar::from_json_schema(schema.clone()),
        };
        let matcher = Matcher::new(factory.create_parser(grammar));
        if let Some(error) = matcher.get_error() {
            return Err(refused(error));
        }
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(key, matcher.deep_clone());
        Ok(Grammar(matcher))
    }
}

fn factory(vocabulary: usize, bytes: impl Fn(u32) -> Vec<u8>) -> Result<ParserFactory, String> {
    // One token more than the model has stands for the end, so that models without such a token can be constrained.
    let end = vocabulary as u32;
    let words: Vec<Vec<u8>> = (0..end).map(bytes).chain([Vec::new()]).collect();
    let trie = TokTrie::from(&TokRxInfo::new(end + 1, end), &words);
    let environment: TokEnv = std::sync::Arc::new(ApproximateTokEnv::new(trie));
    let mut factory = ParserFactory::new_simple(&environment).map_err(|error| error.to_string())?;
    factory.quiet();
    Ok(factory)
}

/// The schema with JSON on one line asked for: a model of little sense would fill a page with white space.
fn on_one_line(schema: &Value) -> Result<Value, LlmError> {
    let Some(map) = schema.as_object() else {
        return Err(refused("a JSON schema is an object"));
    };
    let mut map = map.clone();
    map.entry("x-guidance").or_insert_with(
        || json!({"whitespace_flexible": false, "item_separator": ", ", "key_separator": ": "}),
    );
    Ok(Value::Object(map))
}

impl Grammar {
    /// The tokens that may come next; none if nothing may.
    pub(crate) fn mask(&mut self) -> Result<Option<SimpleVob>, LlmError> {
        if self.0.is_stopped() {
            return Ok(None);
        }
        self.0.compute_mask().map(Some).map_err(refused)
    }

    /// Whether the text may end here.
    pub(crate) fn may_end(&mut self) -> Result<bool, LlmError> {
        self.0.is_accepting().map_err(refused)
    }

    /// Goes on by one token.
    pub(crate) fn accept(&mut self, token: u32) -> Result<(), LlmError> {
        self.0.consume_token(token).map_err(refused)
    }
}
