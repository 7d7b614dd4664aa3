//! Why there is no comparison.

use habitue_store::StoreError;

use crate::report::ReportError;
use crate::stats::StatsError;

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A run cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rows of a run do not fit together.
    #[error("{run}: {source}")]
    Rows {
        /// The run's folder.
        run: String,
        /// What is wrong.
        source: ReportError,
    },
    /// There is one alternative.
    #[error("{run}: the run has one arm, \"{arm}\", and nothing to compare it with")]
    Alone {
        /// The run's folder.
        run: String,
        /// Its arm.
        arm: String,
    },
    /// No run was given.
    #[error("no run is given, expected one with several arms, or several")]
    NoRun,
    /// The same run twice.
    #[error("{run}: the run is given twice")]
    Twice {
        /// The run's folder.
        run: String,
    },
    /// No alternative has the name asked for.
    #[error("no alternative is called \"{name}\", expected one of {known}{}", meant(nearest.as_deref()))]
    Baseline {
        /// The name.
        name: String,
        /// The one that may have been meant.
        nearest: Option<String>,
        /// All names.
        known: String,
    },
    /// An arm without users or without a visit.
    #[error("{run}: {what} in arm \"{arm}\", so there is nothing to compare")]
    Empty {
        /// The run's folder.
        run: String,
        /// The arm.
        arm: String,
        /// What is missing.
        what: &'static str,
    },
    /// Runs of different length.
    #[error("{run} covers {found}, but {first} covers {expected}: visits of more days are no better visits")]
    Horizon {
        /// The run's folder.
        run: String,
        /// Its horizon.
        found: String,
        /// The first run's folder.
        first: String,
        /// The first run's horizon.
        expected: String,
    },
    /// Runs of different people.
    #[error("{run} and {first} have different people: {what}")]
    People {
        /// The run's folder.
        run: String,
        /// The first run's folder.
        first: String,
        /// What sets them apart.
        what: String,
    },
    /// A contribution that is no number.
    #[error("{measure}: {source}")]
    Value {
        /// The measure.
        measure: String,
        /// What is wrong.
        source: StatsError,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!("; did you mean \"{nearest}\"?"))
}
