//! How long a user stays with an item looked at.

use habitue_core::scenario::choice::DwellConfig;
use habitue_core::{Action, ActionScale};

use super::action::engaged_level;
use super::normal::quantile;

/// The law of dwell, prepared for a scale.
#[derive(Debug, Clone)]
pub(crate) struct DwellLaw {
    /// Natural logarithm of the median share of the length at affinity 0, by action; unused up to `skip`.
    log_share: [f32; 32],
    skip: Action,
    glance: f32,
    reading: f32,
    affinity: f32,
    spread: f64,
    cap: f32,
}

impl DwellLaw {
    pub(crate) fn new(config: &DwellConfig, scale: &ActionScale) -> Self {
        let engaged = f64::from(engaged_level(scale));
        let mut log_share = [0.0; 32];
        for (share, action) in log_share.iter_mut().zip(scale.actions()) {
            let z = f64::from(scale.level(action)) / engaged;
            *share = (config.watch_ratio.ln() + config.level * (z - 1.0)) as f32;
        }
        Self {
            log_share,
            skip: scale.skip(),
            glance: config.glance_seconds as f32,
            reading: config.reading_seconds as f32,
            affinity: config.affinity as f32,
            spread: config.spread,
            cap: config.cap as f32,
        }
    }

    /// Seconds spent on an item of this length (0 if it has none), at this quantile of the law.
    pub(crate) fn seconds(&self, action: Action, affinity: f32, duration_seconds: f32, at: f64) -> f32 {
        let length = if duration_seconds > 0.0 { duration_seconds } else { self.reading };
        let noise = (self.spread * quantile(at)) as f32;
        let seconds = if action > self.skip {
            length * (self.log_share[usize::from(action.0)] + self.affinity * affinity + noise).exp()
        } else {
            self.glance * noise.exp()
        };
        seconds.min(self.cap * length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(action: &str, affinity: f32, duration: f32, at: f64) -> f32 {
        let scale = ActionScale::new(&["dislike", "skip", "view", "click", "like"], "click").unwrap();
        let law = DwellLaw::new(&DwellConfig::default(), &scale);
        law.seconds(scale.find(action).unwrap(), affinity, duration, at)
    }

    #[test]
    fn stronger_actions_greater_affinity_and_longer_items_take_more_time() {
        let middle = |action, affinity, duration| seconds(action, affinity, duration, 0.5);
        assert!(middle("skip", 0.0, 30.0) < middle("view", 0.0, 30.0));
        assert!(middle("view", 0.0, 30.0) < middle("like", 0.0, 30.0));
        assert!(middle("click", 0.0, 30.0) < middle("click", 1.0, 30.0));
        assert!(middle("click", 0.0, 30.0) < middle("click", 0.0, 60.0));
        assert!((middle("dislike", -1.0, 30.0) - 1.5).abs() < 1e-6);
        // The median at the least engaged action and affinity 0 is the watch ratio.
        assert!((middle("click", 0.0, 30.0) - 18.0).abs() < 1e-4);
    }

    #[test]
    fn dwell_is_capped_by_the_length() {
        assert!((seconds("like", 1.0, 30.0, 1.0 - 1e-9) - 60.0).abs() < 1e-6);
        assert!((seconds("skip", 0.0, 0.1, 0.999) - 0.2).abs() < 1e-6);
        assert!(seconds("click", 0.0, 0.0, 0.5) > 1.0, "an item without length takes reading time");
    }
}
