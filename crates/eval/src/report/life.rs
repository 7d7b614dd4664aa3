//! A few users' first visits, with the probabilities behind what they did.

use std::collections::BTreeMap;

use habitue_core::{
    ActionScale, ArmId, CategoryId, EndReason, ItemId, Move, SECOND, SessionRecord, SimDuration, Turn, UserId,
};
use habitue_store::RunReader;
use serde::Serialize;

use super::error::ReportError;

/// Sessions of a user that are told.
pub(super) const SESSIONS: u32 = 2;
/// Turns of each that are told.
pub(super) const TURNS: u32 = 3;
/// Users who are told of.
pub(super) const USERS: usize = 3;

/// The beginning of a user's life in an arm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Story {
    /// The user's key.
    pub user: String,
    /// The arm.
    pub arm: String,
    /// The population.
    pub population: String,
    /// The first sessions.
    pub sessions: Vec<Visited>,
    /// Sessions in all.
    pub session_count: u32,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Visited {
    /// When it began.
    pub start: String,
    /// The first turns.
    pub turns: Vec<Seen>,
    /// Turns in all.
    pub turn_count: u32,
    /// How it ended, and what came after it.
    pub ending: String,
}

/// A turn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seen {
    /// Turn of the session, counted from 1.
    pub turn: u32,
    /// The words that the request came with.
    pub request: Option<String>,
    /// The slate.
    pub items: Vec<Shown>,
    /// What the user did next.
    pub next: String,
    /// The probability of that, if it was logged.
    pub next_probability: Option<f32>,
    /// Satisfaction before and after, 0 to 1.
    pub satisfaction: (f32, f32),
}

/// An item on a slate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// Its title, with the first category.
    pub title: String,
    /// Probability of the item at this position.
    pub propensity: f32,
    /// What the user did with it.
    pub action: String,
    /// The probability of that, if it was logged.
    pub probability: Option<f32>,
    /// Seconds spent on it.
    pub dwell_seconds: f32,
    /// Whether the user looked at it.
    pub examined: bool,
}

/// What is collected of the users to be told of, while the turns go by.
pub(super) struct Stories {
    chosen: BTreeMap<(ArmId, UserId), Vec<Turn>>,
    order: Vec<(ArmId, UserId, u32)>,
}

impl Stories {
    /// To be told of: arm, user, and number of sessions.
    pub(super) fn of(order: Vec<(ArmId, UserId, u32)>) -> Self {
        Self { chosen: order.iter().map(|(arm, user, _)| ((*arm, *user), Vec::new())).collect(), order }
    }

    pub(super) fn see(&mut self, turn: &Turn) {
        if turn.session < SESSIONS
            && turn.turn < TURNS
            && let Some(turns) = self.chosen.get_mut(&(turn.arm, turn.user))
        {
            turns.push(turn.clone());
        }
    }

    pub(super) fn tell(self, run: &RunReader) -> Result<Vec<Story>, ReportError> {
        let titles = self.titles(run)?;
        let scenario = run.scenario();
        let mut people = BTreeMap::new();
        for user in run.users() {
            let user = user?;
            if self.order.iter().any(|(_, id, _)| *id == user.user) {
                let population = scenario.populations.get(user.population.index());
                let population = population.map_or_else(String::new, |population| population.name.clone());
                people.insert(user.user, (user.persona.key, population));
            }
        }
        let mut stories = Vec::new();
        for (arm, user, session_count) in &self.order {
            let (key, population) = people.get(user).cloned().unwrap_or_default();
            let turns = &self.chosen[&(*arm, *user)];
            let mut sessions = Vec::new();
            for session in run.sessions_of(*user) {
                let session = session?;
                if session.arm == *arm && session.session < SESSIONS {
                    sessions.push(visited(&session, turns, &scenario.slate.scale, &titles));
                }
            }
            let arm = scenario.arms.get(arm.index()).map_or_else(String::new, |arm| arm.name.clone());
            stories.push(Story { user: key, arm, population, sessions, session_count: *session_count });
        }
        Ok(stories)
    }

    /// Titles of the items that were shown.
    fn titles(&self, run: &RunReader) -> Result<BTreeMap<ItemId, String>, ReportError> {
        let shown = self.chosen.values().flatten().flat_map(|turn| &turn.impressions);
        let mut titles: BTreeMap<ItemId, String> =
            shown.map(|shown| (shown.item, format!("item {}", shown.item))).collect();
        let name = |id: &CategoryId| run.categories().get(id.index()).map_or("", String::as_str);
        if !titles.is_empty() {
            for row in run.items() {
                let row = row?;
                if let Some(title) = titles.get_mut(&row.id) {
                    let named = if row.item.title.is_empty() { row.item.key } else { row.item.title };
                    *title = match row.item.categories.first() {
                        Some(category) => format!("{named} [{}]", name(category)),
                        None => named,
                    };
                }
            }
        }
        Ok(titles)
    }
}

fn visited(
    session: &SessionRecord,
    turns: &[Turn],
    scale: &ActionScale,
    titles: &BTreeMap<ItemId, String>,
) -> Visited {
    let own = turns.iter().filter(|turn| turn.session == session.session);
    let reason = EndReason::NAMES[session.reason as usize];
    let after = match session.gap {
        Some(gap) => format!("back after {}", SimDuration(gap.0 / SECOND * SECOND)),
        None if session.churned => "never to return".to_owned(),
        None => "return not observed".to_owned(),
    };
    Visited {
        start: session.start.to_string(),
        turns: own.map(|turn| seen(turn, scale, titles)).collect(),
        turn_count: session.turns,
        ending: format!("{} ({reason}); {after}", session.end),
    }
}

fn seen(turn: &Turn, scale: &ActionScale, titles: &BTreeMap<ItemId, String>) -> Seen {
    let distributions = turn.distributions.as_ref();
    let items = turn.impressions.iter().enumerate().map(|(position, shown)| Shown {
        title: titles.get(&shown.item).cloned().unwrap_or_default(),
        propensity: shown.propensity,
        action: scale.name(shown.action).to_owned(),
        probability: distributions
            .and_then(|all| all.actions.get(position * scale.len() + usize::from(shown.action.0)).copied()),
        dwell_seconds: shown.dwell_seconds,
        examined: shown.examined,
    });
    let name = Move::NAMES[usize::from(turn.next.code())];
    Seen {
        turn: turn.turn + 1,
        request: turn.request.as_ref().map(|request| request.text().to_owned()),
        items: items.collect(),
        next: turn.next.text().map_or_else(|| name.to_owned(), |text| format!("{name}: \"{text}\"")),
        next_probability: distributions.and_then(|all| all.moves.get(usize::from(turn.next.code())).copied()),
        satisfaction: (turn.before.satisfaction, turn.after.satisfaction),
    }
}
