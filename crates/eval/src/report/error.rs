//! Why there is no report.

use habitue_core::{ArmId, ItemId, UserId};
use habitue_store::StoreError;

use crate::quality::HeldOutError;
use crate::retention::SurvivalError;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row belongs to nobody.
    #[error("the log has a row of user {user} in arm {arm}, who is not in the run")]
    Stranger {
        /// The arm of the row.
        arm: ArmId,
        /// The user of the row.
        user: UserId,
    },
    /// An item of a turn is not in the run.
    #[error("the log shows item {item}, but the run has {items} items")]
    UnknownItem {
        /// The item.
        item: ItemId,
        /// Number of items.
        items: usize,
    },
    /// What was held out of histories cannot be read.
    #[error(transparent)]
    HeldOut(#[from] HeldOutError),
    /// A session ends before it begins.
    #[error("the sessions of arm \"{arm}\" make no lives: {source}")]
    Lifetime {
        /// The arm.
        arm: String,
        /// What is wrong.
        source: SurvivalError,
    },
    /// The page cannot be written.
    #[error("the report cannot be written: {0}")]
    Page(#[from] minijinja::Error),
}
