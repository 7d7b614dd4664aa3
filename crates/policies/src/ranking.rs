//! From scores to slates with exact propensities: exclusion, exploration, and the probability of a given slate.

mod candidates;
mod epsilon;
mod marks;
mod plackett_luce;
mod rule;
mod top;
mod uniform;

pub(crate) use candidates::{Candidates, Pool, SharedScores};
use epsilon::EpsilonGreedy;
use habitue_core::scenario::policy::{Exclude, Explore};
use habitue_core::{ItemId, Purpose, Request, Slate, SlateItem, Stream, Streams, World, turn_counter};
pub(crate) use marks::Marks;
use plackett_luce::PlackettLuce;
pub(crate) use rule::Step;
use top::{Top, best};
use uniform::Uniform;

/// How positions are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Draw {
    /// The best remaining candidate.
    Top,
    /// Any remaining candidate, whatever the scores.
    Uniform,
    /// With this probability as `Uniform`, else as `Top`.
    Epsilon(f64),
    /// Proportional to exp(score / temperature), among the `top` best.
    PlackettLuce { temperature: f64, top: Option<usize> },
}

impl From<Option<Explore>> for Draw {
    fn from(explore: Option<Explore>) -> Self {
        match explore {
            None => Self::Top,
            Some(Explore::Epsilon(config)) => Self::Epsilon(config.epsilon),
            Some(Explore::Softmax(config) | Explore::PlackettLuce(config)) => {
                let top = config.top.map(|top| top as usize);
                Self::PlackettLuce { temperature: config.temperature, top }
            }
        }
    }
}

/// What one request decides: draw a new slate, or follow a given one.
pub(crate) enum Path<'a> {
    Draw(&'a mut Stream),
    /// Positions in the pool; `None` is an item that is not available.
    Follow(std::slice::Iter<'a, Option<u32>>),
}

/// A request with all that a slate for it depends on.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) world: &'a World<'a>,
    pub(crate) pool: &'a Pool,
    /// Scores by position in the pool.
    pub(crate) scores: Candidates<'a>,
    pub(crate) request: &'a Request<'a>,
    /// Positions in the pool that are excluded whatever the rule says.
    pub(crate) barred: &'a [u32],
}

/// The ranking layer of one policy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ranking {
    pub(crate) draw: Draw,
    pub(crate) exclude: Exclude,
}

impl Ranking {
    /// A slate for the request. `taken` has room for the pool, is empty, and is given back empty.
    pub(crate) fn slate(self, task: Task<'_>, streams: Streams, taken: &mut Marks) -> Slate {
        let request = task.request;
        let counter = turn_counter(request.session, request.turn);
        let mut stream = streams.stream(Purpose::Exploration, u64::from(request.user.0), counter);
        let steps = self.walk(task, taken, request.size, &mut Path::Draw(&mut stream));
        Self::shown(task.pool, &steps)
    }

    /// Positions as a slate.
    pub(crate) fn shown(pool: &Pool, steps: &[Step]) -> Slate {
        let mut slate = Slate { items: Vec::with_capacity(steps.len()), ..Slate::default() };
        for Step { at, probability } in steps {
            // A probability may lie below the least 32-bit number; the joint one is not affected.
            let propensity = (*probability as f32).max(f32::MIN_POSITIVE);
            slate.items.push(SlateItem { item: pool.items()[*at as usize], propensity });
            if *probability < 1.0 {
                slate.log_propensity += probability.ln();
            }
        }
        slate
    }

    /// The logarithms of the conditional probabilities of a given slate.
    pub(crate) fn log_propensity(self, task: Task<'_>, slate: &[ItemId]) -> Vec<f64> {
        let path: Vec<Option<u32>> = slate.iter().map(|item| task.pool.position(*item)).collect();
        let mut taken = Marks::new(task.pool.items().len());
        let steps = self.walk(task, &mut taken, slate.len(), &mut Path::Follow(path.iter()));
        Self::logs(&steps, slate.len())
    }

    /// The logarithms of the probabilities of a slate that was followed so far; what comes after is impossible.
    pub(crate) fn logs(steps: &[Step], length: usize) -> Vec<f64> {
        let logs = steps.iter().map(|step| step.probability.ln());
        logs.chain(std::iter::repeat(f64::NEG_INFINITY)).take(length).collect()
    }

    /// Positions of the `wanted` candidates with the best scores, best first. `taken` is empty, and is given back empty.
    pub(crate) fn retrieve(self, task: Task<'_>, taken: &mut Marks, wanted: usize) -> Vec<u32> {
        let excluded = self.excluded(task, taken);
        let retrieved = best(task.scores, taken, wanted.min(task.pool.items().len() - excluded.len()));
        for at in excluded {
            taken.clear(at);
        }
        retrieved
    }

    /// Fills `length` positions, first with candidates, then with what was excluded. Following a slate stops at its
    /// first impossible position.
    pub(crate) fn walk(
        self,
        task: Task<'_>,
        taken: &mut Marks,
        length: usize,
        path: &mut Path<'_>,
    ) -> Vec<Step> {
        let (scores, size) = (task.scores, task.request.size);
        let excluded = self.excluded(task, taken);
        let open = task.pool.items().len() - excluded.len();
        let first = length.min(open);
        let mut steps = self.fill(scores, taken, excluded.len(), size, first, path);
        if steps.len() == first && first < length && !excluded.is_empty() {
            let second = (length - first).min(excluded.len());
            steps.extend(self.fill_from(&excluded, scores, size, second, path));
        }
        for at in excluded.iter().copied().chain(steps.iter().map(|step| step.at)) {
            taken.clear(at);
        }
        steps
    }

    /// Positions of the excluded items in the pool, ascending; marks them as taken.
    fn excluded(self, task: Task<'_>, taken: &mut Marks) -> Vec<u32> {
        let Task { world, pool, request, .. } = task;
        let mut excluded = Vec::new();
        let mut exclude = |item: ItemId| {
            if let Some(at) = pool.position(item)
                && taken.set(at)
            {
                excluded.push(at);
            }
        };
        for at in task.barred {
            exclude(pool.items()[*at as usize]);
        }
        if self.exclude != Exclude::None {
            request.shown.iter().copied().for_each(&mut exclude);
        }
        if self.exclude == Exclude::Consumed {
            let engaged = request.history.iter().filter(|entry| world.scale.is_engaged(entry.action));
            engaged.for_each(|entry| exclude(entry.item));
        }
        excluded.sort_unstable();
        excluded
    }

    /// Draws or follows `wanted` positions among the candidates that are not taken (`gone` of them are).
    fn fill(
        self,
        scores: Candidates<'_>,
        taken: &mut Marks,
        gone: usize,
        size: usize,
        wanted: usize,
        path: &mut Path<'_>,
    ) -> Vec<Step> {
        match self.draw {
            Draw::Uniform => rule::run(Uniform::new(scores.len, gone, taken), taken, wanted, path),
            Draw::Top => rule::run(Top::new(scores, taken, wanted), taken, wanted, path),
            Draw::Epsilon(epsilon) => {
                let top = Top::new(scores, taken, wanted);
                let uniform = Uniform::new(scores.len, gone, taken);
                rule::run(EpsilonGreedy::new(epsilon, top, uniform), taken, wanted, path)
            }
            Draw::PlackettLuce { temperature, top: Some(top) } if top.max(size) < scores.len - gone => {
                let mut subset = best(scores, taken, top.max(size));
                subset.sort_unstable();
                let whole = Self { draw: Draw::PlackettLuce { temperature, top: None }, ..self };
                whole.fill_from(&subset, scores, size, wanted, path)
            }
            Draw::PlackettLuce { temperature, .. } => {
                rule::run(PlackettLuce::new(scores, temperature, taken), taken, wanted, path)
            }
        }
    }

    /// As `fill`, among these positions of the pool alone (ascending).
    pub(crate) fn fill_from(
        self,
        subset: &[u32],
        scores: Candidates<'_>,
        size: usize,
        wanted: usize,
        path: &mut Path<'_>,
    ) -> Vec<Step> {
        let values: Vec<f32> = match self.draw {
            Draw::Uniform => Vec::new(),
            _ => subset.iter().map(|at| scores.values[*at as usize]).collect(),
        };
        let inner = Candidates { len: subset.len(), values: &values, order: None, weights: None };
        let mut taken = Marks::new(subset.len());
        let steps = match path {
            Path::Draw(_) => self.fill(inner, &mut taken, 0, size, wanted, path),
            Path::Follow(rest) => {
                let translate = |at: &Option<u32>| at.and_then(|at| subset.binary_search(&at).ok());
                let within: Vec<Option<u32>> =
                    rest.by_ref().take(wanted).map(|at| translate(at).map(|at| at as u32)).collect();
                self.fill(inner, &mut taken, 0, size, wanted, &mut Path::Follow(within.iter()))
            }
        };
        steps.iter().map(|step| Step { at: subset[step.at as usize], ..*step }).collect()
    }
}

#[cfg(test)]
mod tests;
