//! `habitue validate`

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use habitue_core::scenario::CatalogueSource;
use habitue_eval::fidelity::{Behaviour, Fidelity, FidelityError, Measure, Picker, Published, Trait};
use habitue_store::{RunReader, read_dataset};
use serde::Serialize;

use super::{print, print_json};
use crate::failure::{Exit, Failure};
use crate::table;

/// Compare simulated users with the real users they were made from
///
/// What they pick: in runs of scenarios/alignment.toml and its like a policy of kind `discriminate` shows every user a list of
/// items that the real user liked among items never touched. Beside the users stand guesses that need no language model, on
/// the very same lists, and published figures. Precision is 0 for a user who picks nothing. Intervals are bootstrapped over
/// users, level 0.95.
///
/// How they behave: ratings, popularity of items, session lengths and return gaps, distances between users and drift of tastes,
/// as far as the run and the data have them, beside users who act at random and one half of the real users against the other.
#[derive(Debug, Args)]
pub(crate) struct ValidateArgs {
    /// The run folder
    run: PathBuf,
    /// Folder of the data set that the run was made from; the run's own if absent
    #[arg(long, visible_alias = "against", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Print one JSON object with all measures and intervals instead of a table
    #[arg(long)]
    json: bool,
}

impl ValidateArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let run = RunReader::open(&self.run)?;
        let CatalogueSource::Dataset { layout, path } = &run.scenario().catalogue else {
            return Err(Failure::input(
                "the users of this run come from no data set",
                "there is nothing to compare them with; try scenarios/alignment.toml",
            ));
        };
        let data = read_dataset(layout, self.data.as_ref().unwrap_or(path))?;
        let behaviour = Behaviour::read(&run, &data)?;
        let fidelity = match Fidelity::read(&run, &data) {
            // A run of policies that recommend: there is behaviour alone.
            Err(FidelityError::NoArm) => None,
            found => Some(found?),
        };
        if self.json {
            print_json(&Found { alignment: fidelity.as_ref(), behaviour: &behaviour })?;
            return Ok(Exit::Done);
        }
        if let Some(fidelity) = &fidelity {
            print(&Report(fidelity))?;
            print(&"\n")?;
        }
        print(&Alike(&behaviour))?;
        Ok(Exit::Done)
    }
}

/// Fidelity, for programs.
#[derive(Serialize)]
struct Found<'a> {
    /// What users pick; absent without a policy that examines them.
    #[serde(flatten)]
    alignment: Option<&'a Fidelity>,
    behaviour: &'a Behaviour,
}

/// Behaviour, for people.
struct Alike<'a>(&'a Behaviour);

impl fmt::Display for Alike<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        let row = |one: &Trait| {
            vec![
                one.name.to_owned(),
                number(one.data),
                number(one.users),
                number(one.random),
                number(one.halves),
                one.published.unwrap_or("-").to_owned(),
            ]
        };
        let headings = ["behaviour", "data", "users", "random", "half of data", "published elsewhere"];
        let rows = self.0.traits.iter().map(row);
        writeln!(f, "{}", table::aligned(&headings, 1, rows))?;
        let shares = self.0.places.iter().filter(|(shown, _)| *shown > 0);
        let shares: Vec<String> =
            shares.map(|(shown, engaged)| format!("{:.3}", *engaged as f64 / *shown as f64)).collect();
        if !shares.is_empty() {
            writeln!(f, "share of items engaged with, by place on the slate: {}\n", shares.join(", "))?;
        }
        write!(
            f,
            "{} users of the data are in the run; sessions of the data end with half an hour of silence\n\
             half of data: for a distance, every second real user against the others; else the half that is farther off\n",
            self.0.users
        )
    }
}

/// Fidelity, for people.
struct Report<'a>(&'a Fidelity);

const HEADINGS: [&str; 12] = [
    "list",
    "who",
    "users",
    "accuracy",
    "precision",
    "recall",
    "F1",
    "pooled F1",
    "picked",
    "liked",
    "shown",
    "AUC",
];

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fidelity = self.0;
        let mut rows = Vec::new();
        for arm in &fidelity.arms {
            let list = format!("1:{}", arm.m);
            rows.extend(arm.pickers.iter().map(|picker| row(&list, picker)));
            rows.extend(
                fidelity.published.iter().filter(|row| row.m == arm.m).map(|row| published(&list, row)),
            );
        }
        writeln!(f, "{}", table::aligned(&HEADINGS, 2, rows))?;
        let all = fidelity.all.iter().map(|picker| {
            vec![
                picker.name.to_owned(),
                spread(picker.alignment.correlation),
                spread(picker.alignment.picked),
            ]
        });
        writeln!(f, "all lists together: does the number picked follow the number liked?\n")?;
        let headings = ["who", "correlation", "picked"];
        writeln!(f, "{}", table::aligned(&headings, 1, all))?;
        for arm in &fidelity.arms {
            if let Some(error) = arm.calibration_error {
                writeln!(
                    f,
                    "1:{}: expected calibration error of the users' pick probabilities {error:.3}",
                    arm.m
                )?;
            }
        }
        if fidelity.without_list > 0 {
            writeln!(f, "{} users without a list are left out", fidelity.without_list)?;
        }
        writeln!(
            f,
            "means over users with 0.95 intervals; precision and F1 are 0 for who picks nothing\n* published for 20 films of \
             MovieLens-1M, 1,000 users (SimUSER, ACL 2025, table 1); not measured here"
        )
    }
}

fn row(list: &str, Picker { name, alignment }: &Picker) -> Vec<String> {
    vec![
        list.to_owned(),
        (*name).to_owned(),
        alignment.users.to_string(),
        value(alignment.accuracy),
        value(alignment.precision),
        value(alignment.recall),
        spread(alignment.f1),
        value(alignment.pooled_f1),
        spread(alignment.picked),
        value(alignment.liked),
        value(alignment.shown),
        value(alignment.auc),
    ]
}

fn published(list: &str, row: &Published) -> Vec<String> {
    let number = |value: f64| format!("{value:.3}");
    let nothing = || "-".to_owned();
    vec![
        list.to_owned(),
        format!("{} *", row.name),
        nothing(),
        number(row.accuracy),
        number(row.precision),
        number(row.recall),
        number(row.f1),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
        nothing(),
    ]
}

fn value(measure: Measure) -> String {
    measure.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn spread(measure: Measure) -> String {
    match measure.interval {
        Some((low, high)) => format!("{} [{low:.3}, {high:.3}]", value(measure)),
        None => value(measure),
    }
}
