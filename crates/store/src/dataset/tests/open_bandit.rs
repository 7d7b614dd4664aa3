//! Logged bandit feedback is kept as it is.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, TimestampMicrosecondType, UInt8Type};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::dataset::{OpenBandit, read_open_bandit, write_open_bandit};

fn log() -> OpenBandit {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &OPEN_BANDIT.files());
    read_open_bandit(folder.path()).unwrap()
}

#[test]
fn rounds_are_read_in_order_of_time() {
    let log = log();
    assert_eq!(log.item_features, ["item_feature_0", "item_feature_1"]);
    assert_eq!(log.items[1].features, ["0.25", "cd"]);
    assert_eq!(log.user_features, ["user_feature_0"]);
    assert_eq!(log.user_values, [["x", "y"]]);
    let [first, second] = &log.rounds[..] else { panic!("two rounds") };
    assert_eq!((first.unix_micros, second.unix_micros), (1574553793000000, 1574553816705207));
    assert_eq!((first.item, first.position, first.clicked, first.propensity), (0, 1, true, 0.25));
    assert_eq!((&first.user, &second.user), (&vec![1], &vec![0]));
    assert_eq!(second.affinities, [0.0, 1.0]);
}

#[test]
fn rounds_are_written_as_parquet() {
    let (log, folder) = (log(), tempfile::tempdir().unwrap());
    write_open_bandit(&log, &folder.path().join("new")).unwrap();
    let batch = |name: &str| {
        let file = std::fs::File::open(folder.path().join("new").join(name)).unwrap();
        let mut batches = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        batches.next().unwrap().unwrap()
    };
    let rounds = batch("rounds.parquet");
    let names: Vec<&str> = rounds.schema_ref().fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["time", "item", "position", "clicked", "propensity", "user_feature_0", "affinities"]);
    let column = |name: &str| rounds.column_by_name(name).unwrap();
    assert_eq!(column("time").as_primitive::<TimestampMicrosecondType>().values()[1], 1574553816705207);
    assert_eq!(column("position").as_primitive::<UInt8Type>().values(), &[1, 3]);
    assert_eq!(column("propensity").as_primitive::<Float64Type>().values(), &[0.25, 0.5]);
    assert!(column("clicked").as_boolean().value(0) && !column("clicked").as_boolean().value(1));
    let text = |name: &str, row: usize| {
        let names = column(name).as_dictionary::<Int32Type>();
        names.values().as_string::<i32>().value(names.key(row).unwrap()).to_owned()
    };
    assert_eq!([text("item", 0), text("user_feature_0", 0)], ["0", "y"]);
    let affinities = column("affinities").as_fixed_size_list().values().as_primitive::<Float32Type>();
    assert_eq!(affinities.values(), &[0.0, 0.0, 0.0, 1.0]);

    let items = batch("items.parquet");
    assert_eq!(items.column_by_name("item_feature_1").unwrap().as_string::<i32>().value(1), "cd");
}
