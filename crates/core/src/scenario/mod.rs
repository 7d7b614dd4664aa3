//! Scenarios: what was typed ([`ScenarioFile`]) and what it means ([`Scenario`]).

pub mod catalogue;
pub mod choice;
pub mod file;
mod nearest;
pub mod persona;
pub mod policy;
mod problem;
mod resolve;
mod resolved;
mod schema;
mod shape;
mod sources;
mod span;
mod texts;
mod tree;

pub use file::ScenarioFile;
pub use nearest::nearest;
pub use problem::{FieldProblem, Problem, Problems};
pub use resolve::{Typed, resolve};
pub use resolved::{
    Arm, CatalogueSource, Checkpoints, DatasetLayout, Design, GraphSource, Intervention, InterventionKind,
    LogOptions, ModelConfig, PersonaSource, PolicySpec, Population, Scenario, SlateOptions, Window,
};
pub use schema::schema;
pub use sources::{MemorySources, Sources};
pub use span::Span;
pub use texts::Text;
