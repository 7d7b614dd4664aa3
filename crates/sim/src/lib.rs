//! The discrete-event simulation: sessions, windows, arms, interventions, snapshots.

mod chunk;
mod error;
mod intervention;
mod mail;
mod parts;
mod plan;
mod resident;
mod rules;
mod schedule;
mod server;
mod session;
mod shelf;
mod simulation;
mod society;

pub use error::SimError;
pub use parts::{Parts, PolicyMaker};
pub use rules::Rules;
pub use session::{Need, Session, SessionError};
pub use simulation::Simulation;
