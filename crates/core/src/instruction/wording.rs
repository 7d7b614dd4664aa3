//! From an instruction to a sentence.

use super::{Condition, Instruction, Strength};
use crate::catalogue::Catalogue;

/// Sentences for each class and strength.
pub const WORDINGS: usize = 3;

/// The sentence of an instruction, in one of [`WORDINGS`] wordings (`wording` counts on from 0 after the last). Prices
/// are written to the hundredth, durations to the second.
pub fn write(instruction: &Instruction, catalogue: &Catalogue, wording: usize) -> String {
    let sentences = sentences(&instruction.condition, instruction.strength);
    sentences[wording % WORDINGS].replace("{}", &gap(&instruction.condition, catalogue))
}

/// A condition in a few words ("less news", "at most 2 minutes"), for sentences of a recommender.
pub fn brief(condition: &Condition, catalogue: &Catalogue) -> String {
    let gap = gap(condition, catalogue);
    match condition {
        Condition::Less(_) => format!("less {gap}"),
        Condition::More(_) => format!("more {gap}"),
        Condition::Only(_) => format!("only {gap}"),
        Condition::New => "something new".to_owned(),
        Condition::PriceCap(_) => format!("a price of at most {gap}"),
        Condition::DurationCap(_) => format!("at most {gap}"),
    }
}

/// What a sentence is about.
fn gap(condition: &Condition, catalogue: &Catalogue) -> String {
    match condition {
        Condition::New => String::new(),
        Condition::PriceCap(most) => price(*most),
        Condition::DurationCap(seconds) => duration(*seconds),
        Condition::Less(subject) | Condition::More(subject) | Condition::Only(subject) => {
            subject.name(catalogue).to_owned()
        }
    }
}

const fn sentences(condition: &Condition, strength: Strength) -> [&'static str; WORDINGS] {
    let hard = matches!(strength, Strength::Hard);
    match (condition, hard) {
        (Condition::Less(_), true) => {
            ["No more {}, please.", "Stop showing me {}.", "I never want to see {} again."]
        }
        (Condition::Less(_), false) => {
            ["A bit less {}, please.", "I have had enough of {} for now.", "Could you tone down the {}?"]
        }
        (Condition::More(_), true) => {
            ["I definitely want more {}.", "There must be more {}.", "I insist on more {}."]
        }
        (Condition::More(_), false) => {
            ["I would like some more {}.", "A little more {} would be nice.", "I am in the mood for {}."]
        }
        (Condition::Only(_), true) => {
            ["Only {}, no exceptions.", "Show me nothing but {}.", "Just {} and nothing else."]
        }
        (Condition::Only(_), false) => {
            ["Mostly {} today, if possible.", "Preferably only {}.", "Ideally just {}."]
        }
        (Condition::New, true) => [
            "I insist on something completely new.",
            "Something different, no exceptions.",
            "I never want the same again.",
        ],
        (Condition::New, false) => [
            "Something new would be nice.",
            "Maybe something different for a change?",
            "Surprise me a little.",
        ],
        (Condition::PriceCap(_), true) => [
            "Nothing that costs more than {}.",
            "I must not pay over {}.",
            "A price of at most {}, no exceptions.",
        ],
        (Condition::PriceCap(_), false) => [
            "Preferably at a price under {}.",
            "I would rather not spend more than {}.",
            "Ideally it costs at most {}.",
        ],
        (Condition::DurationCap(_), true) => {
            ["Nothing longer than {}.", "It must not take more than {}.", "At most {} long, no exceptions."]
        }
        (Condition::DurationCap(_), false) => [
            "Preferably shorter than {}.",
            "I would rather not watch more than {}.",
            "Ideally at most {} long.",
        ],
    }
}

/// Whole numbers without a fraction, others with two digits.
fn price(amount: f32) -> String {
    let amount = f64::from(amount);
    if amount.fract() == 0.0 { format!("{amount:.0}") } else { format!("{amount:.2}") }
}

fn duration(seconds: f32) -> String {
    let seconds = seconds.round();
    let (number, unit) = if seconds >= 60.0 && seconds % 60.0 == 0.0 {
        (seconds / 60.0, "minute")
    } else {
        (seconds, "second")
    };
    let plural = if number > 1.0 { "s" } else { "" };
    format!("{number:.0} {unit}{plural}")
}
