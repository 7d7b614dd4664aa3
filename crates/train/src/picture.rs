//! The curve of a training as a picture.

use plotters::prelude::*;

use crate::training::Point;

/// Points of a curve: means over so many equal stretches.
const STRETCHES: usize = 200;

/// An SVG picture of the loss of choices and of words by tokens seen; each point is a mean over neighbouring steps.
///
/// # Errors
/// A sentence of the drawing library.
pub fn loss_curve(curve: &[Point]) -> Result<String, String> {
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let stretch = curve.len().div_ceil(STRETCHES).max(1);
    let mean = |points: &[Point], of: fn(&Point) -> f32| {
        points.iter().map(|point| f64::from(of(point))).sum::<f64>() / points.len() as f64
    };
    let line = |of: fn(&Point) -> f32| -> Vec<(f64, f64)> {
        let point = |points: &[Point]| (points[points.len() - 1].tokens as f64 / 1e6, mean(points, of));
        curve.chunks(stretch).map(point).collect()
    };
    let (choices, words) = (line(|point| point.choices), line(|point| point.words));
    let right = choices.last().map_or(1.0, |(tokens, _)| *tokens);
    let top = words.iter().chain(&choices).map(|(_, loss)| *loss).fold(0.1, f64::max);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (720, 400)).into_drawing_area();
        area.fill(&WHITE).map_err(|error| failed(&error))?;
        let mut chart = ChartBuilder::on(&area)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d(0.0..right, 0.0..top * 1.05)
            .map_err(|error| failed(&error))?;
        chart
            .configure_mesh()
            .x_desc("tokens seen, millions")
            .y_desc("cross-entropy, nats")
            .draw()
            .map_err(|error| failed(&error))?;
        // Blue and orange of Okabe and Ito, which colour-blind readers can tell apart.
        for (name, points, colour) in
            [("choices", choices, RGBColor(0, 114, 178)), ("words", words, RGBColor(213, 94, 0))]
        {
            chart
                .draw_series(LineSeries::new(points, colour.stroke_width(2)))
                .map_err(|error| failed(&error))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .border_style(BLACK.mix(0.3))
            .background_style(WHITE.mix(0.9))
            .draw()
            .map_err(|error| failed(&error))?;
        area.present().map_err(|error| failed(&error))?;
    }
    Ok(svg)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_with_its_axes() {
        let point = |step: u64| Point {
            step,
            tokens: 1_000_000 * (step + 1),
            choices: 1.0 / (step + 1) as f32,
            words: 2.0 / (step + 1) as f32,
            gradient: 1.0,
        };
        let curve: Vec<Point> = (0..500).map(point).collect();
        let svg = loss_curve(&curve).unwrap();
        for text in ["tokens seen, millions", "cross-entropy, nats", "choices", "words"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(svg.matches("<polyline").count() >= 2);
        loss_curve(&curve[..1]).unwrap();
    }
}
