//! The policy that any scorer becomes through the ranking layer.

use std::sync::OnceLock;

use habitue_core::{ItemId, Policy, PolicyError, Request, Slate, Streams, Turn, World};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ranking::{Candidates, Draw, Marks, Pool, Ranking, SharedScores, Task};

/// What a policy knows of its items, as numbers to rank them by. Higher is better; always finite.
pub(crate) trait Scorer: Send + Sync {
    /// What has been learnt, and nothing that follows from the configuration.
    type State: Serialize + DeserializeOwned;

    /// The kind, as a snapshot names it.
    const KIND: &'static str;

    /// Whether scores depend on the request. If not, they are computed once per window.
    const PERSONAL: bool;

    /// What has been learnt.
    fn state(&self) -> &Self::State;

    /// Goes on from another state.
    fn resume(&mut self, state: Self::State);

    /// Scores of these items, same shape as `out`; `request` is `None` only if the scores are not personal. Items may
    /// be newer than the last window's end.
    fn score(&self, world: &World<'_>, request: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]);

    /// Learns from the window's turns, which were scored with the state before.
    fn observe(&mut self, world: &World<'_>, turns: &[Turn]);

    /// Gets ready for the next window.
    fn end_window(&mut self, world: &World<'_>, streams: Streams);

    /// How often the parameters have changed.
    fn updates(&self) -> u64;
}

/// What is computed once per window.
struct Prepared {
    pool: Pool,
    shared: Option<SharedScores>,
}

/// A scorer with a ranking layer.
pub(crate) struct Recommender<S> {
    name: String,
    scorer: S,
    ranking: Ranking,
    /// Empty from `restore`, which knows no world, to the next request.
    prepared: OnceLock<Prepared>,
}

impl<S: Scorer> Recommender<S> {
    /// A policy ready for the window that starts with this world.
    pub(crate) fn new(
        name: &str,
        mut scorer: S,
        ranking: Ranking,
        world: &World<'_>,
        streams: Streams,
    ) -> Self {
        scorer.end_window(world, streams);
        let mut policy = Self { name: name.to_owned(), scorer, ranking, prepared: OnceLock::new() };
        policy.prepared = policy.prepare(world).into();
        policy
    }

    fn prepare(&self, world: &World<'_>) -> Prepared {
        let pool = Pool::new(world.available.to_vec());
        let wanted = !S::PERSONAL && self.ranking.draw != Draw::Uniform;
        let shared = wanted.then(|| {
            let mut scores = vec![0.0; pool.items().len()];
            self.scorer.score(world, None, pool.items(), &mut scores);
            let temperature = match self.ranking.draw {
                Draw::PlackettLuce { temperature, top: None } => Some(temperature),
                _ => None,
            };
            SharedScores::new(scores, temperature)
        });
        Prepared { pool, shared }
    }

    /// Calls `each` with each request's task. What was prepared serves as long as the same items are available;
    /// a world that changed since the last window's end is prepared for anew, which is slow but gives the same slates.
    fn for_each<T>(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        mut each: impl FnMut(Task<'_>) -> T,
    ) -> Vec<T> {
        let anew;
        let mut prepared = self.prepared.get_or_init(|| self.prepare(world));
        if world.available != prepared.pool.items() {
            anew = self.prepare(world);
            prepared = &anew;
        }
        let items = prepared.pool.items();
        let mut scores = Vec::new();
        let personal = S::PERSONAL && self.ranking.draw != Draw::Uniform;
        let answer = |request: &Request<'_>| {
            let scores = if personal {
                scores.resize(items.len(), 0.0);
                self.scorer.score(world, Some(request), items, &mut scores);
                Candidates::personal(&scores)
            } else {
                match &prepared.shared {
                    Some(shared) => shared.candidates(),
                    None => Candidates::unscored(items.len()),
                }
            };
            each(Task { world, pool: &prepared.pool, scores, request, barred: &[] })
        };
        requests.iter().map(answer).collect()
    }

    fn error(&self, message: String) -> PolicyError {
        PolicyError { policy: self.name.clone(), message }
    }
}

impl<S: Scorer> Policy for Recommender<S> {
    fn name(&self) -> &str {
        &self.name
    }

    fn recommend(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        streams: Streams,
    ) -> Result<Vec<Slate>, PolicyError> {
        let mut taken = Marks::new(world.available.len());
        Ok(self.for_each(world, requests, |task| self.ranking.slate(task, streams, &mut taken)))
    }

    fn log_propensity(&self, world: &World<'_>, request: &Request<'_>, slate: &[ItemId]) -> Option<Vec<f64>> {
        let requests = std::slice::from_ref(request);
        self.for_each(world, requests, |task| self.ranking.log_propensity(task, slate)).pop()
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError> {
        self.scorer.observe(world, turns);
        Ok(())
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) -> Result<(), PolicyError> {
        self.scorer.end_window(world, streams);
        self.prepared = self.prepare(world).into();
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        postcard::to_stdvec(&(S::KIND, self.scorer.state()))
            .map_err(|source| self.error(format!("its state cannot be written: {source}")))
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError> {
        let (kind, rest) = postcard::take_from_bytes::<&str>(snapshot)
            .map_err(|source| self.error(format!("the bytes are not a snapshot of a policy: {source}")))?;
        if kind != S::KIND {
            return Err(self.error(format!("a snapshot of kind \"{kind}\", expected kind \"{}\"", S::KIND)));
        }
        let state = postcard::from_bytes(rest)
            .map_err(|source| self.error(format!("a damaged snapshot of kind \"{kind}\": {source}")))?;
        self.scorer.resume(state);
        self.prepared = OnceLock::new();
        Ok(())
    }

    fn updates(&self) -> u64 {
        self.scorer.updates()
    }
}
