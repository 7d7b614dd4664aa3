//! A training on disk.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use candle_core::{Device, Tensor, safetensors};
use habitue_core::Streams;
use habitue_llm::Tokenizer;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Point, TrainError, Training};
use crate::adamw::AdamW;
use crate::net::Net;
use crate::recipe::Recipe;

const STATE: &str = "training.json";
const NUMBERS: &str = "training.safetensors";

/// What is not a number of the network.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    recipe: Recipe,
    step: u64,
    town: u64,
    curve: Vec<Point>,
    tokenizer: Value,
}

fn io(file: &Path) -> impl Fn(std::io::Error) -> TrainError + '_ {
    |source| TrainError::Io { file: file.to_path_buf(), source }
}

impl Training {
    /// Whether the folder holds a training.
    pub fn exists(folder: &Path) -> bool {
        folder.join(STATE).is_file()
    }

    /// Writes all it takes to go on. What the folder held before stays whole until the new is.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), TrainError> {
        fs::create_dir_all(folder).map_err(io(folder))?;
        let mut tensors = HashMap::new();
        for (name, parameter) in self.net.parameters() {
            tensors.insert(name.clone(), parameter.as_tensor().clone());
            if let Some(moments) = self.optimiser.moments.get(name) {
                for (part, values) in [("mean", &moments.mean), ("square", &moments.square)] {
                    let tensor = Tensor::from_slice(values, values.len(), &Device::Cpu)?;
                    tensors.insert(format!("{part}.{name}"), tensor);
                }
            }
        }
        // The numbers go first, under the step's own name: the state, renamed last, says which are valid.
        let numbers = folder.join(format!("{}-{NUMBERS}", self.step));
        safetensors::save(&tensors, &numbers)?;
        let state = State {
            recipe: self.recipe.clone(),
            step: self.step,
            town: self.town,
            curve: self.curve.clone(),
            tokenizer: self.tokenizer_json.clone(),
        };
        let (file, draft) = (folder.join(STATE), folder.join(format!("{STATE}.new")));
        let text = serde_json::to_string(&state)
            .map_err(|error| TrainError::Damaged { file: file.clone(), what: error.to_string() })?;
        fs::write(&draft, text).map_err(io(&draft))?;
        fs::rename(&draft, &file).map_err(io(&file))?;
        for entry in fs::read_dir(folder).map_err(io(folder))? {
            let path = entry.map_err(io(folder))?.path();
            let old = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(NUMBERS));
            if old && path != numbers {
                fs::remove_file(&path).map_err(io(&path))?;
            }
        }
        Ok(())
    }

    /// Takes up a training.
    ///
    /// # Errors
    /// If a file is missing or is not what it should be.
    pub fn load(folder: &Path) -> Result<Self, TrainError> {
        let file = folder.join(STATE);
        let text = fs::read(&file).map_err(io(&file))?;
        let damaged = |file: &Path, what: String| TrainError::Damaged { file: file.to_path_buf(), what };
        let state: State =
            serde_json::from_slice(&text).map_err(|error| damaged(&file, error.to_string()))?;
        let numbers = folder.join(format!("{}-{NUMBERS}", state.step));
        let tensors = safetensors::load(&numbers, &Device::Cpu)
            .map_err(|error| damaged(&numbers, error.to_string()))?;
        let net = Net::random(state.recipe.shape, Streams::new(state.recipe.seed))?;
        let mut optimiser = AdamW::new(&net);
        let get = |name: &str, count: usize| match tensors.get(name) {
            Some(tensor) if tensor.elem_count() == count => Ok(tensor),
            Some(tensor) => {
                let what = format!("{name} has {} numbers, expected {count}", tensor.elem_count());
                Err(damaged(&numbers, what))
            }
            None => Err(damaged(&numbers, format!("{name} is missing"))),
        };
        for (name, parameter) in net.parameters() {
            let count = parameter.elem_count();
            parameter.set(&get(name, count)?.reshape(parameter.shape())?)?;
            if let Some(moments) = optimiser.moments.get_mut(name) {
                moments.mean = get(&format!("mean.{name}"), count)?.to_vec1()?;
                moments.square = get(&format!("square.{name}"), count)?.to_vec1()?;
            }
        }
        let tokenizer = Tokenizer::from_value(&file, state.tokenizer.clone())?;
        Ok(Self {
            recipe: state.recipe,
            net,
            optimiser,
            tokenizer_json: state.tokenizer,
            tokenizer: Arc::new(tokenizer),
            step: state.step,
            town: state.town,
            curve: state.curve,
        })
    }
}
