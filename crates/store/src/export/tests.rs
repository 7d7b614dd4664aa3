use super::*;
use crate::sample::{self, small};

fn exported(format: ExportFormat) -> String {
    let root = tempfile::tempdir().unwrap();
    let run = RunReader::open(small::write(root.path())).unwrap();
    let out = root.path().join("out");
    let files = export_run(&run, &out, format).unwrap();
    let shown = files.iter().map(|(path, rows)| {
        let name = path.file_name().unwrap().to_str().unwrap();
        format!("--- {name}: {rows}\n{}", std::fs::read_to_string(path).unwrap())
    });
    shown.collect()
}

#[test]
fn csv() {
    insta::assert_snapshot!(exported(ExportFormat::Csv));
}

#[test]
fn json_lines() {
    insta::assert_snapshot!(exported(ExportFormat::Jsonl));
}

#[test]
fn numbers_that_json_lacks_are_texts() {
    let numbers = arrow_array::Float32Array::from(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.1]);
    let json = |row| serde_json::to_string(&Cell { column: &numbers, row }).unwrap();
    assert_eq!([json(0), json(1), json(2), json(3)], ["\"NaN\"", "\"inf\"", "\"-inf\"", "0.1"]);
}

#[test]
fn a_damaged_run_leaves_no_half_file() {
    let root = tempfile::tempdir().unwrap();
    let mut writer = crate::RunWriter::create(root.path(), &sample::scenario(5)).unwrap();
    let folder = writer.folder().to_path_buf();
    writer.begin(&sample::catalogue(), []).unwrap();
    for window in sample::fixed(sample::windows(6)) {
        writer.append(window).unwrap();
    }
    writer.finish(crate::RunSummary::default()).unwrap();
    let part = folder.join("turns").join("part-000002.parquet");
    let mut bytes = std::fs::read(&part).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&part, bytes).unwrap();

    let run = RunReader::open(&folder).unwrap();
    let out = root.path().join("out");
    let error = export_run(&run, &out, ExportFormat::Csv).unwrap_err().to_string();
    assert!(error.contains("part-000002.parquet: the file is damaged"), "{error}");
    assert_eq!(crate::disk::files_in(&out).unwrap(), [] as [&str; 0]);
}

#[test]
fn formats_have_names() {
    assert_eq!("jsonl".parse::<ExportFormat>().unwrap(), ExportFormat::Jsonl);
    let error = "json".parse::<ExportFormat>().unwrap_err();
    assert_eq!(error.to_string(), "there is no export format \"json\"; did you mean \"jsonl\"?");
}
