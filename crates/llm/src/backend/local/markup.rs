//! A prompt's turns with the chat template's markup between them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::backend::Prompt;
use crate::chat::{ChatPart, ChatTemplate, Role};
use crate::error::LlmError;
use crate::tokenizer::PieceKind;

/// Writes prompts. The markup depends on the roles alone, so it is rendered once for each sequence of roles.
pub(crate) struct Markup {
    template: Option<(ChatTemplate, Map<String, Value>)>,
    rendered: Mutex<BTreeMap<Vec<Role>, Arc<Vec<ChatPart>>>>,
}

impl Markup {
    pub(crate) fn new(template: Option<(ChatTemplate, Map<String, Value>)>) -> Self {
        Self { template, rendered: Mutex::default() }
    }

    /// Gives the pieces of a prompt in order. The last turn stays open: what comes next continues it.
    pub(crate) fn write(
        &self,
        prompt: &Prompt,
        mut piece: impl FnMut(PieceKind, &str) -> Result<(), LlmError>,
    ) -> Result<(), LlmError> {
        if prompt.is_plain() {
            for text in prompt.turns.iter().flat_map(|turn| &turn.pieces) {
                piece(PieceKind::Text, text)?;
            }
            return Ok(());
        }
        let Some((last, before)) = prompt.turns.split_last() else { return Ok(()) };
        let roles = before.iter().filter_map(|turn| turn.role).collect();
        for part in self.parts(roles)?.iter() {
            match part {
                ChatPart::Markup(text) => piece(PieceKind::Markup, text)?,
                ChatPart::Content { message, trimmed } => {
                    let pieces = before.get(*message).map(|turn| turn.pieces.as_slice()).unwrap_or_default();
                    let texts = if *trimmed {
                        trim_ends(pieces)
                    } else {
                        pieces.iter().map(String::as_str).collect()
                    };
                    texts.into_iter().try_for_each(|text| piece(PieceKind::Text, text))?;
                }
            }
        }
        last.pieces.iter().try_for_each(|text| piece(PieceKind::Text, text))
    }

    /// What the template writes after a turn of the assistant.
    pub(super) fn end_of_turn(&self) -> Option<String> {
        let (template, variables) = self.template.as_ref()?;
        let parts = template.parts(&[Role::User, Role::Assistant], variables, false).ok()?;
        match parts.last()? {
            ChatPart::Markup(text) => Some(text.clone()),
            ChatPart::Content { .. } => None,
        }
    }

    fn parts(&self, roles: Vec<Role>) -> Result<Arc<Vec<ChatPart>>, LlmError> {
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(parts) = rendered.get(&roles) {
            return Ok(parts.clone());
        }
        let Some((template, variables)) = &self.template else {
            let what = "the model has none, so it takes programs without turns only";
            return Err(LlmError::Template(what.to_owned()));
        };
        let parts = Arc::new(template.parts(&roles, variables, true)?);
        rendered.insert(roles, parts.clone());
        Ok(parts)
    }
}

/// The pieces of a text without white space at its ends.
fn trim_ends(pieces: &[String]) -> Vec<&str> {
    let mut texts: Vec<&str> = pieces.iter().map(String::as_str).collect();
    for text in &mut texts {
        *text = text.trim_start();
        if !text.is_empty() {
            break;
        }
    }
    for text in texts.iter_mut().rev() {
        *text = text.trim_end();
        if !text.is_empty() {
            break;
        }
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::trim_ends;

    #[test]
    fn only_the_ends_of_the_whole_are_trimmed() {
        let pieces = [" ", " a ", " b", "\n ", " "].map(str::to_owned);
        assert_eq!(trim_ends(&pieces), ["", "a ", " b", "", ""]);
    }
}
