//! Whether a program can be run.

use std::collections::BTreeSet;

use super::slot::{PickBy, SlotKind, WriteSpec};
use super::{ListStyle, Listed, Program, Segment};
use crate::chat::Role;
use crate::error::LlmError;

/// Most numbers that a `number` chooses among.
const MOST_NUMBERS: i128 = 1_000;

impl Program {
    /// Checks the program; running it does so too.
    ///
    /// # Errors
    /// The first slot that cannot be filled, and why.
    pub fn check(&self) -> Result<(), LlmError> {
        let mut names = BTreeSet::new();
        for slot in &self.slots {
            let wrong = |what: String| LlmError::Program { slot: slot.name.clone(), what };
            if !names.insert(&slot.name) {
                return Err(wrong("a slot of this name was declared before".to_owned()));
            }
            let checked = match &slot.kind {
                SlotKind::Pick { list, by } => match self.lists.get(*list) {
                    Some(listed) => check_list(listed, *by),
                    None => Err("its list of options belongs to another program".to_owned()),
                },
                SlotKind::PickEach { options, .. } => check_options(options),
                SlotKind::Number { lo, hi } if lo > hi => Err(format!("the range {lo} to {hi} is empty")),
                SlotKind::Number { lo, hi } if i128::from(*hi) - i128::from(*lo) >= MOST_NUMBERS => {
                    Err(format!(
                        "the range {lo} to {hi} has more than {MOST_NUMBERS} numbers; write it with a regex"
                    ))
                }
                SlotKind::Number { .. } => Ok(()),
                SlotKind::Write(spec) => check_write(spec),
            };
            checked.map_err(wrong)?;
            if slot.calibrated && matches!(slot.kind, SlotKind::Write(_)) {
                return Err(wrong("written text cannot be calibrated".to_owned()));
            }
        }
        self.check_turns()
    }

    fn check_turns(&self) -> Result<(), LlmError> {
        let wrong = |what: &str| Err(LlmError::Program { slot: "(turns)".to_owned(), what: what.to_owned() });
        let (mut turn, mut declared, mut is_bound) = (None, 0, false);
        for (at, segment) in self.segments.iter().enumerate() {
            match segment {
                Segment::Turn(_) if is_bound => return wrong("a turn begins in what depends on a pick"),
                Segment::When(Some((slot, option))) if *slot >= declared => {
                    return wrong(&format!("option {option} is awaited of a slot that stands further down"));
                }
                Segment::When(Some((slot, option))) if self.option(*slot, *option).is_none() => {
                    let name = &self.slots[*slot].name;
                    return wrong(&format!("slot \"{name}\" has no option {option} to wait for"));
                }
                Segment::When(condition) => is_bound = condition.is_some(),
                Segment::Turn(_) if at > 0 && turn.is_none() => {
                    return wrong("a turn begins after text that belongs to none");
                }
                Segment::Turn(role) => turn = Some(*role),
                Segment::Slot(_) if !matches!(turn, None | Some(Role::Assistant)) => {
                    return wrong("a slot stands in a turn that is not the assistant's");
                }
                Segment::Slot(_) => declared += 1,
                Segment::List(list) if self.lists.get(*list).is_none() => {
                    return wrong("a list of options belongs to another program");
                }
                _ => {}
            }
        }
        match turn {
            None | Some(Role::Assistant) => Ok(()),
            Some(_) => wrong("the last turn is not the assistant's"),
        }
    }
}

fn check_list(listed: &Listed, by: PickBy) -> Result<(), String> {
    match (by, listed.style) {
        (PickBy::Label, None | Some(ListStyle::Dashed)) => {
            Err("a pick by label needs its options listed with numbers or letters before".to_owned())
        }
        (PickBy::Label, Some(ListStyle::Lettered)) if listed.options.len() > 26 => {
            Err(format!("{} options cannot have letters, at most 26", listed.options.len()))
        }
        _ => check_options(&listed.options),
    }
}

fn check_options(options: &[String]) -> Result<(), String> {
    if options.is_empty() {
        return Err("it has no options".to_owned());
    }
    let mut seen = BTreeSet::new();
    for option in options {
        if option.is_empty() {
            return Err("an option is empty".to_owned());
        }
        if option.ends_with(' ') {
            return Err(format!(
                "option {option:?} ends in a space, which belongs to the text after the slot"
            ));
        }
        if !seen.insert(option) {
            return Err(format!("option {option:?} stands twice"));
        }
    }
    Ok(())
}

fn check_write(spec: &WriteSpec) -> Result<(), String> {
    if spec.max_tokens == 0 {
        return Err("max_tokens is 0, expected at least 1".to_owned());
    }
    if !(spec.temperature >= 0.0 && spec.temperature.is_finite()) {
        return Err(format!("temperature is {}, expected 0 or more", spec.temperature));
    }
    if !(spec.top_p > 0.0 && spec.top_p <= 1.0) {
        return Err(format!("top_p is {}, expected above 0 and at most 1", spec.top_p));
    }
    if spec.stop.iter().any(String::is_empty) {
        return Err("a stop text is empty".to_owned());
    }
    Ok(())
}
