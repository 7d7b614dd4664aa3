//! The discrete-event simulation: sessions, windows, arms, interventions, snapshots.
#![allow(dead_code, reason = "the interface comes first")]

mod chunk;
mod error;
mod parts;
mod resident;
mod rules;
mod session;
mod simulation;

pub use error::SimError;
pub use parts::{Parts, PolicyMaker};
pub use rules::Rules;
pub use session::{Need, Session, SessionError};
pub use simulation::Simulation;
