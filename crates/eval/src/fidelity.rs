//! Whether simulated users like what the real ones liked.
//!
//! A policy of kind `discriminate` shows every user of a data set's history one list: items that are held out of the history
//! and that the real user liked, among items that the real user never touched, `m` for each (`Agent4Rec`'s 1:m). What the
//! simulated user engages with is what it picks. [`Fidelity::read`] compares picks with the data, beside guesses without
//! any language model on the very same lists; [`fit`] finds the calibration of a language model's users.
//!
//! | baseline | picks |
//! |---|---|
//! | random | each item with probability one half |
//! | popularity | what many users liked |
//! | genre profile | what has the categories of what the user liked (cosine) |
//! | matrix factorisation | what users of like taste liked (alternating least squares) |
//!
//! [`Behaviour`] compares what users do beyond picking: ratings, popularity, visits, tastes.
//!
//! Baselines know the histories alone, as personas do. Their scores become picks by one threshold for all lists, chosen
//! on liked items set aside from the histories, each against a random item, with the best accuracy at base rate 1:1.

mod alignment;
mod baselines;
mod behaviour;
mod distance;
mod error;
mod factors;
mod fit;
mod lists;
mod newton;
mod published;

use std::collections::BTreeMap;

use habitue_core::{Dataset, Purpose, Streams};
use habitue_store::RunReader;
use rand::RngExt;
use serde::Serialize;

pub use alignment::{Alignment, Answers, LEVEL, Measure, REPLICATES, align};
use baselines::{Baseline, Guess, Known};
pub use behaviour::{Behaviour, Trait};
pub use distance::{Apart, apart, calibration_error, jensen_shannon};
pub use error::FidelityError;
pub use fit::{ArmFit, Fit, fit};
use lists::{List, Person};
pub use newton::{Choices, Fitted};
pub use published::{PUBLISHED, Published};

/// How well simulated users and baselines agree with the data.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fidelity {
    /// By arm that examines users, in the scenario's order.
    pub arms: Vec<ArmFidelity>,
    /// Everybody's lists of all arms together: here the number liked varies, and the number picked should follow it.
    pub all: Vec<Picker>,
    /// Users of the run without a list: nothing that they liked is held out, or they did not come.
    pub without_list: usize,
    /// Figures that others have published, for lists in the same proportions.
    pub published: Vec<Published>,
}

/// One arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmFidelity {
    /// The arm.
    pub arm: String,
    /// Others for each liked item.
    pub m: u32,
    /// Simulated users, then baselines.
    pub pickers: Vec<Picker>,
    /// Expected calibration error of the logged probabilities that an item is picked, as predictions that it is liked, over
    /// [`BINS`] bins, 0 to 1; `None` if they were not logged.
    pub calibration_error: Option<f64>,
}

/// Who picks, and how well.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Picker {
    /// "users" for the simulated users, or the baseline.
    pub name: &'static str,
    /// How well.
    #[serde(flatten)]
    pub alignment: Alignment,
}

/// Bins of the expected calibration error.
pub const BINS: usize = 10;

const PICKERS: usize = 2 + Guess::ALL.len();

/// Answers of every picker to one list.
struct Row {
    arm: usize,
    user: usize,
    answers: [Answers; PICKERS],
}

impl Fidelity {
    /// Compares the picks of a run with the data that its users were made from. Same run and data, same result: draws come
    /// from streams of the run's seed.
    ///
    /// # Errors
    /// If the run is damaged, shows no lists, or is not made from this data.
    pub fn read(run: &RunReader, data: &Dataset) -> Result<Self, FidelityError> {
        let scenario = run.scenario();
        let lists = lists::lists(run)?;
        let people = lists::people(run)?;
        let catalogue = run.catalogue()?;
        let truth = Truth::new(data, &people, &catalogue)?;
        let streams = Streams::new(scenario.seed);
        let arms = lists::examining(scenario);
        let liked = arms.first().map_or(4.0, |(_, config)| config.liked);
        let histories = people.iter().map(|person| person.history.clone()).collect();
        let known = Known { catalogue: &catalogue, histories, liked };
        let baselines: Vec<Baseline> =
            Guess::ALL.into_iter().map(|guess| Baseline::new(guess, &known, streams)).collect();
        let engaged = lists::engaged(scenario);
        let mut rows = Vec::with_capacity(lists.len());
        let mut predicted: BTreeMap<usize, Vec<(f64, bool)>> = BTreeMap::new();
        for list in &lists {
            let least = arms.iter().find(|(at, _)| *at == list.arm).map_or(liked, |(_, config)| config.liked);
            let right = truth.of(list, &people, least)?;
            let probabilities = list.items.iter().map(|listed| listed.pick_probability(engaged));
            let certain = probabilities.zip(&right).filter_map(|(chance, liked)| Some((chance?, *liked)));
            predicted.entry(list.arm).or_default().extend(certain);
            rows.push(answer(list, &right, engaged, &baselines, &known, streams));
        }
        let pickers = |wanted: Option<usize>| -> Vec<Picker> {
            let names = ["users", "random"].into_iter().chain(Guess::ALL.map(Guess::name));
            let of = |picker: usize| {
                let mut users = vec![Vec::new(); people.len()];
                for row in rows.iter().filter(|row| wanted.is_none_or(|arm| row.arm == arm)) {
                    users[row.user].push(row.answers[picker]);
                }
                align(&users, streams)
            };
            names.zip(0..).map(|(name, picker)| Picker { name, alignment: of(picker) }).collect()
        };
        let arm = |(at, config): &(usize, &habitue_core::scenario::policy::DiscriminateConfig)| ArmFidelity {
            arm: scenario.arms[*at].name.clone(),
            m: config.m,
            pickers: pickers(Some(*at)),
            calibration_error: predicted.get(at).and_then(|of_arm| calibration_error(of_arm, BINS)),
        };
        let mut seen: Vec<usize> = rows.iter().map(|row| row.user).collect();
        seen.sort_unstable();
        seen.dedup();
        Ok(Self {
            arms: arms.iter().map(arm).collect(),
            all: pickers(None),
            without_list: people.len() - seen.len(),
            published: PUBLISHED.into(),
        })
    }
}

/// What everybody picks of a list of which this is liked.
fn answer(
    list: &List,
    right: &[bool],
    engaged: usize,
    baselines: &[Baseline],
    known: &Known<'_>,
    streams: Streams,
) -> Row {
    let user = list.user.index();
    let listed = || list.items.iter().zip(right.iter().copied());
    let mut stream = streams.stream(Purpose::Examination, user as u64, (1 << 33) + list.arm as u64);
    let mut answers = [Answers::default(); PICKERS];
    answers[0] =
        Answers::new(listed().map(|(one, liked)| (liked, one.is_picked, one.pick_probability(engaged))));
    answers[1] = Answers::new(listed().map(|(_, liked)| (liked, stream.random_bool(0.5), None)));
    for (answers, baseline) in answers[2..].iter_mut().zip(baselines) {
        *answers = Answers::new(listed().map(|(one, liked)| {
            let (score, is_picked) = baseline.answer(known.catalogue, user, one.item);
            (liked, is_picked, Some(score))
        }));
    }
    Row { arm: list.arm, user, answers }
}

/// What the real users did, in the terms of the run.
struct Truth {
    /// By user of the run, then item: the best rating, `None` for an interaction without one.
    touched: Vec<BTreeMap<u32, Option<f32>>>,
    items: Vec<String>,
}

impl Truth {
    fn new(
        data: &Dataset,
        people: &[Person],
        catalogue: &habitue_core::Catalogue,
    ) -> Result<Self, FidelityError> {
        let users: BTreeMap<&str, usize> =
            data.users.iter().enumerate().map(|(at, user)| (user.key.as_str(), at)).collect();
        let own: Vec<_> = data.by_user().map(|(_, own)| own).collect();
        let mut touched = Vec::with_capacity(people.len());
        for person in people {
            let at = users.get(person.key.as_str());
            let at = *at.ok_or_else(|| FidelityError::Foreign { what: "user", key: person.key.clone() })?;
            let mut items: BTreeMap<u32, Option<f32>> = BTreeMap::new();
            for one in own[at] {
                let key = &data.catalogue.item(one.item).key;
                let foreign = || FidelityError::Foreign { what: "item", key: key.clone() };
                let item = catalogue.find(key).ok_or_else(foreign)?;
                let best = items.entry(item.0).or_insert(one.rating);
                *best = best.zip(one.rating).map(|(best, rating)| best.max(rating));
            }
            touched.push(items);
        }
        Ok(Self { touched, items: catalogue.items().iter().map(|item| item.key.clone()).collect() })
    }

    /// Whether each item of the list is liked.
    fn of(&self, list: &List, people: &[Person], least: f32) -> Result<Vec<bool>, FidelityError> {
        let user = list.user.index();
        let is_liked = |item: u32| match self.touched[user].get(&item) {
            None => Ok(false),
            Some(rating) if rating.is_none_or(|rating| rating >= least) => Ok(true),
            Some(_) => Err(FidelityError::Contradiction {
                user: people[user].key.clone(),
                item: self.items[item as usize].clone(),
            }),
        };
        list.items.iter().map(|listed| is_liked(listed.item.0)).collect()
    }
}

#[cfg(test)]
mod tests;
