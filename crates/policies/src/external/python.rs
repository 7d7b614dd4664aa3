//! Policies that are named as a class of Python.

use super::reply::ReplyProblem;

/// The environment variable that names the interpreter.
const INTERPRETER: &str = "HABITUE_PYTHON";

/// What the package does not find of itself, as Python says it.
const MISSING: &str = "No module named 'habitue'";

/// The program that serves the policy that `place` names ("module:Class"), and its arguments.
pub(super) fn command(place: &str) -> Vec<String> {
    vec![interpreter(), "-m".to_owned(), "habitue.policy".to_owned(), place.to_owned()]
}

fn interpreter() -> String {
    std::env::var(INTERPRETER).unwrap_or_else(|_| "python3".to_owned())
}

/// What to do about a policy that did not greet, if it is not the policy's fault; else nothing.
pub(super) fn hint(problem: &ReplyProblem) -> String {
    match problem {
        ReplyProblem::Start { .. } => {
            format!("; `python` runs \"{}\", and {INTERPRETER} names another interpreter", interpreter())
        }
        ReplyProblem::Ended { stderr, .. } if stderr.contains(MISSING) => format!(
            "\n`python` needs the package habitue in \"{}\": install it there, or name another interpreter in {INTERPRETER}",
            interpreter()
        ),
        _ => String::new(),
    }
}
