//! What a slate and a decision must be.

use habitue_core::{Decision, ItemId, Move, Slate};

use super::SessionError;
use crate::rules::Rules;

pub(super) fn slate(
    rules: &Rules,
    slate: &Slate,
    available: impl Fn(ItemId) -> bool,
) -> Result<(), SessionError> {
    let size = rules.slate_size;
    if slate.items.is_empty() {
        return Err(SessionError::SlateEmpty { size });
    }
    if slate.items.len() > size {
        return Err(SessionError::SlateTooLong { got: slate.items.len(), size });
    }
    for (position, shown) in slate.items.iter().enumerate() {
        if !available(shown.item) {
            return Err(SessionError::Unavailable { item: shown.item, position: position + 1 });
        }
        if !(shown.propensity > 0.0 && shown.propensity <= 1.0) {
            return Err(SessionError::Propensity { position: position + 1, value: shown.propensity });
        }
        if let Some(first) = slate.items[..position].iter().position(|earlier| earlier.item == shown.item) {
            return Err(SessionError::Duplicate { item: shown.item, first: first + 1, second: position + 1 });
        }
    }
    if !(slate.log_propensity <= 0.0 && slate.log_propensity.is_finite()) {
        return Err(SessionError::LogPropensity(slate.log_propensity));
    }
    Ok(())
}

pub(super) fn decision(rules: &Rules, expected: usize, decision: &Decision) -> Result<(), SessionError> {
    if decision.feedback.len() != expected {
        return Err(SessionError::FeedbackCount { got: decision.feedback.len(), expected });
    }
    for (position, feedback) in decision.feedback.iter().enumerate() {
        let wrong = |field, value, expected| {
            Err(SessionError::Feedback { position: position + 1, field, value, expected })
        };
        if usize::from(feedback.action.0) >= rules.scale.len() {
            return wrong("action", f64::from(feedback.action.0), "a position on the action scale");
        }
        if !(feedback.dwell_seconds >= 0.0 && feedback.dwell_seconds < 1e6) {
            return wrong("dwell", f64::from(feedback.dwell_seconds), "seconds, 0 to 1,000,000");
        }
        if feedback.rating > 5 {
            return wrong("rating", f64::from(feedback.rating), "1 to 5, or 0 for none");
        }
        if feedback.rating > 0 && !rules.rate {
            return wrong(
                "rating",
                f64::from(feedback.rating),
                "none, since the scenario asks for no ratings",
            );
        }
    }
    let Some(distributions) = &decision.distributions else { return Ok(()) };
    let (actions, moves) = (expected * rules.scale.len(), Move::NAMES.len());
    for (field, got, expected) in
        [("actions", distributions.actions.len(), actions), ("moves", distributions.moves.len(), moves)]
    {
        if got != expected {
            return Err(SessionError::Distributions { field, got, expected });
        }
    }
    Ok(())
}
