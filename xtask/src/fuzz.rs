//! Fuzzing: property tests run with many cases for a given time.

use std::process::Command;
use std::time::{Duration, Instant};

use clap::Args;

use crate::process::{say, stream};

/// How long, and with how many cases at a time.
#[derive(Debug, Args)]
pub(crate) struct FuzzArgs {
    /// Minutes after which no new round begins
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// Cases per test and round
    #[arg(long, default_value_t = 20_000)]
    cases: u32,
    /// Seed of the first round; the next round has the next one
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl FuzzArgs {
    /// Runs rounds until the time is over or something is found; true if nothing was.
    pub(crate) fn run(&self) -> Result<bool, String> {
        let started = Instant::now();
        let limit = Duration::try_from_secs_f64(self.minutes * 60.0)
            .map_err(|error| format!("--minutes {}: {error}", self.minutes))?;
        let (mut rounds, mut tests) = (0, 0);
        while rounds == 0 || started.elapsed() < limit {
            let seed = self.seed + rounds;
            let mut ran = 0;
            let mut command = Command::new("cargo");
            command
                .args(["test", "--workspace", "--tests", "--", "fuzz"])
                .env("PROPTEST_CASES", self.cases.to_string())
                .env("PROPTEST_RNG_SEED", seed.to_string());
            let status = stream(&mut command, |line| ran += u64::from(is_test(line)))?;
            if !status.success() {
                say(&format!("found with PROPTEST_CASES={} PROPTEST_RNG_SEED={seed}", self.cases));
                return Ok(false);
            }
            if ran == 0 {
                return Err("there is no test with `fuzz` in its name".to_owned());
            }
            rounds += 1;
            tests = ran;
        }
        let minutes = started.elapsed().as_secs_f64() / 60.0;
        say(&format!(
            "{rounds} rounds of {tests} fuzz tests with up to {} cases each in {minutes:.1} minutes, nothing found",
            self.cases
        ));
        Ok(true)
    }
}

/// `test scenario::tests::fuzz_text ... ok`
fn is_test(line: &str) -> bool {
    let Some((name, outcome)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) else {
        return false;
    };
    name.contains("fuzz") && outcome.starts_with("ok")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_counted_by_their_lines() {
        assert!(is_test("test reader::fuzz_bytes ... ok"));
        assert!(!is_test("test reader::reads ... ok"));
        assert!(!is_test("test result: ok. 1 passed; 0 failed"));
        assert!(!is_test("running 1 test"));
    }
}
