//! The leaderboard as Markdown.

use std::fmt::Write;

use super::{Leaderboard, Ranking};

impl Leaderboard {
    /// The leaderboard as Markdown: warnings, a table for every metric, how it was counted, the runs.
    pub fn markdown(&self) -> String {
        let mut out = format!("# Leaderboard {}\n", self.name);
        // Writing to a string cannot fail.
        let mut line = |text: &str| {
            let _ = writeln!(out, "{text}");
        };
        for warning in self.warnings() {
            line(&format!("\n> {warning}"));
        }
        for ranking in &self.rankings {
            line(&format!("\n## {}\n", ranking.metric.name()));
            line(&ranking.note());
            line("");
            let (headings, rows) = ranking.table();
            line(&row(&headings));
            let marks = headings.iter().enumerate().map(|(at, _)| if at == 0 { "---" } else { "---:" });
            line(&row(&marks.map(str::to_owned).collect::<Vec<_>>()));
            for cells in &rows {
                line(&row(cells));
            }
        }
        line("\n## Runs\n");
        line("| scenario | policy | seed | folder | version |");
        line("|---|---|---:|---|---|");
        for run in &self.runs {
            let seed = run.seed.to_string();
            let folder = format!("runs/{}", run.folder);
            line(&row(&[run.scenario.clone(), run.policy.clone(), seed, folder, run.habitue.clone()]));
        }
        out
    }
}

impl Ranking {
    /// How the table is to be read.
    pub fn note(&self) -> String {
        let seeds =
            self.blocks / self.standings.first().map_or(1, |first| first.scenarios.len().max(1)) as u64;
        format!(
            "{} is better. Means over {seeds} {}{}; ranks are means over {} of {} pairs of scenario and seed. A star marks \
             a difference to the first policy, seed by seed, whose interval leaves out zero.",
            if self.more_is_better { "More" } else { "Less" },
            if seeds == 1 { "seed" } else { "seeds" },
            if seeds == 1 { "" } else { " with 95% intervals (Student's t)" },
            self.ranked,
            self.blocks,
        )
    }
}

fn row(cells: &[String]) -> String {
    format!("| {} |", cells.join(" | "))
}
