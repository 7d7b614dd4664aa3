//! A policy that is named on the command line rather than in a scenario.

use std::path::Path;

use super::reader::Reader;
use super::{arms, typed_file};
use crate::action::ActionScale;
use crate::scenario::policy::PolicyConfig;
use crate::scenario::problem::{Finding, Problems};
use crate::scenario::resolved::PolicySpec;
use crate::scenario::sources::Sources;
use crate::scenario::tree::{Node, Way};

/// Reads a policy as `--policy` names it, and checks it against the scale of actions it is to be used with.
///
/// `typed` is the path of a policy file, a kind (`popularity`), or a table in TOML's inline form
/// (`{ kind = "popularity", explore = { kind = "epsilon", epsilon = 0.1 } }`).
///
/// # Errors
/// All problems found: a file that cannot be read, an unknown kind or key with the nearest that exists, a value outside
/// its range.
pub fn resolve_policy(
    typed: &str,
    scale: &ActionScale,
    sources: &dyn Sources,
) -> Result<PolicySpec, Problems> {
    let mut reader = Reader::new(sources);
    let spec = root(typed.trim(), &mut reader).and_then(|root| {
        let document = reader.definition("PolicyConfig", root);
        arms::table(&mut reader, &document, &Way::default(), Some(scale))
    });
    match spec {
        Some(spec) if reader.findings.is_empty() => Ok(spec),
        _ => Err(Problems::new(reader.findings, reader.texts)),
    }
}

fn root(typed: &str, reader: &mut Reader<'_>) -> Option<Node> {
    let in_place = typed.starts_with('{');
    if !in_place && !is_kind(typed) {
        return typed_file(Path::new(typed), "policy file", reader);
    }
    let content = if in_place { typed.to_owned() } else { format!("{{ kind = \"{typed}\" }}") };
    let folder = reader.sources.working_directory();
    let text = reader.texts.add_argument(format!("--policy {typed}"), &content, &folder);
    match Node::single(&content, text) {
        Ok(root) => Some(root),
        Err((message, at)) => {
            reader.report(Finding::new(&at, &Way::default(), message));
            None
        }
    }
}

/// Whether this is meant as a kind: one that there is, or a word that is no path.
fn is_kind(typed: &str) -> bool {
    let is_word = |typed: &str| typed.chars().all(|char| char.is_ascii_alphanumeric() || char == '-');
    PolicyConfig::KINDS.contains(&typed) || !typed.is_empty() && is_word(typed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::MemorySources;

    fn scale() -> ActionScale {
        ActionScale::new(&["skip", "click", "like"], "click").unwrap()
    }

    #[test]
    fn a_policy_is_a_file_a_kind_or_a_table() {
        let sources = MemorySources::new()
            .with("/mild.toml", "kind = \"random\"\n")
            .with("/popular", "kind = \"popularity\"\n");
        let kind = |typed| resolve_policy(typed, &scale(), &sources).unwrap().config.kind();
        assert_eq!(
            ["/mild.toml", "mild.toml", "linucb", "./popular"].map(kind),
            ["random", "random", "linucb", "popularity"]
        );
        assert_eq!(kind("{ kind = \"fixed\", items = [\"a\"] }"), "fixed");
    }

    #[test]
    fn problems_name_what_was_typed_and_the_nearest() {
        let sources = MemorySources::new().with("/mild.toml", "kind = \"random\"\n");
        let told = |typed| resolve_policy(typed, &scale(), &sources).unwrap_err().render();
        let typed = [
            "populrity",
            "mlid.toml",
            "{ kind = \"random\", exclud = \"none\" }",
            "{ kind = ",
            "{ kind = \"popularity\", positive = \"lik\" }",
            "",
        ];
        insta::assert_snapshot!(typed.map(told).join("\n"));
    }
}
