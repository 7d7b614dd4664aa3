//! What a user wants of a session, and when the user says so.

mod plant;

use habitue_core::instruction::{Strength, WORDINGS, write};
use habitue_core::scenario::choice::InstructConfig;
use habitue_core::{Catalogue, ItemId, Mindset, Stream, Wish};

use super::draws::uniform;
use super::mindset::toward;
pub(super) use plant::Menu;

/// How the slate stands to the user's wish.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    /// Whether enough of it satisfies the condition.
    pub(super) good: bool,
    /// Whether it answers an instruction.
    pub(super) answers: bool,
}

impl Verdict {
    /// Judges a slate.
    pub(super) fn of(config: &InstructConfig, wish: &Wish, slate: &[ItemId], catalogue: &Catalogue) -> Self {
        let enough = match wish.condition.strength {
            Strength::Soft => config.enough_soft,
            Strength::Hard => config.enough_hard,
        };
        let share = wish.condition.share(slate, catalogue, &wish.seen);
        // A share is a ratio of small whole numbers: what is written as 0.7 means seven of ten.
        Self { good: share > enough - 1e-9, answers: wish.asked }
    }

    /// Moves the mindset by how an instruction was answered.
    pub(super) fn felt(self, config: &InstructConfig, mindset: &mut Mindset) {
        if self.answers && self.good {
            mindset.satisfaction = toward(mindset.satisfaction, 1.0, config.honoured);
            mindset.trust = toward(mindset.trust, 1.0, config.honoured);
        } else if self.answers {
            mindset.trust = toward(mindset.trust, 0.0, config.ignored);
        }
    }

    /// What it adds to the log-odds of leaving.
    pub(super) fn leave(self, config: &InstructConfig) -> f64 {
        if self.answers && !self.good { config.leave } else { 0.0 }
    }

    /// Probability of an instruction, given that the user does not leave.
    pub(super) fn speak(self, config: &InstructConfig) -> f64 {
        if self.good { 0.0 } else { config.speak }
    }
}

/// The numbers that decide whether and how the user speaks. They have a stream of their own, so that users without
/// instructions draw what they drew before there were any.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpeechDraws {
    pub(super) speak: f64,
    wording: f64,
}

impl SpeechDraws {
    pub(super) fn next(stream: &mut Stream) -> Self {
        Self { speak: uniform(stream), wording: uniform(stream) }
    }

    /// The sentence.
    pub(super) fn words(self, wish: &Wish, catalogue: &Catalogue) -> String {
        write(&wish.condition, catalogue, (self.wording * WORDINGS as f64) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_moves_the_user_and_good_slates_leave_nothing_to_say() {
        let config = InstructConfig::default();
        let after = |good, answers| {
            let mut mindset = Mindset::default();
            Verdict { good, answers }.felt(&config, &mut mindset);
            mindset
        };
        let before = Mindset::default();
        let (honoured, ignored) = (after(true, true), after(false, true));
        assert!(honoured.satisfaction > before.satisfaction && honoured.trust > before.trust);
        assert!(ignored.trust < before.trust);
        assert_eq!(after(true, false), before);
        assert_eq!(after(false, false), before);
        for answers in [false, true] {
            let good = Verdict { good: true, answers };
            assert_eq!((good.leave(&config), good.speak(&config)), (0.0, 0.0));
            let bad = Verdict { good: false, answers };
            assert_eq!(bad.leave(&config) > 0.0, answers);
            assert_eq!(bad.speak(&config).to_bits(), config.speak.to_bits());
        }
    }
}
