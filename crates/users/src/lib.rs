//! Simulated users: parametric choice users, and personas that are read, drawn or built from a history.

mod choice;
pub mod personas;

pub use choice::ChoiceUsers;
use habitue_core::UserModel;
use habitue_core::scenario::ModelConfig;

/// The user model of a configuration that has been checked.
pub fn build_model(config: &ModelConfig) -> Box<dyn UserModel> {
    match config {
        ModelConfig::Choice(config) => Box::new(ChoiceUsers::new((**config).clone())),
    }
}
