//! The discrete-event simulation: sessions, windows, arms, interventions, snapshots.
//!
//! ```text
//!                      one window                                 what everybody sees is as of its start
//!        ┌────────────────────────────────────────────┐
//!        │  publish items, apply interventions        │
//!        │  policies: end_window (of the last one)    │
//!        │                                            │    each user who is due, side by side on all threads:
//!        │  play ─────────────────────────────────────┼──▶   arrive ─▶ slate ─▶ decision ─▶ ... ─▶ depart
//!        │                                            │              └─────────◀────────┘         back later
//!        │  deliver messages, by recipient            │
//!        │  policies: observe, by user                │
//!        │  item statistics: merge                    │
//!        └──────────────┬─────────────────────────────┘
//!                       ▼
//!     WindowRows, by (arm, user, session, turn)  ─▶ the log      snapshot() ─▶ restore() goes on from here
//! ```
//!
//! [`Session`] holds the rules of one visit as a pure state machine. [`Simulation`] drives all users' sessions through
//! simulated time. Users sit in a calendar by the window in which they next want something, so a window costs as much
//! as the users who come in it. With `window = "turn"` a queue orders single turns by (time, user, arm) instead.
//!
//! [`Lives`] drives single users by the same rules, each alone, with the caller in the policy's place.
//!
//! In a split design all users live in one world and each belongs to one arm. In a paired design every arm is a world of
//! its own in which all users live, with the same random streams.
//!
//! What is not obvious:
//! * A message is delivered when the window ends in which the turn ended that it was written in, be that the next one.
//! * An intervention happens at the start of the first window that begins at or after its time; with single turns, at
//!   its very time. Items it adds may bring new categories: everybody's interest in them is 0 at first. Interests it sets
//!   are those with which the user model would admit the edited persona.
//! * Policies observe a window's turns in the world in which they served them, and are told that it has ended when the
//!   next one begins, so that they prepare for the world after its interventions.
//! * A user's past from before the run is known to item statistics, to policies when they are made, and as reactions in
//!   requests.
//!
//! Whatever is not an argument of a user model or a policy cannot reach it: no clock, no thread, no order of a hash map.
//! So rows depend neither on threads nor on how users are cut into batches.
//!
//! ```
//! use habitue_core::{SessionRecord, WindowRows};
//! use habitue_sim::Simulation;
//! # mod parts {
//! #     use habitue_core::scenario::{*, catalogue::CatalogueSpec};
//! #     use habitue_core::*;
//! #     use habitue_sim::{Parts, PolicyMaker};
//! #     struct Reader;
//! #     impl UserModel for Reader {
//! #         fn decider(&self) -> Decider { Decider::Choice }
//! #         fn admit(&self, _: &World<'_>, user: UserId, _: &Persona, _: Streams) -> (UserState, SimTime) {
//! #             (UserState::default(), SimTime(i64::from(user.0) * HOUR))
//! #         }
//! #         fn arrive(&self, _: &World<'_>, _: Visit<'_>, _: Option<SimDuration>, _: Streams) {}
//! #         fn decide(&self, _: &World<'_>, encounters: &mut [Encounter<'_>], _: Streams)
//! #             -> Result<Vec<Decision>, UserModelError> {
//! #             let click = Feedback { action: Action(1), examined: true, dwell_seconds: 30.0, rating: 0 };
//! #             let decide = |encounter: &mut Encounter<'_>| Decision {
//! #                 feedback: vec![click; encounter.slate.items.len()],
//! #                 next: if encounter.turn == 2 { Move::Leave } else { Move::NextPage },
//! #                 distributions: None,
//! #                 trace: None,
//! #             };
//! #             Ok(encounters.iter_mut().map(decide).collect())
//! #         }
//! #         fn depart(&self, _: &World<'_>, _: Visit<'_>, _: Streams) -> Departure {
//! #             Departure::Return(SimDuration(20 * HOUR))
//! #         }
//! #         fn hear(&self, _: &World<'_>, _: &Persona, _: &mut UserState, _: &Message) {}
//! #     }
//! #     struct ById;
//! #     impl Policy for ById {
//! #         fn name(&self) -> &str { "by-id" }
//! #         fn recommend(&self, world: &World<'_>, requests: &[Request<'_>], _: Streams)
//! #             -> Result<Vec<Slate>, PolicyError> {
//! #             let slate = |request: &Request<'_>| Slate::certain(world.available[..request.size].iter().copied());
//! #             Ok(requests.iter().map(slate).collect())
//! #         }
//! #         fn observe(&mut self, _: &World<'_>, _: &[Turn]) -> Result<(), PolicyError> { Ok(()) }
//! #         fn end_window(&mut self, _: &World<'_>, _: Streams) -> Result<(), PolicyError> { Ok(()) }
//! #         fn snapshot(&self) -> Result<Vec<u8>, PolicyError> { Ok(Vec::new()) }
//! #         fn restore(&mut self, _: &[u8]) -> Result<(), PolicyError> { Ok(()) }
//! #     }
//! #     pub struct Maker;
//! #     impl PolicyMaker for Maker {
//! #         fn make(&self, _: &str, _: &PolicySpec, _: &World<'_>, _: &[(UserId, &[PastInteraction])])
//! #             -> Result<Box<dyn Policy>, PolicyError> { Ok(Box::new(ById)) }
//! #     }
//! #     pub fn scenario() -> Scenario {
//! #         Scenario {
//! #             name: "two-days".into(),
//! #             seed: 1,
//! #             horizon: SimDuration(2 * DAY),
//! #             window: Window::Every(SimDuration(HOUR)),
//! #             catalogue: CatalogueSource::File("items.jsonl".into()),
//! #             populations: vec![Population {
//! #                 name: "readers".into(),
//! #                 size: None,
//! #                 personas: PersonaSource::History,
//! #                 model: ModelConfig::Choice(Box::default()),
//! #             }],
//! #             slate: SlateOptions {
//! #                 size: 2,
//! #                 scale: ActionScale::new(&["skip", "click"], "click").unwrap(),
//! #                 rate: false,
//! #                 history: 10,
//! #                 max_turns: 50,
//! #                 overhead: SimDuration(1_000),
//! #             },
//! #             arms: vec![Arm {
//! #                 name: "only".into(),
//! #                 policy: PolicySpec { config: Default::default(), folder: "/".into(), model: None },
//! #                 share: 1.0,
//! #             }],
//! #             design: Design::Split,
//! #             reward: Reward {
//! #                 actions: vec![0.0, 1.0], dwell_minute: 0.0, rating_point: 0.0, turn: 0.0, return_within: None,
//! #             },
//! #             graph: GraphSource::None,
//! #             interventions: Vec::new(),
//! #             log: LogOptions { enabled: true, distributions: false, rows_per_file: 1 },
//! #             checkpoints: Checkpoints::Never,
//! #         }
//! #     }
//! #     pub fn parts() -> Parts {
//! #         let mut catalogue = Catalogue::new();
//! #         let any = catalogue.category("any");
//! #         for key in ["a", "b", "c"] {
//! #             catalogue.push(Item { key: key.into(), categories: vec![any], ..Item::default() }).unwrap();
//! #         }
//! #         let persona = |key: &str| Persona { key: key.into(), interests: vec![(any, 1.0)], ..Persona::default() };
//! #         Parts {
//! #             catalogue,
//! #             personas: ["ada", "bo", "cy"].map(persona).to_vec(),
//! #             populations: vec![PopulationId(0); 3],
//! #             models: vec![Box::new(Reader)],
//! #             graph: SocialGraph::empty(3),
//! #         }
//! #     }
//! # }
//! # use parts::{Maker, parts, scenario};
//! // Three readers who come for three turns every 20 hours, for two days.
//! let mut simulation = Simulation::new(scenario(), parts(), Box::new(Maker))?;
//! let mut log: Vec<WindowRows> = Vec::new();
//! while let Some(rows) = simulation.advance()? {
//!     log.push(rows);
//! }
//! assert_eq!(log.len(), 48);
//! let sessions: Vec<&SessionRecord> = log.iter().flat_map(|rows| &rows.sessions).collect();
//! assert_eq!(sessions.len(), 9);
//! assert!(sessions.iter().all(|session| session.turns == 3 && session.turn_reward == 6.0));
//! assert_eq!(sessions.iter().filter(|session| session.censored).count(), 3);
//! # Ok::<(), habitue_sim::SimError>(())
//! ```

mod chunk;
mod error;
mod intervention;
mod life;
mod mail;
mod parts;
mod plan;
mod resident;
mod rules;
mod schedule;
mod seat;
mod server;
mod session;
mod shelf;
mod simulation;
mod society;

pub use error::SimError;
pub use life::{Answer, Life, Lives};
pub use parts::{Parts, PolicyMaker};
pub use rules::Rules;
pub use session::{Need, Session, SessionError};
pub use simulation::Simulation;
