//! How a user rates an item engaged with.

use habitue_core::scenario::choice::RatingConfig;

use super::normal::quantile;

/// Stars, 1 to 5, at this quantile of the noise.
pub(super) fn stars(config: &RatingConfig, affinity: f32, quality: f32, at: f64) -> u8 {
    let latent = f64::from(affinity)
        + config.quality * (2.0 * f64::from(quality) - 1.0)
        + config.spread * quantile(at);
    1 + config.thresholds.iter().filter(|threshold| latent > **threshold).count() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(affinity: f32, quality: f32) -> f64 {
        let stars = |n| stars(&RatingConfig::default(), affinity, quality, (f64::from(n) + 0.5) / 1e3);
        (0..1000).map(|n| f64::from(stars(n))).sum::<f64>() / 1e3
    }

    #[test]
    fn affinity_and_quality_raise_ratings() {
        assert!(mean(0.0, 0.5) < mean(0.5, 0.5));
        assert!(mean(0.5, 0.2) < mean(0.5, 0.8));
    }

    #[test]
    fn all_five_ratings_are_given_to_an_item_that_is_liked_fairly_well() {
        let mut counts = [0; 5];
        for n in 0..1000 {
            let stars = stars(&RatingConfig::default(), 0.5, 0.5, (f64::from(n) + 0.5) / 1e3);
            counts[usize::from(stars) - 1] += 1;
        }
        assert!(counts.iter().all(|count| *count > 30), "{counts:?}");
    }
}
