//! No opinion.

use habitue_core::{ItemId, Request, Streams, Turn, World};

use crate::recommender::Scorer;

/// Scores nothing; ranked uniformly.
pub(crate) struct Random;

impl Scorer for Random {
    type State = ();
    const KIND: &'static str = "random";
    const PERSONAL: bool = false;

    fn state(&self) -> &() {
        &()
    }

    fn resume(&mut self, (): ()) {}

    fn score(&self, _: &World<'_>, _: Option<&Request<'_>>, _: &[ItemId], out: &mut [f32]) {
        out.fill(0.0);
    }

    fn observe(&mut self, _: &World<'_>, _: &[Turn]) {}

    fn end_window(&mut self, _: &World<'_>, _: Streams) {}

    fn updates(&self) -> u64 {
        0
    }
}
