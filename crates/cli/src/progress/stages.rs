//! How far a row of measurements is.

use habitue_llm::SpeedStage;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::terminal::Terminal;

/// Shows which measurement runs: a bar on a terminal, a line each elsewhere.
pub(crate) struct Stages {
    terminal: Terminal,
    quiet: bool,
    bar: Option<ProgressBar>,
}

impl Stages {
    pub(crate) fn new(terminal: &Terminal, quiet: bool) -> Self {
        let bar = (!quiet && Terminal::is_watched()).then(|| {
            let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{bar:20.cyan/dim} {pos} of {len}: {wide_msg}") {
                bar.set_style(style.progress_chars("━╸─"));
            }
            terminal.show(Some(bar.clone()));
            bar
        });
        Self { terminal: terminal.clone(), quiet, bar }
    }

    pub(crate) fn show(&self, stage: &SpeedStage) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(stage.of as u64);
                bar.set_position(stage.number as u64);
                bar.set_message(stage.name.clone());
            }
            None if self.quiet => {}
            None => self.terminal.say(&format!("{} of {}: {}", stage.number, stage.of, stage.name)),
        }
    }
}

impl Drop for Stages {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            self.terminal.show(None);
        }
    }
}
