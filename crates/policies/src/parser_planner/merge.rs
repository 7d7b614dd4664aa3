//! What is left of earlier wishes when a user says something new.

use habitue_core::instruction::{Condition, Instruction, Reading};

/// Adds a reading to the wishes of a session: what it repeats or contradicts is dropped, all else is kept.
pub(super) fn merge(wishes: &mut Vec<Instruction>, reading: Reading) {
    if reading.forget {
        wishes.clear();
    }
    let replaced =
        |old: &Instruction| reading.wishes.iter().any(|new| replaces(&new.condition, &old.condition));
    wishes.retain(|old| !replaced(old));
    for wish in reading.wishes {
        if !wishes.contains(&wish) {
            wishes.push(wish);
        }
    }
}

/// Whether the new condition takes the place of the old one. Who wants only this no longer asks for that, who wants more
/// of that no longer only this; what was asked for has been seen, and what is asked for need not be new.
fn replaces(new: &Condition, old: &Condition) -> bool {
    use Condition::{More, New, Only};
    // The same subject, or a limit or novelty once more.
    let again = match (new.subject(), old.subject()) {
        (Some(new), Some(old)) => new == old,
        (None, None) => new.class() == old.class(),
        _ => false,
    };
    again
        || matches!(
            (new, old),
            (Only(_), More(_) | Only(_) | New) | (More(_), Only(_) | New) | (New, More(_) | Only(_))
        )
}

#[cfg(test)]
mod tests {
    use habitue_core::instruction::{Lexicon, brief};
    use habitue_core::{Catalogue, Item};

    use super::*;

    #[test]
    fn later_words_repeat_contradict_or_add() {
        let mut catalogue = Catalogue::new();
        for name in ["music", "news", "dance"] {
            let categories = vec![catalogue.category(name)];
            catalogue.push(Item { key: name.into(), categories, ..Item::default() }).unwrap();
        }
        let lexicon = Lexicon::new(&catalogue);
        let mut lines = Vec::new();
        for turns in [
            &["No more news, please.", "I would like some more music."][..],
            &["No more news, please.", "I am in the mood for news."],
            &["I would like some more music.", "Only dance, no exceptions.", "A bit less news, please."],
            &["Only dance, no exceptions.", "I would like some more music."],
            &["Only dance, no exceptions.", "No more dance, please."],
            &["I would like some more music.", "Surprise me a little.", "Nothing longer than 40 seconds."],
            &["Nothing longer than 40 seconds.", "Preferably shorter than 3 minutes."],
            &["No more news, please.", "Forget what I said. Only music."],
            &["I would like some more music.", "A bit more music and dance."],
        ] {
            let mut wishes = Vec::new();
            for text in turns {
                merge(&mut wishes, lexicon.read(text));
            }
            let left: Vec<String> = wishes
                .iter()
                .map(|wish| format!("{} ({:?})", brief(&wish.condition, &catalogue), wish.strength))
                .collect();
            lines.push(format!("{}\n    {}", turns.join(" / "), left.join(", ")));
        }
        insta::assert_snapshot!(lines.join("\n"));
    }
}
