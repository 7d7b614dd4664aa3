//! Drawing the next token of a text.

use habitue_core::Stream;
use rand::RngExt;

use crate::program::WriteSpec;

/// The tokens that may come next.
pub(super) struct Allowed(Vec<u32>);

impl Allowed {
    pub(super) fn new(vocabulary: usize, allowed: impl Fn(u32) -> bool) -> Self {
        Self((0..vocabulary as u32).filter(|&token| allowed(token)).collect())
    }

    /// Whether nothing outside `tokens` is allowed.
    pub(super) fn only(&self, tokens: &[u32]) -> bool {
        self.0.iter().all(|token| tokens.contains(token))
    }
}

/// Draws a token by temperature and nucleus with one uniform number; at temperature 0 takes the most likely, the lowest
/// of several. None if no allowed token has a finite logit.
pub(super) fn token(logits: &[f32], allowed: &Allowed, spec: &WriteSpec, stream: &mut Stream) -> Option<u32> {
    let logit = |token: u32| logits.get(token as usize).copied().filter(|logit| logit.is_finite());
    let mut tokens: Vec<(u32, f64)> =
        allowed.0.iter().filter_map(|&token| Some((token, f64::from(logit(token)?)))).collect();
    let best = *tokens.iter().reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    if spec.temperature == 0.0 {
        return Some(best.0);
    }
    for (_, weight) in &mut tokens {
        *weight = ((*weight - best.1) / spec.temperature).exp();
    }
    let total: f64 = tokens.iter().map(|(_, weight)| weight).sum();
    let mut mass = total;
    if spec.top_p < 1.0 {
        tokens.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        mass = 0.0;
        let mut kept = 0;
        while kept < tokens.len() && mass < spec.top_p * total {
            mass += tokens[kept].1;
            kept += 1;
        }
        tokens.truncate(kept.max(1));
    }
    let mut left = stream.random::<f64>() * mass;
    for &(token, weight) in &tokens {
        left -= weight;
        if left < 0.0 {
            return Some(token);
        }
    }
    tokens.iter().rev().find(|(_, weight)| *weight > 0.0).map(|(token, _)| *token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use habitue_core::{Purpose, Streams};

    fn shares(spec: &WriteSpec, allowed: &Allowed) -> Vec<f64> {
        let logits = [0.0, 1.0, 2.0, f32::NEG_INFINITY];
        let draws = 8_000;
        let mut counts = vec![0.0; 4];
        for entity in 0..draws {
            let mut stream = Streams::new(3).stream(Purpose::Message, entity, 0);
            counts[token(&logits, allowed, spec, &mut stream).unwrap() as usize] += 1.0 / draws as f64;
        }
        counts
    }

    #[test]
    fn temperature_nucleus_and_mask_shape_the_draws() {
        let all = Allowed::new(4, |_| true);
        let near = |found: &[f64], expected: [f64; 4]| {
            assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() < 0.02), "{found:?} {expected:?}");
        };
        near(&shares(&WriteSpec::new(1), &all), [0.0900, 0.2447, 0.6652, 0.0]);
        near(&shares(&WriteSpec::new(1).temperature(0.5), &all), [0.0159, 0.1173, 0.8668, 0.0]);
        near(&shares(&WriteSpec::new(1).top_p(0.8), &all), [0.0, 0.2689, 0.7311, 0.0]);
        near(&shares(&WriteSpec::new(1).temperature(0.0), &all), [0.0, 0.0, 1.0, 0.0]);
        near(&shares(&WriteSpec::new(1), &Allowed::new(4, |token| token < 2)), [0.2689, 0.7311, 0.0, 0.0]);
        let nothing = Allowed::new(4, |token| token == 3);
        let mut stream = Streams::new(3).stream(Purpose::Message, 0, 0);
        assert_eq!(token(&[0.0, 0.0, 0.0, f32::NAN], &nothing, &WriteSpec::new(1), &mut stream), None);
    }
}
