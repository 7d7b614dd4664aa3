//! A data set of logged interactions, whatever files it came from.

mod hold_out;

pub use hold_out::Split;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::ids::ItemId;

/// A user of a data set.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DatasetUser {
    /// Id in the data set, as text; unique.
    pub key: String,
    /// Age in years, where known.
    pub age: Option<u8>,
    /// Gender as the data set states it; may be empty.
    pub gender: String,
    /// Occupation; may be empty.
    pub occupation: String,
}

/// One logged interaction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// Position in [`Dataset::users`].
    pub user: u32,
    /// The item.
    pub item: ItemId,
    /// Seconds since 1970-01-01 UTC; 0 where the data set has no times.
    pub unix_seconds: i64,
    /// Rating, on the data set's scale.
    pub rating: Option<f32>,
    /// Strength of an implicit interaction (play count), 1 where there is none.
    pub weight: f32,
}

/// Items, users, interactions and friendships.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Dataset {
    /// What it is and where it came from, for the manifest.
    pub name: String,
    /// The items.
    pub catalogue: Catalogue,
    /// The users.
    pub users: Vec<DatasetUser>,
    /// The interactions, by (user, time, order in the file).
    pub interactions: Vec<Interaction>,
    /// Directed friendships as positions in `users`, sorted.
    pub friends: Vec<(u32, u32)>,
}

impl Dataset {
    /// The interactions of each user, in order of `users`.
    pub fn by_user(&self) -> impl Iterator<Item = (&DatasetUser, &[Interaction])> {
        let mut rest = self.interactions.as_slice();
        self.users.iter().enumerate().map(move |(position, user)| {
            let own = rest.iter().take_while(|interaction| interaction.user as usize == position).count();
            let (head, tail) = rest.split_at(own);
            rest = tail;
            (user, head)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_their_own_interactions_also_if_they_have_none() {
        let interaction =
            |user| Interaction { user, item: ItemId(0), unix_seconds: 0, rating: None, weight: 1.0 };
        let user = |key: &str| DatasetUser { key: key.to_owned(), ..DatasetUser::default() };
        let dataset = Dataset {
            users: ["a", "b", "c"].map(user).to_vec(),
            interactions: [0, 0, 2].map(interaction).to_vec(),
            ..Dataset::default()
        };
        let counts: Vec<_> = dataset.by_user().map(|(user, own)| (user.key.as_str(), own.len())).collect();
        assert_eq!(counts, [("a", 2), ("b", 0), ("c", 1)]);
    }
}
