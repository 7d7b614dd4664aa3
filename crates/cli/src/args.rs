//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{
    Session, bench::BenchArgs, compare::CompareArgs, completions::CompletionsArgs, doctor::DoctorArgs,
    evaluate::EvaluateArgs, export::ExportArgs, fit::FitArgs, import::ImportArgs, inspect::InspectArgs,
    interview::InterviewArgs, leaderboard::LeaderboardArgs, llm::LlmArgs, personas::PersonasArgs,
    replay::ReplayArgs, report::ReportArgs, resume::ResumeArgs, run::RunArgs, schema, serve::ServeArgs,
    train::TrainArgs, validate::ValidateArgs,
};
use crate::failure::{Exit, Failure};

const EXIT_CODES: &str = "\
Exit codes:
  0    it went well
  1    the run failed on the way; `habitue resume` goes on from its last checkpoint
  2    bad input: wrong usage, a scenario or data file with problems, a folder that is no run
  3    a replay found differences
  130  interrupted; `habitue resume` goes on from there";

/// Simulated users living with recommenders.
///
/// A scenario says who the users are, what can be recommended, which policies compete and for how long. `habitue run`
/// lives it through and logs everything with the probabilities behind it.
#[derive(Debug, Parser)]
#[command(name = "habitue", version, after_help = EXIT_CODES, max_term_width = 100)]
pub(crate) struct Habitue {
    #[command(flatten)]
    pub(crate) logs: LogArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is logged on standard error, and in `run.log` or `log.jsonl` of the run folder.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Say more on standard error: -v what is done, -vv in detail. RUST_LOG, if set, decides instead
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Logging")]
    pub(crate) verbose: u8,
    /// How log lines are written
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT", help_heading = "Logging")]
    pub(crate) log_format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people; in the run folder as `run.log`
    #[default]
    Text,
    /// One JSON object a line; in the run folder as `log.jsonl`
    Json,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(RunArgs),
    Resume(ResumeArgs),
    Replay(ReplayArgs),
    Inspect(InspectArgs),
    Report(ReportArgs),
    Compare(CompareArgs),
    Evaluate(EvaluateArgs),
    Leaderboard(LeaderboardArgs),
    Interview(InterviewArgs),
    Validate(ValidateArgs),
    Fit(FitArgs),
    Export(ExportArgs),
    Import(ImportArgs),
    Personas(PersonasArgs),
    /// Print the JSON Schema of scenario files, for editors
    ///
    /// In VS Code with Even Better TOML: save it as `scenario.schema.json` and begin scenarios with the line
    /// `#:schema scenario.schema.json`.
    Schema,
    Serve(ServeArgs),
    Doctor(DoctorArgs),
    Bench(BenchArgs),
    Llm(LlmArgs),
    Train(TrainArgs),
    Completions(CompletionsArgs),
}

impl Command {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        match self {
            Self::Run(args) => args.run(session),
            Self::Resume(args) => args.run(session),
            Self::Replay(args) => args.run(session),
            Self::Inspect(args) => args.run(),
            Self::Report(args) => args.run(),
            Self::Compare(args) => args.run(),
            Self::Evaluate(args) => args.run(session),
            Self::Leaderboard(args) => args.run(session),
            Self::Interview(args) => args.run(),
            Self::Validate(args) => args.run(),
            Self::Fit(args) => args.run(),
            Self::Export(args) => args.run(),
            Self::Import(args) => args.run(),
            Self::Personas(args) => args.run(session),
            Self::Schema => schema::run(),
            Self::Serve(args) => args.run(session),
            Self::Doctor(args) => args.run(session),
            Self::Bench(args) => args.run(session),
            Self::Llm(args) => args.run(session),
            Self::Train(args) => args.run(session),
            Self::Completions(args) => args.run(),
        }
    }
}
