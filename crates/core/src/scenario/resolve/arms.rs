//! The policies under comparison.

use super::people::model_file;
use super::reader::{Document, Reader, elements};
use crate::action::ActionScale;
use crate::scenario::file::ArmFile;
use crate::scenario::policy::PolicyConfig;
use crate::scenario::problem::Finding;
use crate::scenario::resolved::{Arm, PolicySpec};
use crate::scenario::tree::{Value, Way};

/// How far the sum of the shares may be from 1, so that thirds can be written down.
const SHARES_ALLOWANCE: f64 = 1e-6;

pub(super) fn arms(
    reader: &mut Reader<'_>,
    document: &Document,
    scale: Option<&ActionScale>,
) -> Option<Vec<Arm>> {
    let way = Way::to("arm");
    let ways = elements(document, &way);
    let policies: Vec<_> =
        ways.iter().map(|way| policy(reader, document, &way.key("policy"), scale)).collect();
    let files: Vec<Option<ArmFile>> = ways.iter().map(|way| reader.required(document, way)).collect();
    let shares = shares(reader, document, &ways);
    if document.is_broken(&way) {
        return None;
    }
    let arms = files.into_iter().zip(policies).zip(shares?);
    arms.map(|((file, policy), share)| Some(Arm { name: file?.name, policy: policy?, share })).collect()
}

/// The share of each arm.
fn shares(reader: &mut Reader<'_>, document: &Document, ways: &[Way]) -> Option<Vec<f64>> {
    let ways: Vec<Way> = ways.iter().map(|way| way.key("share")).collect();
    if ways.iter().all(|way| document.get(way).is_none() && !document.is_broken(way)) {
        return Some(vec![1.0 / ways.len() as f64; ways.len()]);
    }
    let mut shares = Vec::new();
    let mut missing = false;
    for way in &ways {
        match reader.optional::<f64>(document, way) {
            Some(Some(share)) => shares.push(share),
            Some(None) => {
                let arm = Way(way.0[..way.0.len() - 1].to_vec());
                let finding = Finding::new(&document.get(&arm)?.at, way, "`share` is missing");
                reader.report(finding.expected("a share, as other arms have one, or no `share` in any arm"));
                missing = true;
            }
            None => missing = true,
        }
    }
    if missing {
        return None;
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > SHARES_ALLOWANCE {
        let last = ways.last()?;
        let listed = shares.iter().map(f64::to_string).collect::<Vec<_>>().join(" + ");
        let finding = Finding::new(&document.get(last)?.at, last, "the shares of the arms do not sum to 1")
            .found(if shares.len() == 1 {
                listed
            } else {
                format!("{listed} = {}", (sum * 1e9).round() / 1e9)
            })
            .expected("shares that sum to 1")
            .hint("without any `share`, all arms have the same");
        reader.report(finding);
        return None;
    }
    Some(shares)
}

/// A policy, in place or in a file of its own.
pub(super) fn policy(
    reader: &mut Reader<'_>,
    document: &Document,
    way: &Way,
    scale: Option<&ActionScale>,
) -> Option<PolicySpec> {
    let node = document.get(way)?;
    match node.value {
        Value::Text(_) => {
            let root = reader.open(node, way, "policy file")?;
            let document = reader.definition("PolicyConfig", root);
            table(reader, &document, &Way::default(), scale)
        }
        _ => table(reader, document, way, scale),
    }
}

/// The policy in a table.
pub(super) fn table(
    reader: &mut Reader<'_>,
    document: &Document,
    way: &Way,
    scale: Option<&ActionScale>,
) -> Option<PolicySpec> {
    let config = reader.checked(document, way, PolicyConfig::check);
    let positive = way.key("positive");
    let known = match (document.get(&positive), scale) {
        (Some(node), Some(scale)) => match scale.find(node.text()?) {
            Some(action) if scale.level(action) > 0 => true,
            found => {
                let message = match found {
                    Some(_) => "`positive` must stand above \"skip\"",
                    None => "`positive` is not on the scenario's scale of actions",
                };
                let above = scale.names().iter().skip_while(|name| *name != "skip").skip(1);
                let above: Vec<&str> = above.map(String::as_str).collect();
                let finding = Finding::of(node, &positive, message)
                    .expected(format!("one of the actions above \"skip\": {}", above.join(", ")))
                    .nearest(Reader::near(node, above));
                reader.report(finding);
                false
            }
        },
        _ => true,
    };
    let folder = reader.texts.folder(document.get(way)?.at.text).to_path_buf();
    let config = config.filter(|_| known)?;
    let model = match config.language_model() {
        Some((place, model)) => {
            let way = place.iter().fold(way.clone(), |way, key| way.key(key)).key("model");
            Some(model_file(reader, document, &way, model.server.is_some())?)
        }
        None => None,
    };
    Some(PolicySpec { config, folder, model })
}
