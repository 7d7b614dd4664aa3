//! What a run's recommendations are measured against: its items, its users and their histories.

use habitue_core::Turn;
use habitue_core::scenario::policy::PolicyConfig;
use habitue_store::{RunReader, UserRow};

use super::error::ReportError;
use crate::quality::{HeldOut, Items, People, Setting, Sparse};

/// Items and users of a run.
pub(super) struct World {
    pub(super) items: Items,
    pub(super) people: People,
    /// Categories of every user's history; empty if nobody has one.
    pub(super) histories: Vec<Sparse>,
}

impl World {
    /// The items; users are to follow.
    pub(super) fn read(run: &RunReader) -> Result<Self, ReportError> {
        let mut items = Items::default();
        for row in run.items() {
            items.push(&row?.item);
        }
        let populations = run.scenario().populations.iter().map(|population| population.name.clone());
        Ok(Self { items, people: People::new(populations), histories: Vec::new() })
    }

    /// The next user.
    pub(super) fn enter(&mut self, row: &UserRow) {
        let persona = &row.persona;
        self.people.push(row.population.index(), persona);
        self.items.count(persona);
        if !persona.history.is_empty() {
            self.histories.resize(row.user.index() + 1, Sparse::default());
            for one in persona.history.iter().filter(|one| one.item.index() < self.items.len()) {
                let (categories, mass) = self.items.categories(one.item.index());
                let history = &mut self.histories[row.user.index()];
                for category in categories {
                    history.add(*category, mass);
                }
            }
        }
    }

    pub(super) fn setting<'a>(&'a self, run: &'a RunReader, held_out: Option<&'a HeldOut>) -> Setting<'a> {
        let scenario = run.scenario();
        let arms = scenario.arms.iter();
        Setting {
            items: &self.items,
            people: &self.people,
            held_out,
            scale: &scenario.slate.scale,
            categories: run.categories().len(),
            examines: arms.map(|arm| matches!(arm.policy.config, PolicyConfig::Discriminate(_))).collect(),
            slate_size: scenario.slate.size,
        }
    }

    /// Whether all items of a turn are in the run.
    pub(super) fn check(&self, turn: &Turn) -> Result<(), ReportError> {
        match turn.impressions.iter().find(|shown| shown.item.index() >= self.items.len()) {
            Some(unknown) => Err(ReportError::UnknownItem { item: unknown.item, items: self.items.len() }),
            None => Ok(()),
        }
    }
}

/// What was held out of the users' histories, if anything.
pub(super) fn held_out(run: &RunReader) -> Result<Option<HeldOut>, ReportError> {
    if !HeldOut::is_in(run.folder()) {
        return Ok(None);
    }
    let users = run.users().map(|row| Ok(row?.persona.key)).collect::<Result<Vec<_>, ReportError>>()?;
    let items = run.items().map(|row| Ok(row?.item.key)).collect::<Result<Vec<_>, ReportError>>()?;
    Ok(HeldOut::read(run.folder(), users.iter().map(String::as_str), items.iter().map(String::as_str))?)
}
