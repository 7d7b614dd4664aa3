//! Names that a configuration or a reply refers to.

use habitue_core::scenario::nearest;
use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::{Action, ActionScale, Catalogue, ItemId};

/// `; did you mean "x"?` or nothing.
pub(crate) fn suggestion<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(typed, known).map_or_else(String::new, |name| format!("; did you mean \"{name}\"?"))
}

/// The item with this key.
pub(crate) fn item(catalogue: &Catalogue, field: &str, key: &str) -> Result<ItemId, String> {
    catalogue.find(key).ok_or_else(|| {
        let suggestion = suggestion(key, catalogue.keys());
        format!("{field} = \"{key}\": no such item in the catalogue{suggestion}")
    })
}

/// The least action that counts as positive: the one named, or the scale's least engaged one.
pub(crate) fn positive(scale: &ActionScale, named: Option<&str>) -> Result<Action, String> {
    let Some(name) = named else {
        let engaged = scale.actions().find(|action| scale.is_engaged(*action));
        return Ok(engaged.expect("a scale has an engaged action"));
    };
    let action = scale.find(name).ok_or_else(|| {
        let suggestion = suggestion(name, scale.names().iter().map(String::as_str));
        let names = scale.names().join(" < ");
        format!("positive = \"{name}\": no such action on the scale {names}{suggestion}")
    })?;
    if scale.level(action) <= 0 {
        return Err(format!("positive = \"{name}\": expected an action above \"skip\""));
    }
    Ok(action)
}

/// A configuration outside its range, as a sentence.
pub(crate) fn checked(config: &PolicyConfig) -> Result<(), String> {
    config
        .check()
        .map_err(|problem| format!("{} = {}: expected {}", problem.field, problem.value, problem.expected))
}
