//! Why fidelity cannot be told.

use habitue_store::StoreError;

/// Why fidelity cannot be told, or nothing be fitted.
#[derive(Debug, thiserror::Error)]
pub enum FidelityError {
    /// The run or the data cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No policy examines users.
    #[error(
        "no arm of the run has a policy of kind \"discriminate\", expected a run of scenarios/alignment.toml or its like"
    )]
    NoArm,
    /// Nobody saw a list.
    #[error("no user of the run saw a list: nothing that they liked is held out, or nobody has come yet")]
    NoLists,
    /// The data is not that of the run.
    #[error(
        "{what} \"{key}\" of the run is not in the data, expected the data set that the run was made from"
    )]
    Foreign {
        /// User or item.
        what: &'static str,
        /// Its key.
        key: String,
    },
    /// The data contradicts the run.
    #[error(
        "user \"{user}\" touched item \"{item}\" without liking it, though it is on the list as one never touched: this is \
         not the data set that the run was made from"
    )]
    Contradiction {
        /// The user's key.
        user: String,
        /// The item's key.
        item: String,
    },
    /// There is nothing to fit from.
    #[error("nothing can be fitted: {0}")]
    Unfit(String),
}
