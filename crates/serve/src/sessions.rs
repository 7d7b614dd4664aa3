//! The sessions that are open.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::http::StatusCode;
use tokio::sync::{OwnedMutexGuard, Semaphore};
use tokio::time::Instant;

use crate::limits::Limits;
use crate::refusal::{Code, Refusal};
use crate::seat::Seat;
use crate::world::World;

/// The header that names a session over HTTP.
pub(crate) const SESSION: &str = "x-session-id";

/// The sessions that are open. Those over WebSocket belong to their connection; those over HTTP are kept here.
#[derive(Debug)]
pub(crate) struct Sessions {
    places: Arc<Semaphore>,
    limits: Limits,
    opened: AtomicU64,
    steps: AtomicU64,
    kept: Mutex<HashMap<String, Kept>>,
}

/// A session over HTTP.
#[derive(Debug)]
struct Kept {
    seat: Arc<tokio::sync::Mutex<Seat>>,
    used: Instant,
}

/// What a server did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// Sessions that were opened.
    pub sessions: u64,
    /// Steps that were answered with an observation.
    pub steps: u64,
}

impl Sessions {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.sessions)),
            limits,
            opened: AtomicU64::new(0),
            steps: AtomicU64::new(0),
            kept: Mutex::default(),
        }
    }

    /// A new session, if a place is free.
    pub(crate) fn open(&self, world: &World) -> Result<Seat, Refusal> {
        let permit = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            let error = format!("all {} sessions are taken", self.limits.sessions);
            Refusal::new(StatusCode::TOO_MANY_REQUESTS, Code::CapacityReached, error)
                .expected("another try when one has ended, or a server with a higher limit of sessions")
        })?;
        Seat::new(world, self.opened.fetch_add(1, Ordering::Relaxed), permit)
    }

    pub(crate) fn count_step(&self) {
        self.steps.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps a session for further requests.
    pub(crate) fn keep(&self, seat: Seat) -> Result<String, Refusal> {
        let id = fresh_id()?;
        let kept = Kept { seat: Arc::new(tokio::sync::Mutex::new(seat)), used: Instant::now() };
        self.kept().insert(id.clone(), kept);
        Ok(id)
    }

    /// The session of this name, for one request.
    pub(crate) fn take(&self, id: &str) -> Result<OwnedMutexGuard<Seat>, Refusal> {
        let mut kept = self.kept();
        let kept = kept.get_mut(id).ok_or_else(unknown)?;
        kept.used = Instant::now();
        Arc::clone(&kept.seat).try_lock_owned().map_err(|_| {
            Refusal::new(StatusCode::CONFLICT, Code::SessionError, "the session is busy with another request")
                .at(SESSION)
                .expected("one request at a time")
        })
    }

    /// Ends the session of this name.
    pub(crate) fn close(&self, id: &str) -> Result<(), Refusal> {
        let gone = self.kept().remove(id);
        gone.map(|_| ()).ok_or_else(unknown)
    }

    /// Ends the sessions that nobody used for too long; one that is at work is not idle.
    pub(crate) fn reap(&self) {
        let now = Instant::now();
        let idle = self.limits.idle;
        self.kept().retain(|_, kept| now.duration_since(kept.used) <= idle || kept.seat.try_lock().is_err());
    }

    /// Ends all sessions over HTTP and waits until those over WebSocket have ended too.
    pub(crate) async fn all_ended(&self) {
        self.kept().clear();
        let all = u32::try_from(self.limits.sessions).unwrap_or(u32::MAX);
        // It is never closed.
        let _ = self.places.acquire_many(all).await;
    }

    pub(crate) fn served(&self) -> Served {
        Served { sessions: self.opened.load(Ordering::Relaxed), steps: self.steps.load(Ordering::Relaxed) }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<String, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unknown() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        Code::SessionError,
        "there is no such session; it may have been idle too long",
    )
    .at(SESSION)
    .expected("the id that /reset answered with")
}

/// A name that nobody can guess, for sessions and episodes. It decides nothing that happens in them.
pub(crate) fn fresh_id() -> Result<String, Refusal> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Refusal::broken(format!("the system gives no random numbers: {error}")))?;
    Ok(bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
        // Writing to a string cannot fail.
        let _ = write!(id, "{byte:02x}");
        id
    }))
}
