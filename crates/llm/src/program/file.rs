//! Programs as they are typed, in TOML.

use std::collections::BTreeMap;
use std::path::Path;

use habitue_core::scenario::{Problems, TomlDocument, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::{
    EachMode, ListStyle, NumberSlot, OptionList, PickEachSlot, PickSlot, Program, WriteSlot, WriteSpec,
};
use crate::error::LlmError;

/// A program whose slots are known by name, for those who cannot keep the handles in variables of their own.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NamedProgram {
    /// The program.
    pub program: Program,
    /// Its slots, in the order in which they are filled.
    pub slots: Vec<NamedSlot>,
}

/// A slot with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedSlot {
    /// The name.
    pub name: String,
    /// What is asked.
    pub asked: Asked,
}

/// What a slot asks for, with its handle.
#[derive(Debug, Clone, PartialEq)]
pub enum Asked {
    /// A choice.
    Pick {
        /// The handle.
        slot: PickSlot,
        /// The options, as declared.
        options: Vec<String>,
    },
    /// The same choice for several items.
    PickEach {
        /// The handle.
        slot: PickEachSlot,
        /// The texts before each choice.
        items: Vec<String>,
        /// The options, as declared.
        options: Vec<String>,
    },
    /// A whole number.
    Number {
        /// The handle.
        slot: NumberSlot,
        /// The smallest; option `i` of the choice is the number `lo + i`.
        lo: i64,
    },
    /// A text.
    Write {
        /// The handle.
        slot: WriteSlot,
    },
}

/// A decision program: text with slots, in the order in which the model reads and fills them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProgramFile {
    /// The segments, one `[[segment]]` each.
    #[schemars(length(min = 1))]
    segment: Vec<SegmentFile>,
}

/// A segment of a program.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum SegmentFile {
    /// Begins a turn of a conversation.
    Turn {
        /// Who speaks.
        role: RoleName,
        /// What is said.
        #[serde(default)]
        text: String,
    },
    /// Text.
    Text {
        /// The text.
        text: String,
        /// What a calibrated choice reads in its place.
        #[serde(default)]
        neutral: Option<String>,
    },
    /// Writes options, one a line, for a pick that comes later.
    List {
        /// Its name.
        name: String,
        /// The options.
        options: Vec<String>,
        /// How they are marked.
        #[serde(default)]
        style: StyleName,
        /// Whether the seed decides their order.
        #[serde(default)]
        shuffled: bool,
    },
    /// A choice: exactly one of `options` and `list`.
    Pick {
        /// Its name.
        name: String,
        /// The options.
        #[serde(default)]
        options: Option<Vec<String>>,
        /// The list that has the options.
        #[serde(default)]
        list: Option<String>,
        /// What the model writes to pick a listed option.
        #[serde(default)]
        by: ByName,
        /// Whether what the model likes without content is taken off.
        #[serde(default)]
        calibrate: bool,
    },
    /// The same choice for each of several items.
    PickEach {
        /// Its name.
        name: String,
        /// The texts before each choice.
        #[schemars(length(min = 1))]
        items: Vec<String>,
        /// The options.
        options: Vec<String>,
        /// Whether the choices see one another.
        #[serde(default)]
        mode: ModeName,
    },
    /// A whole number.
    Number {
        /// Its name.
        name: String,
        /// The smallest.
        from: i64,
        /// The largest.
        to: i64,
        /// Whether what the model likes without content is taken off.
        #[serde(default)]
        calibrate: bool,
    },
    /// Free text.
    Write {
        /// Its name.
        name: String,
        /// Most tokens.
        #[serde(default = "max_tokens")]
        #[schemars(range(min = 1))]
        max_tokens: u32,
        /// 0 takes the most likely token.
        #[serde(default = "one")]
        #[schemars(range(min = 0.0))]
        temperature: f64,
        /// Samples from the smallest set of tokens with this probability.
        #[serde(default = "one")]
        #[schemars(range(max = 1.0), extend("exclusiveMinimum" = 0.0))]
        top_p: f64,
        /// Texts that end it.
        #[serde(default)]
        stop: Vec<String>,
        /// A JSON Schema that it meets.
        #[serde(default)]
        schema: Option<BTreeMap<String, Value>>,
        /// A regular expression that it matches as a whole.
        #[serde(default)]
        regex: Option<String>,
    },
}

/// Who speaks.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RoleName {
    /// What holds for the whole conversation.
    System,
    /// The one who asks.
    User,
    /// The model.
    Assistant,
}

/// How listed options are marked.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum StyleName {
    /// `- option`
    #[default]
    Dashed,
    /// `1. option`
    Numbered,
    /// `A. option`
    Lettered,
}

/// What the model writes to pick a listed option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ByName {
    /// Its text.
    #[default]
    Text,
    /// Its number or letter.
    Label,
}

/// Whether choices see one another.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ModeName {
    /// Each sees those before.
    #[default]
    Joint,
    /// None sees another.
    Independent,
}

impl From<StyleName> for ListStyle {
    fn from(style: StyleName) -> Self {
        match style {
            StyleName::Dashed => Self::Dashed,
            StyleName::Numbered => Self::Numbered,
            StyleName::Lettered => Self::Lettered,
        }
    }
}

impl From<ModeName> for EachMode {
    fn from(mode: ModeName) -> Self {
        match mode {
            ModeName::Joint => Self::Joint,
            ModeName::Independent => Self::Independent,
        }
    }
}

const fn max_tokens() -> u32 {
    64
}

const fn one() -> f64 {
    1.0
}

impl NamedProgram {
    /// Reads a program from TOML: `[[segment]]` tables whose `kind` is `turn`, `text`, `list`, `pick`, `pick-each`,
    /// `number` or `write`, as the methods of [`Program`]. `label` is the file as messages name it.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use habitue_llm::NamedProgram;
    ///
    /// let text = r#"
    /// [[segment]]
    /// kind = "text"
    /// text = "Ada likes quiet films. She watches "
    /// [[segment]]
    /// kind = "pick"
    /// name = "film"
    /// options = ["Heat", "Paterson"]
    /// "#;
    /// let program = NamedProgram::read(Path::new("film.toml"), text)?;
    /// assert_eq!(program.slots[0].name, "film");
    /// assert_eq!(program.program.outline(), "Ada likes quiet films. She watches <<film>>");
    /// # Ok::<(), habitue_core::scenario::Problems>(())
    /// ```
    ///
    /// # Errors
    /// All problems found, each with its line: unknown keys, values that do not fit, and what [`Program::check`] finds.
    pub fn read(label: &Path, content: &str) -> Result<Self, Problems> {
        let document = TomlDocument::<ProgramFile>::read(label, content)?;
        let mut builder = Builder::default();
        for (at, segment) in document.value.segment.iter().enumerate() {
            builder.segment(at, segment);
        }
        if builder.wrong.is_empty()
            && let Err(error) = builder.named.program.check()
        {
            builder.wrong.push(builder.place(error));
        }
        if builder.wrong.is_empty() { Ok(builder.named) } else { Err(document.refuse(&builder.wrong)) }
    }
}

#[derive(Default)]
struct Builder {
    named: NamedProgram,
    /// Lists by name.
    lists: Vec<(String, OptionList, Vec<String>)>,
    /// By slot, the path of the field that its check is about.
    fields: Vec<String>,
    /// What is wrong: path and message.
    wrong: Vec<(String, String)>,
}

impl Builder {
    fn slot(&mut self, field: String, name: &str, asked: Asked) {
        self.fields.push(field);
        self.named.slots.push(NamedSlot { name: name.to_owned(), asked });
    }

    fn calibrate(&mut self, wanted: bool) {
        if wanted {
            self.named.program.calibrate();
        }
    }

    fn segment(&mut self, at: usize, segment: &SegmentFile) {
        let field = |name: &str| format!("segment.{at}.{name}");
        let program = &mut self.named.program;
        match segment {
            SegmentFile::Turn { role, text } => {
                let turn = match role {
                    RoleName::System => program.system(),
                    RoleName::User => program.user(),
                    RoleName::Assistant => program.assistant(),
                };
                turn.text(text.as_str());
            }
            SegmentFile::Text { text, neutral: None } => {
                program.text(text.as_str());
            }
            SegmentFile::Text { text, neutral: Some(neutral) } => {
                program.content(text.as_str(), neutral.as_str());
            }
            SegmentFile::List { name, options, style, shuffled } => {
                let list = program.options(options.clone(), *shuffled);
                program.list(list, (*style).into());
                if self.lists.iter().any(|(known, ..)| known == name) {
                    self.wrong.push((field("name"), "another list has the same name".to_owned()));
                }
                self.lists.push((name.clone(), list, options.clone()));
            }
            SegmentFile::Pick { name, options, list, by, calibrate } => {
                match self.pick(name, options.as_deref(), list.as_deref(), *by) {
                    Ok((slot, options)) => {
                        let of = field(if list.is_some() { "list" } else { "options" });
                        self.slot(of, name, Asked::Pick { slot, options });
                        self.calibrate(*calibrate);
                    }
                    Err((key, message)) => self.wrong.push((field(key), message)),
                }
            }
            SegmentFile::PickEach { name, items, options, mode } => {
                let slot = program.pick_each(name, items.clone(), options.clone(), (*mode).into());
                let asked = Asked::PickEach { slot, items: items.clone(), options: options.clone() };
                self.slot(field("options"), name, asked);
            }
            SegmentFile::Number { name, from, to, calibrate } => {
                let slot = program.number(name, *from, *to);
                self.slot(field("to"), name, Asked::Number { slot, lo: *from });
                self.calibrate(*calibrate);
            }
            SegmentFile::Write { name, max_tokens, temperature, top_p, stop, schema, regex } => {
                let mut spec = WriteSpec::new(*max_tokens as usize).temperature(*temperature).top_p(*top_p);
                spec.stop.clone_from(stop);
                if schema.is_some() && regex.is_some() {
                    let message = "a text has a schema or a regular expression, not both";
                    self.wrong.push((field("regex"), message.to_owned()));
                }
                if let Some(schema) = schema {
                    spec = spec.json(Value::Object(schema.clone().into_iter().collect()));
                }
                if let Some(regex) = regex {
                    spec = spec.regex(regex.as_str());
                }
                let slot = program.write(name, spec);
                self.slot(field("name"), name, Asked::Write { slot });
            }
        }
    }

    /// The slot of a pick with its options, or the key that is wrong and why.
    fn pick(
        &mut self,
        name: &str,
        options: Option<&[String]>,
        list: Option<&str>,
        by: ByName,
    ) -> Result<(PickSlot, Vec<String>), (&'static str, String)> {
        let program = &mut self.named.program;
        let wanted = match (options, list) {
            (Some(_), None) if by == ByName::Label => {
                return Err(("by", "a pick by label needs a `list`".to_owned()));
            }
            (Some(options), None) => return Ok((program.pick(name, options.to_vec()), options.to_vec())),
            (None, Some(list)) => list,
            (Some(_), Some(_)) => {
                return Err(("list", "a pick has `options` or a `list`, not both".to_owned()));
            }
            (None, None) => return Err(("name", "a pick needs `options` or a `list`".to_owned())),
        };
        let Some((_, list, options)) = self.lists.iter().find(|(known, ..)| known == wanted) else {
            let names = self.lists.iter().map(|(name, ..)| name.as_str());
            let near =
                nearest(wanted, names).map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"));
            return Err(("list", format!("no list before it has this name{near}")));
        };
        let slot = match by {
            ByName::Text => program.pick_listed(name, *list),
            ByName::Label => program.pick_label(name, *list),
        };
        Ok((slot, options.clone()))
    }

    /// Where what the program's check has found was typed.
    fn place(&self, error: LlmError) -> (String, String) {
        match error {
            LlmError::Program { slot, what } => {
                // Of two slots of one name the later is wrong.
                let of = self.named.slots.iter().rposition(|named| named.name == slot);
                let field = of.map_or_else(|| "segment".to_owned(), |of| self.fields[of].clone());
                (field, what)
            }
            other => ("segment".to_owned(), other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
