//! How the command ends, and what it says when it fails.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use habitue_core::scenario::{Problem, Problems, Text};
use habitue_env::EnvError;
use habitue_eval::compare::CompareError;
use habitue_eval::fidelity::FidelityError;
use habitue_eval::report::ReportError;
use habitue_llm::LlmError;
use habitue_run::RunError;
use habitue_serve::ServeError;
use habitue_store::StoreError;
use miette::{Diagnostic, GraphicalReportHandler, LabeledSpan, NamedSource, SourceCode};

use crate::logging;
use crate::terminal::Terminal;

/// Exit codes, as the help of the command lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    BadInput = 2,
    Differences = 3,
    Interrupted = 130,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A scenario with problems.
    Scenario(Problems),
    /// Everything else that goes wrong with a run.
    Run(RunError),
    /// A run that stopped, with its folder if it came to that.
    Stopped { error: RunError, folder: Option<PathBuf> },
    /// What goes wrong with a model.
    Llm { error: LlmError, hint: Option<String> },
    /// Standard output cannot be written.
    Output(io::Error),
    /// Anything else.
    Other { message: String, hint: Option<String>, exit: Exit },
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self::Scenario(problems)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

impl From<LlmError> for Failure {
    fn from(error: LlmError) -> Self {
        Self::Llm { error, hint: None }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Run(error.into())
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Store(error) => error.into(),
            error => Self::Other { message: error.to_string(), hint: None, exit: Exit::Failed },
        }
    }
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        let message = error.to_string();
        match error {
            CompareError::Store(error) => error.into(),
            CompareError::Rows { .. } | CompareError::Value { .. } => {
                Self::Other { message, hint: None, exit: Exit::Failed }
            }
            CompareError::Alone { .. } | CompareError::NoRun => {
                Self::input(message, "give more runs, or a run with several arms")
            }
            CompareError::Horizon { .. } | CompareError::People { .. } => Self::input(
                message,
                "run one scenario with other policies, or with other settings by `--set`, and compare those runs",
            ),
            _ => Self::Other { message, hint: None, exit: Exit::BadInput },
        }
    }
}

impl From<FidelityError> for Failure {
    fn from(error: FidelityError) -> Self {
        match error {
            FidelityError::Store(error) => error.into(),
            error => Self::Other { message: error.to_string(), hint: None, exit: Exit::BadInput },
        }
    }
}

impl From<EnvError> for Failure {
    fn from(error: EnvError) -> Self {
        match error {
            EnvError::Scenario(problems) => (*problems).into(),
            EnvError::Build(error) => error.into(),
            error => Self::Other { message: error.to_string(), hint: None, exit: Exit::BadInput },
        }
    }
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        let (hint, exit) = match &error {
            ServeError::Bind { .. } => {
                (Some("another --port (0 takes any free one) or --host"), Exit::Failed)
            }
            ServeError::Open { .. } => (
                Some("put a token into an environment variable and name it with --token-env"),
                Exit::BadInput,
            ),
            ServeError::Token { .. } | ServeError::Limit { .. } => (None, Exit::BadInput),
        };
        Self::Other { message: error.to_string(), hint: hint.map(str::to_owned), exit }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::Output(error.into())
    }
}

impl Failure {
    /// Something that was given is wrong.
    pub(crate) fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Other { message: message.into(), hint: Some(hint.into()), exit: Exit::BadInput }
    }

    /// A file that cannot be used.
    pub(crate) fn file(path: &Path, action: &str, error: &io::Error) -> Self {
        let message = format!("{}: cannot {action}: {error}", path.display());
        Self::Other { message, hint: None, exit: Exit::Failed }
    }

    /// Says what went wrong; gives the exit code.
    pub(crate) fn report(self, terminal: &Terminal) -> Exit {
        match self {
            Self::Scenario(problems) => {
                let text = if Terminal::is_watched() {
                    fancy(&problems, &GraphicalReportHandler::new())
                } else {
                    problems.render()
                };
                terminal.say(text.trim_end());
                let count = problems.problems.len();
                terminal.say(&format!("\n{count} problem{}", if count == 1 { "" } else { "s" }));
                Exit::BadInput
            }
            Self::Run(error) => Self::Stopped { error, folder: None }.report(terminal),
            Self::Stopped { error, folder } => {
                tracing::error!(target: logging::TOLD, %error, "the command failed");
                let resume = folder.map(|folder| {
                    let folder = folder.display();
                    format!("what happened up to the last checkpoint is kept; go on with `habitue resume {folder}`")
                });
                terminal.say(&plain(&error, error.hint().or(resume).as_deref()));
                if error.is_input() { Exit::BadInput } else { Exit::Failed }
            }
            Self::Llm { error, hint } => {
                terminal.say(&plain(&error, hint.as_deref()));
                match error {
                    LlmError::Hub { .. } | LlmError::Server { .. } | LlmError::Stopped(_) => Exit::Failed,
                    _ => Exit::BadInput,
                }
            }
            // The reader has seen enough (`habitue inspect RUN | head`).
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Self::Output(error) => {
                terminal.say(&format!("error: cannot write to standard output: {error}"));
                Exit::Failed
            }
            Self::Other { message, hint, exit } => {
                terminal.say(&format!("error: {message}"));
                if let Some(hint) = hint {
                    terminal.say(&format!("  hint: {hint}"));
                }
                exit
            }
        }
    }
}

/// One line for the error, one for each cause that says something new, one for the hint.
fn plain(error: &dyn Error, hint: Option<&str>) -> String {
    let mut said = error.to_string();
    let mut lines = vec![format!("error: {said}")];
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !said.contains(&message) {
            lines.push(format!("  cause: {message}"));
            said = message;
        }
        cause = error.source();
    }
    lines.extend(hint.map(|hint| format!("  hint: {hint}")));
    lines.join("\n")
}

/// Characters a label may have.
const LABEL: usize = 60;

/// The problems as a terminal shows them, each with its place in the source.
fn fancy(problems: &Problems, handler: &GraphicalReportHandler) -> String {
    let mut text = String::new();
    for problem in &problems.problems {
        let shown = Shown::new(problem, &problems.texts[problem.text]);
        // Writing to a string cannot fail.
        let _ = handler.render_report(&mut text, &shown);
        text.push('\n');
    }
    text
}

/// A problem as miette shows it.
#[derive(Debug)]
struct Shown {
    message: String,
    source: NamedSource<String>,
    label: LabeledSpan,
    help: Option<String>,
}

impl Shown {
    fn new(problem: &Problem, text: &Text) -> Self {
        let expected = problem.expected.as_ref().map(|expected| format!("expected {expected}"));
        let nearest = problem.nearest.as_ref().map(|nearest| format!("did you mean `{nearest}`?"));
        // Labels are not wrapped, help is.
        let (label, long) = match expected {
            Some(expected) if expected.chars().count() > LABEL => (None, Some(expected)),
            short => (short, None),
        };
        let help: Vec<String> = nearest.into_iter().chain(long).chain(problem.hint.clone()).collect();
        Self {
            message: problem.message.clone(),
            source: NamedSource::new(&text.label, text.content.clone()),
            label: LabeledSpan::new_with_span(label, problem.span.clone()),
            help: (!help.is_empty()).then(|| help.join("\n")),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Shown {}

impl Diagnostic for Shown {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(self.label.clone())))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use habitue_core::scenario::{MemorySources, Typed, resolve};
    use miette::GraphicalTheme;

    use super::*;

    #[test]
    fn a_terminal_shows_problems_in_their_source() {
        let text = "seed = 1\nhorizn = \"7d\"\n[catalogue]\ngenerate = { items = 10 }\n[[population]]\nname = \"a\"\n\
                    size = 0\npersonas = {}\n[[arm]]\nname = \"only\"\npolicy = { kind = \"random\" }\n";
        let typed =
            Typed { file: Path::new("wrong.toml"), sets: &["seed=x".to_owned()], seed: None, data: None };
        let problems = resolve(&typed, &MemorySources::new().with("/wrong.toml", text)).unwrap_err();
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
        insta::assert_snapshot!(fancy(&problems, &handler));
    }

    #[test]
    fn causes_are_told_once() {
        let data = std::io::Error::other("the disk is full");
        let error = RunError::Store(StoreError::Io { path: "runs/x".into(), action: "write", source: data });
        insta::assert_snapshot!(plain(&error, Some("make room")), @r"
        error: runs/x: cannot write: the disk is full
          hint: make room
        ");
        let cause = std::io::Error::other(StoreError::Closed);
        let error = RunError::Io { path: "runs/x".into(), action: "write", source: cause };
        assert_eq!(plain(&error, None).lines().count(), 1);
    }
}
