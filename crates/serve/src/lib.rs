//! Environments over HTTP and WebSocket, by the `OpenEnv` protocol: whoever trains a recommender connects by URL.
//!
//! ```text
//! client ──ws──▶ one session: reset, step, step ...          a message in, a message out
//! client ──http─▶ /reset ─▶ x-session-id ─▶ /step, /state      the same sessions, kept by the server
//!                    └ each session: one environment of `habitue-env`, all in one world
//! ```
//!
//! A door without logic: what happens in an environment is decided in `habitue-env` and below. Here it is read, written,
//! limited and refused. Environments are stepped beside the threads that serve connections, so a user whose decisions a
//! language model makes keeps nobody waiting but who asked.
//!
//! ```no_run
//! # async fn serve(scenario: &habitue_core::scenario::Scenario) -> Result<(), Box<dyn std::error::Error>> {
//! use habitue_env::{Autoreset, Envs, Kind, Options};
//! use habitue_serve::{Limits, Server, View, World};
//!
//! let options = Options { autoreset: Autoreset::Disabled, ..Options::new(Kind::Retention) };
//! let world = World::new(Envs::open(scenario, options, 1)?, View::Items);
//! let server = Server::bind(world, "127.0.0.1", 8000, Limits::default(), None).await?;
//! println!("http://{}", server.address());
//! let served = server.run(std::future::pending()).await;
//! println!("{} steps", served.steps);
//! # Ok(())
//! # }
//! ```

mod access;
mod action;
mod dialogue;
mod limits;
mod refusal;
mod routes;
mod seat;
mod server;
mod sessions;
mod socket;
mod wire;
mod world;

pub use limits::Limits;
pub use server::{ServeError, Server};
pub use sessions::Served;
pub use world::{View, World};
