//! Scenarios: what was typed ([`ScenarioFile`]), what it means ([`Scenario`]), and how one becomes the other
//! ([`resolve()`]).
//!
//! A scenario is a TOML file. [`schema()`] describes it to editors; the same schema decides which keys and values are
//! accepted. What is wrong is told as [`Problems`]: all of them, each with its file, line and column. Files are read
//! through [`Sources`]: this crate opens none. A [`Suite`] combines scenarios, policies and seeds ([`resolve_suite()`]).

pub mod catalogue;
pub mod choice;
pub mod file;
pub mod llm;
mod nearest;
pub mod persona;
pub mod policy;
mod problem;
mod resolve;
mod resolved;
mod schema;
mod shape;
mod size;
mod sources;
mod span;
mod suite;
mod texts;
mod tree;

pub use file::ScenarioFile;
pub use nearest::nearest;
pub use problem::{FieldProblem, Problem, Problems};
pub use resolve::{TomlDocument, Typed, resolve, resolve_policy, resolve_suite};
pub use resolved::{
    Arm, CatalogueSource, Checkpoints, DatasetLayout, Design, GraphSource, Intervention, InterventionKind,
    LlmUsersConfig, LogOptions, ModelConfig, ModelFile, PersonaSource, PolicySpec, Population, Scenario,
    SlateOptions, TemplateSource, TemplateText, Window,
};
pub use schema::schema;
pub use size::Size;
pub use sources::{MemorySources, Sources};
pub use span::Span;
pub use suite::{Suite, SuiteFile, SuiteMetric, SuitePolicyFile, SuiteScenarioFile};
pub use texts::Text;
