//! Ordered feedback: one scale from the strongest rejection to the strongest approval.

use serde::{Deserialize, Serialize};

/// Per-item feedback: position on the scenario's [`ActionScale`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Action(pub u8);

/// The actions of a scenario from worst to best, e.g. `dislike < skip < view < click < like < share < follow`.
///
/// `skip`, the neutral action, is always part of the scale: what stands before it is negative feedback. One
/// ordered scale for implicit and explicit feedback follows GNOLR (Generalized Neural Ordered Logistic
/// Regression), which models click, like, share as levels of one variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionScale {
    names: Vec<String>,
    skip: u8,
    engaged: u8,
}

impl ActionScale {
    /// A scale of these names, worst first; `engaged` names the least action that counts as engagement (a hit).
    ///
    /// # Errors
    /// A sentence naming what is wrong: no `skip`, fewer than two actions, more than 32, an empty or repeated name,
    /// `engaged` not above `skip`.
    pub fn new<S: AsRef<str>>(names: &[S], engaged: &str) -> Result<Self, String> {
        let names: Vec<String> = names.iter().map(|name| name.as_ref().to_owned()).collect();
        if !(2..=32).contains(&names.len()) {
            return Err(format!("a scale has 2 to 32 actions, this one has {}", names.len()));
        }
        for (position, name) in names.iter().enumerate() {
            if name.is_empty() {
                return Err("an action has an empty name".to_owned());
            }
            if names[..position].contains(name) {
                return Err(format!("action \"{name}\" stands twice on the scale"));
            }
        }
        let find = |wanted: &str| names.iter().position(|name| name == wanted).map(|at| at as u8);
        let skip = find("skip").ok_or("the scale needs \"skip\", the action of a user who does nothing")?;
        let engaged = find(engaged).ok_or_else(|| format!("\"{engaged}\" is not on the scale"))?;
        if engaged <= skip {
            return Err(format!("\"{}\" must stand above \"skip\"", names[engaged as usize]));
        }
        Ok(Self { names, skip, engaged })
    }

    /// Number of actions.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Never: a scale has at least two actions.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The neutral action.
    pub const fn skip(&self) -> Action {
        Action(self.skip)
    }

    /// Whether the action counts as engagement.
    pub const fn is_engaged(&self, action: Action) -> bool {
        action.0 >= self.engaged
    }

    /// Whether the action is negative feedback.
    pub const fn is_negative(&self, action: Action) -> bool {
        action.0 < self.skip
    }

    /// Steps above (positive) or below (negative) `skip`.
    pub const fn level(&self, action: Action) -> i32 {
        action.0 as i32 - self.skip as i32
    }

    /// The action's name.
    pub fn name(&self, action: Action) -> &str {
        &self.names[action.0 as usize]
    }

    /// The names, worst first.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The action of this name.
    pub fn find(&self, name: &str) -> Option<Action> {
        self.names.iter().position(|known| known == name).map(|at| Action(at as u8))
    }

    /// All actions, worst first.
    pub fn actions(&self) -> impl Iterator<Item = Action> + use<> {
        (0..self.names.len() as u8).map(Action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_count_from_skip() {
        let scale = ActionScale::new(&["dislike", "skip", "view", "click", "like"], "click").unwrap();
        let level = |name: &str| scale.level(scale.find(name).unwrap());
        assert_eq!([level("dislike"), level("skip"), level("like")], [-1, 0, 3]);
        assert!(scale.is_negative(Action(0)) && !scale.is_negative(scale.skip()));
        assert!(scale.is_engaged(Action(3)) && !scale.is_engaged(Action(2)));
    }

    #[test]
    fn impossible_scales_are_refused() {
        for (names, engaged, says) in [
            (vec!["view", "click"], "click", "needs \"skip\""),
            (vec!["skip"], "skip", "2 to 32"),
            (vec!["skip", "view", "view"], "view", "twice"),
            (vec!["skip", ""], "skip", "empty"),
            (vec!["dislike", "skip", "view"], "dislike", "above"),
            (vec!["skip", "view"], "like", "not on the scale"),
        ] {
            let error = ActionScale::new(&names, engaged).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
