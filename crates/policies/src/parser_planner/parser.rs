//! From words to wishes: by rules, or by a language model that chooses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use habitue_core::instruction::{Condition, Instruction, Lexicon, Mentions, Reading, Strength, Subject};
use habitue_core::scenario::policy::ParserConfig;
use habitue_core::{Catalogue, CategoryId};
use habitue_llm::{Choice, ChoiceBranch, Distribution, Role};

use crate::language::LanguageModel;
use crate::zoo::Setting;

/// Readings that are kept; what comes after is read every time.
const KEPT: usize = 1 << 16;
/// With more categories than this, only those that are named are asked for.
const MOST_CATEGORIES: usize = 200;

/// What can be said of a category, a creator or a tag.
const SUBJECT: [&str; 5] = ["more", "only", "less", "never", "not mentioned"];
/// Of something new.
const NEW: [&str; 2] = ["wanted", "not mentioned"];
/// Of a number.
const NUMBER: [&str; 3] = ["limit of length", "limit of price", "no limit"];
/// Of exceptions, and so of how much the words are meant.
const EXCEPTIONS: [&str; 2] = ["allowed", "none"];
/// Of what was said before.
const BEFORE: [&str; 2] = ["kept", "taken back"];

/// What the model is told, with examples of all answers.
const TASK: &str = "What people say to an app, and what they mean by it.\n";
const EXAMPLES: &str = "\
\"I would like some more tea.\"\ntea: more\ncoffee: not mentioned\nexceptions: allowed\nsomething new: not mentioned\n\
\"No more coffee, please.\"\ntea: not mentioned\ncoffee: never\nexceptions: none\nbefore: kept\n\
\"Only tea, no exceptions.\"\ntea: only\ncoffee: not mentioned\nexceptions: none\n\
\"A bit less coffee, please.\"\ncoffee: less\ntea: not mentioned\nexceptions: allowed\n\
\"Surprise me a little.\"\ntea: not mentioned\nsomething new: wanted\nexceptions: allowed\n\
\"Nothing longer than 5 minutes. Forget what I said.\"\n5: limit of length\nbefore: taken back\ncoffee: not mentioned\n";

/// Who reads.
pub(super) enum Parser {
    Rules,
    Model(Box<LanguageModel>),
}

/// The names of a catalogue, and what was read with them.
pub(crate) struct Readings {
    lexicon: Lexicon,
    read: Mutex<BTreeMap<String, Reading>>,
}

impl Readings {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        Self { lexicon: Lexicon::new(catalogue), read: Mutex::default() }
    }

    fn known(&self, text: &str) -> Option<Reading> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned()
    }

    fn keep(&self, text: &str, reading: &Reading) {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() < KEPT {
            read.insert(text.to_owned(), reading.clone());
        }
    }
}

/// What a branch of the question is about.
enum About {
    Subject(Subject),
    New,
    Number { value: f32, unit: f32 },
    Exceptions,
    Before,
}

impl Parser {
    pub(super) fn new(config: &ParserConfig, setting: &Setting<'_>) -> Result<Self, String> {
        Ok(match config {
            ParserConfig::Rules(_) => Self::Rules,
            ParserConfig::Model(model) => {
                let open = LanguageModel::open(model, setting).map_err(|what| format!("parser: {what}"))?;
                Self::Model(Box::new(open))
            }
        })
    }

    pub(super) fn model(&self) -> Option<&LanguageModel> {
        match self {
            Self::Rules => None,
            Self::Model(model) => Some(model),
        }
    }

    /// Reads texts side by side, so that [`Self::read`] knows them.
    pub(super) fn gather<'t>(
        &self,
        catalogue: &Catalogue,
        readings: &Readings,
        texts: impl Iterator<Item = &'t str>,
    ) -> Result<(), String> {
        let Self::Model(model) = self else { return Ok(()) };
        let unknown: BTreeSet<&str> = texts.filter(|text| readings.known(text).is_none()).collect();
        let questions = unknown.iter().map(|text| ask(model, catalogue, &readings.lexicon, text)).collect();
        for (text, reading) in unknown.iter().zip(model.wait(questions)?) {
            readings.keep(text, &reading);
        }
        Ok(())
    }

    /// What a text asks for. A pure function of the text and the catalogue.
    pub(super) fn read(
        &self,
        catalogue: &Catalogue,
        readings: &Readings,
        text: &str,
    ) -> Result<Reading, String> {
        let Self::Model(model) = self else { return Ok(readings.lexicon.read(text)) };
        if let Some(reading) = readings.known(text) {
            return Ok(reading);
        }
        let reading = model.wait(vec![ask(model, catalogue, &readings.lexicon, text)])?.remove(0);
        readings.keep(text, &reading);
        Ok(reading)
    }
}

/// One question with a branch for everything that the text can be about; the most likely answers are the reading.
async fn ask(
    model: &LanguageModel,
    catalogue: &Catalogue,
    lexicon: &Lexicon,
    text: &str,
) -> Result<Reading, String> {
    let (abouts, branches): (Vec<About>, Vec<ChoiceBranch>) =
        questions(catalogue, lexicon.mentions(text)).into_iter().unzip();
    // A text is one line between quotation marks.
    let words: String = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "'");
    let said = format!("{EXAMPLES}\"{words}\"\n");
    let prompt = model.prompt(&[(Role::System, TASK), (Role::User, &said), (Role::Assistant, "")]);
    let answers = model.ask(&Choice { prompt, branches }).await?;
    Ok(reading(&abouts, &answers))
}

/// What the model is asked of a text that names these things.
fn questions(catalogue: &Catalogue, mentions: Mentions) -> Vec<(About, ChoiceBranch)> {
    let question = |about, name: &str, options: &[&str]| {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        (about, ChoiceBranch { suffix: vec![format!("{name}: ")], options, follow: Some("\n".to_owned()) })
    };
    let mut subjects = mentions.subjects;
    let count = catalogue.categories().len();
    if count <= MOST_CATEGORIES {
        let all = (0..count).map(|at| Subject::Category(CategoryId(at as u16)));
        let others: Vec<Subject> = all.filter(|subject| !subjects.contains(subject)).collect();
        subjects.extend(others);
    }
    let mut questions: Vec<_> = subjects
        .into_iter()
        .map(|subject| {
            let name = subject.name(catalogue).to_owned();
            question(About::Subject(subject), &name, &SUBJECT)
        })
        .collect();
    questions.push(question(About::New, "something new", &NEW));
    questions.push(question(About::Exceptions, "exceptions", &EXCEPTIONS));
    questions.push(question(About::Before, "before", &BEFORE));
    if let Some(number) = mentions.number {
        let about = About::Number { value: number.value, unit: number.unit.unwrap_or(1.0) };
        questions.push(question(about, &number.value.to_string(), &NUMBER));
    }
    questions
}

/// The most likely answers, as wishes.
fn reading(abouts: &[About], answers: &[Distribution]) -> Reading {
    let answered = || abouts.iter().zip(answers.iter().map(Distribution::most_likely));
    let no_exceptions = answered().any(|(about, answer)| matches!(about, About::Exceptions) && answer == 1);
    let strength = if no_exceptions { Strength::Hard } else { Strength::Soft };
    let mut reading = Reading::default();
    for (about, answer) in answered() {
        let (condition, strength) = match (about, answer) {
            (About::Subject(subject), 0) => (Condition::More(subject.clone()), strength),
            (About::Subject(subject), 1) => (Condition::Only(subject.clone()), strength),
            (About::Subject(subject), 2) => (Condition::Less(subject.clone()), Strength::Soft),
            (About::Subject(subject), 3) => (Condition::Less(subject.clone()), Strength::Hard),
            (About::New, 0) => (Condition::New, strength),
            (About::Number { value, unit }, 0) => (Condition::DurationCap(value * unit), strength),
            (About::Number { value, .. }, 1) => (Condition::PriceCap(*value), strength),
            (About::Before, 1) => {
                reading.forget = true;
                continue;
            }
            _ => continue,
        };
        reading.wishes.push(Instruction { condition, strength });
    }
    reading
}

#[cfg(test)]
mod tests {
    use habitue_core::Item;
    use habitue_core::instruction::brief;

    use super::*;

    /// What is read if the model answers each question about so.
    fn answered(text: &str, answer: impl Fn(&str, &[String]) -> usize) -> (Catalogue, Reading) {
        let mut catalogue = Catalogue::new();
        for (key, name) in [("a", "music"), ("b", "news"), ("c", "dance")] {
            let categories = vec![catalogue.category(name)];
            let creator = Some(catalogue.creator("Old Owl"));
            catalogue.push(Item { key: key.into(), categories, creator, ..Item::default() }).unwrap();
        }
        let mentions = Lexicon::new(&catalogue).mentions(text);
        let (abouts, branches): (Vec<_>, Vec<_>) = questions(&catalogue, mentions).into_iter().unzip();
        let answers: Vec<Distribution> = branches
            .iter()
            .map(|branch| {
                let mut scores = vec![0.0; branch.options.len()];
                scores[answer(branch.suffix[0].trim_end_matches(": "), &branch.options)] = 1.0;
                Distribution::softmax(&scores)
            })
            .collect();
        (catalogue, reading(&abouts, &answers))
    }

    #[test]
    fn every_answer_has_a_meaning_and_nothing_else_does() {
        let last = |_: &str, options: &[String]| options.len() - 1;
        let told = |text: &str, wanted: &'static [(&'static str, &'static str)]| {
            let (catalogue, reading) = answered(text, |name, options| {
                let said = wanted.iter().find(|(about, _)| *about == name).map(|(_, word)| *word);
                let usual = match name {
                    "exceptions" => "allowed",
                    "before" => "kept",
                    _ => return said.map_or_else(|| last(name, options), |word| at(options, word)),
                };
                at(options, said.unwrap_or(usual))
            });
            let wishes = reading.wishes.iter();
            let wishes: Vec<String> = wishes
                .map(|wish| format!("{} ({:?})", brief(&wish.condition, &catalogue), wish.strength))
                .collect();
            format!("{text}{}\n    {}", if reading.forget { " (forget)" } else { "" }, wishes.join(", "))
        };
        insta::assert_snapshot!(
            [
                told("nothing of interest", &[]),
                told("tunes", &[("music", "more")]),
                told("news, and dance", &[("news", "never"), ("dance", "less")]),
                told("by old owl", &[("Old Owl", "only"), ("exceptions", "none"), ("before", "taken back")]),
                told("surprise me", &[("something new", "wanted")]),
                told("2 minutes", &[("2", "limit of length"), ("exceptions", "none")]),
                told("3.50", &[("3.5", "limit of price")]),
                told("7 songs", &[("7", "no limit"), ("music", "more"), ("exceptions", "none")]),
            ]
            .join("\n")
        );
    }

    fn at(options: &[String], word: &str) -> usize {
        options.iter().position(|option| option == word).unwrap()
    }
}
