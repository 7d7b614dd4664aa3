//! `habitue report`

use std::path::{Path, PathBuf};

use clap::Args;
use habitue_eval::report::Report;
use habitue_store::RunReader;

use super::print;
use crate::failure::{Exit, Failure};

/// Write the report of a run: retention with intervals, curves, users, cost, warnings
///
/// One HTML file that needs no network: open it in any browser, send it to anybody. `habitue run` writes it at the end of
/// a run; of an interrupted run it shows what the last checkpoint holds. The same run gives the same bytes.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// The run folder
    run: PathBuf,
    /// Where to write it, `-` for standard output; report.html or report.md in the run folder if absent
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write Markdown with the same numbers instead of HTML
    #[arg(long)]
    md: bool,
}

impl ReportArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let report = Report::read(&RunReader::open(&self.run)?)?;
        let text = if self.md { report.markdown() } else { report.html()? };
        let out = match &self.out {
            Some(out) if out.as_os_str() == "-" => {
                print(&text)?;
                return Ok(Exit::Done);
            }
            Some(out) => out.clone(),
            None => self.run.join(if self.md { "report.md" } else { "report.html" }),
        };
        save(&out, &text)?;
        print(&format_args!("report in {}\n", out.display()))?;
        Ok(Exit::Done)
    }
}

/// Writes the report of a finished run into its folder.
pub(super) fn of_finished(run: &Path) -> Result<PathBuf, Failure> {
    let out = run.join("report.html");
    save(&out, &Report::read(&RunReader::open(run)?)?.html()?)?;
    Ok(out)
}

fn save(out: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(out, text).map_err(|error| Failure::file(out, "write", &error))
}
