//! What a run's log can answer: did people come back, would they have under another policy, and were they served well?

pub mod metrics;
pub mod ope;
pub mod stats;
