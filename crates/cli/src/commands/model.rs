//! Which model, and in which number format: shared by the commands that load one.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use habitue_core::scenario::{ModelFile, nearest};
use habitue_llm::{Device, HubOptions, LlmError, LoadOptions, Model, ModelFiles, ModelSource, Precision};

use crate::failure::{Exit, Failure};
use crate::progress::Transfers;
use crate::terminal::Terminal;

/// A model and where it is looked for.
#[derive(Debug, Args)]
pub(super) struct ModelArgs {
    /// The model: a folder as Hugging Face lays it out, a GGUF file, or organisation/name of the hub
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Branch, tag or commit of a model of the hub; main if absent
    #[arg(long, value_name = "REVISION", requires = "model")]
    revision: Option<String>,
    /// Stay off the network: models of the hub come from its cache (HF_HOME)
    #[arg(long)]
    offline: bool,
}

/// Number formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrecisionName {
    /// 8-bit weights and activations, on cpu
    Int8,
    /// 32-bit floats
    F32,
    /// 16-bit floats with 8 bits of exponent, on cuda and candle-cpu
    Bf16,
    /// 16-bit floats with 5 bits of exponent, on cuda and candle-cpu
    F16,
}

/// How a model is computed.
#[derive(Debug, Args)]
pub(super) struct ComputeArgs {
    /// Where the model computes: cpu, cuda:N (see docs/gpu.md), or candle-cpu, a test of the code for devices
    #[arg(long, value_name = "DEVICE", default_value_t)]
    device: Device,
    /// Number format of weights and activations; if absent int8 on cpu, bf16 on cuda, f32 on candle-cpu
    #[arg(long, value_enum)]
    precision: Option<PrecisionName>,
    /// Number of threads that compute, one per core if absent; the answers do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

impl ComputeArgs {
    pub(super) fn precision(&self) -> Precision {
        match self.precision {
            None => self.device.usual_precision(),
            Some(PrecisionName::Int8) => Precision::Int8,
            Some(PrecisionName::F32) => Precision::F32,
            Some(PrecisionName::Bf16) => Precision::Bf16,
            Some(PrecisionName::F16) => Precision::F16,
        }
    }

    pub(super) fn device(&self) -> Device {
        self.device
    }

    /// Threads; 0 for one per core.
    pub(super) fn threads(&self) -> usize {
        self.threads.map_or(0, NonZeroUsize::get)
    }
}

impl ModelArgs {
    /// The model as typed, if one was.
    pub(super) fn typed(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// Opens the model; one of the hub is fetched first.
    pub(super) fn open(&self, typed: &str, terminal: &Terminal, quiet: bool) -> Result<ModelFiles, Failure> {
        let source = self.source(typed)?;
        let transfers = Transfers::new(terminal, quiet);
        let mut hub = HubOptions { progress: transfers.callback(), ..HubOptions::default() };
        hub.offline |= self.offline;
        let opened = Model::open(&source, &LoadOptions { hub });
        drop(transfers);
        opened.map_err(|error| {
            let is_hub = matches!(error, LlmError::Hub { .. });
            let hint = is_hub.then(|| {
                format!(
                    "there is no folder {typed} here, so it was taken for a model of the Hugging Face hub"
                )
            });
            Failure::Llm { error, hint }
        })
    }

    fn source(&self, typed: &str) -> Result<ModelSource, Failure> {
        let parse = |text: &str| {
            ModelSource::parse(text).map_err(|error| Failure::Llm { error, hint: near_entry(typed) })
        };
        match (parse(typed)?, &self.revision) {
            (ModelSource::Hub { .. }, Some(revision)) => parse(&format!("{typed}@{revision}")),
            (_, Some(_)) => Err(Failure::input(
                format!("--revision: {typed} is no model of the hub"),
                "folders and files have no revisions",
            )),
            (source, None) => Ok(source),
        }
    }
}

/// Where a model is that users are to be played by.
pub(super) fn file(typed: &str) -> Result<ModelFile, Failure> {
    let source =
        ModelSource::parse(typed).map_err(|error| Failure::Llm { error, hint: near_entry(typed) })?;
    Ok(match source {
        ModelSource::BuiltIn(name) => ModelFile::BuiltIn(name.to_owned()),
        ModelSource::Folder(path) | ModelSource::Gguf(path) => ModelFile::Path(path),
        ModelSource::Hub { .. } => ModelFile::Hub(typed.to_owned()),
    })
}

/// The entry of a folder most like the first part of the path that does not exist.
fn near_entry(typed: &str) -> Option<String> {
    let folder_of = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Some(PathBuf::from(".")),
        parent => parent.map(Path::to_path_buf),
    };
    let path =
        Path::new(typed).ancestors().find(|path| folder_of(path).is_some_and(|folder| folder.is_dir()))?;
    let (name, folder) = (path.file_name()?.to_str()?, folder_of(path)?);
    let entries = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let near = nearest(name, names.iter().map(String::as_str))?;
    Some(format!("did you mean {}?", path.with_file_name(near).display()))
}

/// A text file that an argument names.
pub(super) fn read_file(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::Other {
        message: format!("{}: cannot read: {error}", path.display()),
        hint: None,
        exit: Exit::BadInput,
    })
}
