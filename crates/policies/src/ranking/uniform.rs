//! Every remaining candidate is equally likely.

use habitue_core::Stream;
use rand::RngExt;

use super::Marks;
use super::rule::Rule;

/// Uniform draws without replacement: by rejection, so a slate costs as much as it has positions.
pub(super) struct Uniform {
    len: u32,
    remaining: u32,
    /// The free positions, listed where rejection would reject most draws.
    listed: Option<Vec<u32>>,
}

impl Uniform {
    /// Over `len` positions of which `gone` are taken.
    pub(super) fn new(len: usize, gone: usize, taken: &Marks) -> Self {
        let listed = (2 * gone > len).then(|| (0..len as u32).filter(|at| !taken.get(*at)).collect());
        Self { len: len as u32, remaining: (len - gone) as u32, listed }
    }
}

impl Rule for Uniform {
    fn draw(&mut self, taken: &Marks, stream: &mut Stream) -> u32 {
        loop {
            let at = match &self.listed {
                Some(listed) => listed[stream.random_range(0..listed.len() as u32) as usize],
                None => stream.random_range(0..self.len),
            };
            if !taken.get(at) {
                return at;
            }
        }
    }

    fn probability(&mut self, _taken: &Marks, _at: u32) -> f64 {
        1.0 / f64::from(self.remaining)
    }

    fn took(&mut self, _taken: &Marks, _at: u32) {
        self.remaining -= 1;
    }
}
