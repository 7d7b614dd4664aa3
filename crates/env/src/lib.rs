//! Environments for learning recommenders: batches of user lives in which the caller is the policy.
//!
//! ```text
//! scenario ──open──▶ Envs ──reset──▶ observations ──caller──▶ slates ──step──▶ rewards, ends, observations ...
//!                      └ n lives, each a user of the scenario, alone, by the rules of the command's sessions
//! ```
//!
//! An episode is a user's first session ([`Kind::Slate`]) or a life over many sessions ([`Kind::Retention`]). All arrays
//! belong to the caller, are written in place, and have one row per environment. What is hidden from recommenders stands
//! in columns marked privileged.
//!
//! ```
//! use std::path::Path;
//!
//! use habitue_core::scenario::{MemorySources, Typed, resolve};
//! use habitue_env::{Envs, Kind, Options};
//!
//! let text = r#"
//!     seed = 7
//!     horizon = "30d"
//!     catalogue = { generate = { items = 50 } }
//!     population = [{ name = "casual", size = 20, personas = {} }]
//!     slate = { size = 5 }
//!     arm = [{ name = "none", policy = { kind = "random" } }]
//! "#;
//! let typed = Typed { file: Path::new("/town.toml"), sets: &[], seed: None, data: None };
//! let scenario = resolve(&typed, &MemorySources::new().with("/town.toml", text))?;
//!
//! let mut envs = Envs::open(&scenario, Options::new(Kind::Retention), 2)?;
//! let shape = envs.shape();
//! let (mut seen, mut came) = (shape.observations(), shape.outcomes(true, false));
//! envs.reset(None, None, None, came.columns(), seen.columns())?;
//! // The first environment is shown items 0 to 4, the second one 5 to 9.
//! let slates: Vec<i64> = (0..10).collect();
//! envs.step(&slates, came.columns(), seen.columns(), None)?;
//! assert_eq!(came.slate, slates);
//! assert_eq!(came.terminated.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod columns;
mod envs;
mod error;
mod features;
mod lane;
mod observe;
mod options;

pub use columns::{CONTEXT, ObservationArrays, Observations, OutcomeArrays, Outcomes, Shape};
pub use envs::Envs;
pub use error::EnvError;
pub use options::{Autoreset, Duplicates, Kind, LifeReward, Options};
