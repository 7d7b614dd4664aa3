//! A fixed list.

use habitue_core::scenario::policy::FixedConfig;
use habitue_core::{Catalogue, ItemId, Request, Streams, Turn, World};

use crate::names;
use crate::recommender::Scorer;

/// Scores the n-th item of the list (from 0) by -n, and what is not on it below, in order of id.
pub(crate) struct Fixed {
    /// Place by item id; `None` or beyond the end for what is not on the list.
    places: Vec<Option<u32>>,
    length: usize,
}

impl Fixed {
    /// The list of the configuration.
    pub(crate) fn new(config: &FixedConfig, catalogue: &Catalogue) -> Result<Self, String> {
        let mut places = vec![None; catalogue.len()];
        for (place, key) in config.items.iter().enumerate() {
            let item = names::item(catalogue, &format!("items.{place}"), key)?;
            places[item.index()] = Some(place as u32);
        }
        Ok(Self { places, length: config.items.len() })
    }
}

impl Scorer for Fixed {
    type State = ();
    const KIND: &'static str = "fixed";
    const PERSONAL: bool = false;

    fn state(&self) -> &() {
        &()
    }

    fn resume(&mut self, (): ()) {}

    fn score(&self, _: &World<'_>, _: Option<&Request<'_>>, items: &[ItemId], out: &mut [f32]) {
        for (item, score) in items.iter().zip(out) {
            let place = self.places.get(item.index()).copied().flatten();
            *score = -place.map_or((self.length + item.index()) as f32, |place| place as f32);
        }
    }

    fn observe(&mut self, _: &World<'_>, _: &[Turn]) {}

    fn end_window(&mut self, _: &World<'_>, _: Streams) {}

    fn updates(&self) -> u64 {
        0
    }
}
