//! Parquet files without their checksums: whatever the bytes are, they end in rows or an error.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::sample;
use crate::table::{Frame, Row, turns};
use crate::{ItemRow, UserRow};

fn names() -> Names {
    let mut names = Names::of(&sample::scenario(10));
    names.categories = sample::catalogue().categories().to_vec();
    names.creators = sample::catalogue().creators().to_vec();
    names
}

fn turns_part() -> Vec<u8> {
    let turns = sample::fixed(vec(sample::turn(), 40));
    encode(Table::Turns, &[turns::encode(&turns, &names()).unwrap()], &names()).unwrap()
}

/// Reads and decodes everything; gives the number of rows.
fn decoded<R: Row>(bytes: Vec<u8>) -> Result<usize, StoreError> {
    let path = Path::new("part-000000.parquet");
    column_bytes(path, bytes.clone().into())?;
    let mut rows = 0;
    for batch in read(R::TABLE, path, bytes.into())? {
        rows += R::decode(&Frame::new(R::TABLE, &batch?, path)?, &names())?.len();
    }
    Ok(rows)
}

#[test]
fn bytes_do_not_depend_on_how_rows_arrive() {
    let turns = sample::fixed(vec(sample::turn(), 40));
    let batches = |size: usize| -> Vec<RecordBatch> {
        turns.chunks(size).map(|rows| turns::encode(rows, &names()).unwrap()).collect()
    };
    let whole = encode(Table::Turns, &batches(40), &names()).unwrap();
    for size in [1, 7, 39] {
        assert!(encode(Table::Turns, &batches(size), &names()).unwrap() == whole, "in portions of {size}");
    }
}

#[test]
fn another_table_or_version_is_named() {
    let error = decoded::<UserRow>(turns_part()).unwrap_err().to_string();
    assert_eq!(
        error,
        "part-000000.parquet: the table has schema \"turns/1\", this version of habitue reads \"users/1\""
    );
    let plain = RecordBatch::try_new(
        Arc::new(arrow_schema::Schema::new(vec![arrow_schema::Field::new("x", DataType::UInt8, false)])),
        vec![Arc::new(arrow_array::UInt8Array::from(vec![1]))],
    );
    let error = decoded::<ItemRow>(encode_plain(&plain.unwrap()).unwrap()).unwrap_err().to_string();
    assert_eq!(
        error,
        "part-000000.parquet: the table has schema of no version, this version of habitue reads \"items/1\""
    );
}

proptest! {
    #![proptest_config(sample::cases(400))]

    #[test]
    fn changed_bytes_never_panic(
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in proptest::option::weighted(0.1, any::<prop::sample::Index>()),
    ) {
        static PART: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(turns_part);
        let mut bytes = PART.clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Err(error) = decoded::<habitue_core::Turn>(bytes) {
            prop_assert!(error.to_string().starts_with("part-000000.parquet"), "{error}");
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..300)) {
        let framed = [b"PAR1".as_slice(), &bytes, &(bytes.len() as u32).to_le_bytes(), b"PAR1"].concat();
        for bytes in [bytes, framed] {
            prop_assert!(decoded::<habitue_core::Turn>(bytes).is_err());
        }
    }
}
