//! The page: what is on it, and how it becomes HTML.

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::error::ReportError;

/// A report as it is shown, before it is HTML or Markdown.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) subtitle: String,
    pub(super) warnings: Vec<String>,
    pub(super) sections: Vec<Section>,
}

/// A part of the page.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Section {
    /// Its place in links.
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Block {
    /// A paragraph.
    Text {
        /// Its words.
        text: String,
    },
    /// A heading below the section's.
    Heading {
        /// Its words.
        text: String,
    },
    /// Numbers.
    Table {
        /// The table.
        table: Table,
        /// Whether it is shown at a click only.
        folded: bool,
    },
    /// A drawing of numbers, with the numbers.
    Chart {
        /// What it shows.
        title: String,
        /// What to know of it.
        note: String,
        /// The drawing.
        svg: String,
        /// The same numbers.
        table: Table,
    },
    /// Text of a file, shown at a click.
    Code {
        /// What it is.
        title: String,
        /// Where it is in the run folder.
        file: &'static str,
        /// The text.
        text: String,
    },
}

/// Rows below headings.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// Leading columns that hold words.
    pub(super) words: usize,
}

/// What the template is filled in with.
#[derive(Serialize)]
struct Filled<'a> {
    page: &'a Page,
    style: &'a str,
}

/// The page as one file.
pub(super) fn html(page: &Page) -> Result<String, ReportError> {
    let mut environment = Environment::new();
    environment.add_template("report.html", include_str!("template/report.html"))?;
    let template = environment.get_template("report.html")?;
    Ok(template.render(Serde(Filled { page, style: include_str!("template/report.css") }))?)
}
