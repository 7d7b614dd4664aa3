//! Continuous batching: which tokens of which requests the next forward pass computes.
//!
//! Requests start when the cache has room for their own tokens and their largest branch, so that a started request can
//! always finish; and only as many as fill the next few passes, so that what waits does not push out of the cache what
//! others will come back to. Those whose tokens are mostly known go first, for the same reason, in order of arrival;
//! one of the others follows after every few. Sequences in work take turns: each pass goes round the ring until the
//! batch is full, and those that were served move to its end.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::oneshot;

use super::limits::branch_pages;
use super::queue::{Job, Shared};
use super::sequence::{Sequence, Work};
use super::{EngineOptions, Logits, Reply, Request};
use crate::cache::{NodeId, PAGE, Radix};
use crate::error::LlmError;
use crate::model::{Batch, Decoder};

/// Passes that the requests in work should fill.
const PASSES_AHEAD: usize = 4;

/// Known requests that start before one of those that have waited longer.
const KNOWN_IN_A_ROW: usize = 8;

/// A request in work.
struct Active {
    request: Request,
    reply: oneshot::Sender<Result<Reply, LlmError>>,
    answer: Reply,
    /// The nodes of its own tokens, once they are computed: branches start from them.
    base: Option<Vec<NodeId>>,
    /// Branches that were started.
    started: usize,
    /// Branches that are not finished.
    unfinished: usize,
    /// Sequences of it in work.
    running: usize,
    /// About how many of its tokens are still to be computed.
    ahead: usize,
    /// Pages kept for one branch, and the branch that uses them now.
    reserve: usize,
    borrower: Option<usize>,
}

/// The thread's state.
pub(super) struct Scheduler {
    decoder: Decoder,
    shared: Arc<Shared>,
    radix: Radix,
    batch_tokens: usize,
    prefill_chunk: usize,
    page_bytes: usize,
    /// Requests that have not started: those that are mostly known, the others.
    known: VecDeque<Job>,
    waiting: VecDeque<Job>,
    /// Known requests that have started since another was waiting.
    overtaken: usize,
    /// About how many tokens of the requests in work are still to be computed.
    ahead: usize,
    /// Requests in work, by slot.
    active: Vec<Option<Active>>,
    free: Vec<usize>,
    /// Slots whose branches are not all started, in order of arrival.
    branching: VecDeque<usize>,
    /// Sequences in work.
    ring: VecDeque<Sequence>,
    /// Pages kept for branches to come.
    reserved: usize,
    pass: u64,
}

impl Scheduler {
    pub(super) fn new(
        decoder: Decoder,
        shared: Arc<Shared>,
        options: &EngineOptions,
        pages: u32,
        page_bytes: usize,
    ) -> Self {
        Self {
            decoder,
            shared,
            radix: Radix::new(pages),
            batch_tokens: options.batch_tokens,
            prefill_chunk: options.prefill_chunk,
            page_bytes,
            known: VecDeque::new(),
            waiting: VecDeque::new(),
            overtaken: 0,
            ahead: 0,
            active: Vec::new(),
            free: Vec::new(),
            branching: VecDeque::new(),
            ring: VecDeque::new(),
            reserved: 0,
            pass: 0,
        }
    }

    /// Serves requests until the engine stops.
    pub(super) fn work(mut self) {
        let shared = Arc::clone(&self.shared);
        let reason = match catch_unwind(AssertUnwindSafe(|| self.serve())) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "a forward pass panicked; this is a defect of the engine".to_owned(),
        };
        tracing::error!(reason, "the decision engine stopped");
        shared.stop(&reason);
    }

    fn serve(&mut self) -> Result<(), LlmError> {
        let mut arrived = VecDeque::new();
        loop {
            let idle = !self.busy();
            if !self.shared.receive(&mut arrived, idle) {
                return Ok(());
            }
            for job in arrived.drain(..) {
                let tokens = &job.request.tokens;
                let mostly = !tokens.is_empty() && 2 * self.radix.known(tokens) >= tokens.len();
                let queue = if mostly { &mut self.known } else { &mut self.waiting };
                queue.push_back(job);
            }
            let mut progress = self.admit();
            progress |= self.start_branches();
            progress |= self.step()?;
            if !progress && self.busy() && !self.put_back() {
                return Err(LlmError::Stopped(
                    "no sequence can go on; this is a defect of the engine".to_owned(),
                ));
            }
        }
    }

    /// Whether anything is left to do.
    fn busy(&self) -> bool {
        !(self.known.is_empty()
            && self.waiting.is_empty()
            && self.ring.is_empty()
            && self.branching.is_empty())
    }

    /// Starts waiting requests while there is room. True if the queue moved.
    fn admit(&mut self) -> bool {
        let mut moved = false;
        while self.ring.len() < self.batch_tokens && self.ahead < PASSES_AHEAD * self.batch_tokens {
            let turn =
                self.known.is_empty() || (self.overtaken >= KNOWN_IN_A_ROW && !self.waiting.is_empty());
            let queue = if turn { &mut self.waiting } else { &mut self.known };
            let Some(job) = queue.front() else { break };
            let gone = job.reply.is_closed();
            let reserve = branch_pages(&job.request);
            let mut path = Vec::new();
            if !gone && !self.radix.take(&mut path, &job.request.tokens, self.reserved + reserve) {
                break;
            }
            moved = true;
            let Some(job) = queue.pop_front() else { break };
            self.overtaken = if turn { 0 } else { self.overtaken + usize::from(!self.waiting.is_empty()) };
            if !gone {
                self.start(job, path, reserve);
            }
        }
        moved
    }

    /// Puts a request to work whose nodes are taken.
    fn start(&mut self, job: Job, path: Vec<NodeId>, reserve: usize) {
        let Job { mut request, reply, permit } = job;
        drop(permit);
        self.reserved += reserve;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.active.push(None);
            self.active.len() - 1
        });
        let tokens = std::mem::take(&mut request.tokens);
        let ready: usize = path.iter().map(|&id| self.radix.ready(id)).sum();
        let branches: usize = request.branches.iter().map(|branch| branch.tokens.len()).sum();
        let ahead = tokens.len().saturating_sub(ready) + request.wanted.len() + branches;
        self.ahead += ahead;
        let mut sequence = Sequence::new(slot, None, tokens, &request.wanted, 0);
        sequence.path = path;
        let answer = Reply {
            logits: vec![Logits::new(); request.wanted.len()],
            branches: request
                .branches
                .iter()
                .map(|branch| vec![Logits::new(); branch.wanted.len()])
                .collect(),
            ..Reply::default()
        };
        self.active[slot] = Some(Active {
            answer,
            reply,
            base: None,
            started: 0,
            unfinished: request.branches.len(),
            running: 1,
            ahead,
            reserve,
            borrower: None,
            request,
        });
        self.ring.push_back(sequence);
    }

    /// Starts branches of requests whose own tokens are computed, while there is room. True if one started.
    fn start_branches(&mut self) -> bool {
        let mut moved = false;
        for _ in 0..self.branching.len() {
            let Some(slot) = self.branching.pop_front() else { break };
            if let Some(active) = self.active[slot].as_ref().filter(|active| active.reply.is_closed()) {
                if active.running == 0 {
                    self.close(slot);
                    moved = true;
                }
                continue;
            }
            while self.ring.len() < self.batch_tokens && self.start_branch(slot) {
                moved = true;
            }
            let left = |active: &Active| active.started < active.request.branches.len();
            if self.active[slot].as_ref().is_some_and(left) {
                self.branching.push_back(slot);
            }
        }
        moved
    }

    fn start_branch(&mut self, slot: usize) -> bool {
        let Some(active) = &mut self.active[slot] else { return false };
        let Some(branch) = active.request.branches.get(active.started) else { return false };
        let Some(base) = &active.base else { return false };
        let own = active.request.tokens.len();
        let mut tokens = Vec::with_capacity(own + branch.tokens.len());
        tokens.extend_from_slice(&active.request.tokens);
        tokens.extend_from_slice(&branch.tokens);
        let prefix = &base[..own / PAGE];
        let mut path = prefix.to_vec();
        if !self.radix.take(&mut path, &tokens, self.reserved) {
            if active.borrower.is_some() {
                return false;
            }
            path.extend_from_slice(prefix);
            if !self.radix.take(&mut path, &tokens, self.reserved - active.reserve) {
                return false;
            }
            active.borrower = Some(active.started);
            self.reserved -= active.reserve;
        }
        let mut sequence = Sequence::new(slot, Some(active.started), tokens, &branch.wanted, own);
        sequence.path = path;
        active.started += 1;
        active.running += 1;
        self.ring.push_back(sequence);
        true
    }

    /// Puts the youngest request in work back among the waiting, when the ring is empty and no branch finds room. Room
    /// for a branch is kept, but pages that a branch used can become another request's own, which holds them for longer.
    /// What was computed of the request stays in the cache for as long as there is room; it is never the only one in
    /// work, and the others can go on. False if there is no other.
    fn put_back(&mut self) -> bool {
        if !self.ring.is_empty() || self.branching.len() < 2 {
            return false;
        }
        let Some(slot) = self.branching.pop_back() else { return false };
        let Some(active) = self.close(slot) else { return false };
        self.waiting.push_front(Job { request: active.request, reply: active.reply, permit: None });
        true
    }

    /// One pass. True if anything was computed or finished.
    fn step(&mut self) -> Result<bool, LlmError> {
        self.pass += 1;
        let mut room = self.batch_tokens;
        let mut works: Vec<(Vec<u32>, Sequence, Work)> = Vec::new();
        let mut moved = false;
        for _ in 0..self.ring.len() {
            if room == 0 {
                break;
            }
            let Some(mut sequence) = self.ring.pop_front() else { break };
            let gone = |active: &Active| active.reply.is_closed();
            if self.active[sequence.job].as_ref().is_none_or(gone) {
                self.abandon(&sequence);
                moved = true;
                continue;
            }
            if sequence.done(&self.radix) {
                self.finish(sequence);
                moved = true;
                continue;
            }
            let limit = if sequence.branch.is_some() { room } else { room.min(self.prefill_chunk) };
            let work = sequence.schedule(&mut self.radix, &mut self.decoder, self.pass, limit);
            if work.rows.is_empty() {
                self.ring.push_back(sequence);
                continue;
            }
            room -= work.rows.len();
            works.push((sequence.pages(&work, &self.radix), sequence, work));
        }
        if works.is_empty() {
            return Ok(moved);
        }
        self.compute(works)?;
        Ok(true)
    }

    fn compute(&mut self, mut works: Vec<(Vec<u32>, Sequence, Work)>) -> Result<(), LlmError> {
        // Sequences that share pages lie next to each other, to be attended together.
        works.sort_by(|a, b| a.0.cmp(&b.0));
        let mut batch = Batch::default();
        for (pages, _, work) in &mut works {
            batch.push(&work.rows, std::mem::take(pages), std::mem::take(&mut work.outputs));
        }
        let counters = &self.shared.counters;
        counters.new_tokens.fetch_add(batch.len() as u64, Relaxed);
        counters.passes.fetch_add(1, Relaxed);
        counters.cache_bytes.store((self.radix.live() * self.page_bytes) as u64, Relaxed);
        let mut logits = self.decoder.forward(batch)?.into_iter();
        for (_, sequence, work) in &works {
            let Some(active) = &mut self.active[sequence.job] else { continue };
            active.answer.new_tokens += work.rows.len();
            let done = active.ahead.min(work.rows.len());
            active.ahead -= done;
            self.ahead -= done;
            let places = match sequence.branch {
                None => &mut active.answer.logits,
                Some(branch) => &mut active.answer.branches[branch],
            };
            for (place, logits) in work.places.iter().zip(&mut logits) {
                places[*place] = logits;
            }
        }
        for (_, mut sequence, _) in works {
            if sequence.done(&self.radix) {
                self.finish(sequence);
            } else {
                self.ring.push_back(sequence);
            }
        }
        Ok(())
    }

    /// A sequence has all its tokens and logits.
    fn finish(&mut self, sequence: Sequence) {
        let slot = sequence.job;
        let Some(active) = &mut self.active[slot] else { return };
        active.running -= 1;
        match sequence.branch {
            None => {
                active.request.tokens = sequence.tokens;
                active.base = Some(sequence.path);
                if active.unfinished > 0 {
                    self.branching.push_back(slot);
                    return;
                }
            }
            Some(branch) => {
                self.radix.release(&sequence.path);
                if active.borrower == Some(branch) {
                    active.borrower = None;
                    self.reserved += active.reserve;
                }
                active.unfinished -= 1;
                if active.unfinished > 0 {
                    // Its other branches may have been let go of before.
                    if active.running == 0 && active.reply.is_closed() {
                        self.close(slot);
                    }
                    return;
                }
            }
        }
        self.answer(slot);
    }

    /// Sends the reply of a finished request.
    fn answer(&mut self, slot: usize) {
        let Some(active) = self.close(slot) else { return };
        let branches = active.request.branches.iter().map(|branch| branch.tokens.len()).sum::<usize>();
        let mut answer = active.answer;
        // Tokens of a page that branches share may have been computed again: they were read once.
        let read = active.request.tokens.len() + branches;
        answer.new_tokens = answer.new_tokens.min(read);
        answer.cached_tokens = read - answer.new_tokens;
        let counters = &self.shared.counters;
        counters.requests.fetch_add(1, Relaxed);
        counters.cached_tokens.fetch_add(answer.cached_tokens as u64, Relaxed);
        counters.cache_bytes.store((self.radix.live() * self.page_bytes) as u64, Relaxed);
        // The asker may have gone in the meantime.
        let _ = active.reply.send(Ok(answer));
    }

    /// Frees what a request held beyond its sequences in work.
    fn close(&mut self, slot: usize) -> Option<Active> {
        let active = self.active[slot].take()?;
        if let Some(base) = &active.base {
            self.radix.release(base);
        }
        if active.borrower.is_none() {
            self.reserved -= active.reserve;
        }
        self.ahead -= active.ahead;
        self.branching.retain(|&other| other != slot);
        self.free.push(slot);
        Some(active)
    }

    /// Lets go of a sequence whose asker has gone.
    fn abandon(&mut self, sequence: &Sequence) {
        self.radix.release(&sequence.path);
        let slot = sequence.job;
        let Some(active) = &mut self.active[slot] else { return };
        active.running -= 1;
        if active.running == 0 {
            self.close(slot);
        }
    }
}
