//! Personas built from a data set's history.

use habitue_core::{
    CategoryId, Dataset, DatasetUser, Habits, Interaction, PastInteraction, Persona, SimTime,
};

use super::taste;

/// Ratings a category needs from a user before it can be called disliked.
const ENOUGH: u32 = 5;

/// Share of liked items below which a category with enough ratings is disliked.
const RARELY: f32 = 0.25;

/// Share of a user's interactions that the categories counted for diversity hold (`Agent4Rec`).
const MASS: f32 = 0.8;

/// The users of a data set as personas, in its order; the first `limit` if there is a limit.
///
/// Key, age, gender and occupation are the data set's. The rest comes from what the user did:
///
/// - **Interests**: an item is liked if its rating is at least the user's mean, or if it has none. Liked items share one
///   unit of weight (ln(1 + weight) where there are no ratings) among their categories; weights are scaled to sum 1. A
///   user without interactions likes all categories alike.
/// - **Dislikes**: categories with at least 5 rated items of which fewer than one in four is liked. They are no interests,
///   unless nothing else would be left.
/// - **Habits** are ranks among all users of the data set (0 lowest, 1 highest, ties in the middle), of statistics that
///   `Agent4Rec` (Zhang et al. 2024) cuts its traits from. Activity: number of interactions. Diversity: number of categories
///   that hold the first 80 % of the user's interactions. Conformity: nearness of ratings to the item's mean (mean
///   squared distance, reversed). Patience, which a log of ratings does not show, is 0.5, and so is what is unknown.
/// - **Text**: the taste in words (the categories chosen most and rated best, favourites, dislikes, how the user rates),
///   and the habits in `Agent4Rec`'s three tiers: activity cut at 60 and 90 %, diversity at 33 and 66 %, the distance that
///   conformity is made from at 25 and 80 % of all users.
/// - **History**: all interactions, oldest first. The run starts at the first midnight (UTC) after the data set's last
///   interaction; times of day are kept, days of the week are not.
pub fn from_history(dataset: &Dataset, limit: Option<u32>) -> Vec<Persona> {
    let item_means = item_means(dataset);
    let statistics: Vec<Statistics> =
        dataset.by_user().map(|(_, own)| Statistics::new(dataset, own, &item_means)).collect();
    let rank = |statistic: fn(&Statistics) -> Option<f32>| ranks(&statistics, statistic);
    let activity = rank(|own| Some(own.interactions as f32));
    let diversity = rank(|own| own.breadth.map(|breadth| breadth as f32));
    let conformity = rank(|own| own.distance.map(|distance| -distance));
    let start = start(dataset);
    dataset
        .by_user()
        .enumerate()
        .take(limit.map_or(usize::MAX, |limit| limit as usize))
        .map(|(n, (user, own))| {
            let average = Habits::default();
            let habits = Habits {
                activity: activity[n].unwrap_or(average.activity),
                patience: average.patience,
                diversity: diversity[n].unwrap_or(average.diversity),
                conformity: conformity[n].unwrap_or(average.conformity),
            };
            persona(dataset, user, own, habits, start)
        })
        .collect()
}

fn persona(
    dataset: &Dataset,
    user: &DatasetUser,
    own: &[Interaction],
    habits: Habits,
    start: i64,
) -> Persona {
    let tastes = Tastes::new(dataset, own);
    let history = own.iter().map(|interaction| PastInteraction {
        item: interaction.item,
        time: SimTime(interaction.unix_seconds.saturating_sub(start).saturating_mul(1000)),
        rating: interaction.rating,
    });
    Persona {
        key: user.key.clone(),
        age: user.age,
        gender: user.gender.clone(),
        occupation: user.occupation.clone(),
        interests: tastes.interests(),
        dislikes: tastes.dislikes(),
        text: taste::text(&dataset.catalogue, own, &habits),
        habits,
        history: history.collect(),
        ..Persona::default()
    }
}

/// Start of the run in Unix seconds.
fn start(dataset: &Dataset) -> i64 {
    const DAY: i64 = 86_400;
    let last = dataset.interactions.iter().map(|interaction| interaction.unix_seconds).max().unwrap_or(0);
    last.div_euclid(DAY).saturating_add(1).saturating_mul(DAY)
}

/// Mean rating of every item; none for items without ratings.
fn item_means(dataset: &Dataset) -> Vec<Option<f32>> {
    let mut sums = vec![(0.0_f64, 0_u32); dataset.catalogue.len()];
    for interaction in &dataset.interactions {
        if let Some(rating) = interaction.rating {
            let (sum, count) = &mut sums[interaction.item.index()];
            *sum += f64::from(rating);
            *count += 1;
        }
    }
    sums.into_iter().map(|(sum, count)| (count > 0).then(|| (sum / f64::from(count)) as f32)).collect()
}

/// Mean of the ratings among these interactions.
fn mean_rating(own: &[Interaction]) -> Option<f32> {
    let (sum, count) = own
        .iter()
        .filter_map(|interaction| interaction.rating)
        .fold((0.0_f64, 0_u32), |(sum, count), rating| (sum + f64::from(rating), count + 1));
    (count > 0).then(|| (sum / f64::from(count)) as f32)
}

/// What habits are made from.
struct Statistics {
    interactions: usize,
    /// Number of categories that hold the first 80 % of the interactions, the largest first.
    breadth: Option<usize>,
    /// Mean squared distance of ratings from the items' means.
    distance: Option<f32>,
}

impl Statistics {
    fn new(dataset: &Dataset, own: &[Interaction], item_means: &[Option<f32>]) -> Self {
        let mut mass = vec![0.0_f32; dataset.catalogue.categories().len()];
        let (mut squares, mut rated) = (0.0_f64, 0_u32);
        for interaction in own {
            let categories = &dataset.catalogue.item(interaction.item).categories;
            for category in categories {
                mass[category.index()] += 1.0 / categories.len() as f32;
            }
            if let (Some(rating), Some(mean)) = (interaction.rating, item_means[interaction.item.index()]) {
                squares += f64::from(rating - mean).powi(2);
                rated += 1;
            }
        }
        mass.sort_by(|one, other| other.total_cmp(one));
        let most = MASS * mass.iter().sum::<f32>();
        let mut held = 0.0;
        let breadth = mass.iter().take_while(|mass| {
            let counts = held < most;
            held += **mass;
            counts
        });
        Self {
            interactions: own.len(),
            breadth: Some(breadth.count()).filter(|_| !own.is_empty()),
            distance: (rated > 0).then(|| (squares / f64::from(rated)) as f32),
        }
    }
}

/// Rank of every user by a statistic, 0 to 1, the mean rank where users are equal; none where the statistic is unknown.
fn ranks(statistics: &[Statistics], statistic: fn(&Statistics) -> Option<f32>) -> Vec<Option<f32>> {
    let mut sorted: Vec<f32> = statistics.iter().filter_map(statistic).collect();
    sorted.sort_by(f32::total_cmp);
    let rank = |value: f32| {
        let below = sorted.partition_point(|other| other.total_cmp(&value).is_lt());
        let up_to = sorted.partition_point(|other| other.total_cmp(&value).is_le());
        (below + up_to) as f32 / (2 * sorted.len()) as f32
    };
    statistics.iter().map(|own| statistic(own).map(rank)).collect()
}

/// What a user thinks of each category, by id.
struct Tastes(Vec<Taste>);

#[derive(Clone, Default)]
struct Taste {
    weight: f32,
    rated: u32,
    liked: u32,
}

impl Taste {
    fn is_disliked(&self) -> bool {
        self.rated >= ENOUGH && (self.liked as f32) < RARELY * self.rated as f32
    }
}

impl Tastes {
    fn new(dataset: &Dataset, own: &[Interaction]) -> Self {
        let mut tastes = vec![Taste::default(); dataset.catalogue.categories().len()];
        let mean = mean_rating(own);
        for interaction in own {
            let (liked, weight) = match (interaction.rating, mean) {
                (Some(rating), Some(mean)) => (rating >= mean, 1.0),
                _ => (true, interaction.weight.max(0.0).ln_1p()),
            };
            let categories = &dataset.catalogue.item(interaction.item).categories;
            for category in categories {
                let taste = &mut tastes[category.index()];
                taste.rated += u32::from(interaction.rating.is_some());
                if liked {
                    taste.liked += 1;
                    taste.weight += weight / categories.len() as f32;
                }
            }
        }
        let mut tastes = Self(tastes);
        let some = |tastes: &Self, wanted: fn(&Taste) -> bool| tastes.0.iter().any(wanted);
        if !some(&tastes, |taste| taste.weight > 0.0) {
            tastes.0.iter_mut().for_each(|taste| *taste = Taste { weight: 1.0, ..Taste::default() });
        } else if !some(&tastes, |taste| taste.weight > 0.0 && !taste.is_disliked()) {
            // All that is liked is liked rarely; it is still what is liked most.
            let liked = tastes.0.iter_mut().filter(|taste| taste.weight > 0.0);
            liked.for_each(|taste| taste.rated = 0);
        }
        tastes
    }

    fn interests(&self) -> Vec<(CategoryId, f32)> {
        let liked =
            || self.0.iter().enumerate().filter(|(_, taste)| taste.weight > 0.0 && !taste.is_disliked());
        let sum: f32 = liked().map(|(_, taste)| taste.weight).sum();
        liked().map(|(category, taste)| (CategoryId(category as u16), taste.weight / sum)).collect()
    }

    fn dislikes(&self) -> Vec<CategoryId> {
        let disliked = self.0.iter().enumerate().filter(|(_, taste)| taste.is_disliked());
        disliked.map(|(category, _)| CategoryId(category as u16)).collect()
    }
}

#[cfg(test)]
mod tests;
