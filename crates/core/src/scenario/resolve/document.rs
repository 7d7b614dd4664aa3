//! Other documents than scenarios, read with the same care.

use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::reader::Reader;
use crate::scenario::problem::{Finding, Problems};
use crate::scenario::schema::schema_of;
use crate::scenario::shape::Shape;
use crate::scenario::sources::MemorySources;
use crate::scenario::texts::Texts;
use crate::scenario::tree::{Node, Way};

/// A TOML document that has been read, and still knows its lines.
#[derive(Debug)]
pub struct TomlDocument<T> {
    /// What it says.
    pub value: T,
    root: Node,
    texts: Texts,
}

impl<T: DeserializeOwned + JsonSchema> TomlDocument<T> {
    /// Reads a TOML document. As with scenarios the type's JSON Schema decides which keys and values are accepted.
    /// `label` is the file as messages name it.
    ///
    /// # Errors
    /// All problems found, not only the first.
    pub fn read(label: &Path, content: &str) -> Result<Self, Problems> {
        let sources = MemorySources::new();
        let mut reader = Reader::new(&sources);
        let text = reader.texts.add_file(label, label, content);
        let read = match Node::document(content, text) {
            Ok(mut root) => {
                let schema = schema_of::<T>();
                let mut shape = Shape::new(&schema);
                shape.document(&mut root);
                let document = reader.compared(root, shape);
                reader.required(&document, &Way::default()).map(|value| (value, document.root))
            }
            Err((message, at)) => {
                reader.report(Finding::new(&at, &Way::default(), message));
                None
            }
        };
        match read {
            Some((value, root)) if reader.findings.is_empty() => {
                Ok(Self { value, root, texts: reader.texts })
            }
            _ => Err(Problems::new(reader.findings, reader.texts)),
        }
    }

    /// Refuses what the schema cannot refuse: a message for each field, the fields by their dotted paths
    /// (`segment.2.options`).
    pub fn refuse(self, messages: &[(String, String)]) -> Problems {
        let finding = |(field, message): &(String, String)| {
            let way = self.root.dotted(field);
            Finding::of(self.root.deepest(&way), &way, message.as_str())
        };
        Problems::new(messages.iter().map(finding).collect(), self.texts)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// A box.
    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Carton {
        /// How wide.
        width: u32,
        /// What is in it.
        #[serde(default)]
        content: Vec<String>,
    }

    fn read(content: &str) -> Result<TomlDocument<Carton>, Problems> {
        TomlDocument::read(Path::new("box.toml"), content)
    }

    #[test]
    fn what_fits_is_read_and_what_does_not_is_told_with_its_line() {
        let carton = read("width = 3\ncontent = [\"hat\", \"hat\"]\n").unwrap();
        assert_eq!((carton.value.width, carton.value.content.len()), (3, 2));
        let refused = carton.refuse(&[("content.1".to_owned(), "there is one hat only".to_owned())]);
        let wrong =
            ["width = -1\ncontnet = []\n", "width = [\n"].map(|text| read(text).unwrap_err().to_string());
        insta::assert_snapshot!([refused.to_string(), wrong.join("\n\n")].join("\n\n"));
    }
}
