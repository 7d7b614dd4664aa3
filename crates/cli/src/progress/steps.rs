//! Progress of a task of known length: a bar on a terminal, a line every few seconds elsewhere.

use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::LINES;
use crate::terminal::Terminal;

/// Shows how many steps of how many are done, how fast, and how long the rest will take.
pub(crate) struct Steps {
    terminal: Terminal,
    style: Style,
    total: u64,
    /// The first step that this process took, and when.
    from: Option<(u64, Instant)>,
    shown: Instant,
}

enum Style {
    Quiet,
    Bar(ProgressBar),
    Lines,
}

impl Steps {
    pub(crate) fn new(terminal: &Terminal, quiet: bool, total: u64) -> Self {
        let style = match (quiet, Terminal::is_watched()) {
            (true, _) => Style::Quiet,
            (false, false) => Style::Lines,
            (false, true) => {
                let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
                if let Ok(style) = ProgressStyle::with_template("{bar:20.cyan/dim} {wide_msg}") {
                    bar.set_style(style.progress_chars("━╸─"));
                }
                terminal.show(Some(bar.clone()));
                Style::Bar(bar)
            }
        };
        Self { terminal: terminal.clone(), style, total, from: None, shown: Instant::now() }
    }

    /// So many steps are done; `more` says what else there is to say.
    pub(crate) fn step(&mut self, done: u64, more: impl FnOnce() -> String) {
        let (first, start) = *self.from.get_or_insert((done, Instant::now()));
        if let Style::Bar(bar) = &self.style {
            bar.set_position(done);
        }
        if matches!(self.style, Style::Quiet) || (self.shown.elapsed() < LINES && done < self.total) {
            return;
        }
        self.shown = Instant::now();
        let rate = (done - first) as f64 / start.elapsed().as_secs_f64().max(1e-9);
        let left = if rate > 0.0 && done < self.total {
            let left = std::time::Duration::from_secs_f64((self.total - done) as f64 / rate);
            format!("{:#} left, ", HumanDuration(left))
        } else {
            String::new()
        };
        let line = format!("{done} of {} steps, {left}{rate:.2} steps/s, {}", self.total, more());
        match &self.style {
            Style::Bar(bar) => bar.set_message(line),
            Style::Lines | Style::Quiet => self.terminal.say(&line),
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Style::Bar(bar) = &self.style {
            bar.finish_and_clear();
            self.terminal.show(None);
        }
    }
}
