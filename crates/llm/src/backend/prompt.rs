//! What a model reads.

use serde::{Deserialize, Serialize};

use crate::chat::Role;

/// A prompt: turns of pieces. A turn without a role is plain text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Prompt {
    /// The turns; a turn without a role stands alone.
    pub turns: Vec<PromptTurn>,
}

/// A turn of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptTurn {
    /// Who speaks.
    pub role: Option<Role>,
    /// What is said, in pieces with their own tokens.
    pub pieces: Vec<String>,
}

impl Prompt {
    /// A plain text of one piece.
    pub fn plain(text: &str) -> Self {
        let mut prompt = Self::default();
        prompt.push(text);
        prompt
    }

    /// Begins a turn.
    pub fn turn(&mut self, role: Role) {
        self.turns.push(PromptTurn { role: Some(role), pieces: Vec::new() });
    }

    /// Appends a piece to the last turn.
    pub fn push(&mut self, piece: &str) {
        if self.turns.is_empty() {
            self.turns.push(PromptTurn { role: None, pieces: Vec::new() });
        }
        if let (Some(turn), false) = (self.turns.last_mut(), piece.is_empty()) {
            turn.pieces.push(piece.to_owned());
        }
    }

    /// Whether it is plain text.
    pub fn is_plain(&self) -> bool {
        self.turns.iter().all(|turn| turn.role.is_none())
    }

    /// The pieces one after the other, for plain text.
    pub fn text(&self) -> String {
        self.turns.iter().flat_map(|turn| &turn.pieces).map(String::as_str).collect()
    }

    /// Hash of the roles and texts in hexadecimal digits; where pieces meet makes no difference.
    pub fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for turn in &self.turns {
            let role: &[u8] = match turn.role {
                None => b"\xffnone\xff",
                Some(Role::System) => b"\xffsystem\xff",
                Some(Role::User) => b"\xffuser\xff",
                Some(Role::Assistant) => b"\xffassistant\xff",
            };
            // 0xff never occurs in UTF-8, so a text cannot pass for a role.
            hasher.update(role);
            for piece in &turn.pieces {
                hasher.update(piece.as_bytes());
            }
        }
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_roles_make_the_hash_and_pieces_do_not() {
        let of = |pieces: &[&str], role| {
            let mut prompt = Prompt::default();
            prompt.turn(role);
            for piece in pieces {
                prompt.push(piece);
            }
            prompt.hash()
        };
        assert_eq!(of(&["ab", "c"], Role::User), of(&["a", "bc"], Role::User));
        assert_ne!(of(&["abc"], Role::User), of(&["abc"], Role::Assistant));
        assert_ne!(of(&["abc"], Role::User), of(&["abd"], Role::User));
    }
}
