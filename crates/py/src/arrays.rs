//! `NumPy` arrays that environments write into.

use habitue_env::{ObservationArrays, Observations, OutcomeArrays, Outcomes};
use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::value_error;

/// A struct of one-dimensional `NumPy` arrays for a struct of columns.
macro_rules! arrays {
    ($name:ident, $owned:ident, $columns:ident { $($field:ident: $type:ty,)* }) => {
        pub(crate) struct $name {
            $($field: Py<PyArray1<$type>>,)*
        }

        impl $name {
            /// Moves the arrays to `NumPy`; nothing is copied.
            pub(crate) fn new(py: Python<'_>, arrays: $owned) -> Self {
                Self { $($field: PyArray1::from_vec(py, arrays.$field).unbind(),)* }
            }

            /// The arrays by name.
            pub(crate) fn named<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
                let named = PyDict::new(py);
                $(named.set_item(stringify!($field), self.$field.bind(py))?;)*
                Ok(named)
            }

            /// Gives the arrays to be written to.
            pub(crate) fn write<R>(&self, py: Python<'_>, work: impl FnOnce($columns<'_>) -> R) -> PyResult<R> {
                $(
                    let mut $field = self.$field.bind(py).try_readwrite().map_err(|error| {
                        value_error(stringify!($field), error, "an array that nobody else holds or has made read-only")
                    })?;
                )*
                Ok(work($columns { $($field: $field.as_slice_mut()?,)* }))
            }
        }
    };
}

arrays!(
    Observed,
    ObservationArrays,
    Observations {
        user: i64,
        context: f32,
        profile: f32,
        history_items: i32,
        history_actions: i8,
        history_ratings: i8,
    }
);

arrays!(
    Came,
    OutcomeArrays,
    Outcomes {
        reward: f64,
        terminated: bool,
        truncated: bool,
        slate: i64,
        actions: i8,
        dwell: f32,
        ratings: i8,
        moves: i8,
        session_end: i8,
        gap_days: f64,
        action_propensities: f32,
        move_propensities: f32,
        mindset: f32,
        need: i32,
        interests: f32,
        examined: bool,
    }
);
