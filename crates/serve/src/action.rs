//! From what a client sends to a slate.

use habitue_env::Envs;
use serde_json::{Map, Value};

use crate::refusal::Refusal;
use crate::wire::{kind, shown};

/// What an action may be, in words.
const FORMS: &str = "{\"items\": [...]}, {\"text\": \"...\"} or a call {\"name\": \"recommend\", \"arguments\": {\"items\": [...]}}";

/// What may stand on a line besides the longest name of an item: its numbering.
const NUMBERING: usize = 32;

/// A slate as the client names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Items by id.
    Ids(Vec<i64>),
    /// Items by key or title.
    Names(Vec<String>),
    /// Items in words, one a line.
    Text(String),
}

impl Action {
    /// Reads the three forms; `metadata`, which the protocol's own actions carry along, is passed over.
    pub(crate) fn read(value: &Value) -> Result<Self, Refusal> {
        let Value::Object(fields) = value else {
            return Err(Refusal::field("action", format!("is {}", kind(value)), FORMS));
        };
        if let Some(call) = fields.get("function").and_then(Value::as_object) {
            return Self::called(call);
        }
        match (fields.get("items"), fields.get("text"), fields.contains_key("name")) {
            (Some(items), None, false) => Self::listed("action.items", items),
            (None, Some(Value::String(text)), false) => Ok(Self::Text(text.clone())),
            (None, Some(other), false) => {
                Err(Refusal::field("action.text", format!("is {}", kind(other)), "a string"))
            }
            (None, None, true) => Self::called(fields),
            (None, None, false) => Err(Refusal::field("action", "names no items", FORMS)),
            _ => Err(Refusal::field("action", "names items in several ways", format!("one of {FORMS}"))),
        }
    }

    fn called(call: &Map<String, Value>) -> Result<Self, Refusal> {
        let name = call.get("name").unwrap_or(&Value::Null);
        if name != "recommend" {
            return Err(Refusal::field("action.name", format!("is {}", shown(name)), "\"recommend\""));
        }
        let typed = |value: &Value| value.get("items").cloned();
        let items = match call.get("arguments") {
            Some(Value::String(text)) => {
                let value = serde_json::from_str::<Value>(text).map_err(|error| {
                    let expected = "JSON text such as {\"items\": [1, 2]}";
                    Refusal::field("action.arguments", format!("is no JSON: {error}"), expected)
                })?;
                typed(&value)
            }
            Some(arguments) => typed(arguments),
            None => None,
        };
        let items = items.ok_or_else(|| {
            Refusal::field("action.arguments", "has no items", "{\"items\": [...]} with ids, keys or titles")
        })?;
        Self::listed("action.arguments.items", &items)
    }

    fn listed(field: &str, items: &Value) -> Result<Self, Refusal> {
        const EXPECTED: &str = "a list of item ids, or one of keys or titles";
        let Value::Array(items) = items else {
            return Err(Refusal::field(field, format!("is {}", shown(items)), EXPECTED));
        };
        let ids: Option<Vec<i64>> = items.iter().map(Value::as_i64).collect();
        if let Some(ids) = ids {
            return Ok(Self::Ids(ids));
        }
        let names: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
        names.map(Self::Names).ok_or_else(|| {
            let odd = |item: &&Value| !item.is_string() && item.as_i64().is_none();
            let error = items.iter().position(|item| odd(&item)).map_or_else(
                || "mixes ids and names".to_owned(),
                |at| format!("has {} at position {}", shown(&items[at]), at + 1),
            );
            Refusal::field(field, error, EXPECTED)
        })
    }

    /// The slate as ids. What can name no slate because of its length is refused before anything is looked up.
    pub(crate) fn slate(self, envs: &Envs) -> Result<Vec<i64>, Refusal> {
        let size = envs.shape().slate;
        let count = |got: usize, what: &str| {
            if got == size {
                return Ok(());
            }
            Err(Refusal::field("action", format!("has {got} {what}"), format!("{size}, the size of a slate")))
        };
        let text = match self {
            Self::Ids(ids) => {
                count(ids.len(), "items")?;
                return Ok(ids);
            }
            Self::Names(names) => {
                count(names.len(), "items")?;
                if let Some(at) =
                    names.iter().position(|name| name.trim().is_empty() || name.contains(['\n', '\r']))
                {
                    let error = format!("the name at position {} is no single line", at + 1);
                    return Err(Refusal::field("action.items", error, "keys or titles"));
                }
                names.join("\n")
            }
            Self::Text(text) => {
                count(text.lines().filter(|line| !line.trim().is_empty()).count(), "lines")?;
                text
            }
        };
        let catalogue = envs.catalogue().items();
        let longest = catalogue.iter().map(|item| item.key.len().max(item.title.len())).max().unwrap_or(0);
        let most = longest + NUMBERING;
        if let Some((at, line)) = (1..).zip(text.lines()).find(|(_, line)| line.trim().len() > most) {
            let error = format!("line {at} has {} bytes", line.len());
            let expected = format!("an item id, key or title on each line, at most {most} bytes");
            return Err(Refusal::field("action", error, expected));
        }
        Ok(envs.read_slate(&text)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_slate_has_three_forms() {
        let ids = Action::Ids(vec![3, 1]);
        for same in [
            json!({"items": [3, 1], "metadata": {}}),
            json!({"name": "recommend", "arguments": {"items": [3, 1]}}),
            json!({"type": "function", "function": {"name": "recommend", "arguments": "{\"items\": [3, 1]}"}}),
        ] {
            assert_eq!(Action::read(&same), Ok(ids.clone()), "{same}");
        }
        assert_eq!(
            Action::read(&json!({"items": ["a", "b"]})),
            Ok(Action::Names(vec!["a".into(), "b".into()]))
        );
        assert_eq!(Action::read(&json!({"text": "1\n2"})), Ok(Action::Text("1\n2".into())));
    }

    #[test]
    fn what_is_no_slate_is_told() {
        let told: Vec<String> = [
            json!(null),
            json!([1, 2]),
            json!({}),
            json!({"item": [1]}),
            json!({"items": [1], "text": "1"}),
            json!({"items": "1, 2"}),
            json!({"items": [1, "two"]}),
            json!({"items": [1, 2.5]}),
            json!({"items": [1, 99999999999999999999u128 as f64]}),
            json!({"text": 5}),
            json!({"name": "search", "arguments": {"items": [1]}}),
            json!({"name": "recommend", "arguments": "items"}),
            json!({"name": "recommend", "arguments": []}),
            json!({"name": ["recommend"]}),
        ]
        .iter()
        .map(|wrong| {
            Action::read(wrong).map_or_else(|refusal| format!("{refusal:?}"), |action| format!("{action:?}"))
        })
        .collect();
        insta::assert_snapshot!(told.join("\n"));
    }
}
