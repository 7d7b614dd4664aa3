//! What language models take and give here.

use std::fmt;
use std::time::Duration;

use habitue_llm::{
    ModelConfig, Precision, Shape, SpeedEstimate, cache_bytes_per_token, estimate_speed, kernel_name,
    weight_bytes,
};
use indicatif::{HumanBytes, HumanCount};
use serde::Serialize;

use crate::failure::Failure;

/// Time for the estimate of the speed.
const ESTIMATE: Duration = Duration::from_secs(5);

/// Kernels, sizes of models, and their speed.
#[derive(Debug, Serialize)]
pub(super) struct LanguageModels {
    kernels: Kernels,
    sizes: Vec<Size>,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<SpeedEstimate>,
}

/// The kernel that multiplies matrices, by precision.
#[derive(Debug, Serialize)]
struct Kernels {
    int8: String,
    f32: String,
}

/// Memory of a model.
#[derive(Debug, Serialize)]
struct Size {
    model: String,
    int8_bytes: usize,
    f32_bytes: usize,
    int8_cache_bytes_per_token: usize,
    f32_cache_bytes_per_token: usize,
}

impl Size {
    fn of(model: String, config: &ModelConfig) -> Self {
        Self {
            model,
            int8_bytes: weight_bytes(config, Precision::Int8),
            f32_bytes: weight_bytes(config, Precision::F32),
            int8_cache_bytes_per_token: cache_bytes_per_token(config, Precision::Int8),
            f32_cache_bytes_per_token: cache_bytes_per_token(config, Precision::F32),
        }
    }
}

impl LanguageModels {
    /// The known shapes and the given model; with `speed` takes some seconds.
    pub(super) fn of(given: Option<(String, ModelConfig)>, speed: bool) -> Result<Self, Failure> {
        let shapes = Shape::ALL.into_iter().map(|shape| Size::of(shape.to_string(), &shape.config()));
        let sizes = shapes.chain(given.map(|(name, config)| Size::of(name, &config))).collect();
        let kernels = Kernels { int8: kernel_name(Precision::Int8)?, f32: kernel_name(Precision::F32)? };
        let estimate = || estimate_speed(Shape::Smol135, Precision::Int8, 0, ESTIMATE);
        Ok(Self { kernels, sizes, speed: speed.then(estimate).transpose()? })
    }

    /// LanguageModels that do not fit into so much memory even with 8 bits.
    pub(super) fn too_large(&self, memory: u64) -> impl Iterator<Item = String> {
        let large = self.sizes.iter().filter(move |size| size.int8_bytes as u64 > memory);
        large.map(move |size| {
            let (needed, free) = (HumanBytes(size.int8_bytes as u64), HumanBytes(memory));
            format!("{} takes {needed} of memory with int8, and {free} are free", size.model)
        })
    }
}

impl fmt::Display for LanguageModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kernels       int8 {}, f32 {}", self.kernels.int8, self.kernels.f32)?;
        for (at, size) in self.sizes.iter().enumerate() {
            let label = if at == 0 { "models" } else { "" };
            let bytes = |bytes: usize| HumanBytes(bytes as u64);
            writeln!(
                f,
                "{label:<13} {}: {} int8, {} f32; a cached token {} int8, {} f32",
                size.model,
                bytes(size.int8_bytes),
                bytes(size.f32_bytes),
                bytes(size.int8_cache_bytes_per_token),
                bytes(size.f32_cache_bytes_per_token)
            )?;
        }
        let Some(speed) = &self.speed else { return Ok(()) };
        let rate = |rate: Option<f64>| match rate {
            Some(rate) => format!("about {} tok/s", HumanCount(rate as u64)),
            None => "no time left to measure".to_owned(),
        };
        writeln!(
            f,
            "speed         {}, {}: prefill {}, decode {} (one at a time)",
            speed.shape,
            speed.precision,
            rate(speed.prefill_tokens_per_second),
            rate(speed.decode_tokens_per_second)
        )
    }
}
