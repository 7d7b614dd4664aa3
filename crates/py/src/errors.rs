//! From errors to exceptions.

use habitue_env::EnvError;
use pyo3::PyErr;
use pyo3::exceptions::{PyRuntimeError, PyValueError};

/// `ValueError` for what the caller can put right, `RuntimeError` for what failed while users were played.
pub(crate) fn exception(error: EnvError) -> PyErr {
    match error {
        EnvError::Play(_) => PyRuntimeError::new_err(error.to_string()),
        _ => PyValueError::new_err(error.to_string()),
    }
}

/// A `ValueError` of the form of all others: field, value, expectation.
pub(crate) fn value_error(field: &str, value: impl std::fmt::Display, expected: &str) -> PyErr {
    PyValueError::new_err(format!("{field} is {value}, expected {expected}"))
}
