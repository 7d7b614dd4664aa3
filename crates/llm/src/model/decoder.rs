//! What computes a pass and keeps its keys and values: one of two, chosen when an engine starts.

use super::candle::CandleModel;
use super::{Batch, Model, Numbers};
use crate::cache::{PAGE, Pages};
use crate::config::ModelConfig;
use crate::engine::{Device, EngineOptions, Logits, Precision};
use crate::error::LlmError;
use crate::weights::Weights;

/// A model with its pages.
#[derive(Debug)]
pub(crate) enum Decoder {
    /// Kernels of our own, on the CPU.
    Own(Box<Model>, Pages),
    /// Candle's tensors, on a device.
    Candle(Box<CandleModel>),
}

/// Which of the two runs a precision on a device.
enum Kind {
    Own(Numbers),
    Candle(candle_core::Device, candle_core::DType),
}

impl Kind {
    fn of(options: &EngineOptions) -> Result<Self, LlmError> {
        let wrong = |expected: &str| {
            Err(LlmError::Configuration {
                field: format!("precision on {}", options.device),
                value: options.precision.to_string(),
                expected: expected.to_owned(),
            })
        };
        match (options.device, options.precision) {
            (Device::Cpu, Precision::Int8) => Ok(Self::Own(Numbers::Int8)),
            (Device::Cpu, Precision::F32) => Ok(Self::Own(Numbers::F32)),
            (Device::Cpu, _) => wrong("int8 or f32"),
            (device, precision) => {
                let format = match precision {
                    Precision::F32 => candle_core::DType::F32,
                    Precision::Bf16 => candle_core::DType::BF16,
                    Precision::F16 => candle_core::DType::F16,
                    Precision::Int8 => return wrong("bf16, f16 or f32"),
                };
                let device = match device {
                    Device::Cuda(ordinal) => cuda(ordinal)?,
                    Device::Cpu | Device::CandleCpu => candle_core::Device::Cpu,
                };
                Ok(Self::Candle(device, format))
            }
        }
    }

    fn page_bytes(&self, config: &ModelConfig) -> usize {
        match self {
            Self::Own(numbers) => Pages::page_bytes(config, *numbers),
            Self::Candle(_, format) => {
                config.layers * 2 * config.kv_heads * config.head_dim * PAGE * format.size_in_bytes()
            }
        }
    }
}

#[cfg(feature = "cuda")]
fn cuda(ordinal: usize) -> Result<candle_core::Device, LlmError> {
    candle_core::Device::new_cuda(ordinal)
        .map_err(|error| LlmError::Device { device: format!("cuda:{ordinal}"), what: error.to_string() })
}

#[cfg(not(feature = "cuda"))]
fn cuda(ordinal: usize) -> Result<candle_core::Device, LlmError> {
    let what = "not compiled in; build with `--features cuda`".to_owned();
    Err(LlmError::Device { device: format!("cuda:{ordinal}"), what })
}

impl Decoder {
    /// Bytes of a page's keys and values over all layers.
    ///
    /// # Errors
    /// If the device does not run the precision.
    pub(crate) fn page_bytes(config: &ModelConfig, options: &EngineOptions) -> Result<usize, LlmError> {
        Ok(Kind::of(options)?.page_bytes(config))
    }

    /// Loads the weights, with room for `pages` pages. `portable` leaves kernels of this machine's own aside.
    ///
    /// # Errors
    /// If the device does not run the precision or is not there, or weights do not fit the configuration.
    pub(crate) fn load(
        config: ModelConfig,
        weights: &dyn Weights,
        options: &EngineOptions,
        pages: usize,
        portable: bool,
    ) -> Result<Self, LlmError> {
        config.validate()?;
        let positions = pages.saturating_mul(PAGE);
        match Kind::of(options)? {
            Kind::Own(numbers) => {
                let threads = match options.threads {
                    0 => std::thread::available_parallelism().map_or(1, usize::from),
                    threads => threads,
                };
                let pages = Pages::new(&config, numbers);
                let model = Model::load(config, weights, numbers, threads, positions, portable)?;
                Ok(Self::Own(Box::new(model), pages))
            }
            Kind::Candle(device, format) => {
                Ok(Self::Candle(Box::new(CandleModel::load(config, weights, &device, format, pages)?)))
            }
        }
    }

    /// Computes a batch: writes its new keys and values, returns the logits of its outputs.
    pub(crate) fn forward(&mut self, batch: Batch) -> Result<Vec<Logits>, LlmError> {
        match self {
            Self::Own(model, pages) => model.forward(batch, pages),
            Self::Candle(model) => model.forward(&batch),
        }
    }

    /// Makes sure that a page has memory.
    pub(crate) fn reserve(&mut self, page: u32) {
        match self {
            Self::Own(_, pages) => pages.reserve(page),
            // All of its pages were allocated at the start.
            Self::Candle(_) => {}
        }
    }

    /// Copies a page before the next pass.
    pub(crate) fn copy(&mut self, from: u32, to: u32) {
        match self {
            Self::Own(_, pages) => pages.copy(from, to),
            Self::Candle(model) => model.copy(from, to),
        }
    }

    /// Bytes of all weights.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Own(model, _) => model.bytes(),
            Self::Candle(model) => model.bytes(),
        }
    }

    /// Name of what multiplies matrices.
    pub(crate) fn kernel(&self) -> String {
        match self {
            Self::Own(model, _) => model.kernel(),
            Self::Candle(model) => model.kernel(),
        }
    }
}
