//! Promise: what is wrong with a scenario is told completely, where it stands, and with what was expected.
//!
//! Each theme is a table of mistakes made in the same small scenario, and one snapshot of what users are told.

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
fn populations() {
    let personas = "personas = {}";
    snapshot!(
        "populations",
        [
            mistake("a specification without a size", &[("size = 10", "")]),
            mistake(
                "a name twice",
                &[("[slate]", "[[population]]\nname = \"casual\"\nsize = 1\npersonas = {}\n[slate]")]
            ),
            mistake("a persona file that is not there", &[(personas, "personas = \"personas/fan.toml\"")]),
            mistake("a persona file of no known kind", &[(personas, "personas = \"items.txt\"")]),
            mistake("a CSV file without a mapping", &[(personas, "personas = \"users.csv\"")]),
            mistake(
                "a mapping for JSONL",
                &[(personas, "personas = { file = \"items.jsonl\", mapping = \"columns.toml\" }")]
            ),
            mistake(
                "a mapping that is not there",
                &[(personas, "personas = { file = \"users.csv\", mapping = \"column.toml\" }")]
            ),
            mistake("history without a data set", &[(personas, "personas = { from = \"history\" }")]),
            mistake("a misspelt source", &[(personas, "personas = { from = \"hystory\" }")]),
            mistake("a misspelt key of a source", &[(personas, "personas = { form = \"history\" }")]),
            mistake(
                "an unknown key in a specification of its own",
                &[(personas, "personas = \"personas/broken.toml\"")]
            ),
            mistake("personas in single brackets", &[(personas, "personas = \"personas/single.toml\"")]),
            mistake("a number for personas", &[(personas, "personas = 5")]),
            mistake("an unknown model", &[(personas, "personas = {}\nmodel = \"chioce\"")]),
            mistake(
                "more users than there are numbers",
                &[
                    ("size = 10", "size = 4294967295"),
                    ("[slate]", "[[population]]\nname = \"more\"\nsize = 2\npersonas = {}\n[slate]")
                ],
            ),
            mistake(
                "more friends than users",
                &[("[slate]", "[social.graph]\nkind = \"random\"\nmean_degree = 50\n[slate]")]
            ),
            mistake("an unknown kind of graph", &[("[slate]", "[social.graph]\nkind = \"rand\"\n[slate]")]),
            mistake("a graph of no kind", &[("[slate]", "[social.graph]\nmean_degree = 5\n[slate]")]),
            mistake(
                "a data set's graph without one",
                &[("[slate]", "[social.graph]\nkind = \"dataset\"\n[slate]")]
            ),
            mistake(
                "a file of friends that is not there",
                &[("[slate]", "[social.graph]\nkind = \"file\"\npath = \"frends.csv\"\n[slate]")]
            ),
        ]
    );
}

#[test]
fn persona_specifications_and_choice_users() {
    let personas = "personas = {}";
    snapshot!(
        "persona_specifications_and_choice_users",
        [
            mistake("a misspelt key", &[(personas, "personas = { intrests = { min = 1, max = 2 } }")]),
            mistake("half a count", &[(personas, "personas = { interests = { min = 1 } }")]),
            mistake("a list for a count", &[(personas, "personas = { interests = [1, 2] }")]),
            mistake(
                "several numbers out of range",
                &[(
                    personas,
                    "personas = { interests = { min = 0, max = 3 }, concentration = 0, age = { min = 80, max = 20 }, traits_per_user = { min = 5, max = 2 } }",
                )],
            ),
            mistake("a habit beyond its range", &[(personas, "personas = { habits.activity.mean = 1.5 }")]),
            mistake("an unknown habit", &[(personas, "personas = { habits.patients.mean = 0.5 }")]),
            mistake(
                "a weight below zero",
                &[(personas, "personas = { categories = { music = 1, \"sci.fi\" = -2 } }")]
            ),
            mistake("weights of zero alone", &[(personas, "personas = { genders = { f = 0, m = 0 } }")]),
            mistake("a name that is empty", &[(personas, "personas = { names = [\"Ada\", \"\"] }")]),
            mistake(
                "several mistakes in a file of its own",
                &[(personas, "personas = \"personas/wrong.toml\"")]
            ),
            mistake(
                "an unknown law",
                &[(personas, "personas = {}\nchoice = { afinity = { interest = 1 } }")]
            ),
            mistake("an unknown parameter", &[(personas, "personas = {}\nchoice.affinity.intrest = 1")]),
            mistake(
                "an unknown examination",
                &[(personas, "personas = {}\nchoice.examination.kind = \"cascades\"")]
            ),
            mistake("a weight out of range", &[(personas, "personas = {}\nchoice.satisfaction_weight = -1")]),
            mistake(
                "hours of a shorter day",
                &[(personas, "personas = {}\nchoice.return.hours = [1, 2, 3]")]
            ),
            mistake(
                "thresholds out of order",
                &[(personas, "personas = {}\nchoice.rating.thresholds = [3, 2, 1, 0]")]
            ),
        ]
    );
}

#[test]
fn arms_and_policies() {
    let policy = "policy = { kind = \"random\" }";
    let broken = |file: &'static str| [("policies/popularity.toml", file)];
    snapshot!(
        "arms_and_policies",
        [
            mistake("an unknown kind", &[("kind = \"random\"", "kind = \"randm\"")]),
            mistake("no kind", &[("kind = \"random\"", "")]),
            mistake("a misspelt \"kind\"", &[("kind = \"random\"", "knid = \"random\"")]),
            mistake("a kind that is a number", &[("kind = \"random\"", "kind = 3")]),
            mistake(
                "a parameter of another kind",
                &[("kind = \"random\"", "kind = \"random\", factors = 3")]
            ),
            mistake("a number for a policy", &[(policy, "policy = 3")]),
            mistake("no policy", &[(policy, "")]),
            mistake("a policy file that is not there", &broken("policies/popularty.toml")),
            mistake("no path", &broken("")),
            mistake("a policy file that is no TOML", &broken("items.jsonl")),
            mistake("several mistakes in a policy file", &broken("policies/broken.toml")),
            mistake("numbers out of range in a policy file", &broken("policies/ranges.toml")),
            mistake(
                "several numbers of a policy",
                &[(
                    policy,
                    "policy = { kind = \"bpr-mf\", factors = 0, learning_rate = -1, retrain = \"0s\" }"
                )],
            ),
            mistake(
                "a repeated item",
                &[(policy, "policy = { kind = \"fixed\", items = [\"a\", \"b\", \"a\"] }")]
            ),
            mistake(
                "exploration of an unknown kind",
                &[(policy, "policy = { kind = \"popularity\", explore = { kind = \"epsilom\" } }")]
            ),
            mistake(
                "a positive action that is not on the scale",
                &[(policy, "policy = { kind = \"popularity\", positive = \"likes\" }")]
            ),
            mistake(
                "a positive action that is not positive",
                &[(policy, "policy = { kind = \"popularity\", positive = \"skip\" }")]
            ),
            mistake("a name twice", &[("name = \"random\"", "name = \"popular\"")]),
            mistake("one share of two", &[("name = \"random\"", "name = \"random\"\nshare = 0.5")]),
            mistake(
                "shares that do not sum to 1",
                &[
                    ("name = \"random\"", "name = \"random\"\nshare = 0.5"),
                    ("name = \"popular\"", "name = \"popular\"\nshare = 0.4")
                ],
            ),
            mistake("a share of nothing", &[("name = \"random\"", "name = \"random\"\nshare = 0")]),
        ]
    );
}

#[test]
fn slates_and_rewards() {
    let actions = "actions = [\"skip\", \"view\", \"click\", \"like\"]";
    snapshot!(
        "slates_and_rewards",
        [
            mistake("a scale without \"skip\"", &[(actions, "actions = [\"view\", \"click\", \"like\"]")]),
            mistake("an action twice", &[(actions, "actions = [\"skip\", \"view\", \"click\", \"view\"]")]),
            mistake(
                "an action without a name",
                &[(actions, "actions = [\"skip\", \"\", \"click\", \"like\"]")]
            ),
            mistake(
                "nothing better than \"skip\"",
                &[(actions, "actions = [\"like\", \"click\", \"skip\"]")]
            ),
            mistake(
                "an action named as a reward",
                &[(actions, "actions = [\"skip\", \"click\", \"turn\", \"like\"]")]
            ),
            mistake(
                "a scale without the default for engagement",
                &[(actions, "actions = [\"skip\", \"view\", \"like\"]")]
            ),
            mistake(
                "engagement off the scale",
                &[(actions, "actions = [\"skip\", \"clic\", \"like\"]\nengaged = \"click\"")]
            ),
            mistake(
                "engagement below \"skip\"",
                &[(actions, "actions = [\"hide\", \"skip\", \"like\"]\nengaged = \"hide\"")]
            ),
            mistake("a reward for an unknown action", &[("like = 2", "lik = 2")]),
            mistake(
                "a reward for ratings that nobody gives",
                &[("rate = true", "rate = false"), ("like = 2", "like = 2\nrating_point = 1")]
            ),
            mistake(
                "a reward for returning in no time",
                &[("like = 2", "return_within = { days = 0, value = 1 }")]
            ),
            mistake("a reward without its value", &[("like = 2", "return_within = { days = 7 }")]),
            mistake("a reward that is text", &[("like = 2", "like = \"2\"")]),
        ]
    );
}

#[test]
fn interventions() {
    let with = |table: &'static str| [("[slate]", table)];
    snapshot!(
        "interventions",
        [
            mistake(
                "an unknown kind",
                &with("[[intervention]]\nat = \"1d\"\nkind = \"outtage\"\nduration = \"1h\"\n[slate]")
            ),
            mistake("no time", &with("[[intervention]]\nkind = \"outage\"\nduration = \"1h\"\n[slate]")),
            mistake(
                "after the run",
                &with("[[intervention]]\nat = \"3d\"\nkind = \"outage\"\nduration = \"1h\"\n[slate]")
            ),
            mistake(
                "after the last window has begun",
                &with(
                    "[[intervention]]\nat = \"2d 23h 30m\"\nkind = \"need-shock\"\ncategory = \"c\"\n[slate]"
                )
            ),
            mistake(
                "an outage beyond the run",
                &with("[[intervention]]\nat = \"2d\"\nkind = \"outage\"\nduration = \"2d\"\n[slate]")
            ),
            mistake(
                "an outage of an unknown arm",
                &with(
                    "[[intervention]]\nat = \"2d\"\nkind = \"outage\"\nduration = \"1h\"\narm = \"randon\"\n[slate]"
                )
            ),
            mistake(
                "a swap of an unknown arm",
                &with(
                    "[[intervention]]\nat = \"1d\"\nkind = \"swap-policy\"\narm = \"mf\"\npolicy = { kind = \"random\" }\n[slate]"
                )
            ),
            mistake(
                "a swap to an unknown policy",
                &with(
                    "[[intervention]]\nat = \"1d\"\nkind = \"swap-policy\"\narm = \"random\"\npolicy = \"policies/bpr.toml\"\n[slate]"
                )
            ),
            mistake(
                "no interests",
                &with("[[intervention]]\nat = \"1d\"\nkind = \"edit-persona\"\ninterests = {}\n[slate]")
            ),
            mistake(
                "an interest without weight",
                &with(
                    "[[intervention]]\nat = \"1d\"\nkind = \"edit-persona\"\ninterests = { music = 0, film = -1.5 }\n[slate]"
                )
            ),
            mistake(
                "no items",
                &with("[[intervention]]\nat = \"1d\"\nkind = \"remove-items\"\nitems = []\n[slate]")
            ),
            mistake(
                "an item with several mistakes",
                &with(
                    "[[intervention]]\nat = \"1d\"\nkind = \"add-items\"\nitems = [{ id = \"a\", title = \"A\", categories = [\"x\", \"x\"], quality = 2, age = \"1d\", published = \"2d\" }]\n[slate]"
                ),
            ),
            mistake(
                "the same item twice",
                &with(
                    "[[intervention]]\nat = \"1d\"\nkind = \"add-items\"\nitems = [{ id = \"a\", title = \"A\", categories = [\"x\"] }]\n[[intervention]]\nat = \"2d\"\nkind = \"creator-post\"\ncreator = \"studio\"\nitem = { id = \"a\", title = \"A\", categories = [\"x\"] }\n[slate]"
                ),
            ),
            mistake(
                "two creators of one item",
                &with(
                    "[[intervention]]\nat = \"2d\"\nkind = \"creator-post\"\ncreator = \"studio\"\nitem = { id = \"a\", title = \"A\", categories = [\"x\"], creator = \"other\" }\n[slate]"
                ),
            ),
            mistake(
                "a shock for nobody",
                &with(
                    "[[intervention]]\nat = \"1d\"\nkind = \"need-shock\"\ncategory = \"x\"\nshare = 0\n[slate]"
                )
            ),
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
