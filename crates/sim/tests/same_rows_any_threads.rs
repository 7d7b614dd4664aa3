//! The rows of a run are the same for any number of threads and any size of batches.

#![allow(clippy::unwrap_used, reason = "what is not there fails the test")]

mod town;

use habitue_core::WindowRows;
use habitue_core::scenario::Design;
use town::{HOURLY, Town, counting, random};

fn with_threads(town: &Town, threads: usize) -> Vec<WindowRows> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| town.run())
}

#[test]
fn threads_and_batches_change_nothing() {
    for design in [Design::Split, Design::Paired] {
        let town = Town::new(HOURLY).arms(design, counting(), random());
        let expected = with_threads(&town, 1);
        let turns: usize = expected.iter().map(|rows| rows.turns.len()).sum();
        assert!(turns > 500, "{turns} turns");
        for (threads, batch) in [(2, 16), (8, 16), (1, 1), (2, 1000), (8, 3)] {
            let other = with_threads(&Town { batch, ..town.clone() }, threads);
            assert!(expected == other, "{design:?}, {threads} threads, batches of {batch}");
        }
    }
}

#[test]
fn rows_are_in_the_order_of_the_log() {
    for design in [Design::Split, Design::Paired] {
        let town = Town::new(town::DAILY).arms(design, counting(), random());
        let mut several_sessions = false;
        for rows in town.run() {
            assert!(rows.turns.is_sorted_by_key(|turn| (turn.arm, turn.user, turn.session, turn.turn)));
            assert!(rows.sessions.is_sorted_by_key(|session| (session.arm, session.user, session.session)));
            assert!(rows.messages.is_sorted_by_key(|message| (
                message.arm,
                message.to,
                message.from,
                message.sent
            )));
            several_sessions |= rows.sessions.windows(2).any(|pair| pair[0].user == pair[1].user);
        }
        assert!(several_sessions);
    }
}

#[test]
fn shares_decide_how_many_users_an_arm_has() {
    let mut town = Town::new(HOURLY).arms(Design::Split, counting(), random());
    town.users = 2000;
    (town.scenario.arms[0].share, town.scenario.arms[1].share) = (0.2, 0.8);
    let simulation = town.start();
    let first =
        (0..2000).filter(|user| simulation.arm_of(habitue_core::UserId(*user)).unwrap().0 == 0).count();
    // 400 expected, with a standard deviation of 18.
    assert!((340..460).contains(&first), "{first}");
}
