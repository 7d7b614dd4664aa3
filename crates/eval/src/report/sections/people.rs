//! A few users, turn by turn.

use super::super::number::{count, probability};
use super::super::page::{Block, Section, Table};
use super::super::{Report, Seen, Story, Visited};
use super::{heading, text};

/// The users that are told of; `None` if nobody came.
pub(super) fn section(report: &Report) -> Option<Section> {
    if report.stories.is_empty() {
        return None;
    }
    let mut blocks = vec![text(
        "One user of an arm, with about as many visits as most. Propensity is the probability with which the recommender \
         showed the item there; the probability of an action or move is the one it was drawn with.",
    )];
    let mut turns = report.stories.iter().flat_map(|story| &story.sessions).flat_map(|visit| &visit.turns);
    if turns.all(|turn| turn.next_probability.is_none()) {
        blocks.push(text(
            "This run did not log the probabilities of actions and moves; with `log.distributions = true` it would have.",
        ));
    }
    for story in &report.stories {
        tell(story, &mut blocks);
    }
    Some(super::section("users", "Whom are we talking about?", blocks))
}

fn tell(story: &Story, blocks: &mut Vec<Block>) {
    blocks.push(heading(format!(
        "{} ({}), arm {}: {} {}",
        story.user,
        story.population,
        story.arm,
        count(u64::from(story.session_count)),
        if story.session_count == 1 { "visit" } else { "visits" }
    )));
    for visit in &story.sessions {
        blocks.push(Block::Table { table: visited(visit), folded: true });
    }
}

fn visited(visit: &Visited) -> Table {
    let more = visit.turn_count as usize - visit.turns.len().min(visit.turn_count as usize);
    let more = match more {
        0 => String::new(),
        1 => ", 1 more turn".to_owned(),
        more => format!(", {more} more turns"),
    };
    Table {
        caption: format!("{}{more}, until {}", visit.start, visit.ending),
        head: ["turn", "item or move", "did", "propensity", "probability", "seconds"]
            .map(str::to_owned)
            .into(),
        rows: visit.turns.iter().flat_map(seen).collect(),
        words: 3,
    }
}

fn seen(turn: &Seen) -> Vec<Vec<String>> {
    let number = turn.turn.to_string();
    let nothing = || "-".to_owned();
    let chance = |value: Option<f32>| value.map_or_else(nothing, probability);
    let mut rows = Vec::new();
    if let Some(words) = &turn.request {
        rows.push(vec![
            number.clone(),
            format!("asked: \"{words}\""),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
        ]);
    }
    rows.extend(turn.items.iter().map(|item| {
        let did = if item.examined { item.action.clone() } else { "not looked at".to_owned() };
        vec![
            number.clone(),
            item.title.clone(),
            did,
            probability(item.propensity),
            if item.examined { chance(item.probability) } else { nothing() },
            format!("{:.1}", item.dwell_seconds),
        ]
    }));
    let (before, after) = turn.satisfaction;
    rows.push(vec![
        number,
        format!("then (satisfaction {before:.2} to {after:.2})"),
        turn.next.clone(),
        nothing(),
        chance(turn.next_probability),
        nothing(),
    ]);
    rows
}
