//! What users tell others arrives when the window ends in which it was sent, and only then.

mod town;

use std::collections::BTreeSet;

use habitue_core::scenario::{Design, Window};
use habitue_core::{
    Action, ArmId, ChatTurn, HOUR, ItemId, Message, Move, Sender, SimDuration, SimTime, Turn, UserId,
    WindowRows,
};
use town::{HOURLY, Town, counting, joined, random};

fn talkative(window: Window) -> Town {
    Town::new(window).arms(Design::Split, counting(), random()).horizon(40 * HOUR)
}

/// The messages that a turn's move must bring, delivered at this time.
fn expected(town: &Town, arm_of: &[ArmId], turn: &Turn, delivered: SimTime) -> Vec<Message> {
    let graph = town.parts().graph;
    let sent = turn.time + turn.elapsed;
    let opening = ChatTurn::opening(turn.user, turn.session, turn.turn);
    let (to, chat, item, text) = match &turn.next {
        Move::Post { item, text } => (graph.friends(turn.user).to_vec(), None, *item, text),
        Move::Chat { with, item, text } => (vec![*with], Some(opening), *item, text),
        _ => return Vec::new(),
    };
    let about = turn.impressions.iter().find(|shown| Some(shown.item) == item);
    let positive = about.is_none_or(|shown| shown.action > Action(0) && !(1..=2).contains(&shown.rating));
    let from = Sender::User(turn.user);
    to.into_iter()
        .map(|to| Message {
            arm: arm_of[to.index()],
            from,
            to,
            sent,
            delivered,
            chat,
            item,
            positive,
            text: text.clone(),
        })
        .collect()
}

/// By user.
fn arms(town: &Town) -> Vec<ArmId> {
    let simulation = town.start();
    (0..town.users).map(|user| simulation.arm_of(UserId(user as u32)).expect("an arm")).collect()
}

fn in_order(mut messages: Vec<Message>) -> Vec<Message> {
    messages.sort_by_key(|message| (message.arm, message.to, message.from, message.sent));
    messages
}

#[test]
fn posts_go_to_all_friends_and_chats_to_one_when_the_window_ends() {
    let length = 20 * 60_000;
    let town = talkative(Window::Every(SimDuration(length)));
    let windows = town.run();
    let (turns, arm_of) = (joined(&windows).turns, arms(&town));
    let mut held_over = 0;
    for (position, rows) in windows.iter().enumerate() {
        let (start, end) = (SimTime(position as i64 * length), SimTime((position as i64 + 1) * length));
        let mut due = Vec::new();
        for turn in &turns {
            let sent = turn.time + turn.elapsed;
            if (start..end).contains(&sent) {
                let messages = expected(&town, &arm_of, turn, end);
                held_over += if turn.time < start { messages.len() } else { 0 };
                due.extend(messages);
            }
        }
        assert!(rows.messages == in_order(due), "window {position}");
    }
    assert!(held_over > 0, "turns that began in one window and ended in the next");
    let all = joined(&windows).messages;
    assert!(all.len() > 100);
    assert!(all.iter().any(|message| !message.positive) && all.iter().any(|message| message.positive));
    assert!(
        all.iter().any(|message| message.text.is_empty()) && all.iter().any(|message| message.item.is_none())
    );
}

#[test]
fn single_turns_deliver_before_the_first_turn_after_they_were_sent() {
    let mut town = talkative(Window::Turn);
    town.users = 15;
    let windows = town.run();
    let arm_of = arms(&town);
    let mut waiting: Vec<Message> = Vec::new();
    let mut delivered = 0;
    for rows in &windows {
        let Some(turn) = rows.turns.first() else {
            assert!(rows.messages.is_empty());
            continue;
        };
        let (due, later) = waiting.into_iter().partition(|message| message.sent <= turn.time);
        waiting = later;
        assert!(rows.messages == in_order(due), "{}", turn.time);
        delivered += rows.messages.len();
        waiting.extend(expected(&town, &arm_of, turn, turn.time + turn.elapsed));
    }
    assert!(delivered > 20);
}

#[test]
fn users_who_hear_of_an_item_know_it_from_then_on() {
    let town = talkative(HOURLY);
    let windows = town.run();
    let mut heard: BTreeSet<(UserId, ItemId)> = BTreeSet::new();
    let (mut known, mut new) = ((0, 0), (0, 0));
    let mut count = |rows: &WindowRows, heard: &BTreeSet<(UserId, ItemId)>| {
        for turn in &rows.turns {
            for shown in &turn.impressions {
                let of = if heard.contains(&(turn.user, shown.item)) { &mut known } else { &mut new };
                *of = (of.0 + 1, of.1 + usize::from(shown.action.0 >= 3));
            }
        }
    };
    for rows in &windows {
        count(rows, &heard);
        let good = rows.messages.iter().filter(|message| message.positive);
        heard.extend(good.filter_map(|message| Some((message.to, message.item?))));
    }
    let rate = |(shown, engaged): (usize, usize)| engaged as f64 / shown as f64;
    assert!(known.0 > 100 && rate(known) > 1.2 * rate(new), "{known:?} {new:?}");
}

#[test]
fn nobody_hears_anything_without_friends() {
    let mut town = talkative(HOURLY);
    town.friends = 0;
    assert!(joined(&town.run()).messages.is_empty());
}

#[test]
fn paired_worlds_do_not_talk_to_each_other() {
    let paired = joined(&talkative(HOURLY).arms(Design::Paired, counting(), random()).run()).messages;
    let mut alone = talkative(HOURLY);
    alone.scenario.arms.truncate(1);
    alone.scenario.arms[0].share = 1.0;
    let alone = joined(&alone.run()).messages;
    let of_first: Vec<Message> = paired.iter().filter(|message| message.arm == ArmId(0)).cloned().collect();
    assert!(of_first == alone, "the first arm's world hears what it would hear without the second");
    assert!(of_first.len() > 100 && of_first.len() < paired.len());
}
