use habitue_core::{CreatorId, SimTime};

use super::*;

fn read(content: &[u8]) -> Result<Catalogue, StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("items.jsonl");
    std::fs::write(&path, content).unwrap();
    read_catalogue(&path).map_err(|error| match error {
        StoreError::Data(mut error) => {
            error.file = "items.jsonl".into();
            StoreError::Data(error)
        }
        other => panic!("{other}"),
    })
}

const GOOD: &str = r#"{"id": "a", "title": "A", "categories": ["cooking", "quick"], "creator": "studio", "published": "2d", "tags": ["x"]}

{"id": "b", "title": "B", "categories": ["quick"], "age": "30d", "quality": 0.25, "price": 1.5, "duration_seconds": 20}
"#;

#[test]
fn one_item_a_line() {
    let catalogue = read(GOOD.as_bytes()).unwrap();
    assert_eq!(catalogue.categories(), ["cooking", "quick"]);
    let [a, b] = catalogue.items() else { panic!("two items") };
    assert_eq!(
        (a.published, a.creator, a.quality),
        (SimTime(2 * habitue_core::DAY), Some(CreatorId(0)), 0.5)
    );
    assert_eq!(
        (b.published, b.price, b.duration_seconds),
        (SimTime(-30 * habitue_core::DAY), Some(1.5), 20.0)
    );
    // Windows line ends and a byte order mark change nothing.
    let windows = format!("\u{feff}{}", GOOD.replace('\n', "\r\n"));
    assert_eq!(read(windows.as_bytes()).unwrap(), catalogue);
}

#[test]
fn what_is_wrong_is_said() {
    let lines = [
        "",
        r#"{"id": "b", "title": "B", "categories": ["quick"]"#,
        r#"{"id": "b", "title": "B", "categories": ["quick"]} and more"#,
        r#"["b", "B"]"#,
        r#"{"id": "b", "categories": ["quick"]}"#,
        r#"{"id": "b", "titel": "B", "categories": ["quick"]}"#,
        r#"{"id": "b", "id": "c", "title": "B", "categories": ["quick"]}"#,
        r#"{"id": 5, "title": "B", "categories": ["quick"]}"#,
        r#"{"id": "b", "title": "B", "categories": "quick"}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick", null]}"#,
        r#"{"id": "b", "title": "B", "categories": []}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick", "quick"]}"#,
        r#"{"id": "a", "title": "B", "categories": ["quick"]}"#,
        r#"{"id": "", "title": "B", "categories": ["quick"]}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick"], "quality": 1.5}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick"], "quality": "high"}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick"], "duration_seconds": -1}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick"], "published": "soon"}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick"], "published": "1d", "age": "1d"}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick"], "embedding": [0.5]}"#,
        r#"{"id": "b", "title": "B", "categories": ["quick"], "semantic_id": [-1]}"#,
    ];
    let first = r#"{"id": "a", "title": "A", "categories": ["cooking"]}"#;
    let refusal = |line: &&str| {
        let before = if line.is_empty() { "" } else { first };
        let error = read(format!("{before}\n{line}\n").as_bytes()).expect_err("this line is wrong");
        format!("{line}\n  {error}\n")
    };
    let latin = read(b"{\"id\": \"caf\xe9\"}").unwrap_err();
    insta::assert_snapshot!(format!("{}{latin}", lines.iter().map(refusal).collect::<String>()));
}
