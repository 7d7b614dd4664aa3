//! The prefix cache: keys and values in pages, found by the tokens they stand for.

mod pages;
mod radix;

pub(crate) use pages::{LayerPages, Pages};
pub(crate) use radix::{Claim, NodeId, Radix};

/// Positions of a page.
pub(crate) const PAGE: usize = 16;
