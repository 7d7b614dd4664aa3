//! A user's taste in words, from what the user did.

use habitue_core::{Catalogue, Habits, Interaction, ItemId};

/// Categories named as watched most and as rated best.
const CATEGORIES: usize = 3;
/// Titles named as favourites.
const FAVOURITES: usize = 5;
/// Titles named as disliked.
const DISLIKED: usize = 3;
/// Ratings a category needs from a user before its mean says something.
const ENOUGH: u32 = 5;
/// The best rating that can still mean dislike, of 5.
const POOR: f32 = 2.0;

/// Where `Agent4Rec` cuts its traits (`2_get_user_statistic.py`), as ranks among all users: below the first is the lowest
/// of three tiers, from the second on the highest. Conformity is cut at 25 and 80 % of the distance from the mean rating
/// of items; a small distance is high conformity.
const ACTIVITY: [f32; 2] = [0.60, 0.90];
const DIVERSITY: [f32; 2] = [0.33, 0.66];
const CONFORMITY: [f32; 2] = [0.20, 0.75];

/// Mean ratings from which on a user is middling, and easy to please (`SimUSER`'s pickiness).
const PICKY: [f32; 2] = [3.5, 4.5];

/// What a user with these interactions, which are all that is looked at, likes and is like. Habits are ranks among all
/// users, 0 to 1, and are said in `Agent4Rec`'s three tiers. Empty without interactions.
///
/// Named are the categories with the most interactions; those with the best mean rating, of at least five; the titles
/// rated best (the latest first, of those not below the user's mean) and those rated worst (of at most 2 points, below
/// the mean); and how the user rates on the whole. Without ratings, the titles are those with the greatest weight.
pub(super) fn text(catalogue: &Catalogue, own: &[Interaction], habits: &Habits) -> String {
    if own.is_empty() {
        return String::new();
    }
    let mut sentences = vec![habit_sentence(habits)];
    let categories = Categories::new(catalogue, own);
    sentences.push(format!("Mostly chooses {}.", series(&categories.most())));
    if let Some(mean) = mean(own) {
        rated(catalogue, own, mean, &categories, &mut sentences);
    } else {
        let mut order: Vec<&Interaction> = own.iter().collect();
        order.sort_by(|one, other| other.weight.total_cmp(&one.weight).then(latest(one, other)));
        sentences.push(format!("Often comes back to {}.", titles(catalogue, order, FAVOURITES)));
    }
    sentences.join(" ")
}

fn rated(
    catalogue: &Catalogue,
    own: &[Interaction],
    mean: f32,
    categories: &Categories<'_>,
    sentences: &mut Vec<String>,
) {
    let best = categories.best();
    if !best.is_empty() {
        sentences.push(format!("Gives the best ratings to {}.", series(&best)));
    }
    let ratings = || own.iter().filter_map(|one| Some((one, one.rating?)));
    let mut good: Vec<_> = ratings().filter(|(_, rating)| *rating >= mean).collect();
    good.sort_by(|(one, first), (other, second)| second.total_cmp(first).then(latest(one, other)));
    let good = good.into_iter().map(|(one, _)| one);
    sentences.push(format!("Favourites: {}.", titles(catalogue, good, FAVOURITES)));
    let mut bad: Vec<_> = ratings().filter(|(_, rating)| *rating < mean && *rating <= POOR).collect();
    bad.sort_by(|(one, first), (other, second)| first.total_cmp(second).then(latest(one, other)));
    if !bad.is_empty() {
        let bad = bad.into_iter().map(|(one, _)| one);
        sentences.push(format!("Did not like {}.", titles(catalogue, bad, DISLIKED)));
    }
    let tendency =
        ["is hard to please", "praises and blames in measure", "is easy to please"][tier(mean, PICKY)];
    sentences.push(format!("Rates {mean:.1} of 5 on average and {tendency}."));
}

/// The lowest tier is 0, the highest 2.
fn tier(rank: f32, cuts: [f32; 2]) -> usize {
    cuts.iter().filter(|cut| rank >= **cut).count()
}

fn habit_sentence(habits: &Habits) -> String {
    let often = ["Comes now and then", "Comes often", "Comes more than nearly anybody"];
    let wide = ["stays with few kinds", "likes some variety", "tries all kinds"];
    let led =
        ["goes by a judgement of their own", "half agrees with the crowd", "mostly agrees with the crowd"];
    format!(
        "{}, {}, and {}.",
        often[tier(habits.activity, ACTIVITY)],
        wide[tier(habits.diversity, DIVERSITY)],
        led[tier(habits.conformity, CONFORMITY)]
    )
}

/// The later before the earlier, then by item.
fn latest(one: &Interaction, other: &Interaction) -> std::cmp::Ordering {
    other.unix_seconds.cmp(&one.unix_seconds).then(one.item.cmp(&other.item))
}

fn mean(own: &[Interaction]) -> Option<f32> {
    let ratings = || own.iter().filter_map(|interaction| interaction.rating);
    let count = ratings().count();
    (count > 0).then(|| (ratings().map(f64::from).sum::<f64>() / count as f64) as f32)
}

/// The first `most` different titles, as a list.
fn titles<'i>(
    catalogue: &Catalogue,
    interactions: impl IntoIterator<Item = &'i Interaction>,
    most: usize,
) -> String {
    let mut items: Vec<ItemId> = Vec::new();
    for Interaction { item, .. } in interactions {
        if items.len() < most && !items.contains(item) {
            items.push(*item);
        }
    }
    let named = |item: &ItemId| {
        let item = catalogue.item(*item);
        if item.title.is_empty() { &*item.key } else { &*item.title }
    };
    items.iter().map(named).collect::<Vec<_>>().join("; ")
}

/// `a, b and c`.
fn series(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// What a user did in each category.
struct Categories<'a> {
    names: &'a [String],
    /// By category: share of the interactions, sum and number of ratings. An interaction counts for each of the item's
    /// categories alike, one in all; a rating counts in full for each.
    counts: Vec<(f64, f64, u32)>,
}

impl<'a> Categories<'a> {
    fn new(catalogue: &'a Catalogue, own: &[Interaction]) -> Self {
        let mut counts = vec![(0.0, 0.0, 0); catalogue.categories().len()];
        for interaction in own {
            let categories = &catalogue.item(interaction.item).categories;
            for category in categories {
                let (mass, sum, number) = &mut counts[category.index()];
                *mass += 1.0 / categories.len() as f64;
                if let Some(rating) = interaction.rating {
                    *sum += f64::from(rating);
                    *number += 1;
                }
            }
        }
        Self { names: catalogue.categories(), counts }
    }

    fn most(&self) -> Vec<&'a str> {
        self.top(|&(mass, _, _)| (mass > 0.0).then_some(mass))
    }

    fn best(&self) -> Vec<&'a str> {
        self.top(|&(_, sum, number)| (number >= ENOUGH).then(|| sum / f64::from(number)))
    }

    /// The categories with the highest values, of equal ones the first.
    fn top(&self, value: impl Fn(&(f64, f64, u32)) -> Option<f64>) -> Vec<&'a str> {
        let mut all: Vec<(f64, &str)> = self
            .counts
            .iter()
            .zip(self.names)
            .filter_map(|(count, name)| Some((value(count)?, &**name)))
            .collect();
        all.sort_by(|one, other| other.0.total_cmp(&one.0));
        all.into_iter().take(CATEGORIES).map(|(_, name)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::Item;

    use super::*;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::new();
        let (drama, comedy, war) =
            (catalogue.category("drama"), catalogue.category("comedy"), catalogue.category("war"));
        for n in 0..30 {
            let categories = [vec![drama], vec![comedy], vec![drama, war]][n / 10].clone();
            let item =
                Item { key: format!("i{n}"), title: format!("Film {n}"), categories, ..Item::default() };
            catalogue.push(item).unwrap();
        }
        catalogue
    }

    fn rated(item: u32, rating: f32) -> Interaction {
        let unix_seconds = i64::from(item);
        Interaction { user: 0, item: ItemId(item), unix_seconds, rating: Some(rating), weight: 1.0 }
    }

    fn own() -> Vec<Interaction> {
        let liked = [1, 2, 3, 4, 5, 6].map(|item| rated(item, 5.0));
        let fair = [11, 12, 13].map(|item| rated(item, 3.0));
        let poor = [21, 22, 23, 24, 25].map(|item| rated(item, if item == 23 { 1.0 } else { 2.0 }));
        liked.into_iter().chain(fair).chain(poor).collect()
    }

    #[test]
    fn the_text_says_what_is_liked_what_is_not_and_how_the_user_rates() {
        let habits = Habits { activity: 0.95, diversity: 0.2, conformity: 0.5, ..Habits::default() };
        insta::assert_snapshot!(text(&catalogue(), &own(), &habits));
        let plays: Vec<_> = (0..7)
            .map(|item| Interaction { rating: None, weight: (item % 4) as f32, ..rated(item, 0.0) })
            .collect();
        insta::assert_snapshot!(text(&catalogue(), &plays, &Habits { activity: 0.1, ..habits }));
        assert_eq!(text(&catalogue(), &[], &habits), "");
    }

    #[test]
    fn nothing_is_said_of_what_was_not_handed_over() {
        let (catalogue, all) = (catalogue(), own());
        for held_out in 0..all.len() {
            let rest: Vec<_> =
                all.iter().enumerate().filter(|(at, _)| *at != held_out).map(|(_, one)| *one).collect();
            let title = &catalogue.item(all[held_out].item).title;
            let words = text(&catalogue, &rest, &Habits::default());
            let named = words.split([';', '.', ':']).any(|part| part.trim().ends_with(&**title));
            assert!(!named, "{title} in {words}");
        }
    }

    #[test]
    fn tiers_are_cut_where_agent4rec_cuts_them() {
        let tiers = |cuts| [0.0, 0.25, 0.4, 0.65, 0.8, 0.95].map(|rank| tier(rank, cuts));
        assert_eq!(tiers(ACTIVITY), [0, 0, 0, 1, 1, 2]);
        assert_eq!(tiers(DIVERSITY), [0, 0, 1, 1, 2, 2]);
        assert_eq!(tiers(CONFORMITY), [0, 1, 1, 1, 2, 2]);
        assert_eq!([3.0, 4.0, 4.6].map(|mean| tier(mean, PICKY)), [0, 1, 2]);
    }
}
