//! A small world.

use habitue_core::{
    ActionScale, Catalogue, CategoryId, Item, ItemId, ItemStats, Purpose, SimTime, Streams, World,
};
use rand::RngExt;

/// A catalogue, its counters and an action scale.
pub(crate) struct Town {
    pub(crate) catalogue: Catalogue,
    pub(crate) stats: ItemStats,
    pub(crate) scale: ActionScale,
    available: Vec<ItemId>,
}

impl Town {
    /// 500 items in 10 categories, a fifth of them in two.
    pub(crate) fn new() -> Self {
        let mut catalogue = Catalogue::new();
        let categories: Vec<CategoryId> = (0..10).map(|n| catalogue.category(&format!("c{n}"))).collect();
        let streams = Streams::new(11);
        for n in 0..500 {
            let mut stream = streams.stream(Purpose::Catalogue, n, 0);
            let first = stream.random_range(0..10);
            let mut own = vec![categories[first]];
            if stream.random::<f64>() < 0.2 {
                own.push(categories[(first + stream.random_range(1..10)) % 10]);
            }
            // The mean of three uniform numbers has the mean and about the spread of real qualities.
            let quality = (stream.random::<f32>() + stream.random::<f32>() + stream.random::<f32>()) / 3.0;
            let duration_seconds = stream.random_range(8.0..90.0);
            let item =
                Item { key: format!("i{n}"), categories: own, quality, duration_seconds, ..Item::default() };
            catalogue.push(item).expect("keys differ");
        }
        let names = ["dislike", "skip", "view", "click", "like", "share", "follow"];
        Self {
            available: (0..500).map(ItemId).collect(),
            catalogue,
            stats: ItemStats::default(),
            scale: ActionScale::new(&names, "click").expect("a scale"),
        }
    }

    pub(crate) fn world(&self) -> World<'_> {
        World {
            catalogue: &self.catalogue,
            available: &self.available,
            stats: &self.stats,
            scale: &self.scale,
            now: SimTime::ZERO,
        }
    }
}
