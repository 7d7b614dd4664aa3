//! `habitue replay`

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use habitue_run::{Audit, Control, Differences, Replay};
use indicatif::HumanCount;

use super::{DriveArgs, Session, print, print_json};
use crate::failure::{Exit, Failure};
use crate::progress::Display;
use crate::{interrupt, table};

/// Drive a finished run again from its log, and verify it
///
/// The users do what the log says they did; everything else is computed again and compared exactly: slates,
/// propensities, rewards, times. Policies are also asked for the probability of every slate they showed.
#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// The run folder
    run: PathBuf,
    #[command(flatten)]
    drive: DriveArgs,
}

impl ReplayArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let stop = interrupt::flag(&session.terminal, "finishing the window")?;
        let mut display = Display::new(&session.terminal, None, self.drive.quiet);
        let threads = self.drive.threads.map(NonZeroUsize::get);
        let control = &mut Control { threads, stop: &stop, observer: &mut display };
        let replay = habitue_run::replay(&self.run, control);
        drop(display);
        let replay = replay?;
        if self.drive.json {
            print_json(&replay)?;
        } else {
            print(&Report(&replay))?;
        }
        Ok(match (replay.is_faithful(), replay.interrupted) {
            (_, Some(_)) => Exit::Interrupted,
            (true, None) => Exit::Done,
            (false, None) => Exit::Differences,
        })
    }
}

/// What a replay found, for people.
struct Report<'a>(&'a Replay);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replay = self.0;
        let (turns, sessions) = (HumanCount(replay.turns), HumanCount(replay.sessions));
        writeln!(f, "{turns} turns and {sessions} sessions in the log")?;
        if let Some(at) = replay.interrupted {
            writeln!(f, "interrupted at {at}: the rest was not compared")?;
        }
        if let Some(problem) = &replay.stopped {
            writeln!(f, "the replay could not go on: {problem}")?;
        }
        differences(&replay.differences, f)?;
        audit(&replay.audit, f)
    }
}

fn differences(found: &Differences, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if found.count == 0 {
        return writeln!(f, "everything compared is the same");
    }
    let fields: Vec<String> =
        found.by_field.iter().map(|(field, count)| format!("{field} {}", HumanCount(*count))).collect();
    let rows = found.first.iter().map(|one| {
        let turn = one.turn.map_or_else(|| "-".to_owned(), |turn| turn.to_string());
        let place = [one.arm.to_string(), one.user.to_string(), one.session.to_string(), turn];
        place.into_iter().chain([one.field.to_owned(), one.logged.clone(), one.replayed.clone()]).collect()
    });
    let headings = ["arm", "user", "session", "turn", "field", "logged", "replayed"];
    let noun = if found.count == 1 { "difference" } else { "differences" };
    writeln!(f, "{} {noun}: {}", HumanCount(found.count), fields.join(", "))?;
    writeln!(f, "\n{}", table::aligned(&headings, 7, rows))
}

fn audit(audit: &Audit, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let [agree, differ, unknown] = [audit.agree, audit.differ, audit.unknown].map(HumanCount);
    writeln!(
        f,
        "propensities: {agree} slates confirmed by their policy, {differ} not confirmed, {unknown} of policies that \
         cannot say"
    )?;
    if audit.differ == 0 {
        return Ok(());
    }
    let rows = audit.first.iter().map(|one| {
        let position = if one.position == 0 { "all".to_owned() } else { one.position.to_string() };
        let place =
            [one.arm.to_string(), one.user.to_string(), one.session.to_string(), one.turn.to_string()];
        place.into_iter().chain([position, one.logged.to_string(), one.policy.to_string()]).collect()
    });
    let headings = ["arm", "user", "session", "turn", "position", "ln(logged)", "ln(policy)"];
    write!(f, "\n{}", table::aligned(&headings, 7, rows))
}
