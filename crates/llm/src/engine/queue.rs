//! Between the tasks that ask and the thread that schedules.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::{EngineStatistics, Reply, Request};
use crate::error::LlmError;

/// A request on its way.
#[derive(Debug)]
pub(super) struct Job {
    pub request: Request,
    /// Closed when the asker has gone.
    pub reply: oneshot::Sender<Result<Reply, LlmError>>,
    /// Its place in the queue; none once it was in work.
    pub permit: Option<OwnedSemaphorePermit>,
}

#[derive(Debug, Default)]
struct Incoming {
    jobs: VecDeque<Job>,
    /// Why no more is taken.
    stopped: Option<String>,
}

/// What both sides see.
#[derive(Debug)]
pub(super) struct Shared {
    incoming: Mutex<Incoming>,
    arrived: Condvar,
    permits: Arc<Semaphore>,
    pub counters: Counters,
}

/// See [`EngineStatistics`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub requests: AtomicU64,
    pub new_tokens: AtomicU64,
    pub cached_tokens: AtomicU64,
    pub cache_bytes: AtomicU64,
    pub passes: AtomicU64,
}

impl Shared {
    pub(super) fn new(queue: usize) -> Self {
        Self {
            incoming: Mutex::default(),
            arrived: Condvar::new(),
            permits: Arc::new(Semaphore::new(queue.min(Semaphore::MAX_PERMITS))),
            counters: Counters::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Incoming> {
        // Nothing between lock and unlock leaves the queue half changed.
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reason(&self) -> LlmError {
        LlmError::Stopped(self.lock().stopped.clone().unwrap_or_else(|| "its thread ended".to_owned()))
    }

    /// Queues a request and waits for its reply.
    pub(super) async fn submit(&self, request: Request) -> Result<Reply, LlmError> {
        let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
            return Err(self.reason());
        };
        let (reply, answer) = oneshot::channel();
        {
            let mut incoming = self.lock();
            if let Some(reason) = &incoming.stopped {
                return Err(LlmError::Stopped(reason.clone()));
            }
            incoming.jobs.push_back(Job { request, reply, permit: Some(permit) });
        }
        self.arrived.notify_one();
        match answer.await {
            Ok(reply) => reply,
            Err(_) => Err(self.reason()),
        }
    }

    /// Moves what has arrived to `waiting`; with `idle`, waits until something has. False when the engine has stopped.
    pub(super) fn receive(&self, waiting: &mut VecDeque<Job>, idle: bool) -> bool {
        let mut incoming = self.lock();
        while idle && incoming.jobs.is_empty() && incoming.stopped.is_none() {
            incoming = self.arrived.wait(incoming).unwrap_or_else(PoisonError::into_inner);
        }
        waiting.append(&mut incoming.jobs);
        incoming.stopped.is_none()
    }

    /// Takes no more requests; those that wait get an error.
    pub(super) fn stop(&self, reason: &str) {
        let mut incoming = self.lock();
        incoming.stopped.get_or_insert_with(|| reason.to_owned());
        incoming.jobs.clear();
        drop(incoming);
        self.permits.close();
        self.arrived.notify_all();
    }

    pub(super) fn statistics(&self) -> EngineStatistics {
        let Counters { requests, new_tokens, cached_tokens, cache_bytes, passes } = &self.counters;
        EngineStatistics {
            requests: requests.load(Relaxed),
            new_tokens: new_tokens.load(Relaxed),
            cached_tokens: cached_tokens.load(Relaxed),
            cache_bytes: cache_bytes.load(Relaxed),
            passes: passes.load(Relaxed),
        }
    }
}
