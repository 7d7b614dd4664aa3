//! Observations in words, for recommenders that read.

use std::fmt::Write;

use habitue_core::{ItemId, Purpose, Request, RequestText, Streams, turn_counter};
use habitue_sim::Life;
use rand::RngExt;

use super::Envs;
use crate::error::EnvError;

/// Where draws of items on offer stand among those of purpose [`Purpose::Episode`]: attempts lie below.
const OFFERS: u64 = 1 << 32;

impl Envs {
    /// What the recommender of an environment knows, in words: the request with what the user says, the last reactions,
    /// oldest first, and `offers` items drawn from those available, each with its id. Any available item may be shown,
    /// on offer or not. Empty between the end of an episode and a reset.
    ///
    /// # Errors
    /// If there is no such environment.
    pub fn describe(&self, env: usize, offers: usize) -> Result<String, EnvError> {
        let Some(lane) = self.lanes.get(env) else {
            let last = self.lanes.len() - 1;
            return Err(EnvError::argument("env", env, format!("0 to {last}")));
        };
        let Some((life, request)) =
            lane.life.as_ref().and_then(|life| Some((life, self.lives.request(life)?)))
        else {
            return Ok(String::new());
        };
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_request(&mut text, &request);
        let _ = self.write_offers(&mut text, life, &request, offers);
        Ok(text)
    }

    /// Words that come with the request of an environment, and their kind: `search`, `instruct` or `answer`.
    pub fn said(&self, env: usize) -> Option<(&'static str, &str)> {
        let request = self.lives.request(self.lanes.get(env)?.life.as_ref()?)?;
        Some(match request.text? {
            RequestText::Search(text) => ("search", text),
            RequestText::Instruct(text) => ("instruct", text),
            RequestText::Answer(text) => ("answer", text),
        })
    }

    fn write_request(&self, text: &mut String, request: &Request<'_>) -> std::fmt::Result {
        writeln!(
            text,
            "User {}, session {}, page {}, at {}. Recommend {} items.",
            request.user,
            request.session + 1,
            request.turn + 1,
            request.time,
            request.size
        )?;
        for said in request.said {
            match said {
                RequestText::Search(words) => writeln!(text, "The user searched: {words}")?,
                RequestText::Instruct(words) => writeln!(text, "The user said: {words}")?,
                RequestText::Answer(words) => writeln!(text, "The user answered: {words}")?,
            }
        }
        let first = request.history.len().saturating_sub(self.shape.history);
        if request.history.len() > first {
            writeln!(text, "\nWhat the user did, oldest first:")?;
        }
        for entry in request.history.iter().skip(first) {
            let action = self.lives.rules().scale.name(entry.action);
            self.write_item(text, entry.item)?;
            match entry.rating {
                0 => writeln!(text, ": {action}")?,
                rating => writeln!(text, ": {action}, {rating} of 5 stars")?,
            }
        }
        Ok(())
    }

    fn write_offers(
        &self,
        text: &mut String,
        life: &Life,
        request: &Request<'_>,
        offers: usize,
    ) -> std::fmt::Result {
        let mut items = self.lives.world(life).available.to_vec();
        let entity = OFFERS + u64::from(request.user.0);
        let counter = turn_counter(request.session, request.turn);
        let mut stream = Streams::new(self.scenario().seed).stream(Purpose::Episode, entity, counter);
        let offers = offers.min(items.len());
        for at in 0..offers {
            let other = stream.random_range(at..items.len());
            items.swap(at, other);
        }
        if offers > 0 {
            writeln!(text, "\nSome of the items that can be shown:")?;
        }
        for item in &items[..offers] {
            self.write_item(text, *item)?;
            writeln!(text)?;
        }
        Ok(())
    }

    /// `12: Title (drama, comedy)`
    fn write_item(&self, text: &mut String, id: ItemId) -> std::fmt::Result {
        let catalogue = self.lives.catalogue();
        let item = catalogue.item(id);
        let title = if item.title.is_empty() { &item.key } else { &item.title };
        let names: Vec<&str> = item
            .categories
            .iter()
            .map(|category| catalogue.categories()[category.index()].as_str())
            .collect();
        write!(text, "{id}: {title} ({})", names.join(", "))
    }
}
