//! Catalogues as they are typed or specified.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    pub published: Option<String>,
    /// Age at the start of the run ("30d"), for items from before it.
    #[serde(default)]
    pub age: Option<String>,
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
