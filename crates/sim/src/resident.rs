//! A user as the engine keeps it between windows.

use std::collections::VecDeque;

use habitue_core::{
    Action, ActionScale, Catalogue, CreatorId, HistoryEntry, PastInteraction, SimTime, Turn, UserState,
};
use serde::{Deserialize, Serialize};

use crate::rules::Rules;
use crate::session::Session;

/// One user in one society.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Resident {
    pub(crate) state: UserState,
    /// When the user next wants something: the next arrival or the next turn of the session. `None` after churn, and
    /// for a return beyond the horizon.
    pub(crate) due: Option<SimTime>,
    pub(crate) session: Option<Box<Session>>,
    /// Sessions begun.
    pub(crate) sessions: u32,
    pub(crate) last_end: Option<SimTime>,
    /// What the recommender knows of the user, oldest first.
    pub(crate) history: VecDeque<HistoryEntry>,
    /// Creators the user follows, sorted.
    pub(crate) follows: Vec<CreatorId>,
}

impl Resident {
    /// A user who enters the run, known to the recommender by what was consumed before it.
    pub(crate) fn admitted(
        rules: &Rules,
        state: UserState,
        first_arrival: SimTime,
        past: &[PastInteraction],
    ) -> Self {
        let latest = &past[past.len().saturating_sub(rules.history)..];
        Self {
            state,
            due: Some(first_arrival),
            session: None,
            sessions: 0,
            last_end: None,
            history: latest.iter().filter_map(|past| as_reaction(&rules.scale, past)).collect(),
            follows: Vec::new(),
        }
    }

    /// Takes a finished turn into what the recommender knows of the user. `follow` is the action that subscribes to
    /// the item's creator.
    pub(crate) fn remember(
        &mut self,
        rules: &Rules,
        follow: Option<Action>,
        catalogue: &Catalogue,
        turn: &Turn,
    ) {
        let skip = rules.scale.skip();
        for impression in turn.impressions.iter().filter(|impression| impression.action != skip) {
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

/// An interaction from before the run as a reaction on the scenario's scale: the least action that counts as
/// engagement, or the one below it for items rated under 3 (nothing if that is `skip`).
fn as_reaction(scale: &ActionScale, past: &PastInteraction) -> Option<HistoryEntry> {
    let mut action = scale.actions().find(|action| scale.is_engaged(*action))?;
    if past.rating.is_some_and(|rating| rating < 3.0) {
        action.0 -= 1;
    }
    let rating = past.rating.map_or(0, |rating| rating.round().clamp(1.0, 5.0) as u8);
    (action != scale.skip()).then_some(HistoryEntry { item: past.item, action, rating, time: past.time })
}

#[cfg(test)]
mod tests {
    use habitue_core::ItemId;

    use super::*;

    fn past(rating: Option<f32>) -> PastInteraction {
        PastInteraction { item: ItemId(4), time: SimTime(-5), rating }
    }

    #[test]
    fn the_past_is_read_on_the_scale() {
        let scale = ActionScale::new(&["dislike", "skip", "view", "click", "like"], "click").unwrap();
        let action = |rating| as_reaction(&scale, &past(rating)).map(|entry| scale.name(entry.action));
        assert_eq!(
            [action(None), action(Some(3.0)), action(Some(2.5))],
            [Some("click"), Some("click"), Some("view")]
        );
        assert_eq!(as_reaction(&scale, &past(Some(4.5))).unwrap().rating, 5);

        let short = ActionScale::new(&["skip", "click"], "click").unwrap();
        assert_eq!(as_reaction(&short, &past(Some(1.0))), None);
        assert_eq!(as_reaction(&short, &past(None)).unwrap().rating, 0);
    }
}
