//! What a user tells friends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::share;

/// What a user does between two slates who has friends and has just engaged with something: tell them of the item with
/// the strongest action (of several, the one with the highest affinity).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SocialConfig {
    /// Probability of a post to all friends, given that the user does not leave; 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub post: f64,
    /// Probability of a message to one friend, given that the user does not leave; 0 to 1, and at most 1 together with
    /// `post`.
    #[schemars(range(min = 0, max = 1))]
    pub chat: f64,
}

impl Default for SocialConfig {
    fn default() -> Self {
        Self { post: 0.02, chat: 0.0 }
    }
}

impl SocialConfig {
    pub(super) fn check(&self) -> Result<(), FieldProblem> {
        share("post", self.post)?;
        share("chat", self.chat)?;
        if self.post + self.chat > 1.0 {
            return Err(FieldProblem::new(
                "chat",
                self.chat,
                format!("at most {}, 1 less \"post\"", 1.0 - self.post),
            ));
        }
        Ok(())
    }
}
