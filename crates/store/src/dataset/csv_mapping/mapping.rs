//! The mapping file: which columns of which files are what.

use std::path::Path;

use habitue_core::{DataError, DataErrorKind};
use serde::{Deserialize, Serialize};

use crate::error::StoreError;
use crate::json_lines::misfit;
use crate::text::{Encoding, read_text};

/// A mapping file.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::dataset) struct Mapping {
    /// What the data set is.
    pub(in crate::dataset) name: String,
    /// What stands between the fields of CSV files.
    #[serde(default = "comma", skip_serializing_if = "is_comma")]
    pub(in crate::dataset) delimiter: String,
    /// How CSV files are written.
    #[serde(default, skip_serializing_if = "is_utf8")]
    pub(in crate::dataset) encoding: TextEncoding,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) items: Option<ItemsTable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) users: Option<UsersTable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) interactions: Option<InteractionsTable>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) friends: Option<FriendsTable>,
}

/// Encodings of CSV files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
pub(in crate::dataset) enum TextEncoding {
    /// UTF-8 and nothing else.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-8 where it is, else Latin-1.
    #[serde(rename = "latin-1")]
    Latin1,
}

impl From<TextEncoding> for Encoding {
    fn from(encoding: TextEncoding) -> Self {
        match encoding {
            TextEncoding::Utf8 => Self::Utf8,
            TextEncoding::Latin1 => Self::Utf8OrLatin1,
        }
    }
}

/// Items: JSON lines as in a catalogue file (`.jsonl`), or CSV with the columns named here.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::dataset) struct ItemsTable {
    pub(in crate::dataset) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) categories: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) tags: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) creator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) duration_seconds: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) quality: Option<String>,
    /// What stands between several categories or tags of one item; "|" if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) separator: Option<String>,
    /// Names that have the first numbers, whether or not items use them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::dataset) category_names: Vec<String>,
    /// As `category_names`, of creators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::dataset) creator_names: Vec<String>,
}

/// Users: JSON lines of [`UserLine`] (`.jsonl`), or CSV with the columns named here.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(in crate::dataset) struct UsersTable {
    pub(in crate::dataset) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) age: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) occupation: Option<String>,
}

/// Interactions: CSV with the columns named here.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::dataset) struct InteractionsTable {
    pub(in crate::dataset) file: String,
    pub(in crate::dataset) user: String,
    pub(in crate::dataset) item: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) time: Option<String>,
    #[serde(default)]
    pub(in crate::dataset) time_unit: TimeUnit,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) rating: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) weight: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) order: Option<Order>,
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::dataset) enum TimeUnit {
    /// Seconds since 1970.
    #[default]
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Dates with time and zone.
    Rfc3339,
}

/// The order that rows are promised to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::dataset) enum Order {
    /// By time.
    Time,
    /// By user as listed, then time.
    UserTime,
}

impl Order {
    /// As a mapping spells it.
    pub(in crate::dataset) const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::UserTime => "user-time",
        }
    }
}

/// Friendships: CSV with the columns named here.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::dataset) struct FriendsTable {
    pub(in crate::dataset) file: String,
    pub(in crate::dataset) from: String,
    pub(in crate::dataset) to: String,
    /// Whether every line stands for both directions.
    #[serde(default)]
    pub(in crate::dataset) mutual: bool,
}

/// A user in a file of JSON lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(in crate::dataset) struct UserLine {
    pub(in crate::dataset) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dataset) age: Option<u8>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::dataset) gender: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in crate::dataset) occupation: String,
}

impl Mapping {
    /// Reads a mapping file.
    pub(super) fn read(path: &Path) -> Result<Self, StoreError> {
        let text = read_text(path, Encoding::Utf8)?;
        let mapping = Self::parse(path, &text).map_err(StoreError::from)?;
        mapping.check(path)?;
        Ok(mapping)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, DataError> {
        let placed = |error: DataError, refusal: &toml::de::Error| match refusal.span() {
            Some(span) => {
                let before = text.get(..span.start).unwrap_or(text);
                error.at(before.matches('\n').count() as u64 + 1)
            }
            None => error,
        };
        let document = toml::Deserializer::parse(text).map_err(|refusal| {
            let expected = format!("TOML ({})", refusal.message().trim().replace('\n', ", "));
            placed(DataError::new(DataErrorKind::Type, path, expected), &refusal)
        })?;
        serde_path_to_error::deserialize(document).map_err(|error| {
            let field = error.path().to_string();
            let refusal = error.into_inner();
            placed(misfit(path, &field, refusal.message()), &refusal)
        })
    }

    fn check(&self, path: &Path) -> Result<(), DataError> {
        let wrong = |field: &str, value: &str, expected: &str| {
            DataError::new(DataErrorKind::Range, path, expected).field(field).value(value)
        };
        if !matches!(self.delimiter.as_bytes(), [byte] if byte.is_ascii() && !b"\"\r\n".contains(byte)) {
            return Err(wrong("delimiter", &self.delimiter, "one ASCII character other than a quote"));
        }
        let separator = self.items.as_ref().and_then(|items| items.separator.as_deref());
        if separator == Some("") {
            return Err(wrong("items.separator", "", "at least one character"));
        }
        let files = [
            ("items.file", self.items.as_ref().map(|table| &table.file)),
            ("users.file", self.users.as_ref().map(|table| &table.file)),
            ("interactions.file", self.interactions.as_ref().map(|table| &table.file)),
            ("friends.file", self.friends.as_ref().map(|table| &table.file)),
        ];
        match files.into_iter().find(|(_, file)| file.is_some_and(String::is_empty)) {
            Some((field, _)) => Err(wrong(field, "", "the name of a file")),
            None => Ok(()),
        }
    }
}

fn comma() -> String {
    ",".to_owned()
}

fn is_comma(delimiter: &str) -> bool {
    delimiter == ","
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_utf8(encoding: &TextEncoding) -> bool {
    *encoding == TextEncoding::Utf8
}
