//! What users did, in a run or in a data set, in the same terms.

use std::collections::{BTreeMap, BTreeSet};

use habitue_core::{Catalogue, DAY, Dataset, ItemId};
use habitue_store::RunReader;

use super::super::error::FidelityError;
use super::super::lists::examining;

/// A pause of the data that ends a session. Unit: seconds. Half an hour is the convention of web analytics.
const PAUSE: i64 = 30 * 60;
const DAY_SECONDS: i64 = 86_400;

/// Interactions below which a user's taste is not compared.
const FEWEST: usize = 4;

/// Others to whom a user is compared.
const OTHERS: usize = 10;

/// Day and categories of an interaction.
type Touch = (i64, Vec<u16>);

/// What users did.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sample {
    /// Ratings 1 to 5.
    pub(super) ratings: [u64; 5],
    /// Interactions by item.
    pub(super) touched: Vec<u64>,
    /// Interactions of a session, of sessions with at least one.
    pub(super) lengths: Vec<f64>,
    /// From the end of a session to the next. Unit: hours.
    pub(super) gaps: Vec<f64>,
    /// Items shown and engaged with by place.
    pub(super) places: Vec<(u64, u64)>,
    /// By user: day and categories of every interaction, in order.
    people: Vec<Vec<Touch>>,
}

fn categories(catalogue: &Catalogue, item: ItemId) -> Vec<u16> {
    catalogue.item(item).categories.iter().map(|category| category.0).collect()
}

impl Sample {
    /// These users of a data set.
    pub(super) fn of_data(data: &Dataset, users: &[usize]) -> Self {
        let mut sample = Self { touched: vec![0; data.catalogue.len()], ..Self::default() };
        let own: Vec<_> = data.by_user().map(|(_, own)| own).collect();
        let has_times = data.interactions.iter().any(|one| one.unix_seconds != 0);
        for user in users {
            let mut person = Vec::with_capacity(own[*user].len());
            let (mut length, mut last) = (0.0, None);
            for one in own[*user] {
                sample.rate(one.rating);
                sample.touched[one.item.index()] += 1;
                if has_times {
                    let pause = last.map(|last| one.unix_seconds - last);
                    if let Some(pause) = pause.filter(|pause| *pause > PAUSE) {
                        sample.lengths.push(length);
                        sample.gaps.push(pause as f64 / 3_600.0);
                        length = 0.0;
                    }
                    (length, last) = (length + 1.0, Some(one.unix_seconds));
                    let day = one.unix_seconds.div_euclid(DAY_SECONDS);
                    person.push((day, categories(&data.catalogue, one.item)));
                } else {
                    person.push((0, categories(&data.catalogue, one.item)));
                }
            }
            sample.lengths.extend(Some(length).filter(|length| *length > 0.0));
            sample.people.push(person);
        }
        sample
    }

    /// The users of a run: a user in every arm.
    pub(super) fn of_run(run: &RunReader) -> Result<Self, FidelityError> {
        let catalogue = run.catalogue()?;
        let scale = &run.scenario().slate.scale;
        let examining: Vec<usize> = examining(run.scenario()).into_iter().map(|(arm, _)| arm).collect();
        let mut sample = Self { touched: vec![0; catalogue.len()], ..Self::default() };
        let mut people: BTreeMap<(u16, u32), Vec<Touch>> = BTreeMap::new();
        // Of the session at hand: its number and interactions.
        let mut sessions: BTreeMap<(u16, u32), (u32, u32)> = BTreeMap::new();
        for turn in run.turns() {
            let turn = turn?;
            let life = (turn.arm.0, turn.user.0);
            let examines = examining.contains(&turn.arm.index());
            for (place, shown) in turn.impressions.iter().enumerate() {
                sample.rate((shown.rating > 0).then(|| f32::from(shown.rating)));
                if examines {
                    continue;
                }
                let is_engaged = scale.is_engaged(shown.action);
                if sample.places.len() <= place {
                    sample.places.push((0, 0));
                }
                sample.places[place].0 += 1;
                sample.places[place].1 += u64::from(is_engaged);
                if is_engaged {
                    sample.touched[shown.item.index()] += 1;
                    let day = turn.time.0.div_euclid(DAY);
                    people.entry(life).or_default().push((day, categories(&catalogue, shown.item)));
                    let session = sessions.entry(life).or_insert((turn.session, 0));
                    if session.0 != turn.session {
                        sample.lengths.push(f64::from(session.1));
                        *session = (turn.session, 0);
                    }
                    session.1 += 1;
                }
            }
        }
        sample.lengths.extend(sessions.into_values().map(|(_, length)| f64::from(length)));
        for session in run.sessions() {
            let session = session?;
            if !examining.contains(&session.arm.index()) {
                sample.gaps.extend(session.gap.map(|gap| gap.seconds() / 3_600.0));
            }
        }
        sample.people = people.into_values().collect();
        Ok(sample)
    }

    fn rate(&mut self, rating: Option<f32>) {
        if let Some(rating) = rating.filter(|rating| (0.5..5.5).contains(rating)) {
            self.ratings[(rating.round() as usize).clamp(1, 5) - 1] += 1;
        }
    }

    /// Share of the interactions that goes to this share of the items, the most popular.
    pub(super) fn head(&self, share: f64) -> Option<f64> {
        let all: u64 = self.touched.iter().sum();
        let mut sorted = self.touched.clone();
        sorted.sort_unstable_by(|one, other| other.cmp(one));
        let items = (self.touched.len() as f64 * share).ceil() as usize;
        let head: u64 = sorted.iter().take(items).sum();
        (all > 0).then(|| head as f64 / all as f64)
    }

    /// Mean distance between the earlier and the later half of a user's interactions, over the mean distance between the
    /// earlier half of one user and the later half of ten others: 1 less the cosine of their categories. Low: users are
    /// themselves, and unlike others.
    pub(super) fn distance_ratio(&self) -> Option<f64> {
        let long = self.people.iter().filter(|person| person.len() >= FEWEST);
        let halves: Vec<_> = long
            .map(|person| {
                let (early, late) = person.split_at(person.len() / 2);
                (masses(early), masses(late))
            })
            .collect();
        let others = OTHERS.min(halves.len().saturating_sub(1));
        let (mut within, mut between) = (0.0, 0.0);
        for (at, (early, late)) in halves.iter().enumerate() {
            within += 1.0 - cosine(early, late);
            for next in 1..=others {
                between += 1.0 - cosine(early, &halves[(at + next) % halves.len()].1);
            }
        }
        (between > 0.0).then(|| within * others as f64 / between)
    }

    /// Mean Jaccard distance between the sets of categories of a user's consecutive days with interactions.
    pub(super) fn drift(&self) -> Option<f64> {
        let (mut sum, mut pairs) = (0.0, 0_u64);
        for person in &self.people {
            let mut days: BTreeMap<i64, BTreeSet<u16>> = BTreeMap::new();
            for (day, categories) in person {
                days.entry(*day).or_default().extend(categories);
            }
            let days: Vec<_> = days.into_values().collect();
            for pair in days.windows(2) {
                let common = pair[0].intersection(&pair[1]).count() as f64;
                sum += 1.0 - common / pair[0].union(&pair[1]).count().max(1) as f64;
                pairs += 1;
            }
        }
        (pairs > 0).then(|| sum / pairs as f64)
    }
}

fn masses(touches: &[Touch]) -> BTreeMap<u16, f64> {
    let mut masses = BTreeMap::new();
    for (_, categories) in touches {
        for category in categories {
            *masses.entry(*category).or_insert(0.0) += 1.0 / categories.len() as f64;
        }
    }
    masses
}

fn cosine(one: &BTreeMap<u16, f64>, other: &BTreeMap<u16, f64>) -> f64 {
    let length = |masses: &BTreeMap<u16, f64>| masses.values().map(|mass| mass * mass).sum::<f64>().sqrt();
    let product: f64 = one.iter().map(|(category, mass)| mass * other.get(category).unwrap_or(&0.0)).sum();
    let lengths = length(one) * length(other);
    if lengths > 0.0 { product / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use habitue_core::{DatasetUser, Interaction, Item};

    use super::*;

    /// Two users: "a" only touches the first category, "b" the second, in two sessions a day apart.
    fn data() -> Dataset {
        let mut catalogue = Catalogue::new();
        let both = [catalogue.category("x"), catalogue.category("y")];
        for item in 0..4_usize {
            let categories = vec![both[item / 2]];
            catalogue.push(Item { key: item.to_string(), categories, ..Item::default() }).unwrap();
        }
        let user = |key: &str| DatasetUser { key: key.to_owned(), ..DatasetUser::default() };
        let touch = |user: u32, item: u32, hour: i64, rating: f32| Interaction {
            user,
            item: ItemId(item),
            unix_seconds: 1_000_000 + hour * 3_600,
            rating: Some(rating),
            weight: 1.0,
        };
        let mut interactions = Vec::new();
        for one in 0..2 {
            for (at, hour) in [0, 0, 0, 48].into_iter().enumerate() {
                interactions.push(touch(one, one * 2 + (at as u32) % 2, hour, at as f32 + 1.0));
            }
        }
        Dataset { catalogue, users: vec![user("a"), user("b")], interactions, ..Dataset::default() }
    }

    #[test]
    fn a_data_set_by_hand() {
        let sample = Sample::of_data(&data(), &[0, 1]);
        assert_eq!(sample.ratings, [2, 2, 2, 2, 0]);
        assert_eq!((sample.lengths, sample.gaps), (vec![3.0, 1.0, 3.0, 1.0], vec![48.0, 48.0]));
        assert_eq!(sample.touched, [2, 2, 2, 2]);
        assert_eq!(Sample::of_data(&data(), &[1]).touched, [0, 0, 2, 2]);
    }

    #[test]
    fn tastes_by_hand() {
        let sample = Sample::of_data(&data(), &[0, 1]);
        // Each is as before, and wholly unlike the other.
        assert_eq!((sample.distance_ratio(), sample.drift()), (Some(0.0), Some(0.0)));
        assert_eq!((sample.head(0.25), sample.head(1.0)), (Some(0.25), Some(1.0)));
        let person = vec![(0, vec![0]), (0, vec![1]), (1, vec![1, 2]), (3, vec![3])];
        let alone = Sample { people: vec![person], ..Sample::default() };
        // {0, 1} to {1, 2}: 2/3; {1, 2} to {3}: 1.
        assert!((alone.drift().unwrap() - 5.0 / 6.0).abs() < 1e-12);
        assert_eq!(alone.distance_ratio(), None);
    }

    #[test]
    fn without_times_there_are_no_sessions() {
        let mut data = data();
        data.interactions.iter_mut().for_each(|one| one.unix_seconds = 0);
        let sample = Sample::of_data(&data, &[0, 1]);
        assert_eq!((sample.lengths, sample.gaps.len()), (vec![], 0));
    }
}
