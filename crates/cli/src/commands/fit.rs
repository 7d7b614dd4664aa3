//! `habitue fit`

use std::path::PathBuf;

use clap::Args;
use habitue_eval::fidelity::{Fit, fit};
use habitue_store::RunReader;

use super::{print, print_json};
use crate::failure::{Exit, Failure};
use crate::table;

/// Fit the calibration of language-model users to what real users liked
///
/// From a run of scenarios/alignment.toml with users of a language model as it is, on lists drawn from what is held in (field
/// `from = "held-in"` of the policy). A temperature and an offset of picking are fitted by maximum likelihood to the logged
/// distributions, and written as the tables of `llm.calibration`: name the file in the scenario, `calibration =
/// "calibration.toml"`.
#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// The run folder
    run: PathBuf,
    /// Where to write the calibration; `-` for standard output, where --json goes before it
    #[arg(long, value_name = "FILE", default_value = "calibration.toml")]
    out: PathBuf,
    /// Print what was fitted as one JSON object
    #[arg(long)]
    json: bool,
}

impl FitArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let fitted = fit(&RunReader::open(&self.run)?)?;
        let to_output = self.out.as_os_str() == "-";
        if !to_output {
            std::fs::write(&self.out, fitted.toml())
                .map_err(|error| Failure::file(&self.out, "write", &error))?;
        }
        if self.json {
            print_json(&fitted)?;
        } else if to_output {
            print(&fitted.toml())?;
        } else {
            print(&format_args!("{}calibration in {}\n", told(&fitted), self.out.display()))?;
        }
        Ok(Exit::Done)
    }
}

/// What was fitted, for people.
fn told(fitted: &Fit) -> String {
    let action = &fitted.calibration.action;
    let offsets = action.offset.iter().map(|(name, offset)| format!("{name} {offset:.3}"));
    let offsets = offsets.collect::<Vec<_>>().join(", ");
    let rows = fitted.arms.iter().map(|arm| {
        let numbers =
            [arm.shown, arm.liked, arm.picked_before, arm.picked_after].map(|number| format!("{number:.2}"));
        let shares = [arm.liked_probability, arm.other_probability].map(|share| format!("{share:.3}"));
        [vec![arm.arm.clone(), format!("1:{}", arm.m)], numbers.into(), shares.into()].concat()
    });
    let headings =
        ["arm", "list", "shown", "liked", "picked as it is", "picked calibrated", "p(liked)", "p(other)"];
    let mut told = format!(
        "temperature {:.3}, offset {offsets}; fitted on {} items of {} lists\nlog-loss an item: {:.4} as it is, {:.4} \
         calibrated, {:.4} by the base rate alone\n\n{}\n",
        action.temperature,
        fitted.items,
        fitted.lists,
        fitted.loss_before,
        fitted.loss_after,
        fitted.loss_of_base_rate,
        table::aligned(&headings, 2, rows),
    );
    fitted.not_fitted.iter().for_each(|line| told.extend(["not fitted: ", line, "\n"]));
    told
}
