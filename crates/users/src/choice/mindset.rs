//! How a user's hidden state moves with every turn.

use habitue_core::Mindset;
use habitue_core::scenario::choice::MindsetConfig;

use super::affinity::Liking;

/// Sums over the items looked at in one turn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    looked: f32,
    utility: f32,
    hits: f32,
    familiar: f32,
}

impl Tally {
    /// Adds an item looked at.
    pub(super) fn add(&mut self, config: &MindsetConfig, liking: Liking) {
        let y = (liking.affinity - config.neutral as f32) / config.scale as f32;
        self.looked += 1.0;
        self.utility += 0.5 + 0.5 * y / (1.0 + y.abs());
        self.hits += if y >= 0.0 { 1.0 } else { 0.0 };
        self.familiar += liking.familiar;
    }
}

/// Moves the mindset by a turn. `diversity` is the persona's.
pub(super) fn turn(config: &MindsetConfig, mindset: &mut Mindset, tally: &Tally, diversity: f32) {
    mindset.fatigue = toward(mindset.fatigue, 1.0, config.fatigue_rate);
    if tally.looked > 0.0 {
        let utility = tally.utility / tally.looked;
        let hits = tally.hits / tally.looked;
        let repetition = (2.0 * diversity * tally.familiar / tally.looked).min(1.0);
        mindset.satisfaction = toward(mindset.satisfaction, utility, config.satisfaction_rate);
        let trust_rate = if hits > mindset.trust { config.trust_gain } else { config.trust_loss };
        mindset.trust = toward(mindset.trust, hits, trust_rate);
        mindset.boredom = toward(mindset.boredom, repetition, config.boredom_rate);
        mindset.mood = toward(mindset.mood, utility, config.mood_rate);
    }
}

/// Moves the mindset of a user to whom nothing was shown.
pub(super) fn outage(config: &MindsetConfig, mindset: &mut Mindset) {
    mindset.satisfaction = toward(mindset.satisfaction, 0.0, config.outage_loss);
    mindset.trust = toward(mindset.trust, 0.0, config.outage_loss);
}

/// `value` moved a share of the way to `target`; both are 0 to 1, and so is the result.
pub(super) fn toward(value: f32, target: f32, share: f64) -> f32 {
    (value + share as f32 * (target - value)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(affinity: f32, familiar: f32, diversity: f32) -> Mindset {
        let config = MindsetConfig::default();
        let (mut mindset, mut tally) = (Mindset::default(), Tally::default());
        tally.add(&config, Liking { affinity, familiar });
        turn(&config, &mut mindset, &tally, diversity);
        mindset
    }

    #[test]
    fn good_items_raise_satisfaction_trust_and_mood_and_bad_items_lower_them() {
        let (good, bad, before) = (after(1.0, 0.0, 0.5), after(-1.0, 0.0, 0.5), Mindset::default());
        for (good, bad, before) in [
            (good.satisfaction, bad.satisfaction, before.satisfaction),
            (good.trust, bad.trust, before.trust),
            (good.mood, bad.mood, before.mood),
        ] {
            assert!(bad < before && before < good);
        }
        assert!(before.trust - bad.trust > good.trust - before.trust, "trust is easier lost than won");
    }

    #[test]
    fn an_indifferent_item_leaves_satisfaction_where_it_was() {
        let neutral = MindsetConfig::default().neutral as f32;
        assert!((after(neutral, 0.0, 0.5).satisfaction - 0.5).abs() < 1e-6);
    }

    #[test]
    fn turns_tire_and_repetition_bores_those_who_want_variety() {
        assert!(after(0.0, 0.0, 0.5).fatigue > 0.0);
        assert!(after(0.0, 0.8, 0.5).boredom > after(0.0, 0.1, 0.5).boredom);
        assert!(after(0.0, 0.4, 1.0).boredom > after(0.0, 0.4, 0.5).boredom);
        assert!(after(0.0, 1.0, 0.0).boredom < 1e-6);
    }

    #[test]
    fn an_outage_costs_satisfaction_and_trust() {
        let mut mindset = Mindset::default();
        outage(&MindsetConfig::default(), &mut mindset);
        assert!(mindset.satisfaction < 0.5 && mindset.trust < 0.5);
    }
}
