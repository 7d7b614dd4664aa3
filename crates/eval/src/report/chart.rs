//! Charts as SVG inside the page: no script, no font, colours from the page's style sheet.
//!
//! Series differ by colour, by dash and marker, and by hatching, so that they can be told apart without colours.

mod axis;
mod bars;
mod legend;
mod lines;

pub(super) use bars::{Bar, BarChart};
pub(super) use lines::{LineChart, LinePoint, Series};

use std::fmt::Write;

use axis::Scale;

/// Size of a chart, and of its margins: left for the labels of y, below for those of x.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 14.0;
const BELOW: f64 = 52.0;

/// Colours that the style sheet has.
const COLOURS: usize = 6;

/// What stands at an axis.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    /// What is measured, with its unit.
    pub(super) title: String,
    /// Whether values are shares, shown in per cent.
    pub(super) percent: bool,
}

impl Axis {
    pub(super) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), percent: false }
    }

    pub(super) fn percent(title: &str) -> Self {
        Self { title: format!("{title} (%)"), percent: true }
    }
}

/// A drawing under way.
struct Canvas {
    svg: String,
    /// Where the plot begins, below the legend.
    top: f64,
}

impl Canvas {
    fn new(title: &str, names: &[&str], filled: bool) -> Self {
        let (legend, top) = legend::draw(names, filled);
        let mut canvas = Self { svg: String::new(), top };
        let _ = write!(
            canvas.svg,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{legend}",
            escape(title)
        );
        canvas
    }

    fn bottom() -> f64 {
        HEIGHT - BELOW
    }

    fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let _ = write!(self.svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escape(text));
    }

    fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = write!(
            self.svg,
            "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
    }

    /// The grid and labels of y, and the titles of both axes.
    fn frame(&mut self, y: &Scale, y_axis: &Axis, x_title: &str) {
        for tick in y.ticks() {
            let at = y.place(tick);
            self.line("grid", (LEFT, at), (WIDTH - RIGHT, at));
            self.text(LEFT - 8.0, at + 4.0, "end", &y.label(tick, y_axis.percent));
        }
        self.line("axis", (LEFT, Self::bottom()), (WIDTH - RIGHT, Self::bottom()));
        self.text(f64::midpoint(LEFT, WIDTH - RIGHT), HEIGHT - 8.0, "middle", x_title);
        let middle = f64::midpoint(self.top, Self::bottom());
        let _ = write!(
            self.svg,
            "<text transform=\"translate(16 {middle:.1}) rotate(-90)\" class=\"middle\">{}</text>",
            escape(&y_axis.title)
        );
    }

    fn finish(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}

/// Text for XML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
