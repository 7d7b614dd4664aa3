//! Policies that follow what users say, on top of a scorer that does not hear it.

mod inner;

use std::sync::{Arc, OnceLock};

use habitue_core::{ItemId, Policy, PolicyError, Request, Slate, Streams, Turn, World};

pub(crate) use self::inner::{AnyScorer, Erased};
use crate::ranking::{Candidates, Draw, Marks, Pool, Ranking, Task};
use crate::zoo::Setting;

/// What the words of one request change.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    /// Positions in the pool that are no candidates; any order, repeats allowed.
    pub(crate) barred: Vec<u32>,
    /// What each item's score gains, shape `[pool]`, in units of [`unit`]; empty if nothing.
    pub(crate) gains: Vec<f32>,
    /// A sentence to the user.
    pub(crate) reply: Option<String>,
}

/// How words are followed. It learns nothing: what it knows comes from the configuration and the catalogue.
pub(crate) trait Follower: Send + Sync {
    /// The kind, as a snapshot names it.
    const KIND: &'static str;

    /// What is worked out once for a catalogue.
    type Index: Send + Sync;

    /// Works it out.
    fn index(&self, world: &World<'_>) -> Self::Index;

    /// Whatever is better done for many requests at once; called before they are planned for.
    fn gather(&self, _: &World<'_>, _: &Self::Index, _: &[Request<'_>]) -> Result<(), String> {
        Ok(())
    }

    /// What a request changes. A pure function of its arguments.
    fn plan(
        &self,
        world: &World<'_>,
        index: &Self::Index,
        pool: &Pool,
        request: &Request<'_>,
    ) -> Result<Plan, String>;

    /// How many requests are worth giving at once.
    fn batch(&self) -> usize {
        64
    }

    /// Whether the same request is always planned for in the same way.
    fn is_exact(&self) -> bool {
        true
    }
}

/// What is computed once per window.
struct Prepared<I> {
    pool: Pool,
    index: Arc<I>,
    /// Number of items of the catalogue that the index is of.
    items: usize,
}

/// A scorer, what follows words, and a ranking layer.
pub(crate) struct Following<F: Follower> {
    name: String,
    inner: Box<dyn AnyScorer>,
    follower: F,
    ranking: Ranking,
    /// Empty from `restore`, which knows no world, to the next request.
    prepared: OnceLock<Prepared<F::Index>>,
}

impl<F: Follower> Following<F> {
    /// A policy ready for the window that starts with the setting's world.
    pub(crate) fn new(
        setting: &Setting<'_>,
        mut inner: Box<dyn AnyScorer>,
        ranking: Ranking,
        follower: F,
    ) -> Self {
        inner.end_window(&setting.world, setting.streams);
        // Equal scores and Plackett-Luce are a uniform draw, until words make a difference.
        let draw = match ranking.draw {
            Draw::Uniform => Draw::PlackettLuce { temperature: 1.0, top: None },
            draw => draw,
        };
        let ranking = Ranking { draw, ..ranking };
        let mut policy =
            Self { name: setting.name.to_owned(), inner, follower, ranking, prepared: OnceLock::new() };
        policy.prepared = policy.prepare(&setting.world, None).into();
        policy
    }

    /// Gets ready for a window; `before` is what was prepared for an earlier one.
    fn prepare(&self, world: &World<'_>, before: Option<&Prepared<F::Index>>) -> Prepared<F::Index> {
        let items = world.catalogue.len();
        let index = before.filter(|before| before.items == items).map(|before| Arc::clone(&before.index));
        let index = index.unwrap_or_else(|| Arc::new(self.follower.index(world)));
        Prepared { pool: Pool::new(world.available.to_vec()), index, items }
    }

    /// Calls `each` with each request's task and the sentence that goes with its slate.
    fn for_each<T>(
        &self,
        world: &World<'_>,
        requests: &[Request<'_>],
        mut each: impl FnMut(Task<'_>, Option<String>) -> T,
    ) -> Result<Vec<T>, String> {
        let anew;
        let mut prepared = self.prepared.get_or_init(|| self.prepare(world, None));
        if world.available != prepared.pool.items() || world.catalogue.len() != prepared.items {
            anew = self.prepare(world, Some(prepared));
            prepared = &anew;
        }
        let pool = &prepared.pool;
        self.follower.gather(world, &prepared.index, requests)?;
        let mut scores = vec![0.0; pool.items().len()];
        let answer = |request: &Request<'_>| {
            self.inner.score(world, request, pool.items(), &mut scores);
            let plan = self.follower.plan(world, &prepared.index, pool, request)?;
            if !plan.gains.is_empty() {
                let unit = unit(&scores, self.ranking.draw);
                for (score, gain) in scores.iter_mut().zip(&plan.gains) {
                    *score += unit * gain;
                }
            }
            let scores = Candidates::personal(&scores);
            Ok(each(Task { world, pool, scores, request, barred: &plan.barred }, plan.reply))
        };
        requests.iter().map(answer).collect()
    }

    fn error(&self, message: String) -> PolicyError {
        PolicyError { policy: self.name.clone(), message }
    }
}

/// The standard deviation of the scores, or the temperature if that is more; 1 if both are 0.
fn unit(scores: &[f32], draw: Draw) -> f32 {
    let count = scores.len().max(1) as f64;
    let mean = scores.iter().map(|score| f64::from(*score)).sum::<f64>() / count;
    let variance = scores.iter().map(|score| (f64::from(*score) - mean).powi(2)).sum::<f64>() / count;
    let temperature = match draw {
        Draw::PlackettLuce { temperature, .. } => temperature,
        Draw::Top | Draw::Uniform | Draw::Epsilon(_) => 0.0,
    };
    match variance.sqrt().max(temperature) {
        unit if unit > 0.0 => unit as f32,
        _ => 1.0,
    }
}

impl<F: Follower> Policy for Following<F> {
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
        let slates = self.for_each(world, requests, |task, reply| Slate {
            reply,
            ..self.ranking.slate(task, streams, &mut taken)
        });
        slates.map_err(|message| self.error(message))
    }

    fn log_propensity(&self, world: &World<'_>, request: &Request<'_>, slate: &[ItemId]) -> Option<Vec<f64>> {
        let requests = std::slice::from_ref(request);
        self.for_each(world, requests, |task, _| self.ranking.log_propensity(task, slate)).ok()?.pop()
    }

    fn batch(&self) -> usize {
        self.follower.batch()
    }

    fn exact_propensities(&self) -> bool {
        self.follower.is_exact()
    }

    fn observe(&mut self, world: &World<'_>, turns: &[Turn]) -> Result<(), PolicyError> {
        self.inner.observe(world, turns);
        Ok(())
    }

    fn end_window(&mut self, world: &World<'_>, streams: Streams) -> Result<(), PolicyError> {
        self.inner.end_window(world, streams);
        self.prepared = self.prepare(world, self.prepared.get()).into();
        Ok(())
    }

    fn snapshot(&self) -> Result<Vec<u8>, PolicyError> {
        self.inner.pack(F::KIND).map_err(|message| self.error(message))
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), PolicyError> {
        let unpacked = self.inner.unpack(F::KIND, snapshot);
        unpacked.map_err(|message| self.error(message))?;
        self.prepared = OnceLock::new();
        Ok(())
    }

    fn updates(&self) -> u64 {
        self.inner.updates()
    }
}
