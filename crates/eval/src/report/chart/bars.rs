//! Bars side by side, with whiskers.

use std::fmt::Write;

use super::axis::Scale;
use super::legend::fill;
use super::{Axis, Canvas, LEFT, RIGHT, WIDTH};

/// Labels below the bars that fit.
const LABELS: usize = 14;

/// A bar.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) value: f64,
    pub(crate) interval: Option<(f64, f64)>,
}

/// Bars by category, one of every series in each.
#[derive(Debug, Clone)]
pub(crate) struct BarChart {
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) y: Axis,
    pub(crate) categories: Vec<String>,
    /// Name, and a bar for every category that has a value.
    pub(crate) series: Vec<(String, Vec<Option<Bar>>)>,
}

impl BarChart {
    /// The chart, as an `svg` element.
    pub(crate) fn svg(&self) -> String {
        let names: Vec<&str> = self.series.iter().map(|(name, _)| name.as_str()).collect();
        let mut canvas = Canvas::new(&self.title, &names, true);
        let bars = self.series.iter().flat_map(|(_, bars)| bars.iter().flatten());
        let ends = bars.flat_map(|bar| [bar.value, bar.interval.map_or(bar.value, |(_, high)| high)]);
        let y = Scale::new(ends, Canvas::bottom(), canvas.top);
        canvas.frame(&y, &self.y, &self.x);
        let slot = (WIDTH - LEFT - RIGHT) / self.categories.len().max(1) as f64;
        let width = slot * 0.8 / self.series.len().max(1) as f64;
        let every = self.categories.len().div_ceil(LABELS).max(1);
        for (at, category) in self.categories.iter().enumerate() {
            let left = LEFT + slot * at as f64;
            if at.is_multiple_of(every) {
                let label: String = category.chars().take((slot * every as f64 / 6.6) as usize).collect();
                canvas.text(left + slot / 2.0, Canvas::bottom() + 18.0, "middle small", &label);
            }
            for (series, (_, bars)) in self.series.iter().enumerate() {
                if let Some(bar) = bars.get(at).copied().flatten() {
                    Self::bar(&mut canvas, series, left + slot * 0.1 + width * series as f64, width, bar, &y);
                }
            }
        }
        canvas.finish()
    }

    fn bar(canvas: &mut Canvas, series: usize, left: f64, width: f64, bar: Bar, y: &Scale) {
        let (top, floor) = (y.place(bar.value), y.place(0.0));
        let _ = write!(
            canvas.svg,
            "<rect x=\"{left:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" {}/>",
            top.min(floor),
            (width - 1.0).max(0.5),
            (floor - top).abs(),
            fill(series)
        );
        if let Some((low, high)) = bar.interval {
            let middle = left + (width - 1.0) / 2.0;
            canvas.line("whisker", (middle, y.place(low)), (middle, y.place(high)));
        }
    }
}
