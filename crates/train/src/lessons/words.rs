//! Words of the lessons: what items are about, what they are called.
//!
//! Half of the names are made up of syllables, so that a model has to look where a name stands rather than know it. The
//! words of [`Lot::HeldOut`] occur in no lesson, only in the examination.

use habitue_core::Stream;
use rand::RngExt;
use rand::seq::IndexedRandom;

/// Which words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lot {
    /// Those that are trained on.
    Training,
    /// Those that are kept for the examination.
    HeldOut,
}

/// A field of life that catalogues come from.
pub(super) struct Domain {
    /// What its items are called.
    pub(super) items: &'static [&'static str],
    /// Categories that are trained on.
    training: &'static [&'static str],
    /// Categories that are held out.
    held_out: &'static [&'static str],
}

pub(super) const DOMAINS: [Domain; 5] = [
    Domain {
        items: &["films", "movies"],
        training: &[
            "action",
            "adventure",
            "animation",
            "biography",
            "comedy",
            "crime",
            "disaster",
            "family",
            "fantasy",
            "history",
            "horror",
            "martial arts",
            "monster",
            "period drama",
            "political",
            "prison",
            "road movie",
            "romantic comedy",
            "science fiction",
            "silent",
            "slapstick",
            "space",
            "spy",
            "sports drama",
            "superhero",
            "survival",
            "teen",
            "thriller",
            "vampire",
            "zombie",
            "courtroom",
            "experimental",
            "heist",
            "anthology",
        ],
        held_out: &["western", "film noir", "musical", "documentary", "mystery", "war", "pirate", "satire"],
    },
    Domain {
        items: &["songs", "tracks", "albums"],
        training: &[
            "ambient",
            "blues",
            "bluegrass",
            "bossa nova",
            "brass band",
            "choral",
            "country",
            "dance",
            "disco",
            "drum and bass",
            "electronic",
            "flamenco",
            "folk",
            "funk",
            "gospel",
            "grunge",
            "guitar",
            "hard rock",
            "hip hop",
            "house",
            "indie",
            "latin",
            "lullaby",
            "metal",
            "new wave",
            "opera",
            "piano",
            "pop",
            "punk",
            "rap",
            "rhythm and blues",
            "salsa",
            "singer songwriter",
            "soul",
            "symphony",
            "synth",
            "tango",
            "techno",
        ],
        held_out: &["jazz", "reggae", "classical", "trance", "swing", "ska", "chanson", "polka"],
    },
    Domain {
        items: &["videos", "clips"],
        training: &[
            "baking",
            "beauty",
            "board games",
            "camping",
            "card tricks",
            "cars",
            "cats",
            "cleaning",
            "coding",
            "crafts",
            "cycling",
            "decorating",
            "dogs",
            "drawing",
            "farming",
            "fashion",
            "fishing",
            "fitness",
            "gardening",
            "haircuts",
            "hiking",
            "house tours",
            "kitchens",
            "knitting",
            "languages",
            "magic",
            "makeup",
            "martial arts",
            "models",
            "motorbikes",
            "parenting",
            "pets",
            "photography",
            "pottery",
            "pranks",
            "running",
            "sewing",
            "skating",
            "street food",
            "surfing",
            "swimming",
            "tattoos",
            "trains",
            "unboxing",
            "vlogs",
            "woodwork",
        ],
        held_out: &[
            "cooking",
            "travel",
            "chess",
            "gaming",
            "astronomy",
            "yoga",
            "origami",
            "skiing",
            "birds",
        ],
    },
    Domain {
        items: &["articles", "stories", "news"],
        training: &[
            "accidents",
            "agriculture",
            "art",
            "aviation",
            "banking",
            "books",
            "business",
            "celebrities",
            "cities",
            "climate",
            "courts",
            "crime",
            "culture",
            "defence",
            "economy",
            "education",
            "elections",
            "energy",
            "environment",
            "europe",
            "film reviews",
            "finance",
            "foreign affairs",
            "health",
            "housing",
            "immigration",
            "industry",
            "inventions",
            "law",
            "local",
            "media",
            "medicine",
            "opinion",
            "parliament",
            "police",
            "politics",
            "religion",
            "royals",
            "schools",
            "shipping",
            "space",
            "start-ups",
            "taxes",
            "theatre",
            "trade",
            "traffic",
            "unions",
            "weather",
            "world",
        ],
        held_out: &[
            "football",
            "science",
            "technology",
            "tennis",
            "obituaries",
            "wine",
            "archaeology",
            "lotteries",
        ],
    },
    Domain {
        items: &["products", "things"],
        training: &[
            "backpacks",
            "bathroom",
            "batteries",
            "bedding",
            "belts",
            "bicycles",
            "boots",
            "cables",
            "candles",
            "carpets",
            "chairs",
            "coats",
            "coffee",
            "computers",
            "cookware",
            "curtains",
            "desks",
            "dresses",
            "fans",
            "fitness gear",
            "garden tools",
            "glasses",
            "gloves",
            "hats",
            "headphones",
            "jackets",
            "jewellery",
            "jumpers",
            "keyboards",
            "knives",
            "mirrors",
            "monitors",
            "mugs",
            "office",
            "outdoor",
            "paint",
            "perfume",
            "phones",
            "plants",
            "pyjamas",
            "rings",
            "scarves",
            "shelves",
            "shirts",
            "shoes",
            "skincare",
            "socks",
            "sofas",
            "speakers",
            "sports gear",
            "stationery",
            "tea",
            "toys",
            "travel bags",
            "trousers",
            "umbrellas",
            "watches",
        ],
        held_out: &[
            "lamps", "cameras", "tents", "skirts", "puzzles", "drills", "printers", "teapots", "kites",
        ],
    },
];

const TITLE_WORDS: [&str; 96] = [
    "last", "first", "night", "day", "long", "short", "blue", "red", "green", "black", "white", "golden",
    "silent", "lost", "hidden", "little", "great", "old", "new", "broken", "summer", "winter", "morning",
    "midnight", "house", "road", "river", "sea", "island", "city", "garden", "mountain", "window", "door",
    "letter", "song", "dance", "game", "dream", "secret", "stranger", "sister", "brother", "mother", "king",
    "queen", "girl", "boy", "man", "woman", "heart", "hand", "stone", "fire", "water", "wind", "star",
    "moon", "sun", "rain", "snow", "train", "ship", "bridge", "paper", "glass", "silver", "paradise",
    "return", "journey", "story", "guide", "secrets", "rules", "ways", "minutes", "mistakes", "how", "why",
    "when", "the", "a", "my", "your", "of", "in", "to", "for", "with", "without", "one", "two", "three",
    "ten", "best", "never",
];

/// What made-up syllables begin with, their vowels, and what they end with. The most common stand more than once.
const ONSETS: [&str; 48] = [
    "b", "b", "c", "c", "d", "d", "f", "g", "h", "j", "k", "l", "l", "m", "m", "n", "n", "p", "p", "qu", "r",
    "r", "s", "s", "t", "t", "v", "w", "y", "z", "bl", "br", "ch", "cl", "cr", "dr", "fl", "fr", "gl", "gr",
    "pl", "pr", "sh", "sl", "st", "str", "th", "tr",
];
const VOWELS: [&str; 12] = ["a", "a", "e", "e", "i", "i", "o", "o", "u", "ea", "oo", "ai"];
const CODAS: [&str; 24] = [
    "", "", "", "", "", "", "n", "n", "r", "r", "l", "s", "t", "m", "d", "ck", "ng", "st", "nt", "rd", "x",
    "p", "th", "ry",
];

/// A word that means nothing: one to three syllables. An eighth of all such words is held out.
pub(super) fn made_up(lot: Lot, stream: &mut Stream) -> String {
    loop {
        let mut word = String::new();
        for _ in 0..*[1, 1, 2, 2, 3].choose(stream).unwrap_or(&2) {
            for sounds in [&ONSETS[..], &VOWELS[..], &CODAS[..]] {
                word += sounds.choose(stream).copied().unwrap_or_default();
            }
        }
        let is_held_out = blake3::hash(word.as_bytes()).as_bytes()[0].is_multiple_of(8);
        if word.len() > 2 && is_held_out == (lot == Lot::HeldOut) {
            return word;
        }
    }
}

/// Different categories of a domain, some of them made up, some with a capital letter.
pub(super) fn categories(domain: &Domain, lot: Lot, count: usize, stream: &mut Stream) -> Vec<String> {
    let known = match lot {
        Lot::Training => domain.training,
        Lot::HeldOut => domain.held_out,
    };
    let made_up_share = [0.0, 0.5, 1.0].choose(stream).copied().unwrap_or_default();
    let spelling =
        *[Spelling::Plain, Spelling::First, Spelling::All].choose(stream).unwrap_or(&Spelling::Plain);
    let hyphens = stream.random_bool(0.3);
    let mut names: Vec<String> = Vec::with_capacity(count);
    while names.len() < count {
        let mut name = match known.choose(stream) {
            Some(name) if !stream.random_bool(made_up_share) => (*name).to_owned(),
            _ => made_up(lot, stream),
        };
        if stream.random_bool(0.1) {
            name = format!("{name} {}", made_up(lot, stream));
        }
        if hyphens {
            name = name.replace(' ', "-");
        }
        name = spelling.of(&name);
        // A short list is soon used up: then the rest is made up.
        if names.contains(&name) {
            name = spelling.of(&made_up(lot, stream));
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A title of one to four words; now and then a made-up one is among them.
pub(super) fn title(lot: Lot, stream: &mut Stream) -> String {
    let words = stream.random_range(1..=4);
    let word = |stream: &mut Stream| match TITLE_WORDS.choose(stream) {
        Some(word) if !stream.random_bool(0.2) => (*word).to_owned(),
        _ => made_up(lot, stream),
    };
    let text = (0..words).map(|_| word(stream)).collect::<Vec<_>>().join(" ");
    if stream.random_bool(0.7) { capital(&text) } else { text }
}

/// Where a catalogue writes capital letters in its categories.
#[derive(Clone, Copy)]
enum Spelling {
    Plain,
    /// The first letter.
    First,
    /// The first letter of every word.
    All,
}

impl Spelling {
    fn of(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::First => capital(name),
            Self::All => name.split_inclusive([' ', '-']).map(capital).collect(),
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use habitue_core::{Purpose, Streams};

    use super::*;

    #[test]
    fn what_is_held_out_occurs_in_no_lesson() {
        for domain in &DOMAINS {
            let words =
                |list: &[&str]| -> BTreeSet<String> { list.iter().map(|word| (*word).to_owned()).collect() };
            let all: BTreeSet<String> = DOMAINS.iter().flat_map(|domain| words(domain.training)).collect();
            assert!(all.is_disjoint(&words(domain.held_out)), "{:?}", domain.items);
        }
        let made = |lot| -> BTreeSet<String> {
            let mut stream = Streams::new(1).stream(Purpose::Training, 0, 0);
            (0..2000).map(|_| made_up(lot, &mut stream)).collect()
        };
        assert!(made(Lot::Training).is_disjoint(&made(Lot::HeldOut)));
    }

    #[test]
    fn categories_differ() {
        for number in 0..50 {
            let mut stream = Streams::new(1).stream(Purpose::Training, number, 0);
            for lot in [Lot::Training, Lot::HeldOut] {
                let names = categories(&DOMAINS[number as usize % 5], lot, 12, &mut stream);
                assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), 12);
                assert!(names.iter().all(|name| !name.is_empty()));
            }
        }
    }
}
