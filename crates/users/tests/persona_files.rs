//! Personas in TOML, JSONL and CSV files, and what is said of files that are wrong.

use std::path::{Path, PathBuf};

use habitue_core::{Catalogue, DataError, DataErrorKind, Habits, Item, Persona, SimDuration};
use habitue_users::personas;
use proptest::prelude::*;
use tempfile::TempDir;

const GENRES: [&str; 6] = ["Action", "Comedy", "Documentary", "Romance", "Sci-Fi", "Thriller"];

const TOML: &str = r#"
[[persona]]
key = "ada"
name = "Ada"
age = 36
gender = "female"
occupation = "engineer"
traits = ["curious", "patient"]
interests = { Sci-Fi = 3, Comedy = 1.5 }
dislikes = ["Action"]
habits = { activity = 0.8, patience = 0.25 }
text = "Likes engines."
history = [{ item = "v2", ago = "1h" }, { item = "v1", ago = "3d", rating = 4 }]

[[persona]]
key = "ben"
interests = ["Action", "Thriller"]
"#;

const JSONL: &str = r#"{"key": "ada", "name": "Ada", "age": 36, "gender": "female", "occupation": "engineer", "traits": ["curious", "patient"], "interests": {"Sci-Fi": 3, "Comedy": 1.5}, "dislikes": ["Action"], "habits": {"activity": 0.8, "patience": 0.25}, "text": "Likes engines.", "history": [{"item": "v2", "ago": "1h"}, {"item": "v1", "ago": "3d", "rating": 4}]}

{"key": "ben", "interests": ["Action", "Thriller"]}
"#;

const CSV: &str = "id,who,years,sex,job,character,likes,hates,about,often,calm\n\
    ada,Ada,36,female,engineer,curious; patient,science fiction:3;Comedy:1.5,Action,Likes engines.,0.8,0.25\n\
    ben,,,,,,Action;Thriller,,,,\n";

const MAPPING: &str = r#"
[columns]
key = "id"
name = "who"
age = "years"
gender = "sex"
occupation = "job"
traits = "character"
interests = "likes"
dislikes = "hates"
text = "about"
activity = "often"
patience = "calm"

[rename]
"science fiction" = "Sci-Fi"
"#;

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    for genre in GENRES {
        let categories = vec![catalogue.category(genre)];
        let key = format!("v{}", catalogue.len() + 1);
        catalogue.push(Item { key, categories, ..Item::default() }).expect("keys differ");
    }
    catalogue
}

fn people(
    path: &Path,
    mapping: Option<&Path>,
    limit: Option<u32>,
    catalogue: &Catalogue,
) -> Result<Vec<Persona>, Box<DataError>> {
    personas::read(path, mapping, limit, catalogue).map(|found| found.personas)
}

struct Files(TempDir);

impl Files {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary folder"))
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).expect("a temporary file");
        path
    }

    /// What is said of a file, without the folder.
    fn says(&self, name: &str, content: impl AsRef<[u8]>, mapping: Option<&str>) -> String {
        let path = self.write(name, content);
        let mapping = mapping.map(|mapping| self.write("mapping.toml", mapping));
        let error = people(&path, mapping.as_deref(), None, &catalogue()).expect_err(name);
        error.to_string().replace(&format!("{}/", self.0.path().display()), "")
    }
}

#[test]
fn the_same_people_come_from_all_three_kinds_of_file() {
    let (files, catalogue) = (Files::new(), catalogue());
    let toml = people(&files.write("p.toml", TOML), None, None, &catalogue).expect("valid");
    let jsonl = people(&files.write("p.jsonl", JSONL), None, None, &catalogue).expect("valid");
    assert_eq!(toml, jsonl);
    let mapping = files.write("mapping.toml", MAPPING);
    let csv = people(&files.write("p.csv", CSV), Some(&mapping), None, &catalogue).expect("valid");
    let without_history = |persona: &Persona| Persona { history: Vec::new(), ..persona.clone() };
    assert_eq!(csv, toml.iter().map(without_history).collect::<Vec<_>>());

    let ada = &toml[0];
    assert_eq!(ada.habits, Habits { activity: 0.8, patience: 0.25, ..Habits::default() });
    let weights: Vec<(&str, f32)> =
        ada.interests.iter().map(|(id, weight)| (&*catalogue.categories()[id.index()], *weight)).collect();
    assert_eq!(weights, [("Sci-Fi", 3.0), ("Comedy", 1.5)]);
    assert_eq!(ada.history[0].time.0, -SimDuration::from_days(3.0).0, "oldest first");
}

#[test]
fn a_limit_takes_the_first_and_looks_no_further() {
    let (files, catalogue) = (Files::new(), catalogue());
    let path = files.write("p.jsonl", format!("{JSONL}this is no persona\n"));
    let read = |limit| people(&path, None, Some(limit), &catalogue);
    assert_eq!(read(1).expect("valid")[0].key, "ada");
    assert_eq!(read(2).expect("valid").len(), 2);
    assert_eq!(read(3).expect_err("a line is broken").line, Some(4));
}

/// A JSONL line with one field changed or added.
fn line(field: &str) -> String {
    let key = if field.starts_with("\"key\"") { "" } else { "\"key\": \"ada\", " };
    let interests = if field.starts_with("\"interests\"") { "" } else { "\"interests\": [\"Comedy\"], " };
    format!("{{{key}{interests}{field}}}")
}

#[test]
fn mistakes_in_fields_are_named() {
    let files = Files::new();
    let says: Vec<String> = [
        r#""interests": ["Comdy"]"#,
        r#""interests": ["Comedy", "Comedy"]"#,
        r#""interests": {"Comedy": 0}"#,
        r#""interests": {"Comedy": "much"}"#,
        r#""interests": []"#,
        r#""interests": "Comedy""#,
        r#""interest": ["Comedy"]"#,
        r#""key": """#,
        r#""key": 7"#,
        r#""age": 130"#,
        r#""age": 36.5"#,
        r#""age": "old""#,
        r#""traits": "curious""#,
        r#""traits": [""]"#,
        r#""dislikes": ["Comedy"]"#,
        r#""dislikes": ["Sci-fi"]"#,
        r#""habits": {"activity": 1.5}"#,
        r#""habits": {"patiense": 0.5}"#,
        r#""habits": [0.5]"#,
        r#""history": [{"item": "v9", "ago": "1d"}]"#,
        r#""history": [{"item": "v1"}]"#,
        r#""history": [{"item": "v1", "ago": "yesterday"}]"#,
        r#""history": [{"item": "v1", "ago": "1d", "rating": 0}]"#,
        r#""age": 36, "age": 37"#,
        r#""name": null"#,
    ]
    .iter()
    .map(|field| files.says("p.jsonl", line(field), None))
    .collect();
    insta::assert_snapshot!(says.join("\n"));
}

#[test]
fn mistakes_in_files_are_named() {
    let files = Files::new();
    let mut says = vec![
        files.says("p.jsonl", "", None),
        files.says("p.jsonl", "{\"key\": \"ada\"}", None),
        files.says("p.jsonl", format!("{}\n\n{}", line("\"age\": 1"), line("\"age\": 2")), None),
        files.says("p.jsonl", "{\"key\": \"ada\",", None),
        files.says("p.jsonl", "[1, 2]", None),
        files.says("p.jsonl", b"{\"key\": \"ada\"}\n{\"key\": \"\xff\"}", None),
        files.says("p.toml", "[[persona]]\nkey = \"ada\"\nkey = \"ben\"\n", None),
        files.says(
            "p.toml",
            "[[persona]]\nkey = \"ada\"\ninterests = [\n  \"Comedy\",\n  \"Horror\",\n]\n",
            None,
        ),
        files.says("p.toml", "persona = 3\n", None),
        files.says("p.toml", "[[personas]]\nkey = \"ada\"\n", None),
        files.says("p.toml", "# nobody\n", None),
        files.says("p.toml", format!("persona = {}{}", "[".repeat(40), "]".repeat(40)), None),
        files.says("p.yaml", "persona: ada", None),
        files.says("p.toml", TOML, Some(MAPPING)),
        files.says("p.csv", CSV, None),
    ];
    let absent = people(Path::new("nobody.toml"), None, None, &catalogue()).expect_err("no file");
    says.push(absent.to_string());
    let few = people(&files.write("p.jsonl", line("\"age\": 1")), None, Some(5), &catalogue());
    says.push(few.expect_err("too few").to_string().replace(&format!("{}/", files.0.path().display()), ""));
    insta::assert_snapshot!(says.join("\n"));
}

#[test]
fn mistakes_in_tables_and_mappings_are_named() {
    let files = Files::new();
    let row = |likes: &str, rest: &str| format!("id,likes,years\nada,{likes},{rest}\n");
    let mapping = "[columns]\nkey = \"id\"\ninterests = \"likes\"\nage = \"years\"\n";
    let csv = |content: String| files.says("p.csv", content, Some(mapping));
    let map = |mapping: &str| files.says("p.csv", row("Comedy", "36"), Some(mapping));
    let says = [
        csv("id,likes,years\nada,Comedy\n".to_owned()),
        csv("id,likes,id\nada,Comedy,1\n".to_owned()),
        csv("id,like,years\nada,Comedy,36\n".to_owned()),
        csv(row("Commedy", "36")),
        csv(row("Comedy:lots", "36")),
        csv(row("", "36")),
        csv(row("Comedy", "thirty")),
        csv(row("Comedy", "-1")),
        csv(row("Comedy", "36.5")),
        csv("id,likes,years\n,Comedy,36\n".to_owned()),
        csv("id,likes,years\nada,Comedy,36\nada,Action,37\n".to_owned()),
        csv("id,likes,years\n".to_owned()),
        map("delimiter = \";;\"\n[columns]\nkey = \"id\"\ninterests = \"likes\"\n"),
        map("separator = \"\"\n[columns]\nkey = \"id\"\ninterests = \"likes\"\n"),
        map("unknown_interests = \"ignore\"\n[columns]\nkey = \"id\"\ninterests = \"likes\"\n"),
        map("[columns]\nkey = \"id\"\n"),
        map("[columns]\nkey = \"id\"\ninterests = \"likes\"\nagee = \"years\"\n"),
        map("[column]\nkey = \"id\"\n"),
        map("unknown_interests = \"drop\"\n"),
        map("[columns]\nkey = \"id\"\ninterests = \"likes\"\n[rename]\nfunny = \"Comedies\"\n"),
        map("[columns]\nkey = \"id\"\ninterests = \"likes\"\n[rename]\nfunny = 3\n"),
        files.says("p.csv", row("Horror", "36"), Some(&format!("unknown_interests = \"drop\"\n{mapping}"))),
    ];
    insta::assert_snapshot!(says.join("\n"));
}

#[test]
fn unknown_interests_are_dropped_only_where_the_mapping_says_so() {
    let files = Files::new();
    let path = files.write("p.csv", "id,likes\nada,Horror;Comedy;Comedy:2\n");
    let columns = "[columns]\nkey = \"id\"\ninterests = \"likes\"\n";
    let read =
        |mapping: String| people(&path, Some(&files.write("mapping.toml", mapping)), None, &catalogue());
    let error = read(format!("unknown_interests = \"error\"\n{columns}")).expect_err("Horror is unknown");
    assert_eq!(error.kind, DataErrorKind::UnknownName);
    let personas = read(format!("unknown_interests = \"drop\"\n{columns}")).expect("valid");
    assert_eq!(personas[0].interests.len(), 1);
    assert!((personas[0].interests[0].1 - 3.0).abs() < 1e-6, "repeated entries add up");
}

/// The folder of test data, if there is one.
fn data() -> Option<PathBuf> {
    let given = std::env::var_os("HABITUE_TEST_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    given.into_iter().chain(beside).find(|folder| folder.is_dir())
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn the_invented_users_of_recagent_are_read_through_a_mapping() {
    let Some(path) = data().map(|data| data.join("recagent/user_1000.csv")).filter(|path| path.is_file())
    else {
        eprintln!("skipped: no recagent/user_1000.csv in HABITUE_TEST_DATA or ../shared/data");
        return;
    };
    let files = Files::new();
    let mapping = r#"
separator = ","
key_prefix = "recagent-"
unknown_interests = "drop"  # "classic movies" is no genre

[columns]
key = "id"
name = "name"
age = "age"
gender = "gender"
occupation = "status"
traits = "traits"
interests = "interest"
text = "feature"

[rename]
"action movies" = "Action"
"comedy movies" = "Comedy"
"documentaries" = "Documentary"
"romantic movies" = "Romance"
"sci-fi movies" = "Sci-Fi"
"thriller movies" = "Thriller"
"family-friendly movies" = "Comedy"
"#;
    let mapping_path = files.write("mapping.toml", mapping);
    let read = |limit| people(&path, Some(&mapping_path), limit, &catalogue());
    let first = read(Some(3)).expect("the first three have genres");
    assert_eq!((&*first[0].key, &*first[0].name, first[0].age), ("recagent-0", "David Smith", Some(25)));
    assert_eq!((first[0].traits.len(), first[0].interests.len()), (4, 2));
    let error = read(None).expect_err("somebody likes classic movies alone");
    assert_eq!((error.kind, error.field.as_deref()), (DataErrorKind::EmptyField, Some("interest")));
    // Said to be what they are, they are all read.
    let mapping = files.write("all.toml", format!("{mapping}\"classic movies\" = \"Romance\"\n"));
    let all = people(&path, Some(&mapping), None, &catalogue()).expect("all are known");
    assert_eq!(all.len(), 1000);
    assert!(all.iter().all(|persona| !persona.interests.is_empty() && persona.age.is_some()));
}

/// A valid text with one stretch replaced.
fn mutated(text: &'static str) -> impl Strategy<Value = Vec<u8>> {
    (0..text.len(), 0..20_usize, proptest::collection::vec(any::<u8>(), 0..6)).prop_map(
        move |(at, length, insert)| {
            let mut bytes = text.as_bytes().to_vec();
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, insert);
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        toml in mutated(TOML),
        jsonl in mutated(JSONL),
        csv in mutated(CSV),
        mapping in mutated(MAPPING),
    ) {
        let (files, catalogue) = (Files::new(), catalogue());
        let good = files.write("good.toml", MAPPING);
        let changed = files.write("mapping.toml", mapping);
        for (name, content, mapping) in [
            ("p.toml", &bytes, None),
            ("p.jsonl", &bytes, None),
            ("p.csv", &bytes, Some(&good)),
            ("q.toml", &toml, None),
            ("q.jsonl", &jsonl, None),
            ("q.csv", &csv, Some(&good)),
            ("r.csv", &csv, Some(&changed)),
        ] {
            let read = people(&files.write(name, content), mapping.map(|path| &**path), None, &catalogue);
            if let Ok(personas) = read {
                prop_assert!(personas.iter().all(|persona| !persona.interests.is_empty()));
            }
        }
    }
}
