//! In a paired design, arms with the same policy live the same lives, and no arm feels what happens in another.

mod town;

use habitue_core::scenario::{Design, InterventionKind, Window};
use habitue_core::{ArmId, DAY, HOUR, SessionRecord, SimDuration, Turn, WindowRows};
use town::{HOURLY, Town, counting, item, joined, random};

/// Turns and sessions of an arm, as if it were the first.
fn of_arm(rows: &WindowRows, arm: u16) -> (Vec<Turn>, Vec<SessionRecord>) {
    let turns = rows.turns.iter().filter(|turn| turn.arm == ArmId(arm)).cloned();
    let sessions = rows.sessions.iter().filter(|session| session.arm == ArmId(arm)).cloned();
    (
        turns.map(|turn| Turn { arm: ArmId(0), ..turn }).collect(),
        sessions.map(|session| SessionRecord { arm: ArmId(0), ..session }).collect(),
    )
}

fn busy(window: Window) -> Town {
    let post =
        InterventionKind::CreatorPost { creator: "studio-1".into(), item: Box::new(item("new", "c9")) };
    let shock = InterventionKind::NeedShock { category: "c2".into(), share: 0.5 };
    let mut town = Town::new(window).at(DAY + 5, post).at(2 * DAY, shock);
    if window == Window::Turn {
        (town.users, town.scenario.horizon) = (20, SimDuration(2 * DAY + HOUR));
    }
    town
}

#[test]
fn a_against_a_is_exactly_zero() {
    for window in [HOURLY, Window::Turn] {
        let rows = joined(&busy(window).arms(Design::Paired, counting(), counting()).run());
        let (one, other) = (of_arm(&rows, 0), of_arm(&rows, 1));
        assert!(one.0.len() > 100);
        assert!(one == other, "{window:?}");
    }
}

#[test]
fn a_paired_arm_lives_as_if_it_were_alone() {
    for window in [HOURLY, Window::Turn] {
        let alone = joined(&busy(window).run());
        let with_other = joined(&busy(window).arms(Design::Paired, counting(), random()).run());
        assert!(of_arm(&alone, 0) == of_arm(&with_other, 0), "{window:?}");
        assert!(of_arm(&with_other, 0) != of_arm(&with_other, 1), "{window:?}");
    }
}

#[test]
fn what_is_done_to_one_arm_leaves_the_other_identical() {
    for window in [HOURLY, Window::Turn] {
        let town = busy(window).arms(Design::Paired, counting(), counting());
        let calm = joined(&town.run());
        let outage = InterventionKind::Outage { duration: SimDuration(9 * HOUR), arm: Some("other".into()) };
        let disturbed = joined(&town.at(DAY / 2, outage).run());
        assert!(of_arm(&calm, 0) == of_arm(&disturbed, 0), "{window:?}");
        assert!(of_arm(&calm, 1) != of_arm(&disturbed, 1), "{window:?}");
    }
}
