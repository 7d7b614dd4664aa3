//! Ctrl-C: once to stop in good order, twice to stop at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Exit, Failure};
use crate::terminal::Terminal;

/// A flag that the first Ctrl-C (or SIGTERM) sets; the second ends the process. `now` is what is done before stopping.
pub(crate) fn flag(terminal: &Terminal, now: &'static str) -> Result<Arc<AtomicBool>, Failure> {
    let flag = Arc::new(AtomicBool::new(false));
    let (stop, terminal) = (Arc::clone(&flag), terminal.clone());
    ctrlc::set_handler(move || {
        if stop.swap(true, Ordering::Relaxed) {
            #[expect(
                clippy::exit,
                reason = "the user asked twice; the folder is as a kill leaves it, resumable"
            )]
            std::process::exit(Exit::Interrupted as i32);
        }
        terminal.say(&format!("interrupted: {now}; Ctrl-C again stops at once"));
    })
    .map_err(|error| Failure::Other {
        message: format!("cannot listen for Ctrl-C: {error}"),
        hint: None,
        exit: Exit::Failed,
    })?;
    Ok(flag)
}
