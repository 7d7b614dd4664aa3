//! Standard error, shared by messages, logs and the progress bar.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;
use tracing_subscriber::fmt::MakeWriter;

/// Standard error. What is written while a progress bar is shown appears above it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terminal {
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

impl Terminal {
    /// Whether somebody is watching.
    pub(crate) fn is_watched() -> bool {
        io::stderr().is_terminal()
    }

    /// Shows a progress bar from now on, or none.
    pub(crate) fn show(&self, bar: Option<ProgressBar>) {
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = bar;
    }

    /// Prints a line.
    pub(crate) fn say(&self, line: &str) {
        // Where standard error is closed, nobody is left to be told.
        let _ = self.clone().write_all(format!("{line}\n").as_bytes());
    }
}

impl Write for Terminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bar {
            Some(bar) => bar.suspend(|| io::stderr().write_all(bytes))?,
            None => io::stderr().write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for Terminal {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
