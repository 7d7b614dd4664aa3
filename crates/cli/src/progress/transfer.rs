//! How the files of a model arrive from the hub.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use habitue_llm::{HubCallback, HubProgress};
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::LINES;
use crate::terminal::Terminal;

/// Shows what arrives: a bar on a terminal; elsewhere a line for each file, and one every few seconds.
pub(crate) struct Transfers {
    terminal: Terminal,
    bar: Option<ProgressBar>,
    callback: Option<HubCallback>,
}

impl Transfers {
    pub(crate) fn new(terminal: &Terminal, quiet: bool) -> Self {
        let bar = (!quiet && Terminal::is_watched()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
            // A template that cannot be read would leave indicatif's own style.
            if let Ok(style) = ProgressStyle::with_template(
                "{bar:20.cyan/dim} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left: {wide_msg}",
            ) {
                bar.set_style(style.progress_chars("━╸─"));
            }
            terminal.show(Some(bar.clone()));
            bar
        });
        let callback: Option<HubCallback> = match (&bar, quiet) {
            (Some(bar), _) => {
                let bar = bar.clone();
                Some(Arc::new(move |progress: &HubProgress| {
                    bar.set_length(progress.total.unwrap_or(progress.received));
                    bar.set_position(progress.received);
                    bar.set_message(progress.file.clone());
                }))
            }
            (None, true) => None,
            (None, false) => {
                let (terminal, said) = (terminal.clone(), Mutex::new((String::new(), Instant::now())));
                Some(Arc::new(move |progress: &HubProgress| {
                    let (file, at) = &mut *said.lock().unwrap_or_else(PoisonError::into_inner);
                    let first = *file != progress.file;
                    if !first && at.elapsed() < LINES {
                        return;
                    }
                    file.clone_from(&progress.file);
                    *at = Instant::now();
                    terminal.say(&line(progress, first));
                }))
            }
        };
        Self { terminal: terminal.clone(), bar, callback }
    }

    /// To be told of progress; none if nothing is to be shown.
    pub(crate) fn callback(&self) -> Option<HubCallback> {
        self.callback.clone()
    }
}

impl Drop for Transfers {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            self.terminal.show(None);
        }
    }
}

/// What is said of a file, at first or on the way.
fn line(progress: &HubProgress, first: bool) -> String {
    let total = progress.total.map(|total| HumanBytes(total).to_string());
    let received = (!first).then(|| HumanBytes(progress.received).to_string());
    let amount = [received, total].into_iter().flatten().collect::<Vec<_>>().join(" of ");
    let colon = if amount.is_empty() { "" } else { ": " };
    format!("fetching {}{colon}{amount}", progress.file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_arrives() {
        let progress =
            HubProgress { file: "model.safetensors".to_owned(), received: 3 << 20, total: Some(1 << 30) };
        assert_eq!(line(&progress, true), "fetching model.safetensors: 1.00 GiB");
        assert_eq!(line(&progress, false), "fetching model.safetensors: 3.00 MiB of 1.00 GiB");
        let unknown = HubProgress { total: None, ..progress };
        assert_eq!(line(&unknown, true), "fetching model.safetensors");
        assert_eq!(line(&unknown, false), "fetching model.safetensors: 3.00 MiB");
    }
}
