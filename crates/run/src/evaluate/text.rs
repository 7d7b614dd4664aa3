//! An evaluation in words and tables.

use habitue_eval::ope::from_log::{Outcome, Row};

use super::Evaluation;

impl Evaluation {
    /// What is evaluated, and from how much.
    pub fn captions(&self) -> Vec<String> {
        let answer = &self.answer;
        let arms = if self.arms.len() == 1 { "arm" } else { "arms" };
        let logged = self.logged_policy.join(", then ");
        let first = if self.first_sessions { ", first sessions alone" } else { "" };
        let mut captions = vec![
            format!(
                "{}: {arms} {} ({logged}), target policy {}",
                self.run,
                self.arms.join(", "),
                self.policy
            ),
            format!(
                "{} ({}) from {} {} of {} users{first}; mean weight {}",
                answer.target,
                answer.unit,
                answer.rounds,
                answer.round,
                answer.users,
                number(answer.mean_weight)
            ),
        ];
        if answer.left_out > 0 {
            let why = match answer.target {
                Outcome::ReturnWithin { .. } | Outcome::ReturnGap { .. } => {
                    "the run ended before they could be followed as long as it takes"
                }
                Outcome::SlateReward | Outcome::SessionReward => "the run's end cut them short",
            };
            captions.push(format!("{} sessions left out: {why}", answer.left_out));
        }
        captions
    }

    /// The headings of the table.
    pub const HEAD: [&str; 8] =
        ["estimator", "estimate", "95% from", "to", "std. error", "effective", "largest", "warnings"];

    /// The table: the logged policy's own value, then the estimators.
    pub fn table(&self) -> Vec<Vec<String>> {
        let warnings = self.warnings();
        std::iter::once(&self.answer.logged)
            .chain(&self.answer.rows)
            .map(|row| cells(row, &warnings))
            .collect()
    }

    /// The warnings of all rows, each once; rows refer to them by number, from 1.
    pub fn warnings(&self) -> Vec<&str> {
        let mut warnings = Vec::new();
        for row in std::iter::once(&self.answer.logged).chain(&self.answer.rows) {
            for warning in row.warnings.iter().map(String::as_str) {
                if !warnings.contains(&warning) {
                    warnings.push(warning);
                }
            }
        }
        warnings
    }

    /// What stands below the table.
    pub fn notes(&self) -> Vec<String> {
        let numbered = self.warnings().into_iter().zip(1..).map(|(warning, at)| format!("[{at}] {warning}"));
        let model = self.answer.model.and_then(|fit| fit.explained).map(|explained| {
            format!(
                "The reward model explains {:.1}% of the variance among users it has not seen.",
                100.0 * explained
            )
        });
        let alone =
            self.answer.rows.iter().find(|row| row.estimator == "dm" || row.estimator == "sequential-dm");
        let alone = alone.map(|row| {
            format!("The interval of {} leaves out the error of its model: it is too narrow.", row.estimator)
        });
        numbered.chain(alone).chain(self.remarks.iter().cloned()).chain(model).collect()
    }

    /// The same as Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = self.captions().join("\n\n") + "\n\n";
        text += &line(&Self::HEAD.map(str::to_owned));
        text += "|---|---:|---:|---:|---:|---:|---:|---|\n";
        self.table().iter().for_each(|row| text += &line(row));
        for note in self.notes() {
            text.extend(["\n", note.as_str(), "\n"]);
        }
        text
    }
}

fn cells(row: &Row, warnings: &[&str]) -> Vec<String> {
    let shown = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
    let of_row = row.warnings.iter().filter_map(|own| warnings.iter().position(|known| known == own));
    let of_row: Vec<String> = of_row.map(|at| format!("[{}]", at + 1)).collect();
    vec![
        row.estimator.to_owned(),
        shown(row.value),
        shown(row.low),
        shown(row.high),
        shown(row.standard_error),
        row.effective_sample_size.map_or_else(|| "-".to_owned(), |size| format!("{size:.1}")),
        row.largest_share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", 100.0 * share)),
        of_row.join(" "),
    ]
}

/// Four digits that count.
fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size >= 1e6 => format!("{value:.3e}"),
        _ if size >= 1000.0 => format!("{value:.0}"),
        _ if size >= 100.0 => format!("{value:.1}"),
        _ if size >= 10.0 => format!("{value:.2}"),
        _ if size >= 1e-3 => format!("{value:.4}"),
        _ if size == 0.0 => "0".to_owned(),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_four_digits_that_count() {
        let shown = [0.0, 1.0, -0.123_456, 12.3456, 123.456, 1234.56, 1.5e9, 1e-7].map(number);
        assert_eq!(shown, ["0", "1.0000", "-0.1235", "12.35", "123.5", "1235", "1.500e9", "1.00e-7"]);
    }
}
