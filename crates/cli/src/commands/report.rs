//! `habitue report`

use std::path::{Path, PathBuf};

use clap::Args;
use habitue_eval::browser::{Browser, BrowserError, Screen};
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
    /// Also draw the page into this file as PNG, by the Chromium on the PATH
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

impl ReportArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let report = Report::read(&RunReader::open(&self.run)?)?;
        if let Some(png) = &self.png {
            draw(&report.html()?, png)?;
            print(&format_args!("picture in {}\n", png.display()))?;
        }
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

/// Draws a page as a browser shows it on a screen of 1,000 pixels, in light colours, as far down as Chromium draws at once.
fn draw(html: &str, png: &Path) -> Result<(), Failure> {
    const SCREEN: Screen = Screen { width: 1_000, height: 800, dark: false };
    const LONGEST: u32 = 16_000;
    let hint = "install Chromium (Debian: apt install chromium), or print the HTML from any browser";
    let failed = |error: BrowserError| Failure::input(error.to_string(), hint);
    let mut browser = Browser::start(&Browser::find().map_err(failed)?).map_err(failed)?;
    // The browser reads a file: its own folder holds it for as long as it lives.
    let page = browser.folder().join("report.html");
    save(&page, html)?;
    browser.open(&format!("file://{}", page.display()), SCREEN).map_err(failed)?;
    let picture = browser.picture(LONGEST).map_err(failed)?;
    std::fs::write(png, picture).map_err(|error| Failure::file(png, "write", &error))
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
