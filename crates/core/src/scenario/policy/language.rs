//! Policies in which a language model decides.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::super::llm::{LanguageModelConfig, PrecisionName, ServerConfig, batch, cache};
use super::super::{FieldProblem, Size};
use super::instructed::{check_inner, popularity};
use super::{Explore, PolicyConfig, count};

/// Lets a language model rank what another policy retrieves. The model reads what a recommender knows: what the user did,
/// in words, and what the user has said in this session, never the persona. Options are scored, nothing is parsed.
///
/// `pointwise` asks of every candidate whether it suits the user; the score is ln(p(yes) / p(no)), all candidates in one
/// pass after the same beginning. `listwise` numbers the candidates and lets the model name the best, then the best of the
/// rest, and so on; the score of a candidate at a position is the logarithm of its probability there, so that Plackett-Luce
/// at temperature 1 draws from the model's own distribution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LlmRankerConfig {
    /// The policy that retrieves, one that scores items, by the best of its scores: not `random` or `external`, nor one with
    /// an `inner` of its own. Its `exclude` holds; it has no `explore`.
    pub inner: Box<PolicyConfig>,
    /// How many of the inner policy's best items the model ranks, 1 to 1,000; at least as many as the slate has. What is
    /// not among them is never shown.
    #[schemars(range(min = 1, max = 1000))]
    pub candidates: u32,
    /// How the model is asked.
    pub mode: RankMode,
    /// Exploration, in units of log-odds (`pointwise`) or log-probabilities (`listwise`); absent shows the best in order.
    pub explore: Option<Explore>,
    /// The language model: "builtin:habitue-mini", a folder in the layout of Hugging Face, a `.gguf` file, or a model of the
    /// Hugging Face hub ("organisation/name" or "organisation/name@revision"). With a `server`: the model's name there. Users
    /// with the same model and the same keys share it.
    #[schemars(length(min = 1))]
    pub model: String,
    /// Number format of the model's weights and activations.
    pub precision: PrecisionName,
    /// Threads that compute, 0 to 1,024; 0 is one per core. Changes nothing but speed.
    #[schemars(range(max = 1024))]
    pub threads: u32,
    /// Memory for what the model has read already, so that prompts which begin alike are read once. Changes nothing but
    /// speed.
    pub cache: Size,
    /// Requests that are computed at the same time, 1 to 4,096: their prompts are read together. Changes nothing but speed.
    #[schemars(range(min = 1, max = 4096))]
    pub batch: u32,
    /// A server that holds the model, in place of this process. It has to give log-probabilities.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerConfig>,
    /// Whether prompts are written as a conversation, by the model's chat template. If absent: if the model has one, and
    /// with a server if it is asked by `chat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<bool>,
    /// What the recommended things are called in the prompt ("films").
    #[schemars(length(min = 1))]
    pub items: String,
    /// How many of the user's latest reactions the prompt tells one by one, 0 to 1,000; all that the request knows of are
    /// summed up by category.
    #[schemars(range(max = 1000))]
    pub recent: u32,
    /// Whether creator, length and price of an item stand beside its title and categories.
    pub details: bool,
    /// The word for a candidate that suits, with `pointwise`.
    #[schemars(length(min = 1))]
    pub yes: String,
    /// The word for one that does not.
    #[schemars(length(min = 1))]
    pub no: String,
}

/// How a language model ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RankMode {
    /// Every candidate on its own.
    #[default]
    Pointwise,
    /// All candidates together, position by position.
    Listwise,
}

impl Default for LlmRankerConfig {
    fn default() -> Self {
        Self {
            inner: popularity().into(),
            candidates: 20,
            mode: RankMode::default(),
            explore: None,
            model: String::new(),
            precision: PrecisionName::default(),
            threads: 0,
            cache: cache(),
            batch: batch(),
            server: None,
            chat: None,
            items: "items".to_owned(),
            recent: 10,
            details: true,
            yes: "yes".to_owned(),
            no: "no".to_owned(),
        }
    }
}

impl LlmRankerConfig {
    /// The model and how it runs.
    pub fn language_model(&self) -> LanguageModelConfig {
        LanguageModelConfig {
            model: self.model.clone(),
            precision: self.precision,
            threads: self.threads,
            cache: self.cache,
            batch: self.batch,
            server: self.server.clone(),
            chat: self.chat,
        }
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        self.language_model().check()?;
        count("candidates", self.candidates, 1000)?;
        if self.recent > 1000 {
            return Err(FieldProblem::new("recent", self.recent, "a whole number from 0 to 1000"));
        }
        for (field, word) in [("items", &self.items), ("yes", &self.yes), ("no", &self.no)] {
            if word.trim().is_empty() {
                return Err(FieldProblem::new(field, format!("{word:?}"), "a word"));
            }
        }
        if self.yes == self.no {
            return Err(FieldProblem::new("no", format!("{:?}", self.no), "another word than `yes`"));
        }
        self.explore.map_or(Ok(()), |explore| explore.check())?;
        if matches!(*self.inner, PolicyConfig::Random(_)) {
            return Err(FieldProblem::new(
                "inner.kind",
                self.inner.kind(),
                "a policy that tells items apart",
            ));
        }
        check_inner(&self.inner)?;
        match self.inner.explore() {
            Some(_) => {
                let expected =
                    "no `explore`: the best are retrieved, and `explore` beside `inner` draws the slate";
                Err(FieldProblem::new("inner.explore", "set", expected))
            }
            None => Ok(()),
        }
    }
}

/// Who reads instructions: `"rules"`, or a language model, as in `{ model = "builtin:habitue-mini" }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ParserConfig {
    /// Rules of keywords.
    Rules(RulesWord),
    /// A language model. It is asked of every category of the catalogue, and of every creator and tag that the words name,
    /// whether the words want more of it, only it, less of it, never it, or do not mention it; and whether they want something
    /// new, and what a number in them limits. The most likely answer is taken, so that nothing is unparsable. What was read
    /// once is not asked again.
    Model(LanguageModelConfig),
}

/// The word `rules`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RulesWord {
    /// By keywords: "less", "only" or "under" decide what the names and numbers after them mean.
    #[default]
    Rules,
}

impl JsonSchema for RulesWord {
    fn schema_name() -> Cow<'static, str> {
        "RulesWord".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "const": "rules" })
    }
}

impl Default for ParserConfig {
    fn default() -> Self {
        Self::Rules(RulesWord::Rules)
    }
}
