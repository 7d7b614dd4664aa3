//! All tests in one command.

use std::process::Command;

use crate::process::{say, stream};
use crate::python;

/// Tests that passed and failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

impl Count {
    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs unit, integration and doc tests, and those in Python; true if all passed.
pub(crate) fn run() -> Result<bool, String> {
    let mut total = Count::default();
    let nextest = Command::new("cargo").args(["nextest", "--version"]).output();
    if nextest.is_ok_and(|output| output.status.success()) {
        let args = ["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests=pass"];
        total.add(counted(Command::new("cargo").args(args), of_nextest)?);
    } else {
        let args = ["test", "--workspace", "--tests", "--no-fail-fast"];
        total.add(counted(Command::new("cargo").args(args), of_cargo)?);
    }
    let args = ["test", "--workspace", "--doc", "--no-fail-fast"];
    total.add(counted(Command::new("cargo").args(args), of_cargo)?);
    total.add(match python::prepare() {
        Ok(mut tests) => counted(&mut tests, of_pytest)?,
        Err(problem) => {
            say(&format!("the Python package cannot be tested: {problem}"));
            Count { passed: 0, failed: 1 }
        }
    });
    say(&format!("{} passed, {} failed", total.passed, total.failed));
    Ok(total.failed == 0)
}

/// Runs tests and adds up their summaries. A program that fails without a failed test (it does not compile, it
/// crashed) counts as one failure.
fn counted(command: &mut Command, summary: fn(&str) -> Option<Count>) -> Result<Count, String> {
    let mut count = Count::default();
    let status = stream(command, |line| {
        if let Some(more) = summary(line) {
            count.add(more);
        }
    })?;
    if !status.success() && count.failed == 0 {
        count.failed = 1;
    }
    Ok(count)
}

/// `     Summary [   2.135s] 43 tests run: 42 passed (1 slow), 1 failed, 1 timed out, 0 skipped`
fn of_nextest(line: &str) -> Option<Count> {
    let (_, counts) = line.trim_start().strip_prefix("Summary [")?.split_once("run: ")?;
    let failed = ["failed", "timed out", "exec failed"].map(|word| number_before(counts, word)).iter().sum();
    Some(Count { passed: number_before(counts, "passed"), failed })
}

/// `test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn of_cargo(line: &str) -> Option<Count> {
    let counts = line.trim_start().strip_prefix("test result: ")?;
    Some(Count { passed: number_before(counts, "passed"), failed: number_before(counts, "failed") })
}

/// `2 failed, 10 passed, 1 error in 0.12s`
fn of_pytest(line: &str) -> Option<Count> {
    let counts = line.trim_matches(['=', ' ']);
    let (counts, time) = counts.rsplit_once(" in ")?;
    time.starts_with(|digit: char| digit.is_ascii_digit()).then_some(())?;
    let failed = ["failed", "error", "errors"].map(|word| number_before(counts, word)).iter().sum();
    Some(Count { passed: number_before(counts, "passed"), failed })
}

/// The number before a word that ends its part of a list: `42` in `42 passed (1 slow), ...`.
fn number_before(counts: &str, word: &str) -> u64 {
    let parts = counts.split([',', ';', '.', '(']);
    let number =
        parts.filter_map(|part| part.trim().strip_suffix(word)).find_map(|part| part.trim().parse().ok());
    number.unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: Option<Count>) -> (u64, u64) {
        let Count { passed, failed } = count.unwrap();
        (passed, failed)
    }

    #[test]
    fn summaries_are_read() {
        let line =
            "     Summary [   2.135s] 43 tests run: 41 passed (2 slow), 1 failed, 1 timed out, 0 skipped";
        assert_eq!(numbers(of_nextest(line)), (41, 2));
        assert_eq!(numbers(of_nextest("     Summary [   0.1s] 3 tests run: 3 passed, 0 skipped")), (3, 0));
        let line = "test result: FAILED. 5 passed; 1 failed; 2 ignored; 0 measured; 9 filtered out; finished in 0.00s";
        assert_eq!(numbers(of_cargo(line)), (5, 1));
        assert_eq!(
            numbers(of_cargo("test result: ok. 12 passed; 0 failed; 0 ignored; finished in 1s")),
            (12, 0)
        );
        assert_eq!(numbers(of_pytest("======= 2 failed, 10 passed, 1 error in 0.12s =======")), (10, 3));
        assert_eq!(numbers(of_pytest("7 passed in 0.01s")), (7, 0));
    }

    #[test]
    fn other_lines_are_not_counted() {
        for line in ["test a::passed ... ok", "   Compiling x", "5 passed", "9 failed in the end", ""] {
            assert_eq!((of_nextest(line), of_cargo(line), of_pytest(line)), (None, None, None), "{line}");
        }
    }

    #[test]
    fn a_program_that_fails_without_a_test_counts_as_a_failure() {
        let counted = counted(Command::new("rustc").arg("no-such-file.rs"), of_cargo).unwrap();
        assert_eq!(counted, Count { passed: 0, failed: 1 });
    }
}
