//! Worlds without a run folder.

use std::path::Path;

use habitue_core::scenario::{MemorySources, Scenario, Typed, resolve};
use habitue_core::{ArmId, WindowRows};
use habitue_run::DiskSources;

/// Resolves a scenario that needs no other file, with `key=value` settings.
pub fn scenario(text: &str, sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let file = Path::new("/scenario.toml");
    let sources = MemorySources::new().with(file, text);
    let typed = Typed { file, sets: &sets, seed: None, data: None };
    resolve(&typed, &sources).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Resolves a scenario on disk.
pub fn scenario_file(file: &Path) -> Scenario {
    scenario_file_with(file, &[])
}

/// Resolves a scenario on disk, with `key=value` settings.
pub fn scenario_file_with(file: &Path, sets: &[&str]) -> Scenario {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let typed = Typed { file, sets: &sets, seed: None, data: None };
    resolve(&typed, &DiskSources::new().unwrap()).unwrap_or_else(|problems| panic!("{problems}"))
}

/// Plays a scenario to its horizon.
pub fn play(scenario: &Scenario) -> Vec<WindowRows> {
    let mut simulation = habitue_run::simulation(scenario).unwrap();
    std::iter::from_fn(|| simulation.advance().unwrap()).collect()
}

/// Reward of each user in an arm, turns and returns together; 0 for users who never came.
pub fn rewards_by_user(windows: &[WindowRows], arm: ArmId, users: usize) -> Vec<f64> {
    let mut rewards = vec![0.0; users];
    for session in windows.iter().flat_map(|window| &window.sessions).filter(|session| session.arm == arm) {
        rewards[session.user.index()] += f64::from(session.turn_reward + session.return_reward);
    }
    rewards
}
