//! Figures that others have published.

use serde::Serialize;

/// A published result on `MovieLens` with lists of 20 items, of which 1 in 1 + `m` is liked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Published {
    /// The simulator.
    pub name: &'static str,
    /// Others for each liked item.
    pub m: u32,
    /// Accuracy.
    pub accuracy: f64,
    /// Precision.
    pub precision: f64,
    /// Recall.
    pub recall: f64,
    /// F1.
    pub f1: f64,
}

const fn row(name: &'static str, m: u32, [accuracy, recall, precision, f1]: [f64; 4]) -> Published {
    Published { name, m, accuracy, precision, recall, f1 }
}

/// Table 1 of `SimUSER` (ACL 2025), which reports `Agent4Rec` too; 1,000 users of `MovieLens`-1M
/// and far larger models. The headings of precision and recall are exchanged there: 1 of 10 liked, with the printed
/// precision .7753 and recall .2139, would force an accuracy of .92. There is no published row for m = 2.
pub const PUBLISHED: [Published; 6] = [
    row("Agent4Rec", 1, [0.6912, 0.7460, 0.6914, 0.6982]),
    row("Agent4Rec", 3, [0.6675, 0.7623, 0.4210, 0.5433]),
    row("Agent4Rec", 9, [0.6175, 0.7753, 0.2139, 0.3232]),
    row("SimUSER", 1, [0.7912, 0.7976, 0.7576, 0.7771]),
    row("SimUSER", 3, [0.7737, 0.8173, 0.5223, 0.6373]),
    row("SimUSER", 9, [0.6791, 0.8382, 0.3534, 0.4972]),
];
