//! From numbers to slates.

use habitue_core::{ItemId, scenario};
use habitue_sim::Lives;

use super::Envs;
use crate::columns::expect;
use crate::error::EnvError;
use crate::lane::{Lane, Phase};
use crate::options::{Autoreset, Duplicates};

impl Envs {
    /// Reads actions, shape `[n, k]`, into the slates of the environments; those of environments that will only be reset
    /// are ignored.
    pub(super) fn take_actions(&mut self, actions: &[i64]) -> Result<(), EnvError> {
        let size = self.shape.slate;
        expect("action", actions.len(), self.lanes.len(), size, "items")?;
        for (env, (lane, action)) in self.lanes.iter_mut().zip(actions.chunks(size)).enumerate() {
            match lane.phase {
                Phase::Fresh => return Err(EnvError::NotReset { env }),
                Phase::Over if self.options.autoreset == Autoreset::Disabled => {
                    return Err(EnvError::Ended { env });
                }
                Phase::Over => {}
                Phase::Open => take(&self.lives, lane, env, action, self.options.duplicates)?,
            }
        }
        Ok(())
    }

    /// For every environment the slate nearest to a point in the space of item features: the k available items with the
    /// least Euclidean distance, nearest first (as the proto-actions of Dulac-Arnold et al. 2015). `points` has shape
    /// `[n, features]`, `out` `[n, k]`. Environments without an open episode get zeros.
    ///
    /// # Errors
    /// If an array has another length or a number is not finite.
    pub fn nearest(&self, points: &[f32], out: &mut [i64]) -> Result<(), EnvError> {
        let (envs, width, size) = (self.lanes.len(), self.shape.features, self.shape.slate);
        expect("action", points.len(), envs, width, "features")?;
        expect("slate", out.len(), envs, size, "items")?;
        if let Some(number) = points.iter().find(|number| !number.is_finite()) {
            return Err(EnvError::argument("action", number, "finite numbers"));
        }
        let mut slate = Vec::with_capacity(size);
        for (lane, (point, row)) in self.lanes.iter().zip(points.chunks(width).zip(out.chunks_mut(size))) {
            row.fill(0);
            let Some(life) = lane.life.as_ref().filter(|_| lane.phase == Phase::Open) else { continue };
            self.features.nearest(&self.lives, life, point, size, &mut slate);
            for (to, item) in row.iter_mut().zip(&slate) {
                *to = i64::from(item.0);
            }
        }
        Ok(())
    }

    /// Reads a slate from text: an item on each line, by id (`12`), key or title, as many lines as a slate has places.
    /// What stands before an item as numbering (`1.`, `2)`, `-`, `*`) is passed over, as are empty lines.
    ///
    /// # Errors
    /// Which line names no item, with the nearest title; or that there are too few or too many lines.
    pub fn read_slate(&self, text: &str) -> Result<Vec<i64>, EnvError> {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        let slate: Vec<i64> = lines.map(|(at, line)| self.read_line(at, line)).collect::<Result<_, _>>()?;
        expect("action", slate.len(), 1, self.shape.slate, "lines")?;
        Ok(slate)
    }

    fn read_line(&self, line: usize, text: &str) -> Result<i64, EnvError> {
        let catalogue = self.lives.catalogue();
        let whole = text.trim();
        let find = |name: &str| -> Option<i64> {
            if let Some(id) = catalogue.find(name) {
                return Some(i64::from(id.0));
            }
            let titled = catalogue
                .items()
                .iter()
                .position(|item| item.title.eq_ignore_ascii_case(name) && !name.is_empty());
            let id = || name.parse().ok().filter(|id: &usize| *id < catalogue.len());
            titled.or_else(id).map(|id| id as i64)
        };
        if let Some(id) = find(whole).or_else(|| find(without_numbering(whole))) {
            return Ok(id);
        }
        let titles = catalogue.items().iter().map(|item| item.title.as_str());
        let hint = scenario::nearest(without_numbering(whole), titles)
            .map(|title| format!("; the nearest title is \"{title}\""))
            .unwrap_or_default();
        Err(EnvError::Line { line, text: whole.to_owned(), hint })
    }
}

/// `3. Title`, `3) Title`, `- Title` and `* Title` without what stands before the title.
fn without_numbering(line: &str) -> &str {
    if let Some(rest) = line.strip_prefix(['-', '*']) {
        return rest.trim_start();
    }
    let rest = line.trim_start_matches(|letter: char| letter.is_ascii_digit());
    match rest.strip_prefix(['.', ')']) {
        Some(title) if rest.len() < line.len() => title.trim_start(),
        _ => line,
    }
}

fn take(
    lives: &Lives,
    lane: &mut Lane,
    env: usize,
    action: &[i64],
    duplicates: Duplicates,
) -> Result<(), EnvError> {
    let Some(life) = &lane.life else { return Err(EnvError::NotReset { env }) };
    let items = lives.catalogue().len();
    lane.slate.clear();
    for (at, item) in action.iter().enumerate() {
        let position = at + 1;
        let Some(id) = u32::try_from(*item).ok().map(ItemId).filter(|id| id.index() < items) else {
            return Err(EnvError::UnknownItem { env, position, item: *item, last: items - 1 });
        };
        if !lives.is_available(life, id) {
            return Err(EnvError::Unavailable { env, position, item: *item });
        }
        match (lane.slate.iter().position(|earlier| *earlier == id), duplicates) {
            (None, _) => lane.slate.push(id),
            (Some(first), Duplicates::Refuse) => {
                return Err(EnvError::Duplicate { env, item: *item, first: first + 1, second: position });
            }
            (Some(_), Duplicates::Replace) => {
                // There are at least as many items as places, so one is found.
                let mut others = (1..items).map(|step| ItemId(((id.index() + step) % items) as u32));
                let free = |other: &ItemId| lives.is_available(life, *other) && !lane.slate.contains(other);
                let other = others.find(free).unwrap_or(id);
                lane.slate.push(other);
            }
        }
    }
    Ok(())
}
