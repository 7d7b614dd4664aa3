use super::*;
use crate::error::StoreError;
use crate::sample::small;
use crate::writer::RunWriter;

#[test]
fn the_overview_of_a_finished_run() {
    let root = tempfile::tempdir().unwrap();
    let run = RunReader::open(small::write(root.path())).unwrap();
    let overview = overview(&run).unwrap();
    let sizes: Vec<u64> = overview.tables.iter().map(|table| table.bytes).collect();
    assert!(sizes.iter().all(|bytes| *bytes > 500), "{sizes:?}");
    // Sizes depend on the compression library.
    let mut fixed = overview.clone();
    fixed.tables.iter_mut().for_each(|table| table.bytes = 1000);
    insta::assert_snapshot!(fixed.to_string());
    insta::assert_snapshot!(serde_json::to_string_pretty(&fixed).unwrap());
}

#[test]
fn the_overview_says_how_far_an_interrupted_run_came() {
    let root = tempfile::tempdir().unwrap();
    let writer = small::begin(root.path());
    let folder = writer.folder().to_path_buf();
    drop(writer);
    let status = |folder: &std::path::Path| {
        let text = overview(&RunReader::open(folder).unwrap()).unwrap().to_string();
        text.lines().find(|line| line.starts_with("status")).unwrap().to_owned()
    };
    assert_eq!(
        status(&folder),
        "status  interrupted before the first checkpoint; shown as far as it was sealed"
    );
    let (mut writer, _) = RunWriter::resume(&folder).unwrap();
    assert_eq!(
        writer.append(habitue_core::WindowRows::default()).unwrap_err().to_string(),
        "the run writer was misused: a window came before begin"
    );
    drop(writer);
    drop(std::fs::remove_dir_all(&folder));
    let mut writer = small::begin(root.path());
    writer.save(b"state").unwrap();
    drop(writer);
    assert_eq!(status(&folder), "status  interrupted; shown as of the last checkpoint");
}

#[test]
fn schemas_are_text() {
    insta::assert_snapshot!(Table::ALL.map(schema_text).join("\n"));
}

#[test]
fn a_life_reads_as_a_story() {
    let root = tempfile::tempdir().unwrap();
    let run = RunReader::open(small::write(root.path())).unwrap();
    insta::assert_snapshot!(timeline(&run, "casual-0").unwrap());
    // By number too.
    insta::assert_snapshot!(timeline(&run, "1").unwrap());
    let error = timeline(&run, "casual-1").unwrap_err();
    assert!(matches!(error, StoreError::NoSuch { .. }));
    assert_eq!(error.to_string(), "there is no user \"casual-1\"; did you mean \"casual-0\"?");
}
