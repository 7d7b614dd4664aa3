//! Chat templates: how a model wants a conversation written.

mod python;

use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::LlmError;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What holds for the whole conversation.
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatMessage {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: String,
}

/// A part of a rendered conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChatPart {
    /// Written by the template.
    Markup(String),
    /// The content of this message; `trimmed` if the template takes white space off its ends.
    Content {
        /// Position of the message.
        message: usize,
        /// Whether white space at the start and end goes.
        trimmed: bool,
    },
}

/// A template in Jinja, as Hugging Face's `apply_chat_template` reads it: blocks trimmed, `raise_exception`, Python's
/// `tojson`, string methods of Python. `strftime_now` is left undefined, so that no prompt depends on the clock:
/// templates then write their fixed date.
#[derive(Debug, Clone)]
pub struct ChatTemplate {
    environment: Environment<'static>,
    source: String,
    tokens: Map<String, Value>,
}

impl ChatTemplate {
    /// A template from its source; `tokens` are variables such as `bos_token`.
    ///
    /// # Errors
    /// If it is not valid Jinja.
    pub fn new(source: &str, tokens: Map<String, Value>) -> Result<Self, LlmError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|error| LlmError::Template(error.to_string()))?;
        environment.set_syntax(syntax);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.set_recursion_limit(100);
        python::install(&mut environment);
        environment
            .add_template_owned("chat".to_owned(), source.to_owned())
            .map_err(|error| LlmError::Template(error.to_string()))?;
        Ok(Self { environment, source: source.to_owned(), tokens })
    }

    /// The template of a model's folder: `chat_template.jinja` (given as its text), else `chat_template` in
    /// `tokenizer_config.json` (given as its value), which is a text or a list of named texts of which "default" is
    /// taken.
    ///
    /// # Errors
    /// If it is not valid Jinja.
    pub fn from_settings(settings: &Value, file: &Option<String>) -> Result<Option<Self>, LlmError> {
        let listed = |list: &Vec<Value>| {
            let named = |entry: &&Value| entry.get("name").and_then(Value::as_str) == Some("default");
            list.iter().find(named)?.get("template")?.as_str().map(str::to_owned)
        };
        let source = file.clone().or_else(|| match settings.get("chat_template")? {
            Value::String(text) => Some(text.clone()),
            Value::Array(list) => listed(list),
            _ => None,
        });
        let Some(source) = source else { return Ok(None) };
        let mut tokens = Map::new();
        for name in ["bos_token", "eos_token", "unk_token", "pad_token"] {
            if let Some(text) = token_text(settings, name) {
                tokens.insert(name.to_owned(), text.into());
            }
        }
        Self::new(&source, tokens).map(Some)
    }

    /// The template's source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Writes a conversation. `extra` are further variables (`enable_thinking`, for one). With
    /// `add_generation_prompt` the text ends where the assistant's next message begins.
    ///
    /// # Errors
    /// If the template refuses the messages.
    pub fn render(
        &self,
        messages: &[ChatMessage],
        extra: &Map<String, Value>,
        add_generation_prompt: bool,
    ) -> Result<String, LlmError> {
        let mut variables = self.tokens.clone();
        variables.extend(extra.clone());
        variables.insert("messages".to_owned(), serde_json::json!(messages));
        variables.insert("add_generation_prompt".to_owned(), add_generation_prompt.into());
        let template =
            self.environment.get_template("chat").map_err(|error| LlmError::Template(error.to_string()))?;
        template.render(Serde(&variables)).map_err(|error| {
            let detail = error.detail().map_or_else(|| error.to_string(), str::to_owned);
            LlmError::Template(format!("{detail} (line {})", error.line().unwrap_or(0)))
        })
    }

    /// Writes a conversation of these roles with the contents left out, in the order of the text (Mistral's template
    /// moves the system message). Contents go in their places without being read as markup.
    ///
    /// # Errors
    /// If the template refuses the roles, or changes contents other than by trimming them.
    pub fn parts(
        &self,
        roles: &[Role],
        extra: &Map<String, Value>,
        add_generation_prompt: bool,
    ) -> Result<Vec<ChatPart>, LlmError> {
        // Private-use characters mark the places; the spaces around them show whether the template trims.
        let mark = |message: usize| format!("\u{f8f0}{message}\u{f8f1}");
        let messages: Vec<ChatMessage> = roles
            .iter()
            .enumerate()
            .map(|(message, &role)| ChatMessage { role, content: format!(" {} ", mark(message)) })
            .collect();
        let text = self.render(&messages, extra, add_generation_prompt)?;
        let mut places = Vec::new();
        for (message, role) in roles.iter().enumerate() {
            let place = mark(message);
            let found: Vec<usize> = text.match_indices(&place).map(|(at, _)| at).collect();
            let [at] = found[..] else {
                let what =
                    format!("it writes the {role:?} message {message} {} times, expected once", found.len());
                return Err(LlmError::Template(what));
            };
            places.push((at, at + place.len(), message));
        }
        places.sort_unstable();
        let mut parts = Vec::new();
        let mut rest = 0;
        for (start, end, message) in places {
            let before = &text[rest..start];
            let spaces = before.strip_suffix(' ').filter(|_| text[end..].starts_with(' '));
            let trimmed = spaces.is_none();
            parts.push(ChatPart::Markup(spaces.unwrap_or(before).to_owned()));
            parts.push(ChatPart::Content { message, trimmed });
            rest = if trimmed { end } else { end + 1 };
        }
        parts.push(ChatPart::Markup(text[rest..].to_owned()));
        parts.retain(|part| !matches!(part, ChatPart::Markup(text) if text.is_empty()));
        Ok(parts)
    }
}

/// A token in `tokenizer_config.json`: a text, or an object with `content`.
pub(crate) fn token_text(settings: &Value, name: &str) -> Option<String> {
    let value = settings.get(name)?;
    value.as_str().or_else(|| value.get("content")?.as_str()).map(str::to_owned)
}
