//! Whether simulated users behave as the real ones did, beyond what they pick.

mod sample;

use std::collections::BTreeSet;

use habitue_core::Dataset;
use habitue_store::RunReader;
use serde::Serialize;

use super::distance::{apart, jensen_shannon};
use super::error::FidelityError;
use sample::Sample;

/// Simulated and real users side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Behaviour {
    /// Users of the data who are in the run.
    pub users: usize,
    /// What was compared; measures that the data or the run does not have are left out.
    pub traits: Vec<Trait>,
    /// By place on the slate: items shown and engaged with. Simulated users only: logs of feedback have no slates.
    pub places: Vec<(u64, u64)>,
}

/// Something in which users can be alike.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trait {
    /// What is measured, with its unit.
    pub name: &'static str,
    /// Of the real users; `None` for a distance to them.
    pub data: Option<f64>,
    /// Of the simulated users.
    pub users: Option<f64>,
    /// Of users who act at random, with no language model and no data: any item, any rating, visits and gaps without memory
    /// (exponential, of the data's mean). `None` where that means nothing.
    pub random: Option<f64>,
    /// One half of the real users, every second, against the other half: what chance alone would leave.
    pub halves: Option<f64>,
    /// What others have published.
    pub published: Option<&'static str>,
}

/// Figures of `OmniBehavior` (Kuaishou, 2026), which are second-hand.
const RATIO: &str = "0.29 real, 0.7 to 0.87 LLM users (OmniBehavior)";
const DRIFT: &str = "0.63 real, 0.17 simulated (OmniBehavior)";
const POSITIVE: &str = "below 0.10 real, 0.40 to 0.60 LLM users (OmniBehavior)";

impl Behaviour {
    /// Compares the behaviour in a run with that of the same users in the data that they were made from. Arms that examine
    /// users count for ratings only: they choose what is touched, and when.
    ///
    /// # Errors
    /// If the run is damaged, or none of its users is in the data.
    pub fn read(run: &RunReader, data: &Dataset) -> Result<Self, FidelityError> {
        let mut keys = BTreeSet::new();
        let mut first = None;
        for user in run.users() {
            let key = user?.persona.key;
            first.get_or_insert_with(|| key.clone());
            keys.insert(key);
        }
        let known: Vec<usize> =
            (0..data.users.len()).filter(|at| keys.contains(&data.users[*at].key)).collect();
        if known.is_empty() {
            return Err(FidelityError::Foreign { what: "user", key: first.unwrap_or_default() });
        }
        // Longer gaps than the run's cannot be seen in it.
        let longest = run.scenario().horizon.seconds() / 3_600.0;
        let of_data = |users: &[usize]| {
            let mut sample = Sample::of_data(data, users);
            sample.gaps.retain(|gap| *gap <= longest);
            sample
        };
        let real = of_data(&known);
        let every_second = |from: usize| known.iter().copied().skip(from).step_by(2).collect::<Vec<_>>();
        let halves = [0, 1].map(|from| of_data(&every_second(from)));
        let simulated = Sample::of_run(run)?;
        let mut traits = ratings(&real, &simulated, &halves);
        traits.extend(popularity(&real, &simulated, &halves));
        traits.extend(visits(&real, &simulated, &halves));
        traits.extend(tastes(&real, &simulated, &halves));
        traits.retain(|one| {
            one.users.is_some() && (one.data.is_some() || one.published.is_some() || one.halves.is_some())
        });
        Ok(Self { users: known.len(), traits, places: simulated.places })
    }
}

fn value(
    name: &'static str,
    [data, users, first, second]: [Option<f64>; 4],
    random: Option<f64>,
    published: Option<&'static str>,
) -> Trait {
    // The halves differ from the data by chance: shown is the one that is farther away.
    let far = |half: &f64| data.map_or(0.0, |data| (half - data).abs());
    let halves = [first, second].into_iter().flatten().max_by(|one, other| far(one).total_cmp(&far(other)));
    Trait { name, data, users, random, halves, published }
}

fn ratings(real: &Sample, simulated: &Sample, halves: &[Sample; 2]) -> Vec<Trait> {
    let counts = |sample: &Sample| sample.ratings.map(|count| count as f64);
    let low = |sample: &Sample| {
        let counts = counts(sample);
        let all: f64 = counts.iter().sum();
        (all > 0.0).then(|| (counts[0] + counts[1]) / all)
    };
    vec![
        Trait {
            name: "ratings: Jensen-Shannon distance (0 to 1)",
            data: None,
            users: jensen_shannon(&counts(simulated), &counts(real)),
            random: jensen_shannon(&[1.0; 5], &counts(real)),
            halves: jensen_shannon(&counts(&halves[0]), &counts(&halves[1])),
            published: None,
        },
        value("ratings: share of 1 and 2", samples(real, simulated, halves, low), Some(0.4), None),
    ]
}

/// Of the data, the simulated users, and both halves.
fn samples(
    real: &Sample,
    simulated: &Sample,
    halves: &[Sample; 2],
    of: impl Fn(&Sample) -> Option<f64>,
) -> [Option<f64>; 4] {
    [of(real), of(simulated), of(&halves[0]), of(&halves[1])]
}

fn popularity(real: &Sample, simulated: &Sample, halves: &[Sample; 2]) -> Vec<Trait> {
    let head = |share: f64| move |sample: &Sample| sample.head(share);
    let trait_of =
        |name, share| value(name, samples(real, simulated, halves, head(share)), Some(share), None);
    let gini = |sample: &Sample| crate::quality::gini(&sample.touched);
    vec![
        trait_of("popularity: share of the top 1% of items", 0.01),
        trait_of("popularity: share of the top 10% of items", 0.1),
        trait_of("popularity: share of the top 50% of items", 0.5),
        value("popularity: Gini index (0 to 1)", samples(real, simulated, halves, gini), Some(0.0), None),
    ]
}

fn visits(real: &Sample, simulated: &Sample, halves: &[Sample; 2]) -> Vec<Trait> {
    type Part = (fn(&Sample) -> &Vec<f64>, [&'static str; 3]);
    let mut traits = Vec::new();
    let parts: [Part; 2] = [
        (
            |sample| &sample.lengths,
            [
                "session length: median (items engaged with)",
                "session length: KS distance (0 to 1)",
                "session length: Wasserstein distance (items)",
            ],
        ),
        (
            |sample| &sample.gaps,
            [
                "return gap within the run's length: median (h)",
                "return gap: KS distance (0 to 1)",
                "return gap: Wasserstein distance (h)",
            ],
        ),
    ];
    for (of, names) in parts {
        let memoryless = memoryless(of(real));
        let medians = samples(real, simulated, halves, |sample| median(of(sample)));
        traits.push(value(names[0], medians, median(&memoryless), None));
        let distances =
            |one: &[f64], other: &[f64]| apart(one, other).map(|apart| [apart.ks, apart.wasserstein]);
        let users = distances(of(simulated), of(real));
        let random = distances(&memoryless, of(real));
        let between = distances(of(&halves[0]), of(&halves[1]));
        for (at, name) in names[1..].iter().enumerate() {
            let part = |distances: Option<[f64; 2]>| distances.map(|both| both[at]);
            traits.push(Trait {
                name,
                data: None,
                users: part(users),
                random: part(random),
                halves: part(between),
                published: None,
            });
        }
    }
    traits
}

/// Evenly spaced quantiles of the exponential distribution with the mean of a sample.
fn memoryless(sample: &[f64]) -> Vec<f64> {
    const POINTS: u32 = 1_000;
    let mean = sample.iter().sum::<f64>() / sample.len().max(1) as f64;
    let quantile = |at: u32| -mean * (1.0 - (f64::from(at) + 0.5) / f64::from(POINTS)).ln();
    if sample.is_empty() { Vec::new() } else { (0..POINTS).map(quantile).collect() }
}

fn median(sample: &[f64]) -> Option<f64> {
    let mut sorted = sample.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
}

fn tastes(real: &Sample, simulated: &Sample, halves: &[Sample; 2]) -> Vec<Trait> {
    let positive = |sample: &Sample| {
        let (shown, engaged) = sample.places.iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        (shown > 0).then(|| engaged as f64 / shown as f64)
    };
    let of = |of: &dyn Fn(&Sample) -> Option<f64>| samples(real, simulated, halves, of);
    vec![
        value(
            "distance within users over between users",
            of(&Sample::distance_ratio),
            Some(1.0),
            Some(RATIO),
        ),
        value("drift of categories from day to day (Jaccard)", of(&Sample::drift), None, Some(DRIFT)),
        value("items engaged with, of those shown", of(&positive), None, Some(POSITIVE)),
    ]
}
