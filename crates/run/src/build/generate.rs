//! Catalogues drawn from a specification.

use habitue_core::scenario::catalogue::CatalogueSpec;
use habitue_core::{Catalogue, CategoryId, CreatorId, Item, Purpose, SimDuration, SimTime, Stream, Streams};
use rand::RngExt;
use rand_distr::{Beta, Distribution, Exp};

use crate::error::RunError;

/// Draws a catalogue. Item n is drawn from a stream of its own, so a larger catalogue begins with the smaller one.
///
/// Category sizes follow Zipf's law (a category's share is proportional to 1 / rank^skew), qualities a Beta
/// distribution with the given mean and concentration, lengths an exponential distribution.
///
/// # Errors
/// If a parameter lies outside its range.
pub(super) fn generate(
    spec: &CatalogueSpec,
    horizon: SimDuration,
    streams: Streams,
) -> Result<Catalogue, RunError> {
    let wrong = |field: &'static str, value: f64, expected: &'static str| RunError::Field {
        field: format!("catalogue.generate.{field}"),
        value: value.to_string(),
        expected: expected.to_owned(),
    };
    if spec.items == 0 {
        return Err(wrong("items", 0.0, "at least 1"));
    }
    let categories = Zipf::new(spec.categories, spec.category_skew)
        .ok_or_else(|| wrong("category_skew", spec.category_skew, "0 or more, with at least one category"))?;
    let (mean, concentration) = (spec.quality_mean, spec.quality_concentration);
    let quality = Beta::new(mean * concentration, (1.0 - mean) * concentration)
        .map_err(|_| wrong("quality_mean", mean, "0 to 1 exclusive, with a concentration above 0"))?;
    let length = match spec.duration_seconds {
        0.0 => None,
        mean => Some(
            Exp::new(mean.recip())
                .map_err(|_| wrong("duration_seconds", mean, "a mean of 0 or more seconds"))?,
        ),
    };

    let mut catalogue = Catalogue::new();
    for number in 0..spec.categories {
        catalogue.category(&format!("category-{number}"));
    }
    for number in 0..spec.creators {
        catalogue.creator(&format!("creator-{number}"));
    }
    for number in 0..spec.items {
        let mut stream = streams.stream(Purpose::Catalogue, u64::from(number), 0);
        let first = categories.draw(&mut stream, None);
        let second =
            stream.random_bool(unit(spec.second_category)).then(|| categories.draw(&mut stream, Some(first)));
        let creator = (spec.creators > 0).then(|| CreatorId(stream.random_range(0..spec.creators)));
        let later = stream.random_bool(unit(spec.published_later));
        let published = if later { stream.random_range(0..horizon.0.max(1)) } else { 0 };
        let seconds = length.map_or(0.0, |length| length.sample(&mut stream).max(1.0));
        let item = Item {
            key: format!("item-{number}"),
            title: format!("Item {number}"),
            categories: [Some(first), second.filter(|second| *second != first)]
                .into_iter()
                .flatten()
                .map(CategoryId)
                .collect(),
            creator,
            published: SimTime(published),
            duration_seconds: seconds as f32,
            quality: quality.sample(&mut stream) as f32,
            ..Item::default()
        };
        catalogue.push(item).map_err(RunError::Catalogue)?;
    }
    Ok(catalogue)
}

/// A probability, kept in its range.
fn unit(share: f64) -> f64 {
    share.clamp(0.0, 1.0)
}

/// Zipf's law over the categories.
struct Zipf {
    /// Sums of the weights up to and including each category.
    sums: Vec<f64>,
}

impl Zipf {
    fn new(categories: u16, skew: f64) -> Option<Self> {
        if categories == 0 || !(skew >= 0.0 && skew.is_finite()) {
            return None;
        }
        let weights = (1..=categories).map(|rank| f64::from(rank).powf(-skew));
        let sums = weights
            .scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            })
            .collect();
        Some(Self { sums })
    }

    /// A category other than `taken`; `taken` itself if the law gives all others no weight.
    fn draw(&self, stream: &mut Stream, taken: Option<u16>) -> u16 {
        let total = self.sums[self.sums.len() - 1];
        let (from, width) = taken.map_or((f64::INFINITY, 0.0), |taken| {
            let at = usize::from(taken);
            let from = if at == 0 { 0.0 } else { self.sums[at - 1] };
            (from, self.sums[at] - from)
        });
        let mut point = stream.random::<f64>() * (total - width);
        if point >= from {
            point += width;
        }
        let at = self.sums.partition_point(|sum| *sum <= point);
        // Rounding, or no other weight, can put the point on the very end.
        at.min(self.sums.partition_point(|sum| *sum < total)) as u16
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    fn spec(items: u32) -> CatalogueSpec {
        CatalogueSpec {
            items,
            categories: 8,
            category_skew: 1.0,
            creators: 5,
            quality_mean: 0.6,
            quality_concentration: 10.0,
            second_category: 0.25,
            published_later: 0.2,
            duration_seconds: 40.0,
        }
    }

    fn drawn(spec: &CatalogueSpec) -> Catalogue {
        generate(spec, SimDuration::from_days(10.0), Streams::new(3)).unwrap()
    }

    fn all(catalogue: &Catalogue, of: impl Fn(&Item) -> bool) -> bool {
        catalogue.items().iter().all(of)
    }

    fn share(catalogue: &Catalogue, of: impl Fn(&Item) -> bool) -> f64 {
        catalogue.items().iter().filter(|item| of(item)).count() as f64 / catalogue.len() as f64
    }

    #[test]
    fn shares_and_means_are_those_of_the_specification() {
        let catalogue = drawn(&spec(20_000));
        let harmonic: f64 = (1..=8).map(|rank| 1.0 / f64::from(rank)).sum();
        for rank in [1, 2, 8] {
            let found = share(&catalogue, |item| item.categories[0].0 == rank - 1);
            assert!((found - 1.0 / f64::from(rank) / harmonic).abs() < 0.01, "rank {rank}: {found}");
        }
        assert!((share(&catalogue, |item| item.categories.len() == 2) - 0.25).abs() < 0.01);
        assert!((share(&catalogue, |item| item.published > SimTime::ZERO) - 0.2).abs() < 0.01);
        let mean = |of: fn(&Item) -> f32| {
            catalogue.items().iter().map(|item| f64::from(of(item))).sum::<f64>() / catalogue.len() as f64
        };
        assert!((mean(|item| item.quality) - 0.6).abs() < 0.01);
        // At least one second: max(1, X) has the mean 1 + mean exp(-1 / mean) - ... a hair above 40.
        assert!((mean(|item| item.duration_seconds) - 40.0).abs() < 1.0);
        let horizon = SimDuration::from_days(10.0).0;
        assert!(catalogue.items().iter().all(|item| (0..horizon).contains(&item.published.0)));
        assert_eq!(catalogue.creators().len(), 5);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 64, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn every_specification_in_range_gives_a_sound_catalogue(
            (items, categories, creators) in (1..40_u32, 1..30_u16, 0..5_u32),
            category_skew in prop_oneof![Just(0.0), 0.0..4.0, Just(1e6)],
            (quality_mean, quality_concentration) in (0.001..0.999, prop_oneof![0.01..1.0, 1.0..1e4]),
            (second_category, published_later) in (0.0..=1.0, 0.0..=1.0),
            duration_seconds in prop_oneof![Just(0.0), 0.1..1e4],
            horizon in 1..i64::MAX / 2,
        ) {
            let spec = CatalogueSpec {
                items, categories, category_skew, creators, quality_mean, quality_concentration, second_category,
                published_later, duration_seconds,
            };
            let catalogue = generate(&spec, SimDuration(horizon), Streams::new(9)).unwrap();
            prop_assert_eq!(catalogue.len(), items as usize);
            for item in catalogue.items() {
                prop_assert!((0.0..=1.0).contains(&item.quality));
                prop_assert!((0..horizon).contains(&item.published.0));
                prop_assert!(matches!(&item.categories[..], [_] | [_, _]) && item.categories[0].0 < categories);
                prop_assert!(item.categories.get(1).is_none_or(|second| *second != item.categories[0]));
                prop_assert_eq!(item.creator.is_some(), creators > 0);
                let seconds = f64::from(item.duration_seconds);
                prop_assert_eq!(seconds >= 1.0, duration_seconds > 0.0);
            }
        }
    }

    #[test]
    fn a_larger_catalogue_begins_with_the_smaller_one() {
        let (small, large) = (drawn(&spec(50)), drawn(&spec(80)));
        assert_eq!(small.items(), &large.items()[..50]);
    }

    #[test]
    fn extremes_are_drawn_or_refused() {
        let plain = CatalogueSpec { duration_seconds: 0.0, creators: 0, categories: 1, ..spec(10) };
        let catalogue = drawn(&plain);
        assert!(all(&catalogue, |item| item.categories.len() == 1));
        assert!(all(&catalogue, |item| item.duration_seconds == 0.0 && item.creator.is_none()));
        let steep = drawn(&CatalogueSpec { category_skew: 1e6, second_category: 1.0, ..spec(10) });
        assert!(all(&steep, |item| item.categories == [CategoryId(0)]));
        for (wrong, field) in [
            (CatalogueSpec { items: 0, ..spec(1) }, "items"),
            (CatalogueSpec { categories: 0, ..spec(1) }, "category_skew"),
            (CatalogueSpec { quality_mean: 1.0, ..spec(1) }, "quality_mean"),
            (CatalogueSpec { duration_seconds: -1.0, ..spec(1) }, "duration_seconds"),
        ] {
            let error = generate(&wrong, SimDuration(1), Streams::new(1)).unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
    }
}
