//! From a sentence to instructions, by keywords.

use super::lexicon::Token;
use super::{Condition, Instruction, Lexicon, Strength, Subject};

/// What a sentence asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// The instructions, in the order of the text. Empty where nothing was understood.
    pub wishes: Vec<Instruction>,
    /// Whether it takes back what was said before ("forget what I said").
    pub forget: bool,
}

/// What a word says of the names after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cue {
    Less,
    More,
    Only,
}

const LESS: [&str; 14] = [
    "no", "not", "less", "stop", "never", "without", "enough", "fewer", "down", "avoid", "hide", "nothing",
    "skip", "except",
];
const MORE: [&str; 6] = ["more", "mood", "like", "love", "want", "have"];
const ONLY: [&str; 4] = ["only", "just", "mostly", "exclusively"];
const NEW: [&str; 6] = ["new", "different", "surprise", "same", "else", "fresh"];
const HARD: [&str; 10] =
    ["no", "never", "stop", "must", "definitely", "insist", "nothing", "only", "just", "exclusively"];
const SOFT: [&str; 9] =
    ["preferably", "ideally", "rather", "maybe", "bit", "little", "mostly", "possible", "nice"];
const PRICE: [&str; 9] =
    ["price", "cost", "costs", "pay", "spend", "budget", "expensive", "cheaper", "euros"];
const LENGTH: [&str; 5] = ["long", "longer", "shorter", "take", "watch"];
const FORGET: [&str; 2] = ["forget", "whatever"];

impl Lexicon {
    /// Reads a text by keywords: cues such as "less", "only" or "under" decide what the names and numbers after them
    /// mean, words such as "must" or "preferably" how much. What has no cue is not understood and left out.
    pub fn read(&self, text: &str) -> Reading {
        let mut reading = Reading::default();
        for sentence in sentences(text) {
            self.sentence(sentence, &mut reading);
        }
        reading
    }

    fn sentence(&self, sentence: &str, reading: &mut Reading) {
        let tokens = self.tokens(sentence);
        let words: Vec<&str> = tokens.iter().filter_map(word).collect();
        let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
        let strength = if has(&HARD) && !has(&SOFT) { Strength::Hard } else { Strength::Soft };
        if has(&FORGET) {
            reading.forget = true;
            reading.wishes.clear();
        }
        if let Some(condition) = cap(&words) {
            reading.wishes.push(Instruction { condition, strength });
            return;
        }
        let (mut cue, mut named, mut before) = (None, false, "");
        for token in &tokens {
            match token {
                Token::Word(word) => {
                    cue = next_cue(cue, before, word);
                    before = word;
                }
                Token::Name(subject) => {
                    let Some(cue) = cue else { continue };
                    let subject = subject.clone();
                    let condition = match cue {
                        Cue::Less => Condition::Less(subject),
                        Cue::More => Condition::More(subject),
                        Cue::Only => Condition::Only(subject),
                    };
                    named = true;
                    reading.wishes.push(Instruction { condition, strength });
                }
            }
        }
        if !named && has(&NEW) {
            reading.wishes.push(Instruction { condition: Condition::New, strength });
        }
    }
}

/// The cue after one more word. "No more" stays a refusal; "nothing but" and "anything but" become the opposite; any
/// other "but" starts afresh.
fn next_cue(cue: Option<Cue>, before: &str, word: &str) -> Option<Cue> {
    match cue {
        _ if word == "but" => match before {
            "nothing" => Some(Cue::Only),
            "anything" => Some(Cue::Less),
            _ => None,
        },
        _ if ONLY.contains(&word) => Some(Cue::Only),
        Some(Cue::Less) if MORE.contains(&word) => Some(Cue::Less),
        _ if LESS.contains(&word) => Some(Cue::Less),
        _ if MORE.contains(&word) => Some(Cue::More),
        _ => cue,
    }
}

/// What a text names, whatever it says of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mentions {
    /// Categories, creators and tags, each once, in the order of the text.
    pub subjects: Vec<Subject>,
    /// The first number.
    pub number: Option<Number>,
}

/// A number in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Number {
    /// The number, finite and above 0.
    pub value: f32,
    /// The seconds of the unit of time that follows it; `None` if none does.
    pub unit: Option<f32>,
}

impl Lexicon {
    /// What a text names. Who reads a text by other means than [`Self::read`] finds here what it can be about.
    pub fn mentions(&self, text: &str) -> Mentions {
        let tokens = self.tokens(text);
        let words: Vec<&str> = tokens.iter().filter_map(word).collect();
        let mut mentions = Mentions { subjects: Vec::new(), number: number(&words) };
        for token in &tokens {
            if let Token::Name(subject) = token
                && !mentions.subjects.contains(subject)
            {
                mentions.subjects.push(subject.clone());
            }
        }
        mentions
    }
}

/// The first number, with its unit.
fn number(words: &[&str]) -> Option<Number> {
    let (at, value) =
        words.iter().enumerate().find_map(|(at, word)| Some((at, word.parse::<f32>().ok()?)))?;
    let value = Some(value).filter(|value| value.is_finite() && *value > 0.0)?;
    let unit = match words.get(at + 1).copied().unwrap_or_default() {
        "s" | "sec" | "second" | "seconds" => Some(1.0),
        "m" | "min" | "minute" | "minutes" => Some(60.0),
        "h" | "hour" | "hours" => Some(3600.0),
        _ => None,
    };
    Some(Number { value, unit })
}

/// A limit of price or length: the first number, with its unit or with a word that says what it measures.
fn cap(words: &[&str]) -> Option<Condition> {
    let Number { value, unit } = number(words)?;
    let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
    match unit {
        Some(unit) => Some(Condition::DurationCap(value * unit)),
        None if has(&PRICE) => Some(Condition::PriceCap(value)),
        None if has(&LENGTH) => Some(Condition::DurationCap(value)),
        None => None,
    }
}

fn word(token: &Token) -> Option<&str> {
    match token {
        Token::Word(word) => Some(word),
        Token::Name(_) => None,
    }
}

/// The sentences of a text. A point between two digits ends none.
fn sentences(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let mut sentences = Vec::new();
    let mut from = 0;
    for (at, byte) in bytes.iter().enumerate() {
        let ends = match byte {
            b'.' => !(digit(at.checked_sub(1)) && digit(Some(at + 1))),
            b'!' | b'?' | b';' => true,
            _ => false,
        };
        if ends {
            sentences.push(&text[from..at]);
            from = at + 1;
        }
    }
    sentences.push(&text[from..]);
    sentences
}
