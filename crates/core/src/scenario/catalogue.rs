//! Catalogues as they are typed or specified.

use std::ops::RangeInclusive;

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
    #[schemars(length(min = 1))]
    pub id: String,
    /// Title shown to users.
    pub title: String,
    /// Description shown to users.
    #[serde(default)]
    pub text: String,
    /// Category names, at least one, no repeats.
    #[schemars(length(min = 1), inner(length(min = 1)))]
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
    /// Length in seconds, 0 or more.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub duration_seconds: f32,
    /// Price, 0 or more.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub price: Option<f32>,
    /// Quality all users agree on, 0 to 1.
    #[serde(default = "half")]
    #[schemars(range(min = 0, max = 1))]
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
    /// Checks what can be checked without a catalogue.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), FieldProblem> {
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
        if self.creator.as_ref().is_some_and(String::is_empty) {
            return Err(FieldProblem::new("creator", "", "a name that is not empty"));
        }
        if let (Some(_), Some(Span(age))) = (self.published, self.age) {
            return Err(FieldProblem::new("age", age, "either \"published\" or \"age\", not both"));
        }
        range("quality", self.quality, 0.0..=1.0, "a number from 0 to 1")?;
        range("duration_seconds", self.duration_seconds, 0.0..=f32::MAX, "a number of 0 or more")?;
        if let Some(price) = self.price {
            range("price", price, 0.0..=f32::MAX, "a number of 0 or more")?;
        }
        match self.embedding.iter().position(|number| !number.is_finite()) {
            Some(at) => {
                Err(FieldProblem::new(format!("embedding.{at}"), self.embedding[at], "a finite number"))
            }
            None => Ok(()),
        }
    }

    /// Adds the item to a catalogue, with its categories and creator where they are new. `earliest` is when it can be
    /// shown if the specification does not say.
    ///
    /// # Errors
    /// The field that is wrong; the catalogue may have gained categories or a creator, but no item.
    pub fn add_to(&self, catalogue: &mut Catalogue, earliest: SimTime) -> Result<ItemId, FieldProblem> {
        self.check()?;
        if catalogue.find(&self.id).is_some() {
            return Err(FieldProblem::new("id", &self.id, "an id that no other item has"));
        }
        let length = catalogue.items().first().map_or(self.embedding.len(), |first| first.embedding.len());
        if self.embedding.len() != length {
            let found = format!("{} numbers", self.embedding.len());
            return Err(FieldProblem::new(
                "embedding",
                found,
                format!("{length} numbers, as the items before have"),
            ));
        }
        let published = match (self.published, self.age) {
            (Some(Span(after)), _) => SimTime::ZERO + after,
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

/// A number in this range.
fn range<T: PartialOrd + ToString>(
    field: &str,
    number: T,
    range: RangeInclusive<T>,
    expected: &str,
) -> Result<(), FieldProblem> {
    if range.contains(&number) {
        return Ok(());
    }
    Err(FieldProblem::new(field, number, expected))
}

fn half() -> f32 {
    0.5
}

/// A catalogue drawn at random.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CatalogueSpec {
    /// Number of items, at least 1.
    #[schemars(range(min = 1))]
    pub items: u32,
    /// Number of categories, 1 to 1,000; their sizes follow Zipf's law with `category_skew`.
    #[serde(default = "ten")]
    #[schemars(range(min = 1, max = 1_000))]
    pub categories: u16,
    /// Exponent of Zipf's law for category sizes, 0 or more; 0 makes them equal.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub category_skew: f64,
    /// Number of creators; 0 leaves items without.
    #[serde(default)]
    pub creators: u32,
    /// Mean quality, 0 to 1 exclusive; qualities are Beta-distributed.
    #[serde(default = "half_f64")]
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub quality_mean: f64,
    /// Concentration (alpha + beta) of the qualities' Beta distribution, above 0: larger is narrower.
    #[serde(default = "four")]
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub quality_concentration: f64,
    /// Share of items with a second category, 0 to 1.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub second_category: f64,
    /// Share of items published during the run (uniformly over the horizon), 0 to 1.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1))]
    pub published_later: f64,
    /// Mean length in seconds (exponential, at least one second); 0 for content without length.
    #[serde(default = "thirty")]
    #[schemars(range(min = 0))]
    pub duration_seconds: f64,
}

impl CatalogueSpec {
    /// Checks ranges.
    ///
    /// # Errors
    /// The first field outside its range.
    pub fn check(&self) -> Result<(), FieldProblem> {
        range("items", self.items, 1..=u32::MAX, "a whole number of 1 or more")?;
        range("categories", self.categories, 1..=1_000, "a whole number from 1 to 1000")?;
        range("category_skew", self.category_skew, 0.0..=f64::MAX, "a number of 0 or more")?;
        if !(self.quality_mean > 0.0 && self.quality_mean < 1.0) {
            return Err(FieldProblem::new("quality_mean", self.quality_mean, "a number above 0 and below 1"));
        }
        if !(self.quality_concentration > 0.0 && self.quality_concentration.is_finite()) {
            return Err(FieldProblem::new(
                "quality_concentration",
                self.quality_concentration,
                "a number above 0",
            ));
        }
        range("second_category", self.second_category, 0.0..=1.0, "a number from 0 to 1")?;
        if self.second_category > 0.0 && self.categories == 1 {
            return Err(FieldProblem::new(
                "second_category",
                self.second_category,
                "0, as there is only one category",
            ));
        }
        range("published_later", self.published_later, 0.0..=1.0, "a number from 0 to 1")?;
        range("duration_seconds", self.duration_seconds, 0.0..=f64::MAX, "a number of 0 or more")
    }
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

#[cfg(test)]
mod tests;
