//! What goes over the wire. The JSON schemas that the server publishes are made of these types.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::refusal::Refusal;

/// The longest name of an episode, in characters, as the protocol has it.
const EPISODE_ID: usize = 255;

/// How an episode begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Reset {
    /// The seed of the episode; the next episode of the session's sequence without one.
    pub(crate) seed: Option<u64>,
    /// What the episode is called; made up without one.
    pub(crate) episode_id: Option<String>,
    /// Who is played, by key or number; drawn from the seed without one.
    pub(crate) user: Option<String>,
}

impl Reset {
    /// Reads the parameters of a reset. Keys that are not known are passed over, as the protocol has it: trainers send
    /// whole rows of their data sets.
    pub(crate) fn read(data: &Value) -> Result<Self, Refusal> {
        let Value::Object(data) = data else {
            let expected = "an object such as {\"seed\": 7}";
            return Err(Refusal::field("data", format!("is {}", kind(data)), expected));
        };
        let given = |key: &str| data.get(key).filter(|value| !value.is_null());
        let seed = given("seed").map(|seed| {
            let wrong =
                || Refusal::field("seed", format!("is {}", shown(seed)), "an integer from 0 to 2^64 - 1");
            seed.as_u64().ok_or_else(wrong)
        });
        let episode_id = given("episode_id").map(|id| match id.as_str() {
            Some(text) if text.chars().count() <= EPISODE_ID => Ok(text.to_owned()),
            Some(text) => Err(Refusal::field(
                "episode_id",
                format!("has {} characters", text.chars().count()),
                format!("at most {EPISODE_ID}"),
            )),
            None => Err(Refusal::field("episode_id", format!("is {}", shown(id)), "a string")),
        });
        let user = given("user").map(|user| match user {
            Value::String(key) => Ok(key.clone()),
            Value::Number(number) if number.is_u64() => Ok(number.to_string()),
            other => Err(Refusal::field("user", format!("is {}", shown(other)), "a key or a number")),
        });
        Ok(Self { seed: seed.transpose()?, episode_id: episode_id.transpose()?, user: user.transpose()? })
    }
}

/// The answer to a reset or a step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Step {
    pub(crate) observation: Observation,
    pub(crate) reward: Option<f64>,
    pub(crate) done: bool,
}

/// What a recommender may see.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Observation {
    Items(ItemsObservation),
    Text(TextObservation),
}

/// What a recommender may see, in numbers. Shapes are those of `/metadata`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct ItemsObservation {
    /// The number of the user who asks.
    pub(crate) user: i64,
    /// Shape [6]: session and turn, counted from 0; days since the start; sine and cosine of the time of day; days the
    /// user was away.
    pub(crate) context: Vec<f32>,
    /// Shape [categories]: mean level of the known reactions to items of the category, -1 to 1.
    pub(crate) profile: Vec<f32>,
    /// Shape [history]: items of the last reactions other than skip, the newest last, -1 before the oldest.
    pub(crate) history_items: Vec<i32>,
    /// Shape [history]: what the user did with them, as positions on the scale of actions, -1 for none.
    pub(crate) history_actions: Vec<i8>,
    /// Shape [history]: ratings 1 to 5, 0 for none.
    pub(crate) history_ratings: Vec<i8>,
    /// What the user says along with asking for this slate.
    pub(crate) request: Option<Said>,
    /// What the user did with the last slate; null after a reset.
    pub(crate) feedback: Option<Feedback>,
}

/// What a recommender may see, in words.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct TextObservation {
    /// Who asks and for how many items; what the user searched, said and answered; the last reactions; some items that
    /// can be shown, each with its id. Empty after the end of a session's episode.
    pub(crate) text: String,
    /// What the user says along with asking for this slate: the instruction, search or answer by itself.
    pub(crate) request: Option<Said>,
    /// The number of the user who asks.
    pub(crate) user: i64,
    /// What the user did with the last slate; null after a reset.
    pub(crate) feedback: Option<Feedback>,
}

/// Words of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Said {
    /// `search`, `instruct` or `answer`.
    pub(crate) kind: String,
    /// The words.
    pub(crate) text: String,
}

/// What the user did with a slate of k items.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Feedback {
    /// Shape [k]: the items that were shown.
    pub(crate) slate: Vec<i64>,
    /// Shape [k]: what the user did with each, as positions on the scale of actions.
    pub(crate) actions: Vec<i8>,
    /// Shape [k]: seconds spent on each.
    pub(crate) dwell: Vec<f32>,
    /// Shape [k]: ratings 1 to 5, 0 for none.
    pub(crate) ratings: Vec<i8>,
    /// The user's move: `next-page`, `search`, `instruct`, `answer`, `post`, `chat` or `leave`.
    #[serde(rename = "move")]
    pub(crate) next: Option<String>,
    /// Why the user's session ended: `left`, `turn-limit`, `outage` or `horizon`; null if it goes on.
    pub(crate) session_end: Option<String>,
    /// Days until the user's next session; null unless one ended and the user comes back.
    pub(crate) gap_days: Option<f64>,
    /// Whether the episode was cut rather than ended by the user.
    pub(crate) truncated: bool,
}

/// Where a session stands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub(crate) struct State {
    /// The episode's name; null before the first reset.
    pub(crate) episode_id: Option<String>,
    /// Steps of the episode so far.
    pub(crate) step_count: u64,
    /// The seed that the session's sequence of episodes began with.
    pub(crate) seed: Option<u64>,
    /// The number of the episode in that sequence, counted from 0.
    pub(crate) episode: Option<u64>,
    /// The key of the user who is played.
    pub(crate) user: Option<String>,
    /// Whether the episode is over.
    pub(crate) done: bool,
    /// Sum of the episode's rewards.
    pub(crate) total_reward: f64,
    /// Ids of items that are not published yet and cannot be shown; empty before the first reset.
    pub(crate) unavailable: Vec<usize>,
    /// What recommenders cannot see; for analysis, not for policies.
    pub(crate) privileged: Option<Privileged>,
}

/// The user's hidden state now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Privileged {
    /// Satisfaction, fatigue, boredom, trust, mood.
    pub(crate) mindset: BTreeMap<String, f32>,
    /// The category that the user is after.
    pub(crate) need: Option<String>,
    /// Shape [categories]: the user's interests.
    pub(crate) interests: Vec<f32>,
}

/// A slate, in one of three forms.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
#[expect(
    dead_code,
    reason = "only the schema is made of it: actions are read field by field, for the errors' sake"
)]
pub(crate) enum ActionForm {
    /// Items by id.
    Items {
        /// Shape [k]: ids, or keys or titles, of different items.
        items: Vec<ItemName>,
    },
    /// Items in words.
    Text {
        /// An item on each line, by id, key or title; numbering before it is passed over.
        text: String,
    },
    /// A tool call.
    Call {
        /// `recommend`.
        name: String,
        /// The items, as an object or as JSON text.
        arguments: Arguments,
    },
}

/// Arguments of a tool call.
#[derive(Debug, JsonSchema)]
#[expect(dead_code, reason = "only the schema is made of it")]
pub(crate) struct Arguments {
    /// Shape [k]: ids, or keys or titles, of different items.
    items: Vec<ItemName>,
}

/// An item by id, or by key or title.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only the schema is made of it")]
pub(crate) enum ItemName {
    /// The id.
    Id(u32),
    /// The key or the title.
    Name(String),
}

/// What a JSON value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A JSON value for an error: itself if short, else what it is.
pub(crate) fn shown(value: &Value) -> String {
    let text = match value {
        Value::Object(_) | Value::Array(_) => return kind(value).to_owned(),
        simple => simple.to_string(),
    };
    if text.chars().count() <= 60 { text } else { format!("{} of {} bytes", kind(value), text.len()) }
}
