//! Parameters of users whose decisions a language model makes.

mod ask;
mod calibration;
mod memory;
mod server;
mod source;

pub use ask::{AskName, ContentName, EachName, MoveName, PrecisionName};
pub use calibration::{CalibrationConfig, ChoiceCalibration, RETURN_BINS};
pub use memory::RecallConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use server::{ProtocolName, ServerConfig};
pub use source::LanguageModelConfig;
pub(in crate::scenario) use source::{batch, cache};

use super::FieldProblem;
use super::choice::{ArrivalConfig, DwellConfig, MindsetConfig, ReturnConfig};
use super::size::Size;

/// The models that are part of this program, as scenarios name them.
pub const BUILT_IN_MODELS: [&str; 1] = ["builtin:habitue-mini"];
/// The templates that are part of this program, as scenarios name them: the full one, and the one in few words.
pub const BUILT_IN_TEMPLATES: [&str; 2] = ["builtin:default", "builtin:short"];

/// Parameters of `llm` users: a language model reads who they are, what they recall and what they are shown, and chooses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmConfig {
    /// The language model: "builtin:habitue-mini", a folder in the layout of Hugging Face, a `.gguf` file, or a model of the
    /// Hugging Face hub ("organisation/name" or "organisation/name@revision"). With a `server`: the model's name there.
    #[schemars(length(min = 1))]
    pub model: String,
    /// Number format of the model's weights and activations.
    #[serde(default)]
    pub precision: PrecisionName,
    /// Threads that compute, 0 to 1,024; 0 is one per core. Changes nothing but speed.
    #[serde(default)]
    #[schemars(range(max = 1024))]
    pub threads: u32,
    /// Memory for what the model has read already, so that prompts which begin alike are read once. Changes nothing but
    /// speed.
    #[serde(default = "cache")]
    pub cache: Size,
    /// Users who decide at the same time, 1 to 4,096: their prompts are read together. Changes nothing but speed.
    #[serde(default = "batch")]
    #[schemars(range(min = 1, max = 4096))]
    pub batch: u32,
    /// A server that holds the model, in place of this process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerConfig>,
    /// Whether prompts are written as a conversation, by the model's chat template. If absent: if the model has one, and
    /// with a server if it is asked by `chat`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<bool>,
    /// A file with the texts of the prompt, to be made from one that `habitue` has built in: "builtin:default" or, in few
    /// words, "builtin:short". If absent, the one that the model was trained on, for a model of ours, or the default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub template: Option<String>,
    /// What the recommended things are called in the prompt ("films").
    #[serde(default = "items")]
    #[schemars(length(min = 1))]
    pub items: String,
    /// In which form users see an item.
    #[serde(default)]
    pub content: ContentName,
    /// Most tokens that a user thinks before acting, 0 to 4,096; 0 acts at once.
    #[serde(default)]
    #[schemars(range(max = 4096))]
    pub think: u32,
    /// Divides the log-probabilities of every choice and of written text, above 0, at most 100. 1 is the model as it is.
    #[serde(default = "one")]
    #[schemars(range(max = 100), extend("exclusiveMinimum" = 0))]
    pub temperature: f64,
    /// Whether what is done with an item can depend on what was done with the others on the slate.
    #[serde(default)]
    pub each: EachName,
    /// What users can do after a slate, besides leaving. Posts and chats are open only to users with friends, an answer
    /// only where the recommender has said something.
    #[serde(default = "moves")]
    pub moves: Vec<MoveName>,
    /// What of the mindset the model is asked for after every slate. What it is not asked for stays as it is, except for
    /// fatigue, boredom and trust, which move by the laws of `mindset`.
    #[serde(default = "asked")]
    pub ask: Vec<AskName>,
    /// How much the stated satisfaction and mood count, 0 to 1: the share of the way that the running values move to them.
    #[serde(default = "half")]
    #[schemars(range(min = 0, max = 1))]
    pub stated: f64,
    /// Most tokens of a search, an instruction or a message, 1 to 1,024.
    #[serde(default = "words")]
    #[schemars(range(min = 1, max = 1024))]
    pub words: u32,
    /// Answers that a one-to-one chat can have after its first message, 0 to 100. Users answer on their next visit, or not;
    /// 0 leaves chats without an answer.
    #[serde(default = "chat_turns")]
    #[schemars(range(max = 100))]
    pub chat_turns: u32,
    /// How far what others say of an item moves interests to its categories, or away from them, 0 to 1, as `drift.heard` of
    /// `choice` users: the share for the average user; twice as much for one who conforms in all. Above 0 the prompt tells
    /// the interests as they have become. 0 leaves them as they are; what was heard is remembered either way.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub heard: f64,
    /// Earlier slates of the same session that the prompt tells of, the latest, 0 to 1,000.
    #[serde(default = "session_turns")]
    #[schemars(range(max = 1000))]
    pub session_turns: u32,
    /// What users remember from visit to visit.
    #[serde(default)]
    pub memory: RecallConfig,
    /// What stands between the model's probabilities and what is drawn: tables, or the path of a TOML file that holds them
    /// (`habitue fit` writes one). If absent, nothing: the model as it is.
    #[serde(default)]
    pub calibration: CalibrationConfig,
    /// How fatigue, boredom and trust move, and what an outage costs. The other laws in it are not used.
    #[serde(default)]
    pub mindset: MindsetConfig,
    /// How long the user stays with an item, as of affinity 0.
    #[serde(default)]
    pub dwell: DwellConfig,
    /// When the user comes back within what was chosen on leaving, and without such a choice.
    #[serde(default, rename = "return")]
    pub returning: ReturnConfig,
    /// The state in which the user arrives.
    #[serde(default)]
    pub arrival: ArrivalConfig,
}

fn items() -> String {
    "items".to_owned()
}

const fn one() -> f64 {
    1.0
}

const fn half() -> f64 {
    0.5
}

fn moves() -> Vec<MoveName> {
    MoveName::ALL.to_vec()
}

fn asked() -> Vec<AskName> {
    vec![AskName::Satisfaction, AskName::Mood, AskName::Need]
}

const fn words() -> u32 {
    24
}

const fn chat_turns() -> u32 {
    2
}

const fn session_turns() -> u32 {
    5
}

impl LlmConfig {
    /// The defaults, with this model.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            precision: PrecisionName::default(),
            threads: 0,
            cache: cache(),
            batch: batch(),
            server: None,
            chat: None,
            template: None,
            items: items(),
            content: ContentName::default(),
            think: 0,
            temperature: one(),
            each: EachName::default(),
            moves: moves(),
            ask: asked(),
            stated: half(),
            words: words(),
            chat_turns: chat_turns(),
            heard: 0.0,
            session_turns: session_turns(),
            memory: RecallConfig::default(),
            calibration: CalibrationConfig::default(),
            mindset: MindsetConfig::default(),
            dwell: DwellConfig::default(),
            returning: ReturnConfig::default(),
            arrival: ArrivalConfig::default(),
        }
    }

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
    /// The first field outside its range, as a dotted path below this table.
    pub fn check(&self) -> Result<(), FieldProblem> {
        self.language_model().check()?;
        let wrong =
            |field: &str, value: String, expected: &str| Err(FieldProblem::new(field, value, expected));
        if self.items.is_empty() {
            return wrong("items", "\"\"".to_owned(), "a word, such as \"films\"");
        }
        if self.think > 4096 {
            return wrong("think", self.think.to_string(), "a whole number from 0 to 4096");
        }
        if !(self.temperature > 0.0 && self.temperature <= 100.0) {
            return wrong("temperature", self.temperature.to_string(), "a number above 0, at most 100");
        }
        if !(0.0..=1.0).contains(&self.stated) {
            return wrong("stated", self.stated.to_string(), "a number from 0 to 1");
        }
        if !(1..=1024).contains(&self.words) {
            return wrong("words", self.words.to_string(), "a whole number from 1 to 1024");
        }
        if self.chat_turns > 100 {
            return wrong("chat_turns", self.chat_turns.to_string(), "a whole number from 0 to 100");
        }
        if !(0.0..=1.0).contains(&self.heard) {
            return wrong("heard", self.heard.to_string(), "a number from 0 to 1");
        }
        if self.session_turns > 1000 {
            return wrong("session_turns", self.session_turns.to_string(), "a whole number from 0 to 1000");
        }
        if let Some(at) = repeated(&self.moves) {
            return wrong(&format!("moves.{at}"), self.moves[at].word().to_owned(), "every move once");
        }
        if let Some(at) = repeated(&self.ask) {
            return wrong(&format!("ask.{at}"), self.ask[at].word().to_owned(), "every part once");
        }
        self.memory.check().map_err(|problem| problem.below("memory"))?;
        self.calibration.check().map_err(|problem| problem.below("calibration"))?;
        self.mindset.check().map_err(|problem| problem.below("mindset"))?;
        self.dwell.check().map_err(|problem| problem.below("dwell"))?;
        self.returning.check().map_err(|problem| problem.below("return"))?;
        self.arrival.check().map_err(|problem| problem.below("arrival"))
    }
}

/// The first place of a list that repeats an earlier one.
fn repeated<T: PartialEq>(list: &[T]) -> Option<usize> {
    (0..list.len()).find(|&at| list[..at].contains(&list[at]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_what_new_gives() {
        let read: LlmConfig = serde_json::from_str(r#"{"model": "a/b"}"#).unwrap();
        assert_eq!(read, LlmConfig::new("a/b"));
        assert_eq!(read.check(), Ok(()));
    }

    #[test]
    fn fields_out_of_range_are_named() {
        let base = LlmConfig::new("a/b");
        let calibration =
            |action: ChoiceCalibration| CalibrationConfig { action, ..CalibrationConfig::default() };
        let cases = [
            ("model", LlmConfig { model: String::new(), ..base.clone() }),
            ("cache", LlmConfig { cache: Size(10), ..base.clone() }),
            ("temperature", LlmConfig { temperature: f64::NAN, ..base.clone() }),
            ("chat_turns", LlmConfig { chat_turns: 101, ..base.clone() }),
            ("heard", LlmConfig { heard: 1.5, ..base.clone() }),
            ("moves.1", LlmConfig { moves: vec![MoveName::Search, MoveName::Search], ..base.clone() }),
            ("ask.1", LlmConfig { ask: vec![AskName::Mood; 2], ..base.clone() }),
            (
                "calibration.action.temperature",
                LlmConfig {
                    calibration: calibration(ChoiceCalibration { temperature: 0.0, ..Default::default() }),
                    ..base.clone()
                },
            ),
            (
                "calibration.action.offset.like",
                LlmConfig {
                    calibration: calibration(ChoiceCalibration {
                        offset: [("like".to_owned(), f64::INFINITY)].into(),
                        ..Default::default()
                    }),
                    ..base.clone()
                },
            ),
            (
                "server.endpoint",
                LlmConfig { server: Some(ServerConfig::new("localhost:8000")), ..base.clone() },
            ),
        ];
        for (field, config) in cases {
            assert_eq!(config.check().unwrap_err().field, field);
        }
    }
}
