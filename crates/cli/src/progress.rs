//! How a run goes, for people: a bar on a terminal, a line every few seconds elsewhere.

mod board;
mod stages;
mod steps;
mod transfer;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use habitue_core::{SimDuration, SimTime};
use habitue_run::{Observer, Progress};
use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) use board::Board;
pub(crate) use stages::Stages;
pub(crate) use steps::Steps;
pub(crate) use transfer::Transfers;

use crate::logging::RunLog;
use crate::terminal::Terminal;

/// Time between lines.
const LINES: Duration = Duration::from_secs(5);
/// Time between movements of the bar.
const MOVES: Duration = Duration::from_millis(100);

/// Shows how a run goes, and opens the log in its folder.
pub(crate) struct Display {
    terminal: Terminal,
    /// `None` for runs that keep no log.
    log: Option<RunLog>,
    /// The run folder, once there is one.
    folder: Option<PathBuf>,
    /// `None` shows nothing.
    style: Option<Style>,
    /// The simulated time at which this process took the run up.
    from: Option<SimTime>,
    /// The number of this run, from 1, and how many there are.
    run: (usize, usize),
    shown: Instant,
}

enum Style {
    Bar(ProgressBar),
    Lines,
}

impl Display {
    pub(crate) fn new(terminal: &Terminal, log: Option<RunLog>, quiet: bool) -> Self {
        let style = match (quiet, Terminal::is_watched()) {
            (true, _) => None,
            (false, false) => Some(Style::Lines),
            (false, true) => {
                let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
                // A template that cannot be read would leave indicatif's own style.
                if let Ok(style) = ProgressStyle::with_template("{bar:20.cyan/dim} {wide_msg}") {
                    bar.set_style(style.progress_chars("━╸─"));
                }
                terminal.show(Some(bar.clone()));
                Some(Style::Bar(bar))
            }
        };
        Self {
            terminal: terminal.clone(),
            log,
            folder: None,
            style,
            from: None,
            run: (1, 1),
            shown: Instant::now(),
        }
    }
}

impl Display {
    /// The run folder, if it came to that.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        self.folder.clone()
    }

    /// From now on it is another run of several that is shown.
    pub(crate) fn of_several(&mut self, number: usize, of: usize) {
        self.run = (number, of);
        self.from = None;
    }
}

impl Observer for Display {
    fn opened(&mut self, folder: &Path) {
        self.folder = Some(folder.to_path_buf());
        if let Some(Err(error)) = self.log.as_ref().map(|log| log.open(folder)) {
            tracing::warn!(folder = %folder.display(), %error, "no log is kept in the run folder");
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let Some(style) = &self.style else { return };
        // Some commands make several runs.
        let from = self.from.filter(|from| *from <= progress.now).unwrap_or(progress.now);
        self.from = Some(from);
        let pause = if matches!(style, Style::Bar(_)) { MOVES } else { LINES };
        if self.shown.elapsed() < pause {
            return;
        }
        self.shown = Instant::now();
        match style {
            Style::Lines => self.terminal.say(&line(progress, from)),
            Style::Bar(bar) => {
                let (number, of) = self.run;
                let horizon = progress.horizon.0 as u64;
                bar.set_length(horizon * of as u64);
                let now = progress.now.0.clamp(0, progress.horizon.0) as u64;
                bar.set_position(horizon * (number as u64 - 1) + now);
                bar.set_message(line(progress, from));
            }
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        if let Some(Style::Bar(bar)) = &self.style {
            bar.finish_and_clear();
            self.terminal.show(None);
        }
    }
}

/// What matters most first: a narrow terminal cuts the end.
fn line(progress: &Progress, from: SimTime) -> String {
    let seconds = progress.elapsed.as_secs_f64();
    let (played, left) = ((progress.now - from).0, (progress.horizon - progress.now).0);
    let left = if played > 0 && left > 0 {
        let left = Duration::from_secs_f64(seconds * left as f64 / played as f64);
        format!("{:#} left, ", HumanDuration(left))
    } else {
        String::new()
    };
    format!(
        "{} of {}, {left}{} turns/s, {} turns, {} sessions",
        progress.now,
        SimDuration(progress.horizon.0),
        HumanCount((progress.new_turns as f64 / seconds.max(1e-3)) as u64),
        HumanCount(progress.turns),
        HumanCount(progress.sessions),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use habitue_core::DAY;

    #[test]
    fn a_line_says_where_the_run_is_and_how_long_it_will_take() {
        let progress = Progress {
            now: SimTime(5 * DAY),
            horizon: SimTime(14 * DAY),
            windows: 120,
            turns: 1_234_567,
            sessions: 98_765,
            new_turns: 1_000_000,
            elapsed: Duration::from_secs(10),
        };
        insta::assert_snapshot!(
            line(&progress, SimTime(DAY)),
            @"day 5 00:00:00 of 14d, 23s left, 100,000 turns/s, 1,234,567 turns, 98,765 sessions"
        );
    }
}
