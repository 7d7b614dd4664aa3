//! The policy that examines users.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::FieldProblem;
use super::{count, rating};

/// An examination, not a recommendation: every user is shown one list of items that the real user liked among items that
/// the real user never touched, `m` for each (`Agent4Rec`'s 1:m), in random order. A list of n items has n / (1 + m) liked
/// ones, rounded. A user with fewer gets a shorter list of liked items and `m` times as many others; one without any, and
/// everybody on later slates, gets none, and leaves. Lists of different `m` share their liked items. Propensities are those
/// of the draw. Liked items come from what `personas = { from = "history", held_out = 0.2 }` holds out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DiscriminateConfig {
    /// Items never touched for each liked item, 1 to 999.
    #[schemars(range(min = 1, max = 999))]
    pub m: u32,
    /// Items on a list, 2 to 1,000, no more than the scenario's slates have.
    #[schemars(range(min = 2, max = 1000))]
    pub list: u32,
    /// The least rating that means liked, 1 to 5; an interaction without a rating means it too.
    #[schemars(range(min = 1, max = 5))]
    pub liked: f32,
    /// Where liked items come from.
    pub from: DiscriminateFrom,
}

/// Where liked items come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DiscriminateFrom {
    /// What is held out of the users' histories: nothing in the run knows of it.
    #[default]
    HeldOut,
    /// The users' histories: for `habitue fit`, which must not see what is held out. Personas are made from these items
    /// too, so that users do better on them.
    HeldIn,
}

impl Default for DiscriminateConfig {
    fn default() -> Self {
        Self { m: 1, list: 20, liked: 4.0, from: DiscriminateFrom::default() }
    }
}

impl DiscriminateConfig {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        count("m", self.m, 999)?;
        if !(2..=1000).contains(&self.list) {
            return Err(FieldProblem::new("list", self.list, "a whole number from 2 to 1000"));
        }
        rating("liked", self.liked)
    }

    /// How many of a user's `liked` items, and how many others, are on the list. A list is never longer than `list`, and
    /// has at least one liked item or none of both.
    pub fn parts(&self, liked: usize) -> (usize, usize) {
        let (size, m) = (self.list as usize, self.m as usize);
        // Rounded: size / (1 + m).
        let whole = ((2 * size + 1 + m) / (2 * (1 + m))).max(1);
        match liked.min(whole) {
            liked if liked == whole => (liked, size - liked),
            liked => (liked, liked * m),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_proportion() {
        let parts = |m, liked| DiscriminateConfig { m, ..Default::default() }.parts(liked);
        assert_eq!([1, 2, 3, 9].map(|m| parts(m, 99)), [(10, 10), (7, 13), (5, 15), (2, 18)]);
        assert_eq!([1, 2, 3, 9].map(|m| parts(m, 1)), [(1, 1), (1, 2), (1, 3), (1, 9)]);
        assert_eq!(
            (parts(1, 4), parts(3, 4), parts(9, 0), parts(999, 5)),
            ((4, 4), (4, 12), (0, 0), (1, 19))
        );
    }

    #[test]
    fn no_list_is_longer_than_asked_for() {
        for (m, list, liked) in
            (1..40).flat_map(|m| (2..30).flat_map(move |list| (0..12).map(move |liked| (m, list, liked))))
        {
            let config = DiscriminateConfig { m, list, ..Default::default() };
            let (liked, others) = config.parts(liked);
            assert!(liked + others <= list as usize, "{m} {list} {liked} {others}");
            assert_eq!(liked == 0, others == 0);
        }
    }
}
