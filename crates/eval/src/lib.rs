//! What a run's log can answer: whether people came back ([`retention`]), what another policy would have been worth
//! ([`ope`]), whether simulated users like what the real ones liked ([`fidelity`]), and all of it on one page
//! ([`report`]).

pub mod fidelity;
pub mod ope;
pub mod report;
pub mod retention;
