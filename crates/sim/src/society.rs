//! Users who share item statistics and messages: all of them in a split design, those of an arm in a paired one.

use habitue_core::{ItemStats, SimTime, UserId};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::SimError;
use crate::mail::Letter;
use crate::parts::Parts;
use crate::plan::Plan;
use crate::resident::Resident;
use crate::shelf::Shelf;

/// Users with what they share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Society {
    /// By user.
    pub(crate) residents: Vec<Resident>,
    pub(crate) stats: ItemStats,
    /// Written, but not delivered.
    pub(crate) outbox: Vec<Letter>,
}

impl Society {
    /// All users, at the start of the run.
    pub(crate) fn admit(plan: &Plan, parts: &Parts, shelf: &Shelf) -> Result<Self, SimError> {
        let mut stats = ItemStats::default();
        let past = parts.personas.iter().flat_map(|persona| &persona.history);
        stats.seed(past.map(|past| (past.item, past.rating)));
        let world = plan.world(parts, shelf, &stats, SimTime::ZERO);
        let residents: Vec<Resident> = parts
            .personas
            .par_iter()
            .enumerate()
            .map(|(user, persona)| {
                let user = UserId(user as u32);
                let (state, first) = parts.model_of(user).admit(&world, user, persona, plan.streams);
                Resident::admitted(&plan.rules, state, first, &persona.history)
            })
            .collect();
        for (persona, resident) in parts.personas.iter().zip(&residents) {
            if let Some(first) = resident.due.filter(|first| *first < SimTime::ZERO) {
                return Err(SimError::Admission { user: persona.key.clone(), first });
            }
        }
        Ok(Self { residents, stats, outbox: Vec::new() })
    }
}

/// These users, who are in order of id, one after the other.
pub(crate) fn pick<'a>(
    residents: &'a mut [Resident],
    users: &[UserId],
) -> impl Iterator<Item = (UserId, &'a mut Resident)> {
    let (mut rest, mut first) = (residents, 0);
    users.iter().filter_map(move |user| {
        let skipped = user.index() - first;
        let (resident, tail) = std::mem::take(&mut rest).split_at_mut(skipped).1.split_first_mut()?;
        (rest, first) = (tail, user.index() + 1);
        Some((*user, resident))
    })
}
