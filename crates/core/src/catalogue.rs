//! What can be recommended.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{CategoryId, CreatorId, ItemId};
use crate::time::SimTime;

/// One item.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Item {
    /// Stable external id, unique in the catalogue (`"ml-50"`).
    pub key: String,
    /// Title shown to users.
    pub title: String,
    /// Description shown to users; may be empty.
    pub text: String,
    /// Categories, at least one, no repeats.
    pub categories: Vec<CategoryId>,
    /// Free tags.
    pub tags: Vec<String>,
    /// Who made it.
    pub creator: Option<CreatorId>,
    /// When it can first be shown.
    pub published: SimTime,
    /// Length of the content in seconds; 0 where the notion does not apply.
    pub duration_seconds: f32,
    /// Price in the catalogue's currency, if it is sold.
    pub price: Option<f32>,
    /// Quality all users agree on, 0 to 1 (RecSim's document quality, rescaled).
    pub quality: f32,
    /// Description of the picture or video, for users who see content as captions.
    pub caption: Option<String>,
    /// Semantic id: code words of the item, coarse to fine.
    pub semantic_id: Vec<u32>,
    /// Content embedding; all items of a catalogue have the same length, or none.
    pub embedding: Vec<f32>,
}

/// All items, with the names of categories and creators.
///
/// Items are never removed: an item that leaves is no longer *available* (see
/// [`World::available`](crate::World::available)), so ids in the log stay valid.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Catalogue {
    items: Vec<Item>,
    categories: Vec<String>,
    creators: Vec<String>,
    by_key: BTreeMap<String, ItemId>,
    creator_ids: BTreeMap<String, CreatorId>,
    centroids: Vec<Centroid>,
}

/// The running mean of the embeddings of a category's items.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Centroid {
    items: u32,
    mean: Vec<f32>,
}

impl Centroid {
    fn add(&mut self, embedding: &[f32]) {
        self.items += 1;
        self.mean.resize(embedding.len(), 0.0);
        for (mean, number) in self.mean.iter_mut().zip(embedding) {
            *mean += (number - *mean) / self.items as f32;
        }
    }
}

impl Catalogue {
    /// An empty catalogue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives an item its description.
    ///
    /// # Panics
    /// If there is no such item.
    pub fn describe(&mut self, item: ItemId, text: &str) {
        text.clone_into(&mut self.items[item.index()].text);
    }

    /// Adds an item.
    ///
    /// # Errors
    /// A sentence naming the key and the problem: a repeated key, no or an unknown category, a number outside its
    /// range, an embedding of another length.
    pub fn push(&mut self, item: Item) -> Result<ItemId, String> {
        let key = &item.key;
        if self.by_key.contains_key(key) {
            return Err(format!("item \"{key}\" stands twice in the catalogue"));
        }
        if item.categories.is_empty() {
            return Err(format!("item \"{key}\" has no category"));
        }
        if let Some(unknown) =
            item.categories.iter().find(|category| category.index() >= self.categories.len())
        {
            return Err(format!("item \"{key}\" has category {unknown}, which is not in the catalogue"));
        }
        if !(0.0..=1.0).contains(&item.quality) {
            return Err(format!("item \"{key}\" has quality {}, expected 0 to 1", item.quality));
        }
        if !(item.duration_seconds >= 0.0 && item.duration_seconds.is_finite()) {
            return Err(format!(
                "item \"{key}\" has duration {} s, expected 0 or more",
                item.duration_seconds
            ));
        }
        if let Some(first) = self.items.first()
            && first.embedding.len() != item.embedding.len()
        {
            return Err(format!(
                "item \"{key}\" has an embedding of {} numbers, the items before it have {}",
                item.embedding.len(),
                first.embedding.len()
            ));
        }
        let id = ItemId(self.items.len() as u32);
        self.by_key.insert(item.key.clone(), id);
        if !item.embedding.is_empty() {
            self.centroids.resize_with(self.categories.len(), Centroid::default);
            for category in &item.categories {
                self.centroids[category.index()].add(&item.embedding);
            }
        }
        self.items.push(item);
        Ok(id)
    }

    /// The id of a category, which is added if it is new.
    pub fn category(&mut self, name: &str) -> CategoryId {
        self.find_category(name).unwrap_or_else(|| {
            self.categories.push(name.to_owned());
            CategoryId((self.categories.len() - 1) as u16)
        })
    }

    /// The id of a creator, who is added if new.
    pub fn creator(&mut self, name: &str) -> CreatorId {
        self.find_creator(name).unwrap_or_else(|| {
            let id = CreatorId(self.creators.len() as u32);
            self.creators.push(name.to_owned());
            self.creator_ids.insert(name.to_owned(), id);
            id
        })
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The items, by id.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The item with this id.
    pub fn item(&self, id: ItemId) -> &Item {
        &self.items[id.index()]
    }

    /// The id of the item with this key.
    pub fn find(&self, key: &str) -> Option<ItemId> {
        self.by_key.get(key).copied()
    }

    /// All keys in alphabetical order.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.by_key.keys().map(String::as_str)
    }

    /// Category names, by id.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The id of a known category.
    pub fn find_category(&self, name: &str) -> Option<CategoryId> {
        self.categories.iter().position(|known| known == name).map(|at| CategoryId(at as u16))
    }

    /// Mean embedding of the items of a category; empty where no item of the category has one.
    pub fn centroid(&self, category: CategoryId) -> &[f32] {
        self.centroids.get(category.index()).map_or(&[], |centroid| &centroid.mean)
    }

    /// Creator names, by id.
    pub fn creators(&self) -> &[String] {
        &self.creators
    }

    /// The id of a known creator.
    pub fn find_creator(&self, name: &str) -> Option<CreatorId> {
        self.creator_ids.get(name).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centroid_is_the_mean_of_the_category() {
        let mut catalogue = Catalogue::new();
        let (music, art) = (catalogue.category("music"), catalogue.category("art"));
        for (key, categories, embedding) in
            [("a", vec![music], vec![1.0, 0.0]), ("b", vec![music, art], vec![0.0, 2.0])]
        {
            catalogue.push(Item { key: key.into(), categories, embedding, ..Item::default() }).unwrap();
        }
        assert_eq!(catalogue.centroid(music), [0.5, 1.0]);
        assert_eq!(catalogue.centroid(art), [0.0, 2.0]);
        let later = catalogue.category("dance");
        assert!(catalogue.centroid(later).is_empty());
    }

    #[test]
    fn items_are_checked_on_the_way_in() {
        let mut catalogue = Catalogue::new();
        let music = catalogue.category("music");
        let good = Item { key: "a".into(), categories: vec![music], ..Item::default() };
        catalogue.push(good.clone()).unwrap();
        for (item, says) in [
            (good.clone(), "twice"),
            (Item { key: "b".into(), ..Item::default() }, "no category"),
            (
                Item { key: "b".into(), categories: vec![CategoryId(9)], ..Item::default() },
                "not in the catalogue",
            ),
            (Item { key: "b".into(), quality: 1.5, ..good.clone() }, "0 to 1"),
            (Item { key: "b".into(), duration_seconds: f32::NAN, ..good.clone() }, "duration"),
            (Item { key: "b".into(), embedding: vec![1.0], ..good.clone() }, "embedding of 1"),
        ] {
            let error = catalogue.push(item).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(catalogue.len(), 1);
        assert_eq!(catalogue.category("music"), music);
        assert_eq!(catalogue.creator("x"), catalogue.creator("x"));
    }
}
