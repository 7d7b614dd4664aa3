//! Which series is which.

use std::fmt::Write;

use super::{COLOURS, LEFT, RIGHT, WIDTH, escape};

const LINE: f64 = 20.0;

/// Height of the legend's line in characters of the labels.
const CHARACTER: f64 = 7.4;

/// Names longer than this are cut.
const LONGEST: usize = 40;

/// The legend of these series and where the plot may begin. One series needs none.
pub(super) fn draw(names: &[&str], filled: bool) -> (String, f64) {
    let mut svg = String::new();
    if names.len() < 2 {
        return (svg, 14.0);
    }
    let (mut x, mut y) = (LEFT, 14.0);
    for (at, name) in names.iter().enumerate() {
        let name: String = name.chars().take(LONGEST).collect();
        let width = 34.0 + CHARACTER * name.chars().count() as f64 + 14.0;
        if x > LEFT && x + width > WIDTH - RIGHT {
            (x, y) = (LEFT, y + LINE);
        }
        if filled {
            let _ = write!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"22\" height=\"12\" {}/>",
                y - 10.0,
                fill(at)
            );
        } else {
            let _ = write!(
                svg,
                "<path class=\"series s{}\" d=\"M{x:.1} {:.1}h24\"/>{}",
                at % COLOURS,
                y - 4.0,
                marker(at, x + 12.0, y - 4.0)
            );
        }
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{y:.1}\">{}</text>", x + 30.0, escape(&name));
        x += width;
    }
    (svg, y + 16.0)
}

/// The filling of a series' areas; the hatchings are in the page.
pub(super) fn fill(series: usize) -> String {
    let at = series % COLOURS;
    format!("class=\"bar s{at}\" fill=\"url(#hatch-{at})\"")
}

/// The mark of a series at a place.
pub(super) fn marker(series: usize, x: f64, y: f64) -> String {
    let colour = series % COLOURS;
    let path = match series % 4 {
        0 => return format!("<circle class=\"mark s{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>"),
        1 => format!("M{:.1} {:.1}h6.4v6.4h-6.4z", x - 3.2, y - 3.2),
        2 => format!("M{x:.1} {:.1}l4.2 7.4h-8.4z", y - 4.4),
        _ => format!("M{x:.1} {:.1}l4.4 4.4l-4.4 4.4l-4.4 -4.4z", y - 4.4),
    };
    format!("<path class=\"mark s{colour}\" d=\"{path}\"/>")
}
