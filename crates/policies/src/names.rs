//! Names that a configuration or a reply refers to.

use habitue_core::scenario::policy::PolicyConfig;
use habitue_core::{Action, ActionScale, Catalogue, ItemId};

/// Least similarity (Jaro-Winkler, 0 to 1) at which a name is offered as the one that was meant.
const ALIKE: f64 = 0.7;

/// The name most like the one that was typed, if any is; of equals the first.
pub(crate) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best = (ALIKE, None);
    for name in known {
        let likeness = strsim::jaro_winkler(typed, name);
        if likeness > best.0 {
            best = (likeness, Some(name));
        }
    }
    best.1
}

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
