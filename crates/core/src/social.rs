//! Friends and what they say.

use serde::{Deserialize, Serialize};

use crate::ids::{ArmId, CreatorId, ItemId, UserId};
use crate::time::SimTime;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Sender {
    /// A user, to friends.
    User(UserId),
    /// A creator, to followers.
    Creator(CreatorId),
}

/// Where a message stands in a one-to-one chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChatTurn {
    /// Who began the chat.
    pub opener: UserId,
    /// The opener's session in which it began.
    pub session: u32,
    /// The turn of that session whose move began it.
    pub turn: u32,
    /// Messages of the chat before this one.
    pub number: u32,
}

impl ChatTurn {
    /// The first message of a chat that begins with the move of this turn.
    pub const fn opening(opener: UserId, session: u32, turn: u32) -> Self {
        Self { opener, session, turn, number: 0 }
    }

    /// The message that answers this one.
    #[must_use]
    pub const fn answer(self) -> Self {
        Self { number: self.number + 1, ..self }
    }

    /// Whether both are of the same chat.
    pub fn is_same_chat(&self, other: &Self) -> bool {
        Self { number: 0, ..*self } == Self { number: 0, ..*other }
    }
}

/// An answer in a chat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatReply {
    /// Who reads it.
    pub to: UserId,
    /// Where it stands.
    pub chat: ChatTurn,
    /// The words.
    pub text: String,
}

/// Something somebody tells a user. Delivered when the window ends in which it was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The arm in whose world it is heard: that of the reader.
    pub arm: ArmId,
    /// Who wrote.
    pub from: Sender,
    /// Who reads.
    pub to: UserId,
    /// When it was sent.
    pub sent: SimTime,
    /// When it was delivered.
    pub delivered: SimTime,
    /// Where it stands in a chat; `None` for posts and for what creators tell.
    pub chat: Option<ChatTurn>,
    /// What it is about.
    pub item: Option<ItemId>,
    /// Whether the writer speaks well of the item.
    pub positive: bool,
    /// The words; may be empty for users without language.
    pub text: String,
}

/// Who hears whom: for every user the sorted list of friends who receive posts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SocialGraph {
    friends: Vec<Vec<UserId>>,
}

impl SocialGraph {
    /// A graph of `users` users without edges.
    pub fn empty(users: usize) -> Self {
        Self { friends: vec![Vec::new(); users] }
    }

    /// Adds `to` to those who hear `from`. Repeated edges and self-loops change nothing.
    pub fn connect(&mut self, from: UserId, to: UserId) {
        if from == to {
            return;
        }
        let friends = &mut self.friends[from.index()];
        if let Err(at) = friends.binary_search(&to) {
            friends.insert(at, to);
        }
    }

    /// Those who hear this user, in order of id; empty for a user the graph does not know.
    pub fn friends(&self, user: UserId) -> &[UserId] {
        self.friends.get(user.index()).map_or(&[], Vec::as_slice)
    }

    /// Number of directed edges.
    pub fn edges(&self) -> usize {
        self.friends.iter().map(Vec::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_directed_sorted_and_simple() {
        let mut graph = SocialGraph::empty(4);
        for (from, to) in [(0, 3), (0, 1), (0, 3), (2, 2), (1, 0)] {
            graph.connect(UserId(from), UserId(to));
        }
        assert_eq!(graph.friends(UserId(0)), [UserId(1), UserId(3)]);
        assert_eq!((graph.friends(UserId(1)), graph.friends(UserId(3))), (&[UserId(0)][..], &[][..]));
        assert_eq!(graph.friends(UserId(9)), []);
        assert_eq!(graph.edges(), 3);
    }
}
