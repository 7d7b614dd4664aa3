//! Random numbers of a turn, in a fixed layout.

use habitue_core::Stream;
use rand::Rng;

/// Uniform numbers in the open interval (0, 1), one word of the stream each.
pub(crate) fn uniform(stream: &mut Stream) -> f64 {
    const WORD: f64 = 1.0 / 4_294_967_296.0;
    (f64::from(stream.next_u32()) + 0.5) * WORD
}

/// The numbers that decide the move. They come first, so that they do not depend on the length of the slate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MoveDraws {
    /// Whether to leave.
    pub(crate) leave: f64,
    /// Whether to post or chat.
    pub(crate) social: f64,
    /// With whom to chat.
    pub(crate) friend: f64,
}

impl MoveDraws {
    pub(crate) fn next(stream: &mut Stream) -> Self {
        Self { leave: uniform(stream), social: uniform(stream), friend: uniform(stream) }
    }
}

/// The numbers that decide one position. Every position takes four, looked at or not, so position k sees the same
/// numbers whatever stands above it: arms that share a seed share the noise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PositionDraws {
    /// Whether to look.
    pub(crate) look: f64,
    /// What to do; the larger, the stronger the action.
    pub(crate) act: f64,
    /// How long to stay; the larger, the longer.
    pub(crate) dwell: f64,
    /// How to rate; the larger, the better.
    pub(crate) rate: f64,
}

impl PositionDraws {
    pub(crate) fn next(stream: &mut Stream) -> Self {
        Self { look: uniform(stream), act: uniform(stream), dwell: uniform(stream), rate: uniform(stream) }
    }
}

#[cfg(test)]
mod tests {
    use habitue_core::{Purpose, Streams};

    use super::*;

    #[test]
    fn numbers_lie_strictly_between_0_and_1_and_are_spread_evenly() {
        let mut stream = Streams::new(1).stream(Purpose::Decision, 0, 0);
        let numbers: Vec<f64> = (0..10_000).map(|_| uniform(&mut stream)).collect();
        assert!(numbers.iter().all(|number| *number > 0.0 && *number < 1.0));
        let mean = numbers.iter().sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }
}
