//! People leave the sooner, the later the page and the less it suits them.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic, and shows its figures")]

use std::ops::Range;

use habitue_core::{ArmId, Move, WindowRows};
use habitue_tests::{Mean, mean, play, repository, scenario_file};

/// Share of pages, of these numbers counted from 0, after which people left.
fn hazard(windows: &[WindowRows], arm: u16, pages: Range<u32>) -> Mean {
    let turns = windows.iter().flat_map(|window| &window.turns);
    let own = turns.filter(|turn| turn.arm == ArmId(arm) && pages.contains(&turn.turn));
    mean(&own.map(|turn| f64::from(u8::from(turn.next == Move::Leave))).collect::<Vec<_>>())
}

#[test]
fn exits_rise_with_the_page_and_fall_with_relevance() {
    let windows = play(&scenario_file(&repository().join("scenarios/page-exit.toml")));
    let stretches = [0..4, 4..8, 8..12];
    let [suits, chance] = [0, 1].map(|arm| stretches.clone().map(|pages| hazard(&windows, arm, pages)));
    println!("exits a page, pages 1 to 4, 5 to 8, 9 to 12: suits {suits:?}, chance {chance:?}");
    for arm in [&suits, &chance] {
        assert!(arm[0].high() < arm[1].low() && arm[1].high() < arm[2].low(), "{arm:?}");
    }
    let first = |arm| hazard(&windows, arm, 0..12);
    assert!(first(0).high() < first(1).low(), "{:?} {:?}", first(0), first(1));
}
