//! Lines with bands.

use std::fmt::Write;

use super::axis::Scale;
use super::legend::marker;
use super::{Axis, COLOURS, Canvas, LEFT, RIGHT, WIDTH};

/// Marks up to which every point has one.
const MARKS: usize = 40;

/// A value with its interval.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LinePoint {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) interval: Option<(f64, f64)>,
}

/// A line.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// In order of x.
    pub(crate) points: Vec<LinePoint>,
}

/// Lines over a continuous x.
#[derive(Debug, Clone)]
pub(crate) struct LineChart {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
    /// Whether values hold until the next point, as survival does.
    pub(crate) steps: bool,
}

impl LineChart {
    /// The chart, as an `svg` element.
    pub(crate) fn svg(&self) -> String {
        let names: Vec<&str> = self.series.iter().map(|series| series.name.as_str()).collect();
        let mut canvas = Canvas::new(&self.title, &names, false);
        let points = || self.series.iter().flat_map(|series| &series.points);
        let ends = |point: &LinePoint| point.interval.map_or([point.y; 2], |(low, high)| [low, high]);
        let x = Scale::tight(points().map(|point| point.x), LEFT, WIDTH - RIGHT);
        let y = Scale::new(
            points().flat_map(|point| [point.y].into_iter().chain(ends(point))),
            Canvas::bottom(),
            canvas.top,
        );
        canvas.frame(&y, &self.y, &self.x.title);
        for tick in x.ticks() {
            let label = x.label(tick, self.x.percent);
            canvas.text(x.place(tick), Canvas::bottom() + 18.0, "middle", &label);
        }
        for (at, series) in self.series.iter().enumerate() {
            self.band(&mut canvas, at, series, &x, &y);
        }
        for (at, series) in self.series.iter().enumerate() {
            let line = self.path(series.points.iter().map(|point| (x.place(point.x), y.place(point.y))));
            let _ = write!(canvas.svg, "<path class=\"series s{}\" d=\"{line}\"/>", at % COLOURS);
            if !self.steps && series.points.len() <= MARKS {
                for point in &series.points {
                    canvas.svg.push_str(&marker(at, x.place(point.x), y.place(point.y)));
                }
            }
        }
        canvas.finish()
    }

    fn band(&self, canvas: &mut Canvas, at: usize, series: &Series, x: &Scale, y: &Scale) {
        let known: Vec<(f64, f64, f64)> = series
            .points
            .iter()
            .filter_map(|point| {
                let (low, high) = point.interval?;
                Some((x.place(point.x), y.place(low), y.place(high)))
            })
            .collect();
        if known.len() < 2 {
            return;
        }
        let upper = self.path(known.iter().map(|(x, _, high)| (*x, *high)));
        // Backwards along the lower ends; steps turn at the other corner.
        let mut lower = String::new();
        let mut last: Option<f64> = None;
        for (x, low, _) in known.iter().rev() {
            if let Some(before) = last.filter(|_| self.steps) {
                let _ = write!(lower, "L{before:.1} {low:.1}");
            }
            let _ = write!(lower, "L{x:.1} {low:.1}");
            last = Some(*x);
        }
        let _ = write!(canvas.svg, "<path class=\"band s{}\" d=\"{upper}{lower}Z\"/>", at % COLOURS);
    }

    fn path(&self, points: impl Iterator<Item = (f64, f64)>) -> String {
        let mut path = String::new();
        let mut last = None;
        for (x, y) in points {
            match last {
                None => {
                    let _ = write!(path, "M{x:.1} {y:.1}");
                }
                Some(before) if self.steps => {
                    let _ = write!(path, "L{x:.1} {before:.1}L{x:.1} {y:.1}");
                }
                Some(_) => {
                    let _ = write!(path, "L{x:.1} {y:.1}");
                }
            }
            last = Some(y);
        }
        path
    }
}
