//! Which condition a session has.

use std::collections::BTreeMap;

use habitue_core::instruction::{Condition, Instruction, Lexicon, Strength, Subject, WORDINGS, write};
use habitue_core::scenario::choice::{InstructConfig, WishClass};
use habitue_core::{Catalogue, CategoryId, Stream};

use super::super::arrival::draw;
use super::super::draws::uniform;

/// Items a creator or a tag needs to be asked for.
const SUPPLY: usize = 20;
/// The quantiles of price and length among which a limit is drawn.
const LIMITS: (f64, f64) = (0.25, 0.5);

/// What can be asked for in a catalogue.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Menu {
    lexicon: Lexicon,
    /// Number of items by category.
    categories: Vec<usize>,
    /// Creators and tags with enough items, by category of these items.
    subjects: Vec<Vec<Subject>>,
    /// Prices and lengths, rising, of the items that have one; empty if they are all alike.
    prices: Vec<f32>,
    lengths: Vec<f32>,
}

impl Menu {
    /// What can be asked for.
    pub(in super::super) fn new(catalogue: &Catalogue) -> Self {
        let count = catalogue.categories().len();
        let mut menu =
            Self { lexicon: Lexicon::new(catalogue), categories: vec![0; count], ..Self::default() };
        let mut supply: BTreeMap<Subject, (usize, Vec<CategoryId>)> = BTreeMap::new();
        for item in catalogue.items() {
            for category in &item.categories {
                menu.categories[category.index()] += 1;
            }
            let tags = item.tags.iter().map(|tag| Subject::Tag(tag.clone()));
            for subject in tags.chain(item.creator.map(Subject::Creator)) {
                let (items, of) = supply.entry(subject).or_default();
                *items += 1;
                for category in &item.categories {
                    if !of.contains(category) {
                        of.push(*category);
                    }
                }
            }
        }
        menu.subjects = vec![Vec::new(); count];
        for (subject, (items, of)) in supply {
            if items >= SUPPLY {
                for category in of {
                    menu.subjects[category.index()].push(subject.clone());
                }
            }
        }
        menu.prices = spread(catalogue.items().iter().filter_map(|item| item.price));
        let lengths = catalogue.items().iter().map(|item| item.duration_seconds);
        menu.lengths = spread(lengths.filter(|seconds| *seconds > 0.0));
        menu
    }

    /// Number of items of the catalogue it was made from.
    pub(in super::super) const fn items(&self) -> usize {
        self.lexicon.items()
    }

    /// Draws a session's condition; none if chance, the catalogue or the user's interests have none.
    pub(in super::super) fn draw(
        &self,
        config: &InstructConfig,
        catalogue: &Catalogue,
        interests: &[f32],
        stream: &mut Stream,
    ) -> Option<Instruction> {
        let [any, class, strength, category, subject] = std::array::from_fn(|_| uniform(stream));
        if any >= config.wish {
            return None;
        }
        let open: Vec<WishClass> = config.classes.iter().copied().filter(|class| self.has(*class)).collect();
        let class = *open.get((class * open.len() as f64) as usize)?;
        let strength = if strength < config.hard { Strength::Hard } else { Strength::Soft };
        let condition = match class {
            WishClass::New => Condition::New,
            WishClass::PriceCap => Condition::PriceCap(hundredths(quantile(&self.prices, category))),
            WishClass::DurationCap => Condition::DurationCap(quantile(&self.lengths, category).ceil()),
            WishClass::More => Condition::More(self.subject(draw(interests, category)?, subject)),
            WishClass::Only => Condition::Only(self.subject(draw(interests, category)?, subject)),
            WishClass::Less => Condition::Less(Subject::Category(self.unloved(interests, category)?)),
        };
        let condition = Instruction { condition, strength };
        // A name that is itself a cue ("new", "less") cannot be spoken of.
        let clear =
            |wording| self.lexicon.read(&write(&condition, catalogue, wording)).wishes == [condition.clone()];
        (0..WORDINGS).all(clear).then_some(condition)
    }

    fn has(&self, class: WishClass) -> bool {
        match class {
            WishClass::PriceCap => !self.prices.is_empty(),
            WishClass::DurationCap => !self.lengths.is_empty(),
            WishClass::Less | WishClass::More | WishClass::Only | WishClass::New => true,
        }
    }

    /// A category, or as often something that is found in it and has items enough.
    fn subject(&self, category: CategoryId, at: f64) -> Subject {
        let named = self.subjects.get(category.index()).map_or(&[][..], Vec::as_slice);
        if named.is_empty() || at < 0.5 {
            return Subject::Category(category);
        }
        named[((2.0 * at - 1.0) * named.len() as f64) as usize].clone()
    }

    /// A category in proportion to its items, times how far the user's interest in it lies below the greatest.
    fn unloved(&self, interests: &[f32], at: f64) -> Option<CategoryId> {
        let most = interests.iter().copied().fold(0.0, f32::max);
        let weight = |(category, items): (usize, &usize)| {
            (most - interests.get(category).copied().unwrap_or(0.0)) * *items as f32
        };
        let weights: Vec<f32> = self.categories.iter().enumerate().map(weight).collect();
        draw(&weights, at)
    }
}

/// The values, rising; none if they are all the same.
fn spread(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.filter(|value| *value > 0.0).collect();
    values.sort_by(f32::total_cmp);
    if values.first() == values.last() { Vec::new() } else { values }
}

/// The value at a quantile between the limits.
fn quantile(values: &[f32], at: f64) -> f32 {
    let at = LIMITS.0 + at * (LIMITS.1 - LIMITS.0);
    values[(at * values.len() as f64) as usize]
}

/// Rounded up to what can be written.
fn hundredths(price: f32) -> f32 {
    ((f64::from(price) * 100.0).ceil() / 100.0) as f32
}
