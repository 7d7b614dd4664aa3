//! Instructions as a language model understands them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use habitue_core::instruction::{Condition, Instruction, Lexicon, Reading, Strength, Subject};
use habitue_core::scenario::policy::ParserModelConfig;
use habitue_core::{Catalogue, CategoryId};
use habitue_llm::{EachMode, Program};

use crate::language_model::{LanguageModel, one_line};

/// What can be wanted of a category.
const WANTED: [&str; 5] = ["more", "only", "less", "never", "nothing"];

/// Asks a model what is wanted of every category.
pub(super) struct ModelReader {
    model: LanguageModel,
    /// What was read before, by number of categories and text.
    known: Mutex<BTreeMap<(usize, String), Vec<Instruction>>>,
}

impl ModelReader {
    /// Opens the model.
    ///
    /// # Errors
    /// If the model cannot be opened.
    pub(super) fn open(config: &ParserModelConfig, folder: &Path) -> Result<Self, String> {
        let model = LanguageModel::open(&config.model, config.precision, config.cache, folder);
        let model = model.map_err(|error| format!("parser.{error}"))?;
        Ok(Self { model, known: Mutex::default() })
    }

    /// What a text asks for: of categories as the model has it most likely, of all else (creators and tags, limits,
    /// something new, taking back) by the rules.
    ///
    /// # Errors
    /// If the model cannot answer.
    pub(super) fn read(
        &self,
        text: &str,
        catalogue: &Catalogue,
        lexicon: &Lexicon,
    ) -> Result<Reading, String> {
        let mut reading = lexicon.read(text);
        reading.wishes.retain(|wish| !matches!(wish.condition.subject(), Some(Subject::Category(_))));
        let key = (catalogue.categories().len(), text.to_owned());
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let wishes = match known {
            Some(wishes) => wishes,
            None => self.ask(text, catalogue)?,
        };
        reading.wishes.extend(wishes.iter().cloned());
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key, wishes);
        Ok(reading)
    }

    fn ask(&self, text: &str, catalogue: &Catalogue) -> Result<Vec<Instruction>, String> {
        let mut program = Program::new();
        if self.model.chat {
            program.user();
        }
        program.text(format!(
            "Somebody says to an app: {}\nWhat do they want of it: more, only this, less, never, or nothing?",
            one_line(text)
        ));
        if self.model.chat {
            program.assistant();
        }
        let lines = catalogue.categories().iter().map(|name| format!("\n{}: ", one_line(name)));
        let slot = program.pick_each("wants", lines, WANTED, EachMode::Independent);
        let answers = self.model.answers(&[program])?;
        let mut wishes = Vec::new();
        for (answer, category) in answers[0].pick_each(slot).iter().zip((0..).map(CategoryId)) {
            let Some(distribution) = &answer.distribution else { continue };
            let subject = Subject::Category(category);
            let (condition, strength) = match distribution.most_likely() {
                0 => (Condition::More(subject), Strength::Soft),
                1 => (Condition::Only(subject), Strength::Hard),
                2 => (Condition::Less(subject), Strength::Soft),
                3 => (Condition::Less(subject), Strength::Hard),
                _ => continue,
            };
            wishes.push(Instruction { condition, strength });
        }
        Ok(wishes)
    }
}
