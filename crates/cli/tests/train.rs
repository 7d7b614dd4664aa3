//! Training: what it writes, how it goes on, what it refuses.
#![allow(clippy::unwrap_used, reason = "tests may fail")]

mod door;

use door::Door;

const RECIPE: &str = r#"
name = "tiny"
seed = 7
tokenizer_towns = 2
steps = 3
first_steps = 1
batch_tokens = 300
learning_rate = 1e-3
warmup = 1
floor = 0.1
weight_decay = 0.1
clip = 1.0
hints = 1.0
words = 0.2

[shape]
hidden = 16
layers = 1
heads = 2
intermediate = 16
vocabulary = 400
"#;

#[test]
fn a_model_is_trained_examined_and_played_with() {
    let door = Door::new();
    door.write("recipe.toml", RECIPE);
    let ended = door.habitue(&["train", "recipe.toml", "--out", "tiny", "--examined", "2", "--quiet"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("| action |") && ended.out.contains("tiny/model"), "{}", ended.out);
    let model = door.path().join("tiny/model");
    for file in ["config.json", "model.safetensors", "tokenizer.json", "recipe.toml", "README.md", "loss.svg"]
    {
        assert!(model.join(file).is_file(), "{file}");
    }
    let card = std::fs::read_to_string(model.join("README.md")).unwrap();
    assert!(card.starts_with("# tiny\n") && card.contains("## Marks"), "{card}");

    let again = door.habitue(&["train", "recipe.toml", "--out", "tiny", "--examined", "2", "--quiet"]);
    assert_eq!((again.code, &again.out), (0, &ended.out), "a training that is done is done");

    let sets = [
        "population.0.model=\"llm\"",
        "population.0.llm={ model = \"tiny/model\", template = \"builtin:short\" }",
        "population.0.size=3",
        "horizon=\"1d\"",
    ];
    let mut run = vec!["run", "corner.toml", "--quiet"];
    run.extend(sets.iter().flat_map(|set| ["--set", set]));
    let played = door.habitue(&run);
    assert_eq!(played.code, 0, "{played:?}");
}

#[test]
fn what_cannot_be_trained_is_said() {
    let door = Door::new();
    door.write("recipe.toml", RECIPE);
    door.write("other.toml", &RECIPE.replace("seed = 7", "seed = 8"));
    door.write("typo.toml", &RECIPE.replace("steps = 3", "stepz = 3"));
    door.write("odd.toml", &RECIPE.replace("heads = 2", "heads = 3"));
    assert_eq!(
        door.habitue(&["train", "recipe.toml", "--out", "tiny", "--examined", "1", "--quiet"]).code,
        0
    );
    let said = ["other.toml", "typo.toml", "odd.toml", "nowhere.toml"].map(|recipe| {
        let ended = door.habitue(&["train", recipe, "--out", "tiny", "--quiet"]);
        format!("{recipe}: exit code {}\n{}", ended.code, ended.err)
    });
    insta::assert_snapshot!(said.join("\n"));
}
