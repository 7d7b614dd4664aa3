//! Checkpoint files whose checksum is right and whose content is not.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::sample;
use crate::table::turns;

fn head() -> Head {
    Head {
        sequence: 3,
        scenario: "abc".to_owned(),
        names: Names::of(&sample::scenario(10)),
        items: 7,
        sealed: BTreeMap::from([(Table::Turns, Vec::new())]),
        segments: vec![segment_name(3)],
    }
}

fn rows() -> Vec<(Table, Vec<RecordBatch>)> {
    let names = Names::of(&sample::scenario(10));
    let turns = sample::fixed(vec(sample::turn(), 20));
    vec![(Table::Turns, vec![turns::encode(&turns, &names).unwrap()])]
}

/// Writes a checkpoint, then gives one of its files other content under a right checksum.
fn with(file: &str, content: &[u8]) -> Result<Option<Checkpoint>, StoreError> {
    let (run, disk) = (tempfile::tempdir().unwrap(), Disk { observer: Some(std::sync::Arc::new(|| {})) });
    let folder = run.path().join(FOLDER);
    fs::create_dir(&folder).unwrap();
    write(&disk, run.path(), &head(), &pack_state(b"state").unwrap(), &rows()).unwrap();
    write_sealed(&disk, &folder.join(file), &[content]).unwrap();
    read_newest(run.path())
}

#[test]
fn a_checkpoint_comes_back() {
    let content = zstd::stream::decode_all(pack_rows(&rows()).unwrap().as_slice()).unwrap();
    let back = with("rows-000003", &zstd::bulk::compress(&content, LEVEL).unwrap()).unwrap().unwrap();
    assert_eq!((back.head, back.state.as_slice()), (head(), b"state".as_slice()));
    assert_eq!(back.rows, rows().into_iter().collect());
}

proptest! {
    #![proptest_config(sample::cases(150))]

    #[test]
    fn nonsense_is_named(changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), head in any::<bool>()) {
        static ROWS: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            zstd::stream::decode_all(pack_rows(&rows()).unwrap().as_slice()).unwrap()
        });
        let mut content = if head { postcard::to_stdvec(&super::tests::head()).unwrap() } else { ROWS.clone() };
        for (at, byte) in changes {
            let at = at.index(content.len());
            content[at] = byte;
        }
        let outcome = if head {
            let length = (content.len() as u64).to_le_bytes();
            with("head-000003", &[length.as_slice(), &content].concat())
        } else {
            with("rows-000003", &zstd::bulk::compress(&content, LEVEL).unwrap())
        };
        if let Err(error) = outcome {
            prop_assert!(error.to_string().contains("000003"), "{error}");
        }
    }
}
