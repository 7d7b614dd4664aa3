//! Slates, what users can do with them, and what counts.

use super::reader::{Document, Reader, elements};
use crate::action::ActionScale;
use crate::reward::{ReturnReward, Reward};
use crate::scenario::file::{RewardFile, SlateFile};
use crate::scenario::nearest;
use crate::scenario::problem::Finding;
use crate::scenario::resolved::SlateOptions;
use crate::scenario::tree::{Way, quoted};
use crate::time::SimDuration;

pub(super) fn options(reader: &mut Reader<'_>, document: &Document) -> Option<SlateOptions> {
    let file: SlateFile = reader.defaulted(document, &Way::to("slate"))?;
    let scale = scale(reader, document, &file)?;
    Some(SlateOptions {
        size: file.size as usize,
        scale,
        rate: file.rate,
        history: file.history as usize,
        max_turns: file.max_turns,
        overhead: file.overhead.0,
    })
}

fn scale(reader: &mut Reader<'_>, document: &Document, file: &SlateFile) -> Option<ActionScale> {
    let way = Way::to("slate").key("actions");
    let before = reader.findings.len();
    for (position, inside) in elements(document, &way).into_iter().enumerate() {
        let (name, node) = (&file.actions[position], document.get(&inside)?);
        if file.actions[..position].contains(name) {
            let finding = Finding::of(node, &inside, "the action stands twice on the scale");
            reader.report(finding.expected("a name that no other action has"));
        }
        if RewardFile::RESERVED.contains(&name.as_str()) {
            let finding = Finding::of(node, &inside, "an action cannot have this name");
            reader.report(finding.expected("another name: in `[reward]` it means something else"));
        }
    }
    let listed = file.actions.join(", ");
    if let Some(node) = document.get(&way)
        && !file.actions.iter().any(|name| name == "skip")
    {
        let finding = Finding::new(&node.at, &way, "`actions` lacks \"skip\"").found(&listed);
        reader.report(
            finding.expected("\"skip\", what users do who do nothing, between negative and positive actions"),
        );
        return None;
    }
    if reader.findings.len() == before {
        engaged(reader, document, file)?;
        // The schema has seen to the number of actions and that none is empty.
        return ActionScale::new(&file.actions, &file.engaged).ok();
    }
    None
}

/// Checks that `engaged` is on the scale, above `skip`.
fn engaged(reader: &mut Reader<'_>, document: &Document, file: &SlateFile) -> Option<()> {
    let way = Way::to("slate").key("engaged");
    let place = |name: &str| file.actions.iter().position(|action| action == name);
    let skip = place("skip")?;
    if place(&file.engaged).is_some_and(|engaged| engaged > skip) {
        return Some(());
    }
    let expected = match &file.actions[skip + 1..] {
        [] => {
            let way = Way::to("slate").key("actions");
            let finding = Finding::new(&document.get(&way)?.at, &way, "no action is better than \"skip\"");
            reader.report(finding.found(file.actions.join(", ")).expected("an action after \"skip\""));
            return None;
        }
        [only] => quoted(only),
        above => format!("one of the actions above \"skip\": {}", above.join(", ")),
    };
    let finding = if let Some(node) = document.get(&way) {
        let message = match place(&file.engaged) {
            Some(_) => "`engaged` must stand above \"skip\"",
            None => "`engaged` is not on the scale",
        };
        let near = nearest(&file.engaged, file.actions[skip + 1..].iter().map(String::as_str));
        Finding::of(node, &way, message).nearest(near)
    } else {
        // The default belongs to the default scale.
        let at = &document.get(&Way::to("slate"))?.at;
        Finding::new(at, &way, "`engaged` is missing, and its default is not on this scale")
            .found(quoted(&file.engaged))
    };
    reader.report(finding.expected(expected));
    None
}

pub(super) fn reward(
    reader: &mut Reader<'_>,
    document: &Document,
    slate: Option<&SlateOptions>,
) -> Option<Reward> {
    let way = Way::to("reward");
    let file: Option<RewardFile> = reader.optional(document, &way)?;
    let slate = slate?;
    let scale = &slate.scale;
    let Some(file) = file else {
        let actions = scale.actions().map(|action| f32::from(u8::from(scale.is_engaged(action)))).collect();
        return Some(Reward {
            actions,
            dwell_minute: 0.0,
            rating_point: 0.0,
            turn: 0.0,
            return_within: None,
        });
    };
    let before = reader.findings.len();
    for entry in document.get(&way).map_or(&[][..], |node| node.entries()) {
        let key = entry.key.as_str();
        if file.actions.contains_key(key) && scale.find(key).is_none() {
            let known = scale.names().iter().map(String::as_str).chain(RewardFile::RESERVED);
            let finding = Finding::new(&entry.at, &way.key(key), format!("no action is called `{key}`"));
            let expected =
                format!("one of {}, or one of {}", scale.names().join(", "), RewardFile::RESERVED.join(", "));
            reader.report(finding.expected(expected).nearest(nearest(key, known)));
        }
    }
    if file.rating_point != 0.0 && !slate.rate {
        let way = way.key("rating_point");
        let finding =
            Finding::of(document.get(&way)?, &way, "ratings are worth something, but users do not rate");
        reader.report(finding.expected("`rate = true` in `[slate]`, or no `rating_point`"));
    }
    if reader.findings.len() > before {
        return None;
    }
    let value = |name: &String| file.actions.get(name).copied().unwrap_or(0.0);
    Some(Reward {
        actions: scale.names().iter().map(value).collect(),
        dwell_minute: file.dwell_minute,
        rating_point: file.rating_point,
        turn: file.turn,
        return_within: file
            .return_within
            .map(|within| ReturnReward { within: SimDuration::from_days(within.days), value: within.value }),
    })
}
