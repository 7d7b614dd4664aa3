//! Fuzzing: property tests that feed nonsense to readers, run with many cases for a given time.

use std::process::Command;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};

use crate::process::{say, stream};

/// What is fuzzed, how long, and with how many cases at a time.
#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// Minutes after which no new round begins
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// What is fuzzed; may be repeated; everything if absent
    #[arg(long = "target", value_enum)]
    targets: Vec<Target>,
    /// Cases per test and round
    #[arg(long, default_value_t = 5_000)]
    cases: u32,
    /// Seed of the first round; the next round has the next one
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// What reads things that others have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Target {
    /// Scenarios and the files they name
    Scenario,
    /// Files of personas
    Personas,
    /// Data sets
    Import,
    /// Parquet files of a run
    Parquet,
    /// Checkpoints
    Checkpoint,
    /// Run folders with damaged, missing and cut files
    RunFolder,
}

impl Target {
    /// Arguments of `cargo test` that run its tests and no others.
    const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Scenario => &["--test", "scenario_fuzz"],
            Self::Personas => &["--test", "persona_files"],
            Self::Import => &["--lib", "dataset::tests::any_bytes"],
            Self::Parquet => &["--lib", "part::tests"],
            Self::Checkpoint => &["--lib", "checkpoint::tests"],
            Self::RunFolder => &["--lib", "writer::tests::damage"],
        }
    }
}

impl FuzzArgs {
    /// Runs rounds until the time is over or something is found; true if nothing was.
    pub(crate) fn run(&self) -> Result<bool, String> {
        let started = Instant::now();
        let limit = Duration::try_from_secs_f64(self.minutes * 60.0)
            .map_err(|error| format!("--minutes {}: {error}", self.minutes))?;
        let targets = if self.targets.is_empty() { Target::value_variants() } else { &self.targets };
        let mut rounds = vec![0; targets.len()];
        // Every target gets one round, however short the time.
        for (round, at) in (0..).flat_map(|round| (0..targets.len()).map(move |at| (round, at))) {
            if round > 0 && started.elapsed() >= limit {
                break;
            }
            if !self.round(targets[at], self.seed + round)? {
                return Ok(false);
            }
            rounds[at] += 1;
        }
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        say(&format!("nothing found in {minutes:.1} minutes:"));
        for (target, rounds) in targets.iter().zip(rounds) {
            say(&format!("  {target:?}: {rounds} rounds of {} cases per test", self.cases));
        }
        Ok(true)
    }

    /// Runs the tests of a target once; true if nothing was found.
    fn round(&self, target: Target, seed: u64) -> Result<bool, String> {
        let mut passed = 0;
        let mut command = Command::new("cargo");
        // All packages at once: single ones would need their dependencies built with other features.
        command.args(["test", "--workspace"]).args(target.arguments());
        command.env("PROPTEST_CASES", self.cases.to_string()).env("PROPTEST_RNG_SEED", seed.to_string());
        let status = stream(&mut command, |line| passed += u64::from(is_passed_test(line)))?;
        if !status.success() {
            let cases = self.cases;
            say(&format!("{target:?}: found with PROPTEST_CASES={cases} PROPTEST_RNG_SEED={seed}"));
            return Ok(false);
        }
        if passed == 0 {
            return Err(format!("{target:?}: there is no such test: {:?}", target.arguments()));
        }
        Ok(true)
    }
}

/// `test any_text_is_answered ... ok`
fn is_passed_test(line: &str) -> bool {
    line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")).is_some_and(|(_, end)| end == "ok")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_by_their_lines() {
        assert!(is_passed_test("test reader::any_bytes ... ok"));
        assert!(!is_passed_test("test reader::any_bytes ... FAILED"));
        assert!(!is_passed_test("test result: ok. 1 passed; 0 failed"));
        assert!(!is_passed_test("running 1 test"));
    }
}
