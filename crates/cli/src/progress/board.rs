//! How a suite goes: which run of how many, and how far that one has come.

use std::path::Path;

use habitue_run::{Before, Observer, Progress, SuiteObserver};

use super::Display;
use crate::logging::RunLog;
use crate::terminal::Terminal;

/// Shows how a suite goes, and opens the log in the folder of the run at hand.
pub(crate) struct Board {
    display: Display,
    quiet: bool,
}

impl Board {
    pub(crate) fn new(terminal: &Terminal, log: RunLog, quiet: bool) -> Self {
        Self { display: Display::new(terminal, Some(log), quiet), quiet }
    }
}

impl Observer for Board {
    fn opened(&mut self, folder: &Path) {
        self.display.opened(folder);
    }

    fn progress(&mut self, progress: &Progress) {
        self.display.progress(progress);
    }
}

impl SuiteObserver for Board {
    fn run(&mut self, number: usize, of: usize, name: &str, before: Before) {
        self.display.of_several(number, of);
        if self.quiet {
            return;
        }
        let how = match before {
            Before::Nothing => "",
            Before::Begun => ", goes on",
            Before::Finished => ", is there already",
        };
        self.display.terminal.say(&format!("run {number} of {of}: {name}{how}"));
    }
}
