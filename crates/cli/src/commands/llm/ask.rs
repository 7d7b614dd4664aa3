//! `habitue llm ask`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::{ArgGroup, Args, ValueEnum};
use habitue_core::{Purpose, Streams};
use habitue_llm::{
    Answer, Asked, Backend, Engine, EngineOptions, LocalBackend, NamedProgram, NamedSlot, OpenAiBackend,
    OpenAiOptions, Program, Protocol, WriteSpec, decide,
};
use serde_json::{Map, Value};

use super::answer::{Ran, Reply};
use crate::commands::model::{ComputeArgs, ModelArgs, read_file};
use crate::commands::{Session, print, print_json};
use crate::failure::{Exit, Failure};

/// Ask a model to decide, and see the probability of every option
///
/// What is asked is a pick among options, a number, a text, or a whole program from a file. Options are not parsed from
/// what the model says: their probabilities are computed, and one is drawn with --seed. The prompt is a user's turn where
/// the model has a chat template, and plain text otherwise or with --plain; an answer to plain text follows it as it
/// stands, so end it with a space where one belongs.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["model"])))]
#[command(group(ArgGroup::new("what").required(true).args(["pick", "number", "write", "program"])))]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct AskArgs {
    /// What the model reads before it answers
    #[arg(required_unless_present = "program", conflicts_with = "program")]
    prompt: Option<String>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    compute: ComputeArgs,
    /// What holds for the whole conversation; needs a model with a chat template
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["program", "plain"])]
    system: Option<String>,
    /// Let the model continue the prompt as plain text, even if it has a chat template
    #[arg(long, conflicts_with = "program")]
    plain: bool,
    /// Pick one of these, between commas
    #[arg(long, value_name = "OPTION,...", value_delimiter = ',', help_heading = "What is asked")]
    pick: Vec<String>,
    /// A whole number of a range, both ends included: 1..5
    #[arg(long, value_name = "FROM..TO", allow_hyphen_values = true, help_heading = "What is asked")]
    number: Option<String>,
    /// A text
    #[arg(long, help_heading = "What is asked")]
    write: bool,
    /// Most tokens of the text
    #[arg(long, value_name = "N", conflicts_with_all = ["pick", "number", "program"], default_value_t = 64, help_heading = "What is asked")]
    max_tokens: usize,
    /// Divides the logits before sampling; 0 takes the most likely token
    #[arg(long, value_name = "T", conflicts_with_all = ["pick", "number", "program"], default_value_t = 1.0, help_heading = "What is asked")]
    temperature: f64,
    /// JSON Schema that the text meets, in a file
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["pick", "number", "program", "regex"],
        help_heading = "What is asked"
    )]
    schema: Option<PathBuf>,
    /// Regular expression that the text matches as a whole
    #[arg(long, value_name = "REGEX", conflicts_with_all = ["pick", "number", "program"], help_heading = "What is asked")]
    regex: Option<String>,
    /// A program with several slots: a TOML file of [[segment]] tables
    #[arg(long, value_name = "FILE", help_heading = "What is asked")]
    program: Option<PathBuf>,
    /// Ask a server that speaks OpenAI's protocol, as in http://127.0.0.1:8000/v1; --model is the model's name there
    #[arg(long, value_name = "URL", conflicts_with_all = ["revision", "offline", "precision", "threads"], help_heading = "Servers")]
    server: Option<String>,
    /// Which of the server's interfaces is used
    #[arg(long, value_enum, requires = "server", default_value_t, help_heading = "Servers")]
    protocol: ProtocolName,
    /// Environment variable that holds the server's key
    #[arg(long, value_name = "VARIABLE", requires = "server", help_heading = "Servers")]
    key_variable: Option<String>,
    /// Seed of what is drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Print one JSON object instead of text
    #[arg(long)]
    json: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

/// Interfaces of servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ProtocolName {
    /// Messages; options are scored by the probabilities of labels
    #[default]
    Chat,
    /// Plain text; options are scored exactly where the server echoes log-probabilities
    Completions,
}

impl AskArgs {
    pub(super) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        // What is asked is checked before anything is loaded.
        let plain = self.named(false)?;
        plain.program.check()?;
        let typed = self.model.typed().unwrap_or_default();
        let (asked, ran) = match &self.server {
            Some(server) => self.ask_server(server, typed, plain)?,
            None => self.ask_here(typed, plain, session)?,
        };
        let reply = Reply::new(&asked.0, &asked.1, ran);
        if self.json {
            print_json(&reply)?;
        } else {
            print(&reply)?;
        }
        Ok(Exit::Done)
    }

    fn ask_here(
        &self,
        typed: &str,
        plain: NamedProgram,
        session: &Session,
    ) -> Result<((NamedProgram, Answer), Ran), Failure> {
        let start = Instant::now();
        let files = self.model.open(typed, &session.terminal, self.quiet)?;
        let options = EngineOptions {
            device: self.compute.device(),
            precision: self.compute.precision(),
            threads: self.compute.threads(),
            ..EngineOptions::default()
        };
        let engine = Arc::new(Engine::start(files.config.clone(), files.weights.as_ref(), options)?);
        let backend = LocalBackend::new(engine.clone(), &files, Map::new())?;
        let load_seconds = start.elapsed().as_secs_f64();
        let program = if files.chat_template.is_some() { self.named(true)? } else { plain };
        let (answer, seconds) = self.decide(&backend, &program.program)?;
        let kernel = Some(engine.kernel().to_owned());
        let ran =
            Ran { model: backend.id(), kernel, load_seconds: Some(load_seconds), seconds, seed: self.seed };
        Ok(((program, answer), ran))
    }

    fn ask_server(
        &self,
        server: &str,
        model: &str,
        plain: NamedProgram,
    ) -> Result<((NamedProgram, Answer), Ran), Failure> {
        let (protocol, program) = match self.protocol {
            ProtocolName::Chat => (Protocol::Chat, self.named(true)?),
            ProtocolName::Completions => (Protocol::Completions, plain),
        };
        let options = OpenAiOptions {
            key_variable: self.key_variable.clone(),
            ..OpenAiOptions::new(server, model, protocol)
        };
        let backend = OpenAiBackend::new(options)?;
        let (answer, seconds) = self.decide(&backend, &program.program)?;
        let ran = Ran { model: backend.id(), kernel: None, load_seconds: None, seconds, seed: self.seed };
        Ok(((program, answer), ran))
    }

    /// The answer and the seconds it took.
    fn decide(&self, backend: &dyn Backend, program: &Program) -> Result<(Answer, f64), Failure> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(|error| {
                Failure::Other {
                    message: format!("cannot start an executor: {error}"),
                    hint: None,
                    exit: Exit::Failed,
                }
            })?;
        let mut stream = Streams::new(self.seed).stream(Purpose::Decision, 0, 0);
        let start = Instant::now();
        let answer = runtime.block_on(decide(backend, program, &mut stream))?;
        Ok((answer, start.elapsed().as_secs_f64()))
    }

    /// What is asked; `chat` says whether the model takes turns.
    fn named(&self, chat: bool) -> Result<NamedProgram, Failure> {
        if let Some(file) = &self.program {
            return Ok(NamedProgram::read(file, &read_file(file)?)?);
        }
        let prompt = self.prompt.as_deref().unwrap_or_default();
        let mut program = Program::new();
        if let Some(system) = &self.system {
            program.system().text(system.as_str());
        }
        if self.system.is_some() || (chat && !self.plain) {
            program.user().text(prompt);
            program.assistant();
        } else {
            program.text(prompt);
        }
        let (name, asked) = if let Some(range) = &self.number {
            let (lo, hi) = read_range(range)?;
            ("number", Asked::Number { slot: program.number("number", lo, hi), lo })
        } else if self.write {
            ("text", Asked::Write { slot: program.write("text", self.spec()?) })
        } else {
            let slot = program.pick("pick", self.pick.clone());
            ("pick", Asked::Pick { slot, options: self.pick.clone() })
        };
        Ok(NamedProgram { program, slots: vec![NamedSlot { name: name.to_owned(), asked }] })
    }

    fn spec(&self) -> Result<WriteSpec, Failure> {
        let spec = WriteSpec::new(self.max_tokens).temperature(self.temperature);
        Ok(match (&self.schema, &self.regex) {
            (Some(file), _) => spec.json(read_schema(file)?),
            (None, Some(regex)) => spec.regex(regex.as_str()),
            (None, None) => spec,
        })
    }
}

fn read_range(typed: &str) -> Result<(i64, i64), Failure> {
    let ends = typed.split_once("..").and_then(|(lo, hi)| Some((lo.parse().ok()?, hi.parse().ok()?)));
    ends.ok_or_else(|| {
        Failure::input(
            format!("--number is {typed:?}, expected two whole numbers as in 1..5"),
            "both ends are included",
        )
    })
}

fn read_schema(file: &Path) -> Result<Value, Failure> {
    serde_json::from_str(&read_file(file)?).map_err(|error| {
        Failure::input(
            format!("{}: not JSON: {error}", file.display()),
            "--schema is a file with a JSON Schema",
        )
    })
}
