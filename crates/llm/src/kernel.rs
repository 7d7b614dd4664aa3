//! The inner loops, written once on portable vectors and compiled for each instruction set.
//!
//! Every function here works on one row, or on rows that do not see each other, in an order of additions that depends
//! on the row's own length alone. That is what makes a forward pass invariant to its batch.

#![allow(
    clippy::inline_always,
    reason = "vector code must be compiled into the function that has the instructions"
)]
#![allow(clippy::needless_range_loop, reason = "loops over registers, unrolled by their constant bounds")]

mod attend;
mod exp;
mod half;
mod rows;
#[cfg(target_arch = "x86_64")]
mod vnni;

pub(crate) use attend::{AttendRun, BLOCK};
pub(crate) use half::{narrow, widen};
pub(crate) use rows::{ByteRows, add_rows, quantise_row, rms_norm, silu_multiply};
#[cfg(target_arch = "x86_64")]
pub(crate) use vnni::Panels;
