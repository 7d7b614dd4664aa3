//! A user as the engine keeps it between windows.

use std::collections::VecDeque;

use habitue_core::{Catalogue, CreatorId, HistoryEntry, SimTime, Turn, UserState};
use serde::{Deserialize, Serialize};

use crate::rules::Rules;
use crate::session::Session;

/// One user in one world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resident {
    pub(crate) state: UserState,
    /// When the user next wants something: the next arrival or the next turn of the session. `None` after churn.
    pub(crate) due: Option<SimTime>,
    pub(crate) session: Option<Box<Session>>,
    /// Sessions begun.
    pub(crate) sessions: u32,
    pub(crate) last_end: Option<SimTime>,
    pub(crate) history: VecDeque<HistoryEntry>,
    /// Creators the user follows, sorted.
    pub(crate) follows: Vec<CreatorId>,
}

impl Resident {
    pub(crate) fn admitted(state: UserState, first_arrival: SimTime) -> Self {
        Self {
            state,
            due: Some(first_arrival),
            session: None,
            sessions: 0,
            last_end: None,
            history: VecDeque::new(),
            follows: Vec::new(),
        }
    }

    /// Takes a finished turn into what the recommender knows of the user.
    pub(crate) fn remember(&mut self, rules: &Rules, catalogue: &Catalogue, turn: &Turn) {
        let follow = rules.scale.find("follow");
        for impression in &turn.impressions {
            if impression.action == rules.scale.skip() {
                continue;
            }
            if rules.history > 0 {
                if self.history.len() == rules.history {
                    self.history.pop_front();
                }
                self.history.push_back(HistoryEntry {
                    item: impression.item,
                    action: impression.action,
                    rating: impression.rating,
                    time: turn.time,
                });
            }
            if Some(impression.action) == follow
                && let Some(creator) = catalogue.item(impression.item).creator
                && let Err(at) = self.follows.binary_search(&creator)
            {
                self.follows.insert(at, creator);
            }
        }
    }
}
