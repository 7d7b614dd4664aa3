//! Guesses of what users like, without any language model.

use std::collections::BTreeSet;

use habitue_core::{Catalogue, ItemId, PastInteraction, Purpose, Stream, Streams};
use rand::RngExt;

use super::factors::Factors;

/// What is known of users: their histories, nothing that is held out.
pub(super) struct Known<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// By user id.
    pub(super) histories: Vec<Vec<PastInteraction>>,
    /// The least rating that means liked.
    pub(super) liked: f32,
}

/// A guess with a score for each user and item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guess {
    /// How many users liked the item.
    Popularity,
    /// Cosine of the angle between the item's categories and those of the items the user liked.
    Categories,
    /// Matrix factorisation.
    Factors,
}

impl Guess {
    pub(super) const ALL: [Self; 3] = [Self::Popularity, Self::Categories, Self::Factors];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::Categories => "genre profile",
            Self::Factors => "matrix factorisation",
        }
    }
}

/// Share of liked items that thresholds are chosen on.
const CHOICE: f64 = 0.2;

/// Scores learnt from histories, with the threshold from which on an item is picked.
///
/// The rule: one in five of every user's liked items is set aside, the scores are learnt from the others, and the
/// threshold is the one with the best accuracy on those set aside, each against one random item that the user has not
/// touched (base rate 1:1, whatever the lists to come); of equally good ones the lowest. Then the scores are learnt from all
/// liked items.
pub(super) struct Baseline {
    scores: Scores,
    threshold: f64,
}

impl Baseline {
    pub(super) fn new(guess: Guess, known: &Known<'_>, streams: Streams) -> Self {
        let liked = known.liked();
        let (mut kept, mut pairs) = (Vec::new(), Vec::new());
        for (user, own) in liked.iter().enumerate() {
            let mut stream = streams.stream(Purpose::Examination, user as u64, 1 << 32);
            let aside = (CHOICE * own.len() as f64).round() as usize;
            let drawn: BTreeSet<usize> =
                rand::seq::index::sample(&mut stream, own.len(), aside).into_iter().collect();
            for &at in &drawn {
                let other = known.untouched(user, &mut stream);
                pairs.extend(other.map(|other| (user, own[at], other)));
            }
            let rest = own.iter().enumerate().filter(|(at, _)| !drawn.contains(at));
            kept.push(rest.map(|(_, item)| *item).collect::<Vec<_>>());
        }
        let scores = Scores::new(guess, known, &kept, streams);
        let scored = pairs.iter().flat_map(|&(user, item, other)| {
            [
                (scores.score(known.catalogue, user, item), true),
                (scores.score(known.catalogue, user, other), false),
            ]
        });
        let threshold = threshold(scored.collect());
        Self { scores: Scores::new(guess, known, &liked, streams), threshold }
    }

    /// The score, and whether the item is picked.
    pub(super) fn answer(&self, catalogue: &Catalogue, user: usize, item: ItemId) -> (f64, bool) {
        let score = self.scores.score(catalogue, user, item);
        (score, score >= self.threshold)
    }
}

/// The lowest of the scores from which on picking gives the best accuracy.
fn threshold(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|one, other| other.0.total_cmp(&one.0));
    let (mut gain, mut best, mut threshold) = (0_i64, 0, f64::INFINITY);
    for (at, (score, is_liked)) in scored.iter().enumerate() {
        gain += if *is_liked { 1 } else { -1 };
        let is_last_of_its_score = scored.get(at + 1).is_none_or(|next| next.0 < *score);
        if is_last_of_its_score && gain >= best {
            (best, threshold) = (gain, *score);
        }
    }
    threshold
}

impl Known<'_> {
    fn liked(&self) -> Vec<Vec<ItemId>> {
        let is_liked = |past: &&PastInteraction| past.rating.is_none_or(|rating| rating >= self.liked);
        let of = |past: &Vec<PastInteraction>| -> BTreeSet<ItemId> {
            past.iter().filter(is_liked).map(|past| past.item).collect()
        };
        self.histories.iter().map(|past| of(past).into_iter().collect()).collect()
    }

    /// An item that the user has not touched, if one is found in a few draws.
    fn untouched(&self, user: usize, stream: &mut Stream) -> Option<ItemId> {
        let draws = (0..64).map(|_| ItemId(stream.random_range(0..self.catalogue.len() as u32)));
        let touched: BTreeSet<ItemId> = self.histories[user].iter().map(|past| past.item).collect();
        draws.into_iter().find(|item| !touched.contains(item))
    }
}

enum Scores {
    Popularity(Vec<f64>),
    /// Shape `[users, categories]`, of length 1 or 0.
    Categories(Vec<Vec<f64>>),
    Factors(Factors),
}

impl Scores {
    fn new(guess: Guess, known: &Known<'_>, liked: &[Vec<ItemId>], streams: Streams) -> Self {
        match guess {
            Guess::Popularity => {
                let mut counts = vec![0.0; known.catalogue.len()];
                liked.iter().flatten().for_each(|item| counts[item.index()] += 1.0);
                Self::Popularity(counts)
            }
            Guess::Categories => {
                Self::Categories(liked.iter().map(|own| profile(known.catalogue, own)).collect())
            }
            Guess::Factors => Self::Factors(Factors::new(liked, known.catalogue.len(), streams)),
        }
    }

    fn score(&self, catalogue: &Catalogue, user: usize, item: ItemId) -> f64 {
        match self {
            Self::Popularity(counts) => counts[item.index()],
            Self::Factors(factors) => factors.score(user, item),
            Self::Categories(profiles) => {
                let categories = &catalogue.item(item).categories;
                let sum: f64 = categories.iter().map(|category| profiles[user][category.index()]).sum();
                sum / (categories.len().max(1) as f64).sqrt()
            }
        }
    }
}

/// Categories of these items, each item with one unit among its own, scaled to length 1.
fn profile(catalogue: &Catalogue, items: &[ItemId]) -> Vec<f64> {
    let mut profile = vec![0.0; catalogue.categories().len()];
    for item in items {
        let categories = &catalogue.item(*item).categories;
        for category in categories {
            profile[category.index()] += 1.0 / categories.len() as f64;
        }
    }
    let length = profile.iter().map(|share| share * share).sum::<f64>().sqrt();
    let scale = if length > 0.0 { length.recip() } else { 0.0 };
    profile.into_iter().map(|share| share * scale).collect()
}

#[cfg(test)]
mod tests {
    use habitue_core::{Item, SimTime};

    use super::*;

    #[test]
    fn thresholds_have_the_best_accuracy() {
        // From the top: right, right, wrong, right, wrong. Two picks gain 2, four gain 2: the lowest wins.
        let scored = vec![(0.9, true), (0.2, false), (0.7, true), (0.5, false), (0.4, true)];
        assert!((threshold(scored) - 0.4).abs() < 1e-12);
        assert!((threshold(vec![(1.0, true), (1.0, false), (2.0, true)]) - 1.0).abs() < 1e-12);
        assert!(threshold(vec![(1.0, false)]).is_infinite(), "nothing is picked where all picks are wrong");
        assert!(threshold(Vec::new()).is_infinite());
    }

    /// 60 users of two tastes, each of whom liked 12 of the 20 items of a category and disliked 2 of the other one.
    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::new();
        let categories = ["a", "b"].map(|name| catalogue.category(name));
        for n in 0..40 {
            let categories = vec![categories[n / 20]];
            catalogue.push(Item { key: format!("i{n}"), categories, ..Item::default() }).unwrap();
        }
        catalogue
    }

    #[test]
    fn baselines_tell_liked_items_from_others_by_what_they_know() {
        let catalogue = catalogue();
        let past =
            |item, rating| PastInteraction { item: ItemId(item), time: SimTime(-1), rating: Some(rating) };
        let history = |user: u32| -> Vec<PastInteraction> {
            let (own, other) = if user.is_multiple_of(2) { (0, 20) } else { (20, 0) };
            let liked = (0..12).map(|n| past(own + (user * 3 + n) % 20, 5.0));
            liked.chain((0..2).map(|n| past(other + (user + n) % 20, 1.0))).collect()
        };
        let known = Known { catalogue: &catalogue, histories: (0..60).map(history).collect(), liked: 4.0 };
        for guess in [Guess::Categories, Guess::Factors] {
            let baseline = Baseline::new(guess, &known, Streams::new(3));
            let right = (0..60_usize).flat_map(|user| (0..40).map(move |item| (user, item))).filter(
                |&(user, item)| {
                    baseline.answer(&catalogue, user, ItemId(item)).1
                        == (user.is_multiple_of(2) == (item < 20))
                },
            );
            let right = right.count();
            assert!(right >= 60 * 36, "{}: {right} of 2400", guess.name());
        }
        let popularity = Baseline::new(Guess::Popularity, &known, Streams::new(3));
        let scores: f64 = (0..40).map(|item| popularity.answer(&catalogue, 0, ItemId(item)).0).sum();
        assert!((scores - 60.0 * 12.0).abs() < 1e-9, "every like is counted once, no dislike is");
    }
}
