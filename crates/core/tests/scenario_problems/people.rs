//! Mistakes in who lives in the run.

use super::town::told;
use super::{mistake, snapshot};

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
fn language_models() {
    let personas = "personas = {}";
    let llm = |table: &str| format!("personas = {{}}\nmodel = \"llm\"\nllm = {{ {table} }}");
    let cases = [
        ("no such folder", llm("model = \"model/tiny/one\"")),
        ("no such file", llm("model = \"item.gguf\"")),
        ("an unknown key", llm("model = \"a/b\", temprature = 2")),
        ("no amount of memory", llm("model = \"a/b\", cache = \"lots\"")),
        ("an unknown precision", llm("model = \"a/b\", precision = \"int4\"")),
        ("an unknown move", llm("model = \"a/b\", moves = [\"serch\"]")),
        ("a move twice", llm("model = \"a/b\", moves = [\"search\", \"search\"]")),
        ("no model", llm("think = 5")),
        ("no template", llm("model = \"a/b\", template = \"item.txt\"")),
        ("no such model of ours", llm("model = \"builtin:habitue-mimi\"")),
        ("no such template of ours", llm("model = \"a/b\", template = \"builtin:shirt\"")),
        ("an unknown bin", llm("model = \"a/b\", calibration.return.offset = { today = 1 }")),
        ("no such calibration", llm("model = \"a/b\", calibration = \"calibratoin.toml\"")),
        ("an address without a scheme", llm("model = \"a\", server = { endpoint = \"localhost:8000\" }")),
    ];
    let edits: Vec<[(&str, &str); 1]> = cases.iter().map(|(_, to)| [(personas, to.as_str())]).collect();
    let mut mistakes: Vec<_> =
        cases.iter().zip(&edits).map(|((name, _), edit)| mistake(name, edit)).collect();
    let missing = [(personas, "personas = {}\nmodel = \"llm\"")];
    let other = [(personas, "personas = {}\nllm = { model = \"a/b\" }")];
    mistakes.extend([mistake("no table", &missing), mistake("a table for another model", &other)]);
    snapshot!("language_models", mistakes);
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
