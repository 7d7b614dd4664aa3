//! The page: what is on it, and how it becomes HTML.

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::error::ReportError;

/// A report as it is shown, before it is HTML or Markdown.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Page {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) warnings: Vec<String>,
    pub(crate) sections: Vec<Section>,
}

/// A part of the page.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Section {
    /// Its place in links.
    pub(crate) id: &'static str,
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Block {
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
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// The headings of its columns.
    pub head: Vec<String>,
    /// The cells, row by row, as they are shown.
    pub rows: Vec<Vec<String>>,
    /// Leading columns that hold words.
    pub words: usize,
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
