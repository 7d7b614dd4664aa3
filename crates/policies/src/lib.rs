//! Recommenders, from a random one to bandits, matrix factorisation and programs in other processes.
//!
//! A policy is described by a [`PolicyConfig`] and made by [`build`]. Those that score items share one ranking layer,
//! which turns scores into slates and knows the exact probability of every position given the positions before:
//! certain (best items in order), epsilon-greedy, Plackett-Luce, uniform.
//!
//! ```
//! use std::collections::VecDeque;
//!
//! use habitue_core::scenario::policy::PolicyConfig;
//! use habitue_core::{ActionScale, Catalogue, Item, ItemId, ItemStats, Request, SimTime, Streams, UserId, World};
//! use habitue_policies::{OpenModels, Setting, build};
//!
//! let mut catalogue = Catalogue::new();
//! let cooking = catalogue.category("cooking");
//! for key in ["v1", "v2", "v3", "v4"] {
//!     catalogue.push(Item { key: key.into(), categories: vec![cooking], ..Item::default() })?;
//! }
//! let (stats, scale) = (ItemStats::default(), ActionScale::new(&["skip", "click"], "click")?);
//! let available: Vec<ItemId> = (0..4).map(ItemId).collect();
//! let world =
//!     World { catalogue: &catalogue, available: &available, stats: &stats, scale: &scale, now: SimTime::ZERO };
//!
//! let streams = Streams::new(7);
//! let (folder, open) = (std::path::Path::new("."), OpenModels::default());
//! let setting = Setting {
//!     name: "random", world, slate_size: 2, streams, folder, history: &[], model: None, open: &open, held_out: &[],
//! };
//! let policy = build(&PolicyConfig::default(), &setting)?;
//!
//! let history = VecDeque::new();
//! let request = Request {
//!     user: UserId(0), session: 0, turn: 0, time: SimTime::ZERO, size: 2, history: &history, shown: &[], text: None, said: &[],
//! };
//! let slate = &policy.recommend(&world, &[request], streams)?[0];
//! assert_eq!(slate.items[0].propensity, 1.0 / 4.0);
//! assert_eq!(slate.items[1].propensity, 1.0 / 3.0); // given the first
//! assert!((slate.log_propensity - (1.0_f64 / 12.0).ln()).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Propensities
//! A propensity is conditional on the policy's state at the start of the window. Where that state holds a random
//! sample (Thompson sampling draws its posterior once per window), the propensity does not average over the sample:
//! without `explore` it is 1. Such logs are exact records of what the policy did, and off-policy estimates from them
//! need an `explore` table, which gives every candidate a chance.

mod bpr_mf;
mod diag_linucb;
mod discriminate;
mod engagements;
mod external;
mod fixed;
mod following;
mod item_knn;
mod keyword_filter;
mod language;
mod linear;
mod linucb;
mod llm_ranker;
mod names;
mod parser_planner;
mod popularity;
mod profiles;
mod random;
mod ranking;
mod recommender;
mod thompson_bernoulli;
mod thompson_linear;
mod zoo;

pub use diag_linucb::EdgeEvidence;
pub use discriminate::HeldOut;
pub use external::{PROTOCOL, ReplyProblem};
pub use habitue_core::scenario::policy::PolicyConfig;
pub use habitue_llm::OpenModels;
pub use zoo::{Setting, build};
