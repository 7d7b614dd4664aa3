//! Tables of numbers as aligned text.

use comfy_table::{CellAlignment, Table, presets};
use habitue_run::{ArmSummary, Summary};
use indicatif::HumanCount;

/// A table with these headings. The first `left` columns are words, the others numbers.
pub(crate) fn aligned(headings: &[&str], left: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(headings);
    for row in rows {
        table.add_row(row);
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        column.set_cell_alignment(if at < left { CellAlignment::Left } else { CellAlignment::Right });
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

/// What came of a run, by arm.
pub(crate) fn summary(summary: &Summary) -> String {
    let headings = [
        "arm",
        "policy",
        "users",
        "sessions/user",
        "turns",
        "turns/session",
        "engaged",
        "reward/user",
        "day 1",
        "day 7",
        "churned",
        "updates",
    ];
    aligned(&headings, 2, summary.arms.iter().map(row))
}

fn row(arm: &ArmSummary) -> Vec<String> {
    vec![
        arm.arm.clone(),
        arm.policy.clone(),
        HumanCount(arm.users).to_string(),
        number(arm.sessions_per_user),
        HumanCount(arm.turns).to_string(),
        number(arm.turns_per_session),
        percent(arm.engagement),
        number(arm.reward_per_user),
        percent(arm.retention_day_1),
        percent(arm.retention_day_7),
        percent(arm.churned),
        arm.policy_updates.map_or_else(nothing, |updates| HumanCount(updates).to_string()),
    ]
}

fn nothing() -> String {
    "-".to_owned()
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(nothing, |value| format!("{value:.2}"))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(nothing, |share| format!("{:.1}%", share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_stand_one_below_the_other() {
        let arm = ArmSummary {
            arm: "popular".to_owned(),
            policy: "popularity".to_owned(),
            users: 1_000,
            sessions: 7_310,
            sessions_per_user: Some(7.31),
            turns: 41_231,
            turns_per_session: Some(5.6404),
            impressions: 412_310,
            engagement: Some(0.1234),
            reward_per_user: Some(31.2),
            retention_day_1: Some(0.512),
            retention_day_7: None,
            churned: Some(0.0),
            policy_updates: Some(336),
        };
        let other = ArmSummary { arm: "mf".to_owned(), policy_updates: None, ..arm.clone() };
        insta::assert_snapshot!(summary(&Summary { arms: vec![arm, other] }));
    }
}
