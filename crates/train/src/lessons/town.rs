//! Small worlds with a few people: no two lessons are about the same things.

use habitue_core::{
    ActionScale, Catalogue, CategoryId, Habits, Item, ItemId, ItemStats, Persona, Purpose, SimTime, Stream,
    Streams, World,
};
use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};

use super::words::{DOMAINS, Lot, categories, title};

/// Action scales of the lessons, with the least action that counts as engagement.
const SCALES: [(&[&str], &str); 9] = [
    (&["skip", "click"], "click"),
    (&["skip", "view", "click"], "click"),
    (&["dislike", "skip", "view", "click", "like", "share", "follow"], "click"),
    (&["skip", "watch", "like"], "watch"),
    (&["dislike", "skip", "watch"], "watch"),
    (&["skip", "read", "like", "share"], "read"),
    (&["skip", "listen", "save"], "listen"),
    (&["skip", "view", "buy"], "buy"),
    (&["hide", "skip", "view", "click", "like"], "click"),
];

/// How much there is in a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grade {
    /// Short: one page, items of one category, few interests, two actions. What matters, finding in the persona what stands
    /// with the item, is most of what there is.
    First,
    /// All that a run can bring.
    Full,
}

/// A world and who lives in it.
#[derive(Debug)]
pub(super) struct Town {
    /// Of all draws in it.
    pub(super) streams: Streams,
    /// What the items are called.
    pub(super) items: &'static str,
    pub(super) catalogue: Catalogue,
    pub(super) available: Vec<ItemId>,
    pub(super) stats: ItemStats,
    pub(super) scale: ActionScale,
    pub(super) people: Vec<Persona>,
    /// Whether its users rate.
    pub(super) rate: bool,
    pub(super) grade: Grade,
}

impl Town {
    /// Town number so-and-so of a seed.
    pub(super) fn draw(seed: u64, number: u64, lot: Lot, grade: Grade) -> Self {
        let streams = Streams::new(seed.wrapping_add(number));
        let mut stream = streams.stream(Purpose::Training, number, lot as u64);
        let stream = &mut stream;
        let domain = &DOMAINS[stream.random_range(0..DOMAINS.len())];
        let items = domain.items.choose(stream).copied().unwrap_or("items");
        let is_first = grade == Grade::First;
        let (names, engaged) = SCALES[if is_first { 0 } else { stream.random_range(0..SCALES.len()) }];
        let scale = ActionScale::new(names, engaged).unwrap_or_else(|problem| unreachable!("{problem}"));
        let count = stream.random_range(5..=18);
        let mut catalogue = Catalogue::new();
        for name in categories(domain, lot, count, stream) {
            catalogue.category(&name);
        }
        let all: Vec<CategoryId> = (0..count as u16).map(CategoryId).collect();
        for number in 0..48 {
            let categories = match stream.random_range(0..10) {
                _ if is_first => 1,
                0..6 => 1,
                6..9 => 2,
                _ => 3,
            };
            let item = Item {
                key: format!("i{number}"),
                title: title(lot, stream),
                categories: all.sample(stream, categories).copied().collect(),
                quality: 0.5,
                ..Item::default()
            };
            if let Err(problem) = catalogue.push(item) {
                unreachable!("{problem}");
            }
        }
        let most = if is_first { 2 } else { *[4, 4, 8, 14].choose(stream).unwrap_or(&4) };
        let mut stats = ItemStats::default();
        if !is_first && stream.random_bool(0.7) {
            crowd(&mut stats, stream);
        }
        let people = (0..2).map(|number| person(number, &all, most, stream)).collect();
        Self {
            streams,
            items,
            available: (0..48).map(ItemId).collect(),
            catalogue,
            stats,
            scale,
            people,
            rate: !is_first && stream.random_bool(0.2),
            grade,
        }
    }

    pub(super) const fn world(&self, now: SimTime) -> World<'_> {
        World {
            catalogue: &self.catalogue,
            available: self.available.as_slice(),
            stats: &self.stats,
            scale: &self.scale,
            now,
        }
    }

    /// A slate: about half of it is of the person's interests, in random order.
    pub(super) fn slate(&self, persona: &Persona, size: usize, stream: &mut Stream) -> Vec<ItemId> {
        let share = [0.0, 0.3, 0.5, 0.8].choose(stream).copied().unwrap_or_default();
        let likes = |item: &ItemId| {
            let categories = &self.catalogue.item(*item).categories;
            persona.interests.iter().any(|(category, _)| categories.contains(category))
        };
        let mut items: Vec<ItemId> = Vec::with_capacity(size);
        let liked: Vec<ItemId> = self.available.iter().copied().filter(likes).collect();
        while items.len() < size {
            let from = if stream.random_bool(share) && !liked.is_empty() { &liked } else { &self.available };
            if let Some(item) = from.choose(stream).filter(|item| !items.contains(item)) {
                items.push(*item);
            } else if liked.iter().all(|item| items.contains(item)) {
                // The interests have run out.
                let rest = self.available.iter().find(|item| !items.contains(item));
                items.extend(rest);
            }
        }
        items.shuffle(stream);
        items
    }
}

/// A crowd that has been there before: how often items were engaged with, all orders of magnitude alike.
fn crowd(stats: &mut ItemStats, stream: &mut Stream) {
    let most: f64 = stream.random_range(3.0..7.0);
    for item in (0..48).map(ItemId) {
        let times = if item.0 == 0 { most } else { most * stream.random_range(0.1..1.0) }.exp() as usize;
        stats.seed(std::iter::repeat_n((item, None), times));
    }
}

fn person(number: usize, all: &[CategoryId], most: usize, stream: &mut Stream) -> Persona {
    let mut categories = all.to_vec();
    categories.shuffle(stream);
    let interests = stream.random_range(1..=most.min(all.len() - 1));
    let dislikes = stream.random_range(0..=3.min(all.len() - interests));
    // Few interests in plain steps, or many with a long tail, as histories have them.
    let plain = [1.0, 0.5, 0.2];
    let weight = |stream: &mut Stream| match plain.choose(stream) {
        Some(weight) if interests <= 4 => *weight,
        _ => stream.random_range(0.0_f32..1.0).powi(2).max(0.01),
    };
    let mut habit = || stream.random_range(0.0..1.0);
    let habits = Habits { activity: habit(), patience: habit(), diversity: habit(), conformity: habit() };
    let interests_with = categories[..interests].iter().map(|category| (*category, weight(stream)));
    Persona {
        key: format!("p{number}"),
        interests: interests_with.collect(),
        dislikes: categories[interests..interests + dislikes].to_vec(),
        habits,
        ..Persona::default()
    }
}
