//! What a run's log can answer: whether people came back ([`retention`]), what another policy would have been worth
//! ([`ope`]), whether simulated users like what the real ones liked ([`fidelity`]), all of it on one page ([`report`]), and
//! whether arms and runs differ by more than chance ([`compare`], by the tests of [`stats`]).

pub mod compare;
pub mod fidelity;
pub mod ope;
pub mod report;
pub mod retention;
pub mod stats;
