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

impl dyn AnyScorer {
    /// A snapshot of a policy of this kind around the scorer, which has no state of its own.
    pub(crate) fn pack(&self, kind: &str) -> Result<Vec<u8>, String> {
        let state = self.snapshot();
        let whole = state.and_then(|state| postcard::to_stdvec(&(kind, self.kind(), state)));
        whole.map_err(|source| format!("its state cannot be written: {source}"))
    }

    /// Takes over such a snapshot.
    pub(crate) fn unpack(&mut self, expected: &str, snapshot: &[u8]) -> Result<(), String> {
        let (kind, rest) = postcard::take_from_bytes::<&str>(snapshot)
            .map_err(|source| format!("the bytes are not a snapshot of a policy: {source}"))?;
        if kind != expected {
            return Err(format!("a snapshot of kind \"{kind}\", expected kind \"{expected}\""));
        }
        let damaged = |source| format!("a damaged snapshot of kind \"{kind}\": {source}");
        let (inner, state) = postcard::from_bytes::<(&str, Vec<u8>)>(rest).map_err(damaged)?;
        let expected = self.kind();
        if inner != expected {
            return Err(format!(
                "a snapshot with inner kind \"{inner}\", expected inner kind \"{expected}\""
            ));
        }
        self.restore(&state).map_err(damaged)
    }
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
