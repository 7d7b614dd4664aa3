//! What a run's log can answer: whether people came back ([`retention`]), what another policy would have been worth
//! ([`ope`]), and all of it on one page ([`report`]).

pub mod ope;
pub mod report;
pub mod retention;
