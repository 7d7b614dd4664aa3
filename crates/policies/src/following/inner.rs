//! A scorer whose type does not matter.

use habitue_core::{ItemId, Request, Streams, Turn, World};

use crate::recommender::Scorer;

/// What a policy that follows instructions needs of the scorer inside it.
pub(crate) trait AnyScorer: Send + Sync {
    /// The kind, as a snapshot names it.
    fn kind(&self) -> &'static str;

    /// What has been learnt.
    fn snapshot(&self) -> Result<Vec<u8>, postcard::Error>;

    /// Takes over what has been learnt.
    fn restore(&mut self, state: &[u8]) -> Result<(), postcard::Error>;

    /// As [`Scorer::score`].
    fn score(&self, world: &World<'_>, request: &Request<'_>, items: &[ItemId], out: &mut [f32]);

    /// As [`Scorer::observe`].
    fn observe(&mut self, world: &World<'_>, turns: &[Turn]);

    /// As [`Scorer::end_window`].
    fn end_window(&mut self, world: &World<'_>, streams: Streams);

    /// As [`Scorer::updates`].
    fn updates(&self) -> u64;
}

/// Any scorer.
pub(crate) struct Erased<S>(pub(crate) S);

impl<S: Scorer> AnyScorer for Erased<S> {
    fn kind(&self) -> &'static str {
        S::KIND
    }

    fn snapshot(&self) -> Result<Vec<u8>, postcard::Error> {
        postcard::to_stdvec(self.0.state())
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), postcard::Error> {
        self.0.resume(postcard::from_bytes(state)?);
        Ok(())
    }

    fn score(&self, world: &World<'_>, request: &Request<'_>, items: &[ItemId], out: &mut [f32]) {
        self.0.score(world, Some(request), items, out);
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) {
        self.0.observe(world, turns);
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) {
        self.0.end_window(world, streams);
    }

    fn updates(&self) -> u64 {
        self.0.updates()
    }
}
