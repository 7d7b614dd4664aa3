//! The card of a trained model: what it is, how it was made, how well it does.

use std::fmt::Write;
use std::sync::Arc;

use habitue_llm::Backend;

use crate::examination::{Grades, examine};
use crate::lessons::{LessonError, Lot, Sensitivity, sensitivity};
use crate::training::Training;

/// The first town of examinations, far beyond those of lessons.
const FIRST: u64 = 1 << 40;

/// A model card with the marks of an examination.
#[derive(Debug)]
pub struct Card {
    name: String,
    parameters: usize,
    tokens: u64,
    steps: u64,
    towns: u64,
    marks: Vec<(Lot, Grades, Sensitivity)>,
}

impl Card {
    /// Examines a model that was trained, as the engine computes it, in so many towns.
    ///
    /// # Errors
    /// If the model fails.
    pub fn new(training: &Training, model: &Arc<dyn Backend>, towns: u64) -> Result<Self, LessonError> {
        let seed = training.recipe().seed;
        let examined = |lot| {
            let grades = examine(model, seed, FIRST, towns, lot)?;
            Ok((lot, grades, sensitivity(model, seed, FIRST, towns, lot)?))
        };
        Ok(Self {
            name: training.recipe().name.clone(),
            parameters: training.net().size(),
            tokens: training.curve().last().map_or(0, |point| point.tokens),
            steps: training.steps(),
            towns,
            marks: [Lot::Training, Lot::HeldOut]
                .into_iter()
                .map(examined)
                .collect::<Result<_, LessonError>>()?,
        })
    }

    /// The marks as Markdown tables.
    pub fn marks(&self) -> String {
        let mut text = String::new();
        for (lot, grades, sensitivity) in &self.marks {
            let words = match lot {
                Lot::Training => "New catalogues and people, words that lessons had",
                Lot::HeldOut => "Catalogues and interests whose words occur in no lesson",
            };
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{words}:\n\n| decision | number | agrees with the teacher's first choice | a constant would | log-loss | \
                 teacher's entropy | constant's log-loss |\n|---|---:|---:|---:|---:|---:|---:|"
            );
            for (kind, grade) in grades {
                let _ = writeln!(
                    text,
                    "| {kind} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
                    grade.decisions,
                    grade.agreement,
                    grade.constant_agreement,
                    grade.log_loss,
                    grade.entropy,
                    grade.constant_log_loss
                );
            }
            let _ = writeln!(
                text,
                "\nAnother person before the same slate moves what is done with an item by {:.3} (teacher: {:.3}), the same \
                 slate from last to first by {:.3} (teacher: 0), in mean total variation.\n",
                sensitivity.persona_swapped, sensitivity.persona_swapped_teacher, sensitivity.order_reversed
            );
        }
        text
    }

    /// The whole card, in Markdown.
    pub fn text(&self) -> String {
        format!(
            "# {name}\n\n\
             A language model of {parameters:.1} million parameters (Llama architecture, its own tokenizer, bfloat16) that plays \
             users of a recommender. It was made by `habitue train` with `recipe.toml`: {steps} steps over {tokens:.1} million \
             tokens of lessons, each the visit of a parametric user put into words by the template `builtin:short`, with the \
             probabilities of every decision as the target.\n\n\
             **What it is for.** It makes everything that language-model users do work at once and offline: examples, tests, \
             first steps. It has read nothing but lessons. It knows no film and no language beyond a few hundred words; it \
             finds in its prompt what a person likes, and decides as the teacher would. Studies need a model that has read \
             more: see docs/llm.md.\n\n\
             **What it does not do.** It does not read descriptions, captions, ages, occupations or free text of a persona; it \
             takes categories by their names alone. What it writes are the phrases of the lessons.\n\n\
             ![Loss while training](loss.svg)\n\n\
             ## Marks\n\n\
             As the decision engine computes it in 8 bits, in {towns} towns that no lesson was about. The teacher's first choice \
             is the option it finds most likely; a constant says the mean of the teacher's probabilities without reading. \
             Log-loss and entropy are in nats a decision; the entropy is the least that any model can reach.\n\n{marks}",
            name = self.name,
            parameters = self.parameters as f64 / 1e6,
            steps = self.steps,
            tokens = self.tokens as f64 / 1e6,
            towns = self.towns,
            marks = self.marks(),
        )
    }
}
