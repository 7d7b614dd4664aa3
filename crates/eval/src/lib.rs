//! What a run's log can answer: what another policy would have been worth ([`ope`]).

pub mod ope;
