//! Log lines: on standard error, and in the run folder once there is one.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::args::{LogArgs, LogFormat};
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Target of log lines that say what the screen is told in words of its own.
pub(crate) const TOLD: &str = "habitue::told";
/// Bytes of log lines kept until there is a run folder.
const KEPT: usize = 1 << 20;

/// The log in the run folder.
#[derive(Debug, Clone)]
pub(crate) struct RunLog {
    name: &'static str,
    sink: Arc<Mutex<Sink>>,
}

#[derive(Debug)]
enum Sink {
    /// There is no run folder yet.
    Waiting(Vec<u8>),
    File(File),
}

/// Starts logging.
pub(crate) fn start(args: &LogArgs, terminal: &Terminal) -> Result<RunLog, Failure> {
    let level = ["warn", "info", "debug", "trace"][usize::from(args.verbose.min(3))];
    let in_folder = if args.verbose > 1 { level } else { "info" };
    let on_screen = format!("{level},{TOLD}=off");
    let json = args.log_format == LogFormat::Json;
    let name = if json { "log.jsonl" } else { "run.log" };
    let log = RunLog { name, sink: Arc::new(Mutex::new(Sink::Waiting(Vec::new()))) };
    let screen = fmt::layer().with_writer(terminal.clone()).with_ansi(Terminal::is_watched());
    let screen = if json { screen.json().boxed() } else { screen.without_time().boxed() };
    let folder = fmt::layer().with_writer(log.clone()).with_ansi(false);
    let folder = if json { folder.json().boxed() } else { folder.boxed() };
    tracing_subscriber::registry()
        .with(screen.with_filter(filter(&on_screen)?))
        .with(folder.with_filter(filter(in_folder)?))
        .init();
    Ok(log)
}

/// What `RUST_LOG` says, or else these directives.
fn filter(directives: &str) -> Result<EnvFilter, Failure> {
    let wrong = |problem: String| {
        Failure::input(format!("RUST_LOG: {problem}"), "for example RUST_LOG=habitue=debug")
    };
    match std::env::var(EnvFilter::DEFAULT_ENV) {
        Ok(typed) if !typed.is_empty() => EnvFilter::try_new(typed).map_err(|error| wrong(error.to_string())),
        Ok(_) | Err(std::env::VarError::NotPresent) => {
            EnvFilter::try_new(directives).map_err(|error| wrong(error.to_string()))
        }
        Err(error) => Err(wrong(error.to_string())),
    }
}

impl RunLog {
    /// Goes on in the run folder; gives the file. Lines from before are written there first.
    pub(crate) fn open(&self, folder: &Path) -> io::Result<PathBuf> {
        let path = folder.join(self.name);
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        if let Sink::Waiting(lines) = &*sink {
            file.write_all(lines)?;
        }
        *sink = Sink::File(file);
        Ok(path)
    }
}

impl Write for RunLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.sink.lock().unwrap_or_else(PoisonError::into_inner) {
            Sink::Waiting(lines) if lines.len() < KEPT => lines.extend_from_slice(bytes),
            Sink::Waiting(_) => {}
            Sink::File(file) => file.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for RunLog {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
