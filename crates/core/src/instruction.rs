//! What a user asks the recommender to change, in a form that can be checked on the catalogue.
//!
//! An [`Instruction`] is the structured reading of a sentence. [`write()`] makes a sentence of it, [`Lexicon::read`]
//! takes one apart again; what `write` writes, `read` reads back.
//!
//! ```
//! use habitue_core::instruction::{Condition, Instruction, Lexicon, Strength, Subject, write};
//! use habitue_core::{Catalogue, Item};
//!
//! let mut catalogue = Catalogue::new();
//! let (music, news) = (catalogue.category("music"), catalogue.category("news"));
//! let song = catalogue.push(Item { key: "a".into(), categories: vec![music], ..Item::default() })?;
//! let report = catalogue.push(Item { key: "b".into(), categories: vec![news], ..Item::default() })?;
//!
//! let wish = Instruction { condition: Condition::Less(Subject::Category(news)), strength: Strength::Hard };
//! assert_eq!(write(&wish, &catalogue, 0), "No more news, please.");
//! assert_eq!(Lexicon::new(&catalogue).read("No more news, please.").wishes, [wish.clone()]);
//! assert!(wish.satisfied_by(song, &catalogue, &[]) && !wish.satisfied_by(report, &catalogue, &[]));
//! assert_eq!(wish.share(&[song, report], &catalogue, &[]), 0.5);
//! # Ok::<(), String>(())
//! ```

mod lexicon;
mod read;
mod wording;

use serde::{Deserialize, Serialize};

pub use self::lexicon::Lexicon;
pub use self::read::{Mentions, Number, Reading};
pub use self::wording::{WORDINGS, brief, write};
use crate::catalogue::{Catalogue, Item};
use crate::ids::{CategoryId, CreatorId, ItemId};

/// One thing a user asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instruction {
    /// What items have to satisfy.
    pub condition: Condition,
    /// How much it is meant.
    pub strength: Strength,
}

/// What an item has to satisfy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Condition {
    /// Not this.
    Less(Subject),
    /// This, among others.
    More(Subject),
    /// This and nothing else.
    Only(Subject),
    /// Not what was on the slate before, nor anything of the categories on it.
    New,
    /// A price of at most so much, in the catalogue's currency. An item that is not sold satisfies it.
    PriceCap(f32),
    /// A length of at most so many seconds. An item without a length satisfies it.
    DurationCap(f32),
}

/// What a condition is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Subject {
    /// A category.
    Category(CategoryId),
    /// Items of a creator.
    Creator(CreatorId),
    /// A tag.
    Tag(String),
}

/// How much an instruction is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strength {
    /// A matter of degree.
    Soft,
    /// No exception.
    Hard,
}

/// Whether an instruction asks for something or against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Polarity {
    /// For it.
    Positive,
    /// Against it.
    Negative,
}

impl Subject {
    /// Its name in the catalogue.
    pub fn name<'a>(&'a self, catalogue: &'a Catalogue) -> &'a str {
        match self {
            Self::Category(category) => &catalogue.categories()[category.index()],
            Self::Creator(creator) => &catalogue.creators()[creator.index()],
            Self::Tag(tag) => tag,
        }
    }

    /// Whether an item is of this category, by this creator, or has this tag.
    pub fn is_of(&self, item: &Item) -> bool {
        match self {
            Self::Category(category) => item.categories.contains(category),
            Self::Creator(creator) => item.creator == Some(*creator),
            Self::Tag(tag) => item.tags.contains(tag),
        }
    }
}

impl Condition {
    /// Names of the classes, in the order of [`Self::class`].
    pub const CLASSES: [&str; 6] = ["less", "more", "only", "new", "price-cap", "duration-cap"];

    /// Position in [`Self::CLASSES`].
    pub const fn class(&self) -> usize {
        match self {
            Self::Less(_) => 0,
            Self::More(_) => 1,
            Self::Only(_) => 2,
            Self::New => 3,
            Self::PriceCap(_) => 4,
            Self::DurationCap(_) => 5,
        }
    }

    /// What it is about, if it is about something that has a name.
    pub const fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Less(subject) | Self::More(subject) | Self::Only(subject) => Some(subject),
            Self::New | Self::PriceCap(_) | Self::DurationCap(_) => None,
        }
    }

    /// Whether it asks for something (`more`, `only`, `new`) or against it (`less` and the caps).
    pub const fn polarity(&self) -> Polarity {
        match self {
            Self::More(_) | Self::Only(_) | Self::New => Polarity::Positive,
            Self::Less(_) | Self::PriceCap(_) | Self::DurationCap(_) => Polarity::Negative,
        }
    }
}

impl Instruction {
    /// Whether an item satisfies the condition. `seen` is the slate before; only [`Condition::New`] looks at it.
    pub fn satisfied_by(&self, id: ItemId, catalogue: &Catalogue, seen: &[ItemId]) -> bool {
        let item = catalogue.item(id);
        match &self.condition {
            Condition::Less(subject) => !subject.is_of(item),
            Condition::More(subject) | Condition::Only(subject) => subject.is_of(item),
            Condition::New => !seen.iter().any(|before| {
                let known = &catalogue.item(*before).categories;
                *before == id || item.categories.iter().any(|category| known.contains(category))
            }),
            Condition::PriceCap(most) => item.price.is_none_or(|price| price <= *most),
            Condition::DurationCap(most) => item.duration_seconds <= *most,
        }
    }

    /// Share of a slate that satisfies the condition, 0 to 1; 1 for an empty one.
    pub fn share(&self, slate: &[ItemId], catalogue: &Catalogue, seen: &[ItemId]) -> f64 {
        if slate.is_empty() {
            return 1.0;
        }
        let satisfied = slate.iter().filter(|item| self.satisfied_by(**item, catalogue, seen)).count();
        satisfied as f64 / slate.len() as f64
    }
}

#[cfg(test)]
mod tests;
