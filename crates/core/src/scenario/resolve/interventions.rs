//! What is done to the world during the run.

use std::collections::{BTreeMap, BTreeSet};

use super::arms::policy;
use super::reader::{Document, Reader, elements, names};
use super::run::above_zero;
use crate::action::ActionScale;
use crate::scenario::catalogue::ItemSpec;
use crate::scenario::file::InterventionFile;
use crate::scenario::problem::Finding;
use crate::scenario::resolved::{Intervention, InterventionKind, PolicySpec, Window};
use crate::scenario::span::Span;
use crate::scenario::tree::{Value, Way};
use crate::time::{SimDuration, SimTime};

/// What interventions have to fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'s> {
    pub(super) horizon: Option<SimDuration>,
    pub(super) window: Option<Window>,
    pub(super) scale: Option<&'s ActionScale>,
}

/// All interventions, in order of time; those at the same time in the order in which they were typed.
pub(super) fn all(
    reader: &mut Reader<'_>,
    document: &Document,
    frame: Frame<'_>,
) -> Option<Vec<Intervention>> {
    let way = Way::to("intervention");
    let ways = elements(document, &way);
    let all: Vec<_> = ways.iter().map(|way| one(reader, document, way, frame)).collect();
    unique_items(reader, document, &ways);
    if document.is_broken(&way) {
        return None;
    }
    let mut all: Vec<Intervention> = all.into_iter().collect::<Option<_>>()?;
    all.sort_by_key(|intervention| intervention.at);
    Some(all)
}

fn one(reader: &mut Reader<'_>, document: &Document, way: &Way, frame: Frame<'_>) -> Option<Intervention> {
    let at = moment(reader, document, way, frame);
    let parts = Parts::read(reader, document, way, frame);
    let kind = kind(reader, document, way, frame, at, parts);
    Some(Intervention { at: at?, kind: kind? })
}

/// What several kinds of interventions have, checked even if something else in the intervention cannot be read.
struct Parts {
    /// The items to be added.
    items: Option<Vec<ItemSpec>>,
    policy: Option<PolicySpec>,
    /// Whether the arm that is named exists.
    arm: bool,
}

impl Parts {
    fn read(reader: &mut Reader<'_>, document: &Document, way: &Way, frame: Frame<'_>) -> Self {
        let mut items = elements(document, &way.key("items"));
        items.push(way.key("item"));
        items.retain(|way| document.get(way).is_some_and(|node| matches!(node.value, Value::Table(_))));
        let items: Vec<Option<ItemSpec>> =
            items.iter().map(|way| reader.checked(document, way, ItemSpec::check)).collect();
        let arm_way = way.key("arm");
        Self {
            items: items.into_iter().collect(),
            policy: policy(reader, document, &way.key("policy"), frame.scale),
            arm: document.get(&arm_way).is_none() || arm(reader, document, &arm_way),
        }
    }
}

/// When it happens, which has to be before the run ends.
fn moment(reader: &mut Reader<'_>, document: &Document, way: &Way, frame: Frame<'_>) -> Option<SimTime> {
    let way = way.key("at");
    let Span(at) = reader.required(document, &way)?;
    let (Some(horizon), Some(window)) = (frame.horizon, frame.window) else { return Some(SimTime(at.0)) };
    let node = document.get(&way)?;
    if at >= horizon {
        let finding = Finding::of(node, &way, "the intervention comes when the run is over");
        reader.report(finding.expected(format!("a time before the horizon, {horizon}")));
        return None;
    }
    // Interventions wait for the next window to begin.
    if let Window::Every(length) = window {
        let last = SimDuration((horizon.0 - 1) / length.0 * length.0);
        if at > last {
            let finding = Finding::of(node, &way, "the intervention comes after the last window has begun");
            reader.report(finding.expected(format!("a time up to {last}, when the last window begins")));
            return None;
        }
    }
    Some(SimTime(at.0))
}

fn kind(
    reader: &mut Reader<'_>,
    document: &Document,
    way: &Way,
    frame: Frame<'_>,
    at: Option<SimTime>,
    parts: Parts,
) -> Option<InterventionKind> {
    let file: InterventionFile = reader.required(document, way)?;
    Some(match file {
        InterventionFile::EditPersona(file) => InterventionKind::EditPersona {
            users: file.users.unwrap_or_default(),
            interests: interests(reader, document, way, file.interests)?,
        },
        InterventionFile::AddItems(_) => InterventionKind::AddItems(parts.items?),
        InterventionFile::RemoveItems(file) => InterventionKind::RemoveItems(file.items),
        InterventionFile::CreatorPost(file) => {
            let mut item = parts.items?.pop()?;
            if item.creator.get_or_insert_with(|| file.creator.clone()) != &file.creator {
                let way = way.key("item").key("creator");
                let finding =
                    Finding::of(document.get(&way)?, &way, "the item has another creator than the post");
                reader.report(finding.expected(format!("{:?}, or no `creator` in the item", file.creator)));
                return None;
            }
            InterventionKind::CreatorPost { creator: file.creator, item: Box::new(item) }
        }
        InterventionFile::SwapPolicy(file) => {
            parts.arm.then_some(())?;
            InterventionKind::SwapPolicy { arm: file.arm, policy: Box::new(parts.policy?) }
        }
        InterventionFile::Outage(file) => {
            let duration = outage(reader, document, &way.key("duration"), file.duration.0, frame, at);
            parts.arm.then_some(())?;
            InterventionKind::Outage { duration: duration?, arm: file.arm }
        }
        InterventionFile::NeedShock(file) => {
            InterventionKind::NeedShock { category: file.category, share: file.share }
        }
    })
}

fn interests(
    reader: &mut Reader<'_>,
    document: &Document,
    way: &Way,
    interests: BTreeMap<String, f32>,
) -> Option<Vec<(String, f32)>> {
    let before = reader.findings.len();
    for (category, weight) in &interests {
        let way = way.key("interests").key(category);
        if *weight <= 0.0 {
            let finding = Finding::of(document.get(&way)?, &way, format!("`{}` is out of range", way.name()));
            reader.report(finding.expected("a weight above 0"));
        }
    }
    (reader.findings.len() == before).then(|| interests.into_iter().collect())
}

fn outage(
    reader: &mut Reader<'_>,
    document: &Document,
    way: &Way,
    duration: SimDuration,
    frame: Frame<'_>,
    at: Option<SimTime>,
) -> Option<SimDuration> {
    let duration = above_zero(reader, document, way, duration)?;
    if let (Some(horizon), Some(at)) = (frame.horizon, at)
        && at.0.saturating_add(duration.0) > horizon.0
    {
        let finding = Finding::of(document.get(way)?, way, "the outage lasts longer than the run");
        let most = SimDuration(horizon.0 - at.0);
        reader.report(finding.expected(format!("at most {most}, from then to the horizon")));
        return None;
    }
    Some(duration)
}

/// Whether the name is that of an arm; reports it otherwise.
fn arm(reader: &mut Reader<'_>, document: &Document, way: &Way) -> bool {
    let (arms, count) = (names(document, "arm"), elements(document, &Way::to("arm")).len());
    let Some(node) = document.get(way) else { return false };
    // If an arm has no readable name, it may be the one that is meant.
    if arms.len() < count || arms.iter().any(|(_, name)| name.text() == node.text()) {
        return true;
    }
    let known = || arms.iter().filter_map(|(_, name)| name.text());
    let listed = known().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let finding = Finding::of(node, way, "no arm has this name")
        .expected(if arms.len() == 1 { listed } else { format!("one of {listed}") })
        .nearest(Reader::near(node, known()));
    reader.report(finding);
    false
}

/// Reports items that are added twice.
fn unique_items(reader: &mut Reader<'_>, document: &Document, interventions: &[Way]) {
    let mut seen = BTreeSet::new();
    for way in interventions {
        let mut items = vec![way.key("item")];
        items.extend(elements(document, &way.key("items")));
        for way in items.into_iter().map(|item| item.key("id")) {
            let Some(node) = document.get(&way) else { continue };
            let Some(id) = node.text() else { continue };
            if !seen.insert(id) {
                let finding = Finding::of(node, &way, "an intervention adds this item already");
                reader.report(finding.expected("an id that no other item has"));
            }
        }
    }
}
