//! `habitue schema`

use super::print_json;
use crate::failure::{Exit, Failure};

pub(crate) fn run() -> Result<Exit, Failure> {
    print_json(&habitue_core::scenario::schema())?;
    Ok(Exit::Done)
}
