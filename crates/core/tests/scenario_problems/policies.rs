//! Mistakes in what users meet: policies, slates, what counts, and what happens.

use super::town::told;
use super::{mistake, snapshot};

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
            mistake(
                "the same policy file twice",
                &[("policies/popularity.toml", "items.jsonl"), (policy, "policy = \"items.jsonl\"")],
            ),
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
fn policies_that_ask_a_language_model() {
    let policy = "policy = { kind = \"random\" }";
    let ranker = |keys: &str| format!("policy = {{ kind = \"llm-ranker\", {keys} }}");
    let planner = |keys: &str| format!("policy = {{ kind = \"parser-planner\", {keys} }}");
    let cases = [
        ("no model", ranker("candidates = 30")),
        ("an unknown mode", ranker("model = \"builtin:habitue-mini\", mode = \"pairwise\"")),
        ("a misspelt mode", ranker("model = \"builtin:habitue-mini\", mode = \"lisstwise\"")),
        ("no such folder", ranker("model = \"model/tiny/one\"")),
        ("no such model of ours", ranker("model = \"builtin:habitue-mimi\"")),
        ("an unknown key", ranker("model = \"a/b\", candidate = 30")),
        ("candidates by chance", ranker("model = \"a/b\", inner = { kind = \"random\" }")),
        (
            "exploration in the wrong place",
            ranker("model = \"a/b\", inner = { kind = \"popularity\", explore = { kind = \"epsilon\" } }"),
        ),
        ("one word for both", ranker("model = \"a/b\", yes = \"no\"")),
        ("an unknown parser", planner("parser = \"rule\"")),
        ("a parser without a model", planner("parser = { cache = \"1GiB\" }")),
        ("a parser that is not there", planner("parser = { model = \"item.gguf\" }")),
        (
            "a parser on a server without a scheme",
            planner("parser = { model = \"a\", server = { endpoint = \"x\" } }"),
        ),
    ];
    let edits: Vec<[(&str, &str); 1]> = cases.iter().map(|(_, table)| [(policy, table.as_str())]).collect();
    let mistakes: Vec<_> = cases.iter().zip(&edits).map(|((name, _), edits)| mistake(name, edits)).collect();
    snapshot!("policies_that_ask_a_language_model", mistakes);
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
