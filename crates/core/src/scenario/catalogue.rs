//! Catalogues as they are typed or specified.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FieldProblem, Span};
use crate::catalogue::{Catalogue, Item};
use crate::ids::ItemId;
use crate::time::SimTime;

/// An item as it is typed in a scenario or a JSONL catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemSpec {
    /// Stable id, unique in the catalogue.
    pub id: String,
    /// Title shown to users.
    pub title: String,
    /// Description shown to users.
    #[serde(default)]
    pub text: String,
    /// Category names, at least one.
    pub categories: Vec<String>,
    /// Free tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Who made it.
    #[serde(default)]
    pub creator: Option<String>,
    /// When it can first be shown, after the start of the run ("2d"); available from the start if absent.
    #[serde(default)]
    pub published: Option<Span>,
    /// Age at the start of the run ("30d"), for items from before it.
    #[serde(default)]
    pub age: Option<Span>,
    /// Length in seconds.
    #[serde(default)]
    pub duration_seconds: f32,
    /// Price.
    #[serde(default)]
    pub price: Option<f32>,
    /// Quality all users agree on, 0 to 1.
    #[serde(default = "half")]
    pub quality: f32,
    /// Description of the picture or video.
    #[serde(default)]
    pub caption: Option<String>,
    /// Semantic id, coarse to fine.
    #[serde(default)]
    pub semantic_id: Vec<u32>,
    /// Content embedding; the same length for all items.
    #[serde(default)]
    pub embedding: Vec<f32>,
}

impl ItemSpec {
    /// Adds the item to a catalogue, with its categories and creator where they are new. `earliest` is when it can be
    /// shown if the specification does not say.
    ///
    /// # Errors
    /// The field that is wrong; the catalogue may have gained categories or a creator, but no item.
    pub fn add_to(&self, catalogue: &mut Catalogue, earliest: SimTime) -> Result<ItemId, FieldProblem> {
        if catalogue.find(&self.id).is_some() {
            return Err(FieldProblem::new("id", &self.id, "an id that no other item has"));
        }
        if self.id.is_empty() {
            return Err(FieldProblem::new("id", "", "an id that is not empty"));
        }
        if self.categories.is_empty() {
            return Err(FieldProblem::new("categories", "an empty list", "at least one category"));
        }
        for (position, name) in self.categories.iter().enumerate() {
            if name.is_empty() || self.categories[..position].contains(name) {
                return Err(FieldProblem::new(
                    format!("categories.{position}"),
                    name,
                    "a category that is not empty and not named before",
                ));
            }
        }
        if !(0.0..=1.0).contains(&self.quality) {
            return Err(FieldProblem::new("quality", self.quality, "a number from 0 to 1"));
        }
        if !(self.duration_seconds >= 0.0 && self.duration_seconds.is_finite()) {
            return Err(FieldProblem::new(
                "duration_seconds",
                self.duration_seconds,
                "a number of 0 or more",
            ));
        }
        if let Some(price) = self.price.filter(|price| !(*price >= 0.0 && price.is_finite())) {
            return Err(FieldProblem::new("price", price, "a number of 0 or more"));
        }
        if let Some(number) = self.embedding.iter().find(|number| !number.is_finite()) {
            return Err(FieldProblem::new("embedding", number, "finite numbers"));
        }
        let length = catalogue.items().first().map_or(self.embedding.len(), |first| first.embedding.len());
        if self.embedding.len() != length {
            let expected = format!("{length} numbers, as the items before have");
            return Err(FieldProblem::new(
                "embedding",
                format!("{} numbers", self.embedding.len()),
                expected,
            ));
        }
        let published = match (self.published, self.age) {
            (Some(_), Some(age)) => {
                return Err(FieldProblem::new("age", age.0, "either \"published\" or \"age\", not both"));
            }
            (Some(Span(after)), None) => SimTime::ZERO + after,
            (None, Some(Span(age))) => SimTime(-age.0),
            (None, None) => earliest,
        };
        let item = Item {
            key: self.id.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            categories: self.categories.iter().map(|name| catalogue.category(name)).collect(),
            tags: self.tags.clone(),
            creator: self.creator.as_ref().map(|name| catalogue.creator(name)),
            published,
            duration_seconds: self.duration_seconds,
            price: self.price,
            quality: self.quality,
            caption: self.caption.clone(),
            semantic_id: self.semantic_id.clone(),
            embedding: self.embedding.clone(),
        };
        catalogue.push(item).map_err(|problem| FieldProblem::new("id", &self.id, problem))
    }
}

fn half() -> f32 {
    0.5
}

/// A catalogue drawn at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSpec {
    /// Number of items, at least 1.
    pub items: u32,
    /// Number of categories, 1 to 1,000; their sizes follow Zipf's law with `category_skew`.
    #[serde(default = "ten")]
    pub categories: u16,
    /// Exponent of Zipf's law for category sizes, 0 or more; 0 makes them equal.
    #[serde(default)]
    pub category_skew: f64,
    /// Number of creators; 0 leaves items without.
    #[serde(default)]
    pub creators: u32,
    /// Mean quality, 0 to 1 exclusive; qualities are Beta-distributed.
    #[serde(default = "half_f64")]
    pub quality_mean: f64,
    /// Concentration (alpha + beta) of the qualities' Beta distribution, above 0: larger is narrower.
    #[serde(default = "four")]
    pub quality_concentration: f64,
    /// Share of items with a second category, 0 to 1.
    #[serde(default)]
    pub second_category: f64,
    /// Share of items published during the run (uniformly over the horizon), 0 to 1.
    #[serde(default)]
    pub published_later: f64,
    /// Mean length in seconds (exponential, at least one second); 0 for content without length.
    #[serde(default = "thirty")]
    pub duration_seconds: f64,
}

fn ten() -> u16 {
    10
}
fn half_f64() -> f64 {
    0.5
}
fn four() -> f64 {
    4.0
}
fn thirty() -> f64 {
    30.0
}
