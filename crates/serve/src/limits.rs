//! What a server allows.

use std::time::Duration;

/// What a server allows. Whatever goes beyond is refused with the limit in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Sessions that are open at once, over WebSocket and HTTP together; at least 1.
    pub sessions: usize,
    /// How long a session waits for its next message before it is ended.
    pub idle: Duration,
    /// Bytes of a request's body or of a message.
    pub body: usize,
}

impl Limits {
    /// Beyond this many times `body` what comes is not read on, and the connection is cut.
    pub(crate) const DRAINED: usize = 4;
    /// How long a request's head, its body, or the reading of an answer may take.
    pub(crate) const TRANSFER: Duration = Duration::from_secs(30);
    /// How long those who are turned away are listened to, so that they learn why.
    pub(crate) const FAREWELL: Duration = Duration::from_secs(2);
    /// How long work in progress is waited for when the server stops.
    pub(crate) const STOPPING: Duration = Duration::from_secs(10);

    /// Connections that are open at once before others have to wait.
    pub(crate) fn connections(&self) -> usize {
        self.sessions.saturating_mul(2).saturating_add(64).min(tokio::sync::Semaphore::MAX_PERMITS)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: 64, idle: Duration::from_secs(600), body: 1 << 20 }
    }
}
