//! People who hear what their friends liked come to rate alike; with messages that say nothing, or none, they do not.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic, and shows its figures")]

use std::collections::BTreeMap;

use habitue_core::scenario::{Typed, resolve};
use habitue_core::{DAY, WindowRows};
use habitue_run::DiskSources;
use habitue_tests::{Mean, mean, play, repository};

const PEOPLE: usize = 400;
const DAYS: i64 = 14;

/// By person, the mean square of the distance of their ratings from those of all people for the same item, on these days;
/// its mean over people is the variance of ratings of an item. People who rated nothing have none.
fn distances(windows: &[WindowRows], days: std::ops::Range<i64>) -> Vec<Option<f64>> {
    let turns = windows.iter().flat_map(|window| &window.turns);
    let rated = turns.filter(|turn| days.contains(&(turn.time.0 / DAY))).flat_map(|turn| {
        let shown = turn.impressions.iter().filter(|shown| shown.rating > 0);
        shown.map(|shown| (turn.user.index(), shown.item, f64::from(shown.rating)))
    });
    let rated: Vec<_> = rated.collect();
    let mut items: BTreeMap<_, (f64, f64)> = BTreeMap::new();
    for (_, item, stars) in &rated {
        let (sum, count) = items.entry(*item).or_default();
        (*sum, *count) = (*sum + stars, *count + 1.0);
    }
    let mut people = vec![(0.0, 0.0); PEOPLE];
    for (person, item, stars) in rated {
        let (sum, count) = items[&item];
        if count > 1.0 {
            people[person].0 += (stars - sum / count).powi(2) * count / (count - 1.0);
            people[person].1 += 1.0;
        }
    }
    people.into_iter().map(|(sum, count)| (count > 0.0).then(|| sum / count)).collect()
}

/// Mean change over people from the first three days to the last four.
fn change(sets: &[&str]) -> Mean {
    let file = repository().join("scenarios/conformity.toml");
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let typed = Typed { file: &file, sets: &sets, seed: None, data: None };
    let windows = play(&resolve(&typed, &DiskSources::new().unwrap()).unwrap());
    let (first, last) = (distances(&windows, 0..3), distances(&windows, DAYS - 4..DAYS));
    println!("{:?} at first", mean(&first.iter().copied().flatten().collect::<Vec<_>>()));
    mean(&first.iter().zip(&last).filter_map(|(first, last)| Some((*last)? - (*first)?)).collect::<Vec<_>>())
}

#[test]
fn the_variance_of_ratings_falls_with_contact_and_not_with_neutral_messages() {
    let contact = change(&[]);
    let few = change(&["social.graph.mean_degree=1"]);
    let neutral = change(&["population.0.choice.drift.heard=0"]);
    let silence = change(&["population.0.choice.social.post=0"]);
    println!("contact {contact:?}, few friends {few:?}, neutral {neutral:?}, silence {silence:?}");
    assert!(contact.high() < 0.0, "{contact:?}");
    for control in [neutral, silence, few] {
        assert!(control.low() <= 0.0 && control.high() >= 0.0, "{control:?}");
        assert!(contact.high() < control.low(), "{contact:?} {control:?}");
    }
}
