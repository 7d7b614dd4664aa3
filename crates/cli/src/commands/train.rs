//! `habitue train`

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use clap::Args;
use habitue_llm::{Backend, Engine, EngineOptions, LoadOptions, LocalBackend, Model, ModelSource};
use habitue_train::{Card, Recipe, TrainError, Training, loss_curve};
use serde_json::Map;

use super::model::read_file;
use super::{Session, print};
use crate::failure::{Exit, Failure};
use crate::interrupt;
use crate::progress::Steps;

/// Train a small language model on the decisions of parametric users
///
/// The recipe says everything that the result depends on; that of the built-in model is
/// crates/llm/models/habitue-mini/recipe.toml. Written into the folder: a checkpoint every so many steps, the model as any
/// program of the field reads it, the curve of its loss as a picture, and its card with the marks of an examination on
/// catalogues and interests that no lesson had. A training that was interrupted goes on when the same is typed again.
#[derive(Debug, Args)]
pub(crate) struct TrainArgs {
    /// The recipe, a TOML file
    recipe: PathBuf,
    /// Folder for the training and its model
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Steps between checkpoints
    #[arg(long, value_name = "N", default_value = "100")]
    every: NonZeroU64,
    /// Towns of the examination, two people each
    #[arg(long, value_name = "N", default_value = "200")]
    examined: NonZeroU64,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
}

impl TrainArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let recipe = recipe(&self.recipe)?;
        let mut training = self.begin(recipe)?;
        let stop = interrupt::flag(&session.terminal, "the step ends, then the training is saved")?;
        let mut shown = Steps::new(&session.terminal, self.quiet, training.recipe().steps);
        while !training.is_done() {
            let point = training.advance()?;
            shown.step(point.step + 1, || {
                format!("{:.3} nats a choice, {} tokens", point.choices, point.tokens)
            });
            let stopped = stop.load(Ordering::Relaxed);
            if stopped || training.is_done() || training.steps().is_multiple_of(self.every.get()) {
                training.save(&self.out)?;
            }
            if stopped && !training.is_done() {
                drop(shown);
                session.terminal.say(&format!(
                    "saved after step {} of {}; the same command goes on from there",
                    training.steps(),
                    training.recipe().steps
                ));
                return Ok(Exit::Interrupted);
            }
        }
        drop(shown);
        self.finish(&training)
    }

    /// A new training, or the one that the folder holds.
    fn begin(&self, recipe: Recipe) -> Result<Training, Failure> {
        if !Training::exists(&self.out) {
            return Ok(Training::begin(recipe)?);
        }
        let training = Training::load(&self.out)?;
        let mut other = training.recipe().clone();
        // A tokenizer may have found fewer tokens than it was allowed.
        other.shape.vocabulary = recipe.shape.vocabulary;
        if other == recipe {
            return Ok(training);
        }
        let out = self.out.display();
        Err(Failure::input(
            format!("{out} holds a training by another recipe than {}", self.recipe.display()),
            "name another folder with --out, or remove that one",
        ))
    }

    /// Writes the model, the picture and the card, and prints the marks.
    fn finish(&self, training: &Training) -> Result<Exit, Failure> {
        let folder = self.out.join("model");
        training.export(&folder)?;
        let picture = loss_curve(training.curve()).map_err(other)?;
        write(&folder.join("loss.svg"), &picture)?;
        let text = read_file(&self.recipe)?;
        write(&folder.join("recipe.toml"), &text)?;
        let files = Model::open(&ModelSource::Folder(folder.clone()), &LoadOptions::default())?;
        let engine = Engine::start(files.config.clone(), files.weights.as_ref(), EngineOptions::default())?;
        let model: Arc<dyn Backend> = Arc::new(LocalBackend::new(Arc::new(engine), &files, Map::new())?);
        let card =
            Card::new(training, &model, self.examined.get()).map_err(|error| other(error.to_string()))?;
        write(&folder.join("README.md"), &card.text())?;
        print(&format_args!("{}\nwritten to {}\n", card.marks(), folder.display()))?;
        Ok(Exit::Done)
    }
}

fn recipe(file: &Path) -> Result<Recipe, Failure> {
    let text = read_file(file)?;
    let recipe: Recipe = toml::from_str(&text)
        .map_err(|error| Failure::input(format!("{}: {error}", file.display()), RECIPE_HINT))?;
    recipe.check().map_err(|(field, value, expected)| {
        let message = format!("{}: {field} is {value}, expected {expected}", file.display());
        Failure::input(message, RECIPE_HINT)
    })?;
    Ok(recipe)
}

const RECIPE_HINT: &str = "crates/llm/models/habitue-mini/recipe.toml is a recipe with every field";

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|error| Failure::file(file, "write", &error))
}

fn other(message: String) -> Failure {
    Failure::Other { message, hint: None, exit: Exit::Failed }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        other(error.to_string())
    }
}
