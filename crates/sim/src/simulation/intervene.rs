//! What is done to the world from outside.

use std::collections::BTreeSet;

use habitue_core::scenario::catalogue::ItemSpec;
use habitue_core::scenario::{Intervention, InterventionKind, PolicySpec};
use habitue_core::{
    CategoryId, InterventionRecord, ItemId, Message, Purpose, SimDuration, SimTime, UserId, WindowRows,
};
use rand::RngExt;
use rayon::prelude::*;

use super::Simulation;
use crate::error::SimError;
use crate::intervention::{
    self, Edit, find_arm, find_category, find_creator, find_interests, find_items, within,
};
use crate::mail;
use crate::server::Server;
use crate::society::Society;

/// The effect of an intervention in words, or why it is impossible.
type Effect = Result<String, String>;

impl Simulation {
    /// Applies the next `due` interventions and logs them. Policies are swapped last, so that new ones are made for the
    /// world as it is then. Returns the messages creators send, by society.
    pub(super) fn intervene(
        &mut self,
        due: usize,
        now: SimTime,
        rows: &mut WindowRows,
    ) -> Result<Vec<Vec<Message>>, SimError> {
        let mut messages = vec![Vec::new(); self.societies.len()];
        let mut swaps = Vec::new();
        for position in self.progress.applied..self.progress.applied + due {
            let intervention = self.plan.scenario.interventions[position].clone();
            let effect = match &intervention.kind {
                InterventionKind::EditPersona { users, interests } => {
                    self.edit_personas(users, interests, now)
                }
                InterventionKind::AddItems(items) => self.add_items(items, now, rows).map(|added| {
                    let keys: Vec<&str> = items.iter().map(|item| item.id.as_str()).collect();
                    format!("{} added: {}", count(added.len(), "item"), keys.join(", "))
                }),
                InterventionKind::RemoveItems(keys) => self.remove_items(keys),
                InterventionKind::CreatorPost { creator, item } => {
                    self.creator_post(creator, item, now, rows, &mut messages)
                }
                InterventionKind::SwapPolicy { arm, policy } => {
                    find_arm(&self.plan.scenario, arm).map(|found| {
                        let effect =
                            format!("arm \"{arm}\" is now served by a new {} policy", policy.config.kind());
                        swaps.push((found, policy.clone()));
                        effect
                    })
                }
                InterventionKind::Outage { duration, arm } => {
                    self.cut_service(arm.as_deref(), *duration, now)
                }
                InterventionKind::NeedShock { category, share } => self.shock(category, *share, position),
            };
            let effect = effect.map_err(|message| intervention::error(&intervention, message))?;
            let kind = intervention.kind.name().to_owned();
            rows.interventions.push(InterventionRecord { time: now, kind, effect });
        }
        self.progress.applied += due;
        for (arm, spec) in swaps {
            self.swap_policy(arm, &spec, now)?;
        }
        Ok(messages)
    }

    /// A user's interests become those with which the user model would admit the edited persona, so that their scale is
    /// the model's own.
    fn edit_personas(&mut self, keys: &[String], interests: &[(String, f32)], now: SimTime) -> Effect {
        let weights = find_interests(&self.parts.catalogue, interests)?;
        let wanted: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
        let users = (!keys.is_empty()).then(|| {
            let users = (0..).map(UserId).zip(&self.parts.personas);
            users.filter(|(_, persona)| wanted.contains(persona.key.as_str())).map(|(user, _)| user).collect()
        });
        let edit = Edit { users, interests: weights };
        edit.apply(&mut self.parts.personas);
        let Self { plan, parts, shelf, societies, .. } = self;
        for society in societies {
            let world = plan.world(parts, shelf, &society.stats, now);
            society.residents.par_iter_mut().enumerate().for_each(|(user, resident)| {
                let user = UserId(user as u32);
                if edit.concerns(user) {
                    let persona = &parts.personas[user.index()];
                    let (fresh, _) = parts.model_of(user).admit(&world, user, persona, plan.streams);
                    resident.state.interests = fresh.interests;
                }
            });
        }
        let named: Vec<String> = interests.iter().map(|(name, weight)| format!("{name} {weight}")).collect();
        let users = edit.users.as_ref().map_or(self.parts.personas.len(), Vec::len);
        self.edits.push(edit);
        Ok(format!("{}: interests set to {}", count(users, "user"), named.join(", ")))
    }

    fn add_items(
        &mut self,
        items: &[ItemSpec],
        now: SimTime,
        rows: &mut WindowRows,
    ) -> Result<Vec<ItemId>, String> {
        let catalogue = &mut self.parts.catalogue;
        let (categories, creators) = (catalogue.categories().len(), catalogue.creators().len());
        let mut added = Vec::with_capacity(items.len());
        for spec in items {
            let id = spec.add_to(catalogue, now).map_err(|problem| within("item", &problem))?;
            let item = catalogue.item(id);
            rows.items.push(item.clone());
            self.shelf.add(id, item.published);
            added.push(id);
        }
        rows.new_categories.extend_from_slice(&catalogue.categories()[categories..]);
        rows.new_creators.extend_from_slice(&catalogue.creators()[creators..]);
        let now_known = catalogue.categories().len();
        if now_known > categories {
            self.know_categories(categories, now_known);
        }
        self.shelf.publish(now);
        Ok(added)
    }

    /// Nobody is interested in a category that did not exist, until an item of it pleases.
    fn know_categories(&mut self, before: usize, after: usize) {
        for society in &mut self.societies {
            society.residents.par_iter_mut().for_each(|resident| {
                let interests = &mut resident.state.interests;
                if interests.len() == before {
                    let mut grown = std::mem::take(interests).into_vec();
                    grown.resize(after, 0.0);
                    *interests = grown.into_boxed_slice();
                }
            });
        }
    }

    fn remove_items(&mut self, keys: &[String]) -> Effect {
        let items = find_items(&self.parts.catalogue, keys)?;
        let removed = items.iter().filter(|item| self.shelf.remove(**item)).count();
        let gone = match items.len() - removed {
            0 => String::new(),
            gone => format!(" ({gone} had been before)"),
        };
        Ok(format!("{} removed{gone}: {}", count(removed, "item"), keys.join(", ")))
    }

    fn creator_post(
        &mut self,
        creator: &str,
        item: &ItemSpec,
        now: SimTime,
        rows: &mut WindowRows,
        messages: &mut [Vec<Message>],
    ) -> Effect {
        let found = find_creator(&self.parts.catalogue, creator)?;
        let item = ItemSpec { creator: Some(creator.to_owned()), ..item.clone() };
        let added = self.add_items(std::slice::from_ref(&item), now, rows)?;
        let mut followers = Vec::with_capacity(messages.len());
        let societies = self.societies.iter().zip(messages).enumerate();
        for (society, (Society { residents, .. }, messages)) in societies {
            let arm_of = |user| self.plan.arm_in(society, user);
            let sent = mail::announce(found, added[0], &item.title, now, residents, arm_of);
            followers.push(sent.len());
            messages.extend(sent);
        }
        let heard = match &followers[..] {
            [all] => format!("{} will hear of it", count(*all, "follower")),
            each => {
                let arms = self.servers.iter().zip(each);
                let each: Vec<String> = arms
                    .map(|(server, followers)| format!("{followers} in arm \"{}\"", server.name))
                    .collect();
                format!("followers who will hear of it: {}", each.join(", "))
            }
        };
        Ok(format!("creator \"{creator}\" posted item \"{}\"; {heard}", item.id))
    }

    fn swap_policy(&mut self, arm: usize, spec: &PolicySpec, now: SimTime) -> Result<(), SimError> {
        let Self { plan, parts, maker, servers, shelf, societies, .. } = self;
        let world = plan.world(parts, shelf, &societies[plan.society_of(arm)].stats, now);
        let fresh = Server::new(&servers[arm].name, spec, &**maker, &world, parts)?;
        servers[arm] = Server { out_until: servers[arm].out_until, ..fresh };
        Ok(())
    }

    fn cut_service(&mut self, arm: Option<&str>, duration: SimDuration, now: SimTime) -> Effect {
        let arms = match arm {
            Some(name) => {
                let found = find_arm(&self.plan.scenario, name)?;
                found..found + 1
            }
            None => 0..self.servers.len(),
        };
        let until = now + duration;
        for server in &mut self.servers[arms] {
            server.out_until = server.out_until.max(until);
        }
        Ok(match arm {
            Some(name) => format!("arm \"{name}\" answers nobody until {until}"),
            None => format!("no arm answers until {until}"),
        })
    }

    fn shock(&mut self, category: &str, share: f64, position: usize) -> Effect {
        let found: CategoryId = find_category(&self.parts.catalogue, category)?;
        let (streams, counter) =
            (self.plan.streams, shock_counter(&self.plan.scenario.interventions, position));
        let is_hit = |user: &usize| {
            let mut stream = streams.stream(Purpose::Intervention, *user as u64, counter);
            stream.random::<f64>() < share
        };
        let users = self.parts.personas.len();
        let hit: Vec<usize> = (0..users).into_par_iter().filter(is_hit).collect();
        for society in &mut self.societies {
            for user in &hit {
                society.residents[*user].state.mindset.need = Some(found);
            }
        }
        Ok(format!("{} of {} want \"{category}\"", hit.len(), count(users, "user")))
    }
}

/// The counter of the stream that draws whom a need shock hits; see [`Purpose::Intervention`].
fn shock_counter(interventions: &[Intervention], position: usize) -> u64 {
    let at = interventions[position].at;
    let earlier = interventions[..position]
        .iter()
        .filter(|earlier| earlier.at == at && matches!(earlier.kind, InterventionKind::NeedShock { .. }));
    (at.0 as u64) << 12 | earlier.count() as u64
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
