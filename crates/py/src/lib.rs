//! The compiled part of the Python package `habitue`.
//!
//! A door: it turns Python's arguments into those of the Rust crates and errors into exceptions. Arrays are made once,
//! belong to `NumPy`, and are written in place without the interpreter's lock.
#![allow(clippy::needless_pass_by_value, reason = "arguments of Python come by value")]

mod arrays;
mod envs;
mod errors;

use pyo3::prelude::*;

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The compiled part of the package `habitue`.
#[pymodule]
fn _habitue(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("CONTEXT", habitue_env::CONTEXT)?;
    module.add("MOVES", habitue_core::Move::NAMES)?;
    module.add("END_REASONS", habitue_core::EndReason::NAMES)?;
    module.add("MINDSET", habitue_core::Mindset::NAMES)?;
    module.add_class::<envs::Envs>()
}
