//! Values to places, and round numbers to label them with.

/// A linear scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// Values at the ends.
    low: f64,
    high: f64,
    /// Places at the ends.
    from: f64,
    to: f64,
    step: f64,
}

impl Scale {
    /// A scale from 0, or the lowest value if that is below, to the highest, widened to round numbers.
    pub(super) fn new(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
        let high = if high > low { high } else { low + 1.0 };
        let step = round_step((high - low) / 5.0);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, from, to, step }
    }

    /// As [`Self::new`], but ending with the highest value.
    pub(super) fn tight(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Self {
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let high = values.iter().copied().fold(0.0, f64::max);
        let scale = Self::new(values.into_iter(), from, to);
        if high > 0.0 { Self { high, ..scale } } else { scale }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Round numbers on the scale.
    pub(super) fn ticks(&self) -> impl Iterator<Item = f64> + use<> {
        let (low, step) = (self.low, self.step);
        let count = ((self.high - low) / step + 1e-9).floor() as i64;
        (0..=count).map(move |at| low + at as f64 * step)
    }

    pub(super) fn label(&self, tick: f64, percent: bool) -> String {
        let (tick, step) = if percent { (tick * 100.0, self.step * 100.0) } else { (tick, self.step) };
        let digits = (-step.log10() - 1e-9).ceil().clamp(0.0, 6.0) as usize;
        // A tick of 0 may have come out as -0.
        format!("{:.digits$}", if tick.abs() < step / 2.0 { 0.0 } else { tick })
    }
}

/// The least of 1, 2, 5, 10, ... times a power of ten that is not below.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= step * (1.0 - 1e-9));
    times.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(values: &[f64], percent: bool) -> Vec<String> {
        let scale = Scale::new(values.iter().copied(), 0.0, 100.0);
        scale.ticks().map(|tick| scale.label(tick, percent)).collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&[0.43], true), ["0", "10", "20", "30", "40", "50"]);
        assert_eq!(labels(&[14.0], false), ["0", "5", "10", "15"]);
        assert_eq!(labels(&[0.012], false), ["0.000", "0.005", "0.010", "0.015"]);
        assert_eq!(labels(&[-0.3, 0.2], false), ["-0.3", "-0.2", "-0.1", "0.0", "0.1", "0.2"]);
        assert_eq!(labels(&[0.0, f64::NAN], false).len(), 6);
    }

    #[test]
    fn places_span_the_plot() {
        let scale = Scale::tight([3.0, 13.5].into_iter(), 10.0, 110.0);
        assert!((scale.place(0.0) - 10.0).abs() < 1e-12 && (scale.place(13.5) - 110.0).abs() < 1e-12);
        assert!(scale.ticks().all(|tick| tick <= 13.5));
    }
}
