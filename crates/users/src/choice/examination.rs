//! Which positions a user looks at.

use habitue_core::scenario::choice::ExaminationConfig;

/// What happened at the position before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    /// There is none.
    Start,
    /// It was not looked at.
    Passed,
    /// It was looked at.
    Looked {
        /// And engaged with.
        engaged: bool,
    },
}

/// The law of examination, with what does not change worked out.
#[derive(Debug, Clone)]
pub(super) enum Examination {
    /// Probability by position, the first positions in a table.
    PositionBased { table: Vec<f64>, decay: f64 },
    /// Probability of going on, by what was done.
    Cascade { proceed: f64, after_engagement: f64 },
}

impl Examination {
    pub(super) fn new(config: &ExaminationConfig) -> Self {
        match config {
            ExaminationConfig::PositionBased(config) => {
                let table = (0..32).map(|position| by_position(position, config.decay)).collect();
                Self::PositionBased { table, decay: config.decay }
            }
            ExaminationConfig::Cascade(config) => Self::Cascade {
                proceed: config.proceed,
                after_engagement: config.proceed * (1.0 - config.stop),
            },
        }
    }

    /// Probability that the user looks at `position`, counted from 0.
    pub(super) fn probability(&self, position: usize, before: Before) -> f64 {
        match (self, before) {
            (Self::PositionBased { table, decay }, _) => {
                table.get(position).copied().unwrap_or_else(|| by_position(position, *decay))
            }
            (Self::Cascade { .. }, Before::Start) => 1.0,
            (Self::Cascade { .. }, Before::Passed) => 0.0,
            (Self::Cascade { proceed, .. }, Before::Looked { engaged: false }) => *proceed,
            (Self::Cascade { after_engagement, .. }, Before::Looked { engaged: true }) => *after_engagement,
        }
    }

    /// The part of the probability that belongs to the distribution of the position's action: all of it where positions
    /// are looked at independently, none in a cascade, whose distributions suppose that the user got that far.
    pub(super) fn logged(&self, position: usize) -> f64 {
        match self {
            Self::PositionBased { .. } => self.probability(position, Before::Start),
            Self::Cascade { .. } => 1.0,
        }
    }
}

/// (1 / (position + 1))^decay
fn by_position(position: usize, decay: f64) -> f64 {
    (position as f64 + 1.0).powf(-decay)
}

#[cfg(test)]
mod tests {
    use habitue_core::scenario::choice::{CascadeConfig, PositionBasedConfig};

    use super::*;

    #[test]
    fn the_lower_the_position_the_less_it_is_looked_at() {
        let law = Examination::new(&ExaminationConfig::PositionBased(PositionBasedConfig { decay: 1.0 }));
        let chances: Vec<f64> = (0..40).map(|position| law.probability(position, Before::Passed)).collect();
        assert!((chances[0] - 1.0).abs() < 1e-12 && (chances[39] - 1.0 / 40.0).abs() < 1e-12);
        assert!(chances.windows(2).all(|pair| pair[0] > pair[1]));
        let all = Examination::new(&ExaminationConfig::PositionBased(PositionBasedConfig { decay: 0.0 }));
        assert!((all.probability(9, Before::Start) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_cascade_ends_sooner_after_engagement_and_never_resumes() {
        let law = Examination::new(&ExaminationConfig::Cascade(CascadeConfig { proceed: 0.8, stop: 0.5 }));
        let chance = |before| law.probability(3, before);
        assert!((law.probability(0, Before::Start) - 1.0).abs() < 1e-12);
        assert!(chance(Before::Looked { engaged: true }) < chance(Before::Looked { engaged: false }));
        assert!(chance(Before::Passed).abs() < 1e-12);
    }
}
