//! `habitue replay`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use habitue_run::{Control, Replay};
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
        let stop = interrupt::flag(&session.terminal)?;
        let mut display = Display::new(&session.terminal, None, self.drive.quiet);
        let threads = self.drive.threads.map(NonZeroUsize::get);
        let control = &mut Control { threads, stop: &stop, observer: &mut display };
        let replay = habitue_run::replay(&self.run, control);
        drop(display);
        let replay = replay?;
        if self.drive.json {
            print_json(&replay)?;
        } else {
            print(&report(&replay))?;
        }
        Ok(match (replay.is_faithful(), replay.interrupted) {
            (_, Some(_)) => Exit::Interrupted,
            (true, None) => Exit::Done,
            (false, None) => Exit::Differences,
        })
    }
}

fn report(replay: &Replay) -> String {
    let mut text = format!(
        "{} turns and {} sessions in the log\n",
        HumanCount(replay.turns),
        HumanCount(replay.sessions)
    );
    if let Some(at) = replay.interrupted {
        text.push_str(&format!("interrupted at {at}: the rest was not compared\n"));
    }
    if let Some(problem) = &replay.stopped {
        text.push_str(&format!("the replay could not go on: {problem}\n"));
    }
    let differences = &replay.differences;
    if differences.count == 0 {
        text.push_str("everything compared is the same\n");
    } else {
        let fields: Vec<String> = differences
            .by_field
            .iter()
            .map(|(field, count)| format!("{field} {}", HumanCount(*count)))
            .collect();
        text.push_str(&format!("{} differences: {}\n\n", HumanCount(differences.count), fields.join(", ")));
        let rows = differences.first.iter().map(|one| {
            let turn = one.turn.map_or_else(|| "-".to_owned(), |turn| turn.to_string());
            let place = [one.arm.to_string(), one.user.to_string(), one.session.to_string(), turn];
            place
                .into_iter()
                .chain([one.field.to_owned(), one.logged.clone(), one.replayed.clone()])
                .collect()
        });
        text.push_str(&table::aligned(
            &["arm", "user", "session", "turn", "field", "logged", "replayed"],
            7,
            rows,
        ));
        text.push('\n');
    }
    let audit = &replay.audit;
    text.push_str(&format!(
        "propensities: {} slates confirmed by their policy, {} not confirmed, {} of policies that cannot say\n",
        HumanCount(audit.agree),
        HumanCount(audit.differ),
        HumanCount(audit.unknown)
    ));
    if audit.differ > 0 {
        let rows = audit.first.iter().map(|one| {
            let position = if one.position == 0 { "all".to_owned() } else { one.position.to_string() };
            let place =
                [one.arm.to_string(), one.user.to_string(), one.session.to_string(), one.turn.to_string()];
            let values = [position, one.logged.to_string(), one.policy.to_string()];
            place.into_iter().chain(values).collect()
        });
        let headings = ["arm", "user", "session", "turn", "position", "ln(logged)", "ln(policy)"];
        text.push_str(&format!("\n{}", table::aligned(&headings, 7, rows)));
    }
    text
}
