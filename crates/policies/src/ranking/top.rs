//! The best remaining candidate, with certainty.

use std::borrow::Cow;
use std::cmp::Ordering;

use habitue_core::Stream;

use super::rule::Rule;
use super::{Candidates, Marks};

/// Longest list of best positions that is kept sorted while the scores are read.
const INSERTION: usize = 256;

/// The `wanted` best positions that are not taken, best first, ties by position.
pub(super) fn best(scores: Candidates<'_>, taken: &Marks, wanted: usize) -> Vec<u32> {
    if let Some(order) = scores.order {
        return order.iter().copied().filter(|at| !taken.get(*at)).take(wanted).collect();
    }
    let values = scores.values;
    let better = |a: u32, b: u32| match values[b as usize].total_cmp(&values[a as usize]) {
        Ordering::Equal => a.cmp(&b),
        order => order,
    };
    if wanted <= INSERTION {
        return insertion(values, taken, wanted);
    }
    let mut free: Vec<u32> = (0..values.len() as u32).filter(|at| !taken.get(*at)).collect();
    if wanted < free.len() {
        free.select_nth_unstable_by(wanted, |a, b| better(*a, *b));
        free.truncate(wanted);
    }
    free.sort_unstable_by(|a, b| better(*a, *b));
    free
}

fn insertion(values: &[f32], taken: &Marks, wanted: usize) -> Vec<u32> {
    let mut best: Vec<u32> = Vec::with_capacity(wanted + 1);
    let mut least = f32::NEG_INFINITY;
    for (at, value) in values.iter().enumerate() {
        if (best.len() == wanted && *value <= least) || taken.get(at as u32) {
            continue;
        }
        let place = best.partition_point(|known| values[*known as usize] >= *value);
        best.insert(place, at as u32);
        best.truncate(wanted);
        if let Some(last) = best.last() {
            least = values[*last as usize];
        }
    }
    best
}

/// Deterministic ranking.
pub(super) struct Top<'a> {
    order: Cow<'a, [u32]>,
    cursor: usize,
}

impl<'a> Top<'a> {
    /// Ranks by score; `wanted` positions at most will be taken.
    pub(super) fn new(scores: Candidates<'a>, taken: &Marks, wanted: usize) -> Self {
        let order = match scores.order {
            Some(order) => Cow::Borrowed(order),
            None => Cow::Owned(best(scores, taken, wanted)),
        };
        Self { order, cursor: 0 }
    }

    /// The best position that is not taken. Of the `wanted` best, one is always left before the last is filled.
    pub(super) fn first(&mut self, taken: &Marks) -> u32 {
        while taken.get(self.order[self.cursor]) {
            self.cursor += 1;
        }
        self.order[self.cursor]
    }
}

impl Rule for Top<'_> {
    fn draw(&mut self, taken: &Marks, _stream: &mut Stream) -> u32 {
        self.first(taken)
    }

    fn probability(&mut self, taken: &Marks, at: u32) -> f64 {
        if self.first(taken) == at { 1.0 } else { 0.0 }
    }

    fn took(&mut self, _taken: &Marks, _at: u32) {}
}
