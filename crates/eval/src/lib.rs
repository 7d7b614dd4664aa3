//! What a run's log can answer: whether people came back ([`retention`]), what another policy would have been worth
//! ([`ope`]), what was recommended ([`quality`]), whether simulated users like what the real ones liked ([`fidelity`]), all of it on one page ([`report`]), and
//! whether arms and runs differ by more than chance ([`compare`], by the tests of [`stats`]).

pub mod browser;
pub mod compare;
pub mod fidelity;
mod jackknife;
pub mod ope;
pub mod quality;
pub mod report;
pub mod retention;
pub mod stats;
