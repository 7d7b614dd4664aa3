//! The names that an instruction can be about.

use std::collections::BTreeMap;

use super::Subject;
use crate::catalogue::Catalogue;
use crate::ids::{CategoryId, CreatorId};

/// The names of a catalogue's categories, creators and tags, ready to be found in sentences.
///
/// Where a category, a creator and a tag have the same name, a sentence that says it means the category; else the
/// creator.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lexicon {
    /// By the name's first word: its words and what it names, longest name first.
    names: BTreeMap<String, Vec<(Vec<String>, Subject)>>,
    items: usize,
}

/// A word of a sentence, or a name that stands in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Word(String),
    Name(Subject),
}

impl Lexicon {
    /// The names in a catalogue.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut lexicon = Self { names: BTreeMap::new(), items: catalogue.len() };
        for (at, name) in catalogue.categories().iter().enumerate() {
            lexicon.add(name, Subject::Category(CategoryId(at as u16)));
        }
        for (at, name) in catalogue.creators().iter().enumerate() {
            lexicon.add(name, Subject::Creator(CreatorId(at as u32)));
        }
        for tag in catalogue.items().iter().flat_map(|item| &item.tags) {
            lexicon.add(tag, Subject::Tag(tag.clone()));
        }
        for names in lexicon.names.values_mut() {
            names.sort_by_key(|(words, _)| std::cmp::Reverse(words.len()));
        }
        lexicon
    }

    /// Number of items of the catalogue it was made from: with more items, there may be more names.
    pub const fn items(&self) -> usize {
        self.items
    }

    fn add(&mut self, name: &str, subject: Subject) {
        let words: Vec<String> = words(name).map(str::to_lowercase).collect();
        // A bare number in a sentence is a limit.
        if words.iter().all(|word| word.parse::<f64>().is_ok()) {
            return;
        }
        let Some(first) = words.first() else { return };
        let names = self.names.entry(first.clone()).or_default();
        if !names.iter().any(|(known, _)| *known == words) {
            names.push((words, subject));
        }
    }

    /// The words of a sentence, with the longest names in their place.
    pub(super) fn tokens(&self, sentence: &str) -> Vec<Token> {
        let words: Vec<String> = words(sentence).map(str::to_lowercase).collect();
        let (mut tokens, mut at) = (Vec::new(), 0);
        while at < words.len() {
            let names = self.names.get(&words[at]).map_or(&[][..], Vec::as_slice);
            if let Some((name, subject)) = names.iter().find(|(name, _)| words[at..].starts_with(name)) {
                tokens.push(Token::Name(subject.clone()));
                at += name.len();
            } else {
                tokens.push(Token::Word(words[at].clone()));
                at += 1;
            }
        }
        tokens
    }
}

/// The words of a text: runs of letters and digits; a point between two digits belongs to the number.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    text.split(|character: char| !(character.is_alphanumeric() || character == '.')).flat_map(move |run| {
        let mut words = Vec::new();
        let mut from = 0;
        for (at, _) in run.match_indices('.') {
            if !(digit(run[..at].chars().next_back()) && digit(run[at + 1..].chars().next())) {
                words.push(&run[from..at]);
                from = at + 1;
            }
        }
        words.push(&run[from..]);
        words.into_iter().filter(|word| !word.is_empty())
    })
}
