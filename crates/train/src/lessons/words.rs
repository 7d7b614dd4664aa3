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

/// Beginnings and ends of made-up words: of training and held out.
const SYLLABLES: [[&[&str]; 2]; 2] = [
    [
        &[
            "ba", "be", "bo", "bri", "cal", "cor", "da", "de", "dor", "du", "el", "fa", "fen", "fi", "ga",
            "gol", "gra", "ha", "hel", "il", "jo", "ka", "ker", "la", "lem", "lo", "ma", "mer", "mi", "na",
            "nor", "o", "pa", "per", "pli", "ra", "ri", "ro", "sa", "sel", "si", "ta", "tor", "tri", "u",
            "va", "ver", "wa", "yo", "za",
        ],
        &[
            "ba", "bel", "da", "den", "dor", "fa", "ga", "gon", "ka", "kin", "la", "len", "lo", "ma", "men",
            "mo", "na", "nel", "nor", "pa", "ra", "ren", "ric", "sa", "sen", "ta", "ten", "tis", "ton", "va",
            "vel", "win", "za",
        ],
    ],
    [
        &[
            "bu", "che", "cro", "dri", "fu", "gle", "hu", "ju", "klo", "lu", "mo", "nu", "pe", "qui", "ru",
            "sko", "tu", "vo",
        ],
        &[
            "bus", "chi", "dal", "fer", "gis", "hem", "jun", "kas", "lum", "mir", "nax", "pol", "rus", "sim",
            "tov", "zek",
        ],
    ],
];

/// A word that means nothing: two or three syllables.
pub(super) fn made_up(lot: Lot, stream: &mut Stream) -> String {
    let [starts, ends] = SYLLABLES[lot as usize];
    let mut word = String::new();
    for _ in 0..stream.random_range(1..=2) {
        word += starts.choose(stream).copied().unwrap_or_default();
    }
    word + ends.choose(stream).copied().unwrap_or_default()
}

/// Different categories of a domain, some of them made up, some with a capital letter.
pub(super) fn categories(domain: &Domain, lot: Lot, count: usize, stream: &mut Stream) -> Vec<String> {
    let known = match lot {
        Lot::Training => domain.training,
        Lot::HeldOut => domain.held_out,
    };
    let made_up_share = [0.0, 0.5, 1.0].choose(stream).copied().unwrap_or_default();
    let capitals = stream.random_bool(0.25);
    let mut names: Vec<String> = Vec::with_capacity(count);
    while names.len() < count {
        let mut name = match known.choose(stream) {
            Some(name) if !stream.random_bool(made_up_share) => (*name).to_owned(),
            _ => made_up(lot, stream),
        };
        if capitals {
            name = capital(&name);
        }
        // A short list is soon used up: then the rest is made up.
        if names.contains(&name) {
            name = made_up(lot, stream);
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
