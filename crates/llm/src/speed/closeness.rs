//! How close 8-bit numbers are to floats.

use serde::Serialize;

use super::top;
use crate::engine::{Engine, Logits, Request, TokenSet, Wanted};
use crate::error::LlmError;

/// The model's distribution over the next token in 8 bits, compared with the one in 32-bit floats.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Closeness {
    /// Positions of a text that were compared.
    pub positions: usize,
    /// Mean over positions of the Kullback-Leibler divergence `sum p ln(p / q)` of 8 bits (`q`) from floats (`p`), in
    /// nats.
    pub mean_divergence: f64,
    /// Positions at which both have the same most likely token.
    pub same_top: usize,
}

/// Logits of the whole vocabulary after every token.
pub(super) async fn logits(engine: &Engine, tokens: Vec<u32>) -> Result<Vec<Logits>, LlmError> {
    let wanted = (0..tokens.len()).map(|position| Wanted { position, tokens: TokenSet::All }).collect();
    Ok(engine.submit(Request { tokens, wanted, branches: Vec::new() }).await?.logits)
}

impl Closeness {
    /// Compares logits position by position.
    pub(super) fn of(exact: &[Logits], found: &[Logits]) -> Self {
        let pairs = || exact.iter().zip(found);
        let sum: f64 = pairs().map(|(exact, found)| divergence(exact, found)).sum();
        Self {
            positions: exact.len(),
            mean_divergence: sum / exact.len().max(1) as f64,
            same_top: pairs().filter(|(exact, found)| top(exact) == top(found)).count(),
        }
    }
}

fn divergence(exact: &[f32], found: &[f32]) -> f64 {
    let (p, q) = (log_total(exact), log_total(found));
    let term = |(&exact, &found): (&f32, &f32)| {
        let (p, q) = (f64::from(exact) - p, f64::from(found) - q);
        p.exp() * (p - q)
    };
    exact.iter().zip(found).map(term).sum()
}

/// `ln sum exp`.
fn log_total(logits: &[f32]) -> f64 {
    let highest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    highest + logits.iter().map(|&logit| (f64::from(logit) - highest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_is_as_computed_by_hand() {
        // p = (1/2, 1/2), q = (1/4, 3/4): KL = ln 2 / 2 + ln(2/3) / 2.
        let (p, q) = (vec![vec![7.0, 7.0]], vec![vec![0.0, 3.0_f32.ln()]]);
        let closeness = Closeness::of(&p, &q);
        assert!((closeness.mean_divergence - (4.0_f64 / 3.0).ln() / 2.0).abs() < 1e-6, "{closeness:?}");
        assert_eq!((closeness.positions, closeness.same_top), (1, 0));
        assert_eq!(Closeness::of(&q, &q), Closeness { positions: 1, mean_divergence: 0.0, same_top: 1 });
    }
}
