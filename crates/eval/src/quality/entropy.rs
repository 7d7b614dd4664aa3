//! Diversity as entropy: of what one user is shown, and of what all are shown together.

/// Entropy of categories with these masses, 0 or more, in bits, by Miller and Madow's estimator: the entropy of the shares plus
/// `(K / r - 1) / (2 N ln 2)` for `K` categories that occur among `N` items (Miller, 1955). Without the second term few items
/// would always look less diverse than many. An item has `r` categories on average, 1 or more, which share its mass of 1 evenly:
/// shares are then the steadier, and the term is the smaller (by the delta method, if all items have `r`). `None` without
/// mass.
pub fn entropy_bits(masses: impl IntoIterator<Item = f64>, r: f64) -> Option<f64> {
    let (mut total, mut logs, mut kinds) = (0.0, 0.0, 0_u32);
    for mass in masses.into_iter().filter(|mass| *mass > 0.0) {
        total += mass;
        logs += mass * mass.log2();
        kinds += 1;
    }
    let correction = (f64::from(kinds) / r.max(1.0) - 1.0).max(0.0) / (2.0 * std::f64::consts::LN_2);
    (total > 0.0).then(|| (total.log2() - logs / total).max(0.0) + correction / total)
}

/// Masses by category of which few are above 0.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sparse {
    entries: Vec<(u16, f32)>,
    /// Sum of their squares.
    squares: f32,
}

impl Sparse {
    pub(crate) fn add(&mut self, category: u16, mass: f32) {
        let at = self.entries.iter().position(|entry| entry.0 == category).unwrap_or_else(|| {
            self.entries.push((category, 0.0));
            self.entries.len() - 1
        });
        let before = self.entries[at].1;
        let after = before + mass;
        self.entries[at].1 = after;
        self.squares += after * after - before * before;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
        self.squares = 0.0;
    }

    /// In the order in which categories first came.
    pub(crate) fn masses(&self) -> impl Iterator<Item = (u16, f64)> {
        self.entries.iter().map(|(category, mass)| (*category, f64::from(*mass)))
    }

    /// Cosine with a vector that has `mass` in each of these categories and length 1.
    pub(crate) fn cosine(&self, categories: &[u16], mass: f32) -> f32 {
        let of = |category: &u16| self.entries.iter().find(|entry| entry.0 == *category);
        let product: f32 = categories.iter().filter_map(of).map(|entry| entry.1 * mass).sum();
        if self.squares > 0.0 { (product / self.squares.sqrt()).min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropies_by_hand() {
        let correction = |kinds: f64, items: f64| (kinds - 1.0) / (2.0 * items * std::f64::consts::LN_2);
        let close =
            |own: Option<f64>, expected: f64| assert!((own.unwrap() - expected).abs() < 1e-12, "{own:?}");
        close(entropy_bits([4.0, 4.0, 0.0], 1.0), 1.0 + correction(2.0, 8.0));
        close(entropy_bits([2.0, 1.0, 1.0], 1.0), 1.5 + correction(3.0, 4.0));
        close(entropy_bits([5.0], 1.0), 0.0);
        // Two of four categories each.
        close(entropy_bits([1.0; 4], 2.0), 2.0 + correction(2.0, 4.0));
        assert_eq!(entropy_bits([0.0], 1.0), None);
    }

    #[test]
    fn sparse_masses_have_the_cosine_of_full_ones() {
        let mut masses = Sparse::default();
        for (category, mass) in [(3, 1.0), (1, 2.0), (3, 1.0)] {
            masses.add(category, mass);
        }
        assert_eq!(masses.masses().collect::<Vec<_>>(), [(3, 2.0), (1, 2.0)]);
        // (2, 2) / sqrt 8 with (1, 0), and with (1, 1) / sqrt 2.
        assert!((masses.cosine(&[3], 1.0) - 0.5_f32.sqrt()).abs() < 1e-6);
        assert!((masses.cosine(&[1, 3], 0.5_f32.sqrt()) - 1.0).abs() < 1e-6);
        assert!(masses.cosine(&[7], 1.0).abs() < 1e-6);
    }
}
