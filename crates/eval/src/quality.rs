//! What was recommended: to whom it was useful, how varied it was, and how it was spread over items and users.
//!
//! The measures stand on their own ([`Ranking`], [`coverage`], [`gini`], [`ItemFairness`], [`entropy_bits`]); a report streams
//! the turns of a run through them ([`Quality`]), in memory that grows with the numbers of users, items and categories, not
//! with that of turns.
//!
//! | word | definition |
//! |---|---|
//! | intra-list diversity | 1 less the mean cosine over the pairs of items of a slate, of their categories or embeddings (Ziegler et al., WWW 2005; Smyth and `McClave`, 2001) |
//! | novelty | mean self-information `-log2 p` of the items shown, `p` an item's share of all interactions, each item having one more than it has (Zhou et al., PNAS 2010; Laplace's rule) |
//! | popularity lift | mean popularity of the items shown, over that of the items in the users' histories, less 1 (Abdollahpouri et al., 2019); without histories, over that of all items |
//! | unexpectedness | 1 less the cosine of an item's categories with those of all that the user had engaged with before |
//! | serendipity | unexpectedness of an item that the user engages with, 0 of any other; mean over the items shown |
//! | filter bubble | individual entropy falls: of the categories that a user is shown in a period. The collective entropy is that of the categories that all users are shown: a policy may show everybody less variety and still show much in all |
//! | gap | the difference between the groups of users with the highest and the lowest mean |
//!
//! ```
//! use habitue_eval::quality::{ItemFairness, Ranking, entropy_bits, gini};
//!
//! // The user likes three items; the list has two of them, at places 1 and 3.
//! let ranking = Ranking::at(3, [true, false, true], 3).unwrap();
//! assert_eq!((ranking.recall, ranking.reciprocal_rank), (2.0 / 3.0, 1.0));
//!
//! // Two lists of one item each; there are four items, of which one is shown twice.
//! let exposure = [2, 0, 0, 0];
//! assert_eq!(gini(&exposure), Some(0.75));
//! let fairness = ItemFairness::of(&exposure, &[0, 2]).unwrap();
//! assert_eq!((fairness.gini.original, fairness.gini.corrected), (0.75, Some(1.0)));
//! assert_eq!(entropy_bits([1.0, 0.0], 1.0), Some(0.0));
//! ```

mod arm;
mod by_group;
mod entropy;
mod exposure;
mod held_out;
mod items;
mod people;
mod ranking;
mod tally;

use serde::Serialize;

pub use crate::jackknife::Share;
pub(crate) use entropy::Sparse;
pub use entropy::entropy_bits;
pub use exposure::{Fairness, ItemFairness, coverage, gini};
pub(crate) use held_out::HeldOut;
pub use held_out::HeldOutError;
pub(crate) use items::Items;
pub(crate) use people::People;
pub use ranking::{Ranking, graded_ndcg};
pub(crate) use tally::{Setting, Tally};

/// What an arm recommended. Means have delete-a-group jackknife intervals over users; coverage, Gini and fairness have none:
/// they depend on how much was shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// Slates with at least one item.
    pub slates: u64,
    /// Items shown.
    pub shown: u64,
    /// Items of the catalogue, those that joined later included.
    pub items: u64,
    /// The slates as ranked lists, what the user engaged with being relevant.
    pub slate: SlateRanking,
    /// Everybody's first slate against what was held out of their history; `None` if nothing was, or the arm examines users.
    pub held_out: Option<HeldOutRanking>,
    /// Share of the items that were shown at all.
    pub coverage: Option<f64>,
    /// Gini index of exposure.
    pub gini: Option<f64>,
    /// Fairness of exposure to individual items.
    pub fairness: Option<ItemFairness>,
    /// What popularity is.
    pub popularity: Popularity,
    /// Novelty. Unit: bits.
    pub novelty: Option<Share>,
    /// Popularity lift.
    pub popularity_lift: Option<Share>,
    /// Intra-list diversity of categories.
    pub category_diversity: Option<Share>,
    /// Intra-list diversity of embeddings; `None` if items have none.
    pub embedding_diversity: Option<Share>,
    /// Unexpectedness, over items shown to users who had engaged with something before.
    pub unexpectedness: Option<Share>,
    /// Serendipity, over the same items.
    pub serendipity: Option<Share>,
    /// Length of a period of the filter bubble's curves. Unit: days.
    pub period_days: f64,
    /// Mean entropy of the categories that a user was shown, by period. Unit: bits.
    pub individual: Vec<Diversity>,
    /// Entropy of the categories that all users were shown, by period. Unit: bits.
    pub collective: Vec<Diversity>,
    /// Groups of users, by attribute.
    pub groups: Vec<Attribute>,
}

/// How slates are ranked, judged by what users engaged with. Users look at the first places more, so this mixes the order of
/// the slate with their habits: compare arms, do not read it as accuracy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SlateRanking {
    /// Share of slates with an item that was engaged with.
    pub hit: Option<Share>,
    /// 1 over the place of the first such item, 0 without one; mean over slates.
    pub reciprocal_rank: Option<Share>,
    /// nDCG, mean over slates with such an item.
    pub ndcg: Option<Share>,
    /// Average precision, mean over slates with such an item.
    pub average_precision: Option<Share>,
}

/// How well first slates find what was held out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HeldOutRanking {
    /// Length of the lists.
    pub k: usize,
    /// Mean over users of every measure of [`Ranking`], by its name.
    pub measures: Vec<(&'static str, Share)>,
}

/// What the popularity of an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Popularity {
    /// How often it stands in the users' histories.
    Histories,
    /// How often users of all arms engaged with it in the run.
    Run,
}

/// Diversity in a period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Diversity {
    /// When the period begins. Unit: days from the start of the run.
    pub day: f64,
    /// Entropy. Unit: bits.
    pub entropy: Share,
}

/// Users grouped by something that is known of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribute {
    /// What is known.
    pub name: &'static str,
    /// The groups.
    pub groups: Vec<UserGroup>,
    /// Share of items engaged with: the highest group's less the lowest's.
    pub engagement_gap: Option<Share>,
    /// Satisfaction after a turn: the highest group's less the lowest's.
    pub satisfaction_gap: Option<Share>,
}

/// A group of users.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UserGroup {
    /// Its name.
    pub name: String,
    /// Users of it in the arm.
    pub users: u64,
    /// Share of the items shown that were engaged with.
    pub engagement: Option<Share>,
    /// Mean satisfaction after a turn, 0 to 1.
    pub satisfaction: Option<Share>,
}
