//! Promise: what is wrong with a scenario is told completely, where it stands, and with what was expected.
//!
//! Each theme is a table of mistakes made in the same small scenario, and one snapshot of what users are told.

mod people;
mod policies;
mod town;

use town::{Mistake, told};

/// Snapshots what is told about each mistake.
macro_rules! snapshot {
    ($theme:literal, $mistakes:expr) => {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!($theme, told(&$mistakes));
        })
    };
}
use snapshot;

const fn mistake<'a>(name: &'a str, edits: &'a [(&'a str, &'a str)]) -> Mistake<'a> {
    Mistake { name, edits, sets: &[], data: None, file: "town/town.toml" }
}

const fn set<'a>(name: &'a str, sets: &'a [&'a str]) -> Mistake<'a> {
    Mistake { name, edits: &[], sets, data: None, file: "town/town.toml" }
}

#[test]
fn the_scenario_without_mistakes_is_accepted() {
    assert_eq!(told(&[mistake("none", &[])]), "## none\naccepted\n\n");
}

#[test]
fn syntax() {
    snapshot!(
        "syntax",
        [
            mistake("a string that does not end", &[("horizon = \"3d\"", "horizon = \"3d")]),
            mistake("no value", &[("seed = 7", "seed =")]),
            mistake("a key twice", &[("seed = 7", "seed = 7\nseed = 8")]),
            mistake("a table twice", &[("[slate]", "[slate]\n[slate]")]),
            mistake("a bracket too few", &[("[slate]", "[slate")]),
            mistake("an empty file", &[(town::SCENARIO, "")]),
        ]
    );
}

#[test]
fn keys() {
    snapshot!(
        "keys",
        [
            mistake("a misspelt key at the top", &[("horizon =", "horizn =")]),
            mistake("a misspelt key in a table", &[("max_turns", "max-turn")]),
            mistake("a misspelt table", &[("[slate]", "[slates]")]),
            mistake("a key unlike all others", &[("size = 5", "colour = \"red\"")]),
            mistake("a top-level key below a table", &[("size = 5", "size = 5\nwindow = \"2h\"")]),
            mistake("a key of another table", &[("seed = 7", "seed = 7\nactions = [\"skip\", \"click\"]")]),
            mistake("a table is missing", &[("[catalogue]\ngenerate = { items = 50 }", "")]),
            mistake("a key of a list's table is missing", &[("name = \"casual\"", "")]),
            mistake("a key of a drawn catalogue", &[("items = 50", "items = 50, catgories = 3")]),
            mistake("single brackets for a list", &[("[[population]]", "[population]")]),
            mistake("double brackets for a table", &[("[slate]", "[[slate]]")]),
        ]
    );
}

#[test]
fn types_and_ranges() {
    snapshot!(
        "types_and_ranges",
        [
            mistake("text for a number", &[("seed = 7", "seed = \"7\"")]),
            mistake("a fraction for a whole number", &[("size = 5", "size = 5.0")]),
            mistake("a number for text", &[("name = \"casual\"", "name = 12")]),
            mistake("a number for a duration", &[("horizon = \"3d\"", "horizon = 3")]),
            mistake("a duration without its unit", &[("horizon = \"3d\"", "horizon = \"3\"")]),
            mistake("a duration of an unknown unit", &[("horizon = \"3d\"", "horizon = \"3 fortnights\"")]),
            mistake("a duration beyond reason", &[("horizon = \"3d\"", "horizon = \"20000y\"")]),
            mistake("text for a truth", &[("rate = true", "rate = \"yes\"")]),
            mistake("a truth in quotes", &[("rate = true", "rate = \"true\"")]),
            mistake("a number below its range", &[("size = 5", "size = 0")]),
            mistake("a number above its range", &[("size = 5", "size = 5000")]),
            mistake("a negative number", &[("size = 10", "size = -10")]),
            mistake("a number of too many bits", &[("size = 10", "size = 5_000_000_000")]),
            mistake("a number of far too many bits", &[("seed = 7", "seed = 99999999999999999999")]),
            mistake("infinity", &[("like = 2", "like = inf")]),
            mistake("too large for 32 bits", &[("like = 2", "like = 1e300")]),
            mistake(
                "a list that is empty",
                &[("actions = [\"skip\", \"view\", \"click\", \"like\"]", "actions = []")]
            ),
            mistake("a date", &[("horizon = \"3d\"", "horizon = 2024-01-01")]),
            mistake("an unknown word", &[("[slate]", "[experiment]\ndesign = \"paird\"\n[slate]")]),
            mistake("a word near \"turn\"", &[("seed = 7", "seed = 7\nwindow = \"turns\"")]),
            mistake(
                "a text for a list",
                &[("actions = [\"skip\", \"view\", \"click\", \"like\"]", "actions = \"skip\"")]
            ),
        ]
    );
}

#[test]
fn the_run() {
    snapshot!(
        "the_run",
        [
            mistake("a name that is no folder", &[("seed = 7", "name = \"my/run\"")]),
            mistake("a name that is hidden", &[("seed = 7", "name = \".run\"")]),
            mistake("no time at all", &[("horizon = \"3d\"", "horizon = \"0s\"")]),
            mistake("a window longer than the run", &[("seed = 7", "window = \"4d\"")]),
            mistake("a default window longer than the run", &[("horizon = \"3d\"", "horizon = \"30m\"")]),
            mistake("an empty window", &[("seed = 7", "window = \"0s\"")]),
            mistake(
                "two kinds of checkpoints",
                &[("[slate]", "[checkpoint]\nevery = \"1m\"\nwindows = 3\n[slate]")]
            ),
            mistake("checkpoints without pause", &[("[slate]", "[checkpoint]\nevery = \"0s\"\n[slate]")]),
            mistake("never misspelt", &[("[slate]", "[checkpoint]\nevery = \"nevr\"\n[slate]")]),
        ]
    );
}

#[test]
fn catalogues() {
    let catalogue = "generate = { items = 50 }";
    snapshot!(
        "catalogues",
        [
            mistake("no source", &[(catalogue, "")]),
            mistake("two sources", &[(catalogue, "file = \"items.jsonl\"\ngenerate = { items = 50 }")]),
            mistake("a file that is not there", &[(catalogue, "file = \"item.jsonl\"")]),
            mistake("a folder that is not there", &[(catalogue, "file = \"../nowhere/items.jsonl\"")]),
            mistake("a data set without its folder", &[(catalogue, "dataset = \"movielens\"")]),
            mistake(
                "a folder without a data set",
                &[(catalogue, "path = \"data\"\ngenerate = { items = 5 }")]
            ),
            mistake("an unknown data set", &[(catalogue, "dataset = \"movie-lens\"\npath = \"data\"")]),
            mistake("CSV without a mapping", &[(catalogue, "dataset = \"csv\"\npath = \"data\"")]),
            mistake(
                "a mapping without CSV",
                &[(catalogue, "dataset = \"lastfm\"\npath = \"data\"\nmapping = \"m.toml\"")]
            ),
            mistake(
                "several numbers of a drawn catalogue",
                &[(
                    catalogue,
                    "generate = { items = 0, categories = 2000, quality_mean = 1, second_category = 2 }"
                )],
            ),
            Mistake { data: Some("town/data"), ..mistake("data without a data set", &[]) },
            Mistake {
                data: Some("town/dat"),
                ..mistake("data that is not there", &[(catalogue, "dataset = \"movielens\"")])
            },
        ]
    );
}

#[test]
fn command_line() {
    snapshot!(
        "command_line",
        [
            set("no value", &["seed"]),
            set("no key", &["=3"]),
            set("an empty step", &["slate..size=3"]),
            set("a position beyond the list", &["population.1.size=3"]),
            set("a key for a position", &["arm.first.name=x"]),
            set("a key inside a number", &["seed.x=3"]),
            set("an unknown key", &["slate.sise=3"]),
            set("a value of the wrong type", &["slate.size=ten"]),
            set("a value out of range", &["slate.size=0"]),
            set("a file that is not there", &["arm.1.policy=policies/x.toml"]),
            set("a table where a list belongs", &["intervention.0.at=1d"]),
            set("two that contradict the file", &["horizon=1h", "window=2h"]),
        ]
    );
}

#[test]
fn files() {
    let file = |name, file| Mistake { file, ..mistake(name, &[]) };
    let policy = |name, edits| mistake(name, edits);
    snapshot!(
        "files",
        [
            file("a scenario that is not there", "town/towns.toml"),
            file("a folder that is not there", "city/town.toml"),
            file("a scenario that is no text", "town/binary.toml"),
            file("a scenario that may not be read", "/town/secret.toml"),
            policy("a policy that is no text", &[("policies/popularity.toml", "binary.toml")]),
            policy("a policy that is a folder", &[("policies/popularity.toml", "policies")]),
        ]
    );
}

#[test]
fn all_problems_are_told_at_once() {
    snapshot!(
        "all_at_once",
        [mistake(
            "one in every section",
            &[
                ("seed = 7", "seed = -7"),
                ("generate = { items = 50 }", "generate = { items = 0 }"),
                ("size = 10", "size = \"ten\""),
                ("policies/popularity.toml", "policies/broken.toml"),
                ("kind = \"random\"", "kind = \"linucb\", ridge = 0, alpha = -1"),
                ("size = 5", "sise = 5"),
                ("like = 2", "love = 2"),
                (
                    "[slate]",
                    "[[intervention]]\nat = \"5d\"\nkind = \"outage\"\nduration = \"1h\"\narm = \"third\"\n[slate]"
                ),
            ],
        )]
    );
}
