//! A token sequence in work: a request's own tokens, or those of one branch.

use super::{TokenSet, Wanted};
use crate::cache::{Claim, NodeId, PAGE, Radix};
use crate::model::{Decoder, Output, Row};

/// A sequence and how far it is.
#[derive(Debug)]
pub(super) struct Sequence {
    /// The request it belongs to.
    pub job: usize,
    /// The branch; none for the request's own tokens.
    pub branch: Option<usize>,
    pub tokens: Vec<u32>,
    /// Nodes of the cache, one for each page.
    pub path: Vec<NodeId>,
    /// The first page that may lack tokens.
    cursor: usize,
    /// Positions whose logits are wanted, rising, and their places in the reply.
    wanted: Vec<(usize, usize, TokenSet)>,
    /// How many of them are answered or in the running pass.
    answered: usize,
}

/// What a sequence does in one pass.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub rows: Vec<Row>,
    pub outputs: Vec<Output>,
    /// By output: its place in the reply.
    pub places: Vec<usize>,
}

impl Sequence {
    /// `wanted` positions count from `offset`.
    pub(super) fn new(
        job: usize,
        branch: Option<usize>,
        tokens: Vec<u32>,
        wanted: &[Wanted],
        offset: usize,
    ) -> Self {
        let mut wanted: Vec<_> = wanted
            .iter()
            .enumerate()
            .map(|(place, wanted)| (offset + wanted.position, place, wanted.tokens.clone()))
            .collect();
        wanted.sort_by_key(|&(position, place, _)| (position, place));
        Self { job, branch, tokens, path: Vec::new(), cursor: 0, wanted, answered: 0 }
    }

    /// Tokens of page `index`.
    fn need(&self, index: usize) -> usize {
        (self.tokens.len() - index * PAGE).min(PAGE)
    }

    /// The first position whose keys and values are missing.
    fn missing(&mut self, radix: &Radix) -> usize {
        while self.cursor < self.path.len() {
            let ready = radix.ready(self.path[self.cursor]);
            if ready < self.need(self.cursor) {
                return self.cursor * PAGE + ready;
            }
            self.cursor += 1;
        }
        self.tokens.len()
    }

    /// Whether nothing is left to do.
    pub(super) fn done(&mut self, radix: &Radix) -> bool {
        self.answered == self.wanted.len() && self.missing(radix) == self.tokens.len()
    }

    /// Chooses at most `limit` rows for this pass. Empty if all it could do is being done by others.
    pub(super) fn schedule(
        &mut self,
        radix: &mut Radix,
        decoder: &mut Decoder,
        pass: u64,
        limit: usize,
    ) -> Work {
        let mut work = Work::default();
        let missing = self.missing(radix);
        // Known positions whose logits are wanted: their queries alone are computed again.
        while let Some(&(position, ..)) = self.wanted.get(self.answered) {
            let known = work.rows.last().is_some_and(|row| row.position as usize == position);
            if position >= missing || (!known && work.rows.len() == limit) {
                break;
            }
            if !known {
                work.rows.push(self.row(position, false));
            }
            self.output(&mut work);
        }
        let mut page = self.cursor;
        let mut room = limit - work.rows.len();
        while room > 0 && page < self.path.len() {
            let id = self.path[page];
            let claim = radix.claim(id, pass);
            if claim == Claim::Wait {
                break;
            }
            decoder.reserve(radix.page(id));
            if let Claim::Copy { from, to } = claim {
                decoder.copy(from, to);
            }
            let ready = radix.ready(id);
            let end = (ready + room).min(self.need(page));
            for slot in ready..end {
                let position = page * PAGE + slot;
                work.rows.push(self.row(position, true));
                while self.wanted.get(self.answered).is_some_and(|wanted| wanted.0 == position) {
                    self.output(&mut work);
                }
            }
            room -= end.saturating_sub(ready);
            radix.compute(id, end, pass);
            page += 1;
        }
        work
    }

    fn row(&self, position: usize, store: bool) -> Row {
        Row { token: self.tokens[position], position: position as u32, store }
    }

    /// The next wanted logits are those after the last row.
    fn output(&mut self, work: &mut Work) {
        let (_, place, tokens) = &self.wanted[self.answered];
        work.outputs.push(Output { row: work.rows.len() - 1, tokens: tokens.clone() });
        work.places.push(*place);
        self.answered += 1;
    }

    /// Pages up to the last row of a pass.
    pub(super) fn pages(&self, work: &Work, radix: &Radix) -> Vec<u32> {
        let count = work.rows.last().map_or(0, |row| row.position as usize / PAGE + 1);
        self.path[..count].iter().map(|&id| radix.page(id)).collect()
    }
}
