//! Whatever the files hold, reading them ends in a data set or an error.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::read_catalogue;

const CATALOGUE: &str = "{\"id\": \"a\", \"title\": \"A\", \"categories\": [\"x\", \"y\"], \"quality\": 0.25, \"age\": \"30d\"}\n\
    {\"id\": \"b\", \"title\": \"B\", \"categories\": [\"y\"], \"price\": 1.5, \"embedding\": []}\n";

/// A change of a file's bytes.
#[derive(Debug, Clone)]
enum Change {
    Overwrite(prop::sample::Index, u8),
    Insert(prop::sample::Index, Vec<u8>),
    Delete(prop::sample::Index, usize),
    Repeat(prop::sample::Index, usize),
    Truncate(prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    // What formats are made of, and numbers at the edges.
    let piece = prop::sample::select(vec![
        "\t",
        "\n",
        "\r\n",
        ",",
        ";",
        "|",
        "::",
        ":",
        "\"",
        "\"\"",
        "[",
        "]",
        "{",
        "}",
        "=",
        "-",
        "0",
        "1",
        "9",
        "-1",
        "nan",
        "inf",
        "1e400",
        "99999999999999999999",
        "\u{feff}",
        "é",
        "\\u0000",
        " ",
    ]);
    let bytes = prop_oneof![piece.prop_map(|piece| piece.as_bytes().to_vec()), vec(any::<u8>(), 1..4)];
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Overwrite(at, byte)),
        (at(), bytes).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (at(), 1usize..20).prop_map(|(at, count)| Change::Delete(at, count)),
        (at(), 1usize..40).prop_map(|(at, count)| Change::Repeat(at, count)),
        at().prop_map(Change::Truncate),
    ]
}

fn apply(content: &mut Vec<u8>, change: Change) {
    let place = |at: prop::sample::Index, content: &[u8]| at.index(content.len() + 1);
    match change {
        Change::Overwrite(at, byte) => {
            let at = place(at, content);
            if let Some(old) = content.get_mut(at) {
                *old = byte;
            }
        }
        Change::Insert(at, bytes) => {
            let at = place(at, content);
            content.splice(at..at, bytes);
        }
        Change::Delete(at, count) => {
            let at = place(at, content);
            content.drain(at..(at + count).min(content.len()));
        }
        Change::Repeat(at, count) => {
            let at = place(at, content);
            let piece = content[at..(at + count).min(content.len())].to_vec();
            content.splice(at..at, piece);
        }
        Change::Truncate(at) => content.truncate(place(at, content)),
    }
}

/// An outcome is good if it is consistent, or an error that says something of a file.
fn sound(folder: &Path, outcome: Result<Dataset, StoreError>) {
    match outcome {
        Ok(dataset) => {
            let (users, items) = (dataset.users.len(), dataset.catalogue.len());
            for interaction in &dataset.interactions {
                assert!((interaction.user as usize) < users && interaction.item.index() < items);
                assert!(interaction.weight >= 0.0 && interaction.weight.is_finite());
            }
            let time = |interaction: &habitue_core::Interaction| (interaction.user, interaction.unix_seconds);
            assert!(dataset.interactions.is_sorted_by_key(time));
            assert!(
                dataset.friends.iter().all(|(from, to)| (*from as usize) < users && (*to as usize) < users)
            );
        }
        Err(error) => assert!(error.to_string().contains(folder.to_str().unwrap()), "{error}"),
    }
}

proptest! {
    #![proptest_config(crate::sample::cases(256))]

    #[test]
    fn changed_files_never_panic(
        sample in 0..SAMPLES.len(),
        file in any::<prop::sample::Index>(),
        changes in vec(change(), 1..4),
    ) {
        let sample = SAMPLES[sample];
        let mut files = sample.files();
        let name = *file.get(&files.keys().copied().collect::<Vec<_>>());
        let content = files.get_mut(name).unwrap();
        for change in changes {
            apply(content, change);
        }
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &files);
        sound(folder.path(), read_from(sample.layout, folder.path()));
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        sample in 0..SAMPLES.len(),
        file in any::<prop::sample::Index>(),
        bytes in vec(any::<u8>(), 0..200),
    ) {
        let sample = SAMPLES[sample];
        let mut files = sample.files();
        let name = *file.get(&files.keys().copied().collect::<Vec<_>>());
        files.insert(name, bytes);
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &files);
        sound(folder.path(), read_from(sample.layout, folder.path()));
    }

    #[test]
    fn changed_catalogues_never_panic(changes in vec(change(), 1..4)) {
        let mut content = CATALOGUE.as_bytes().to_vec();
        for change in changes {
            apply(&mut content, change);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("catalogue.jsonl");
        std::fs::write(&path, content).unwrap();
        if let Err(error) = read_catalogue(&path) {
            prop_assert!(error.to_string().contains("catalogue.jsonl"), "{error}");
        }
    }
}

#[test]
fn unchanged_files_are_read() {
    for sample in SAMPLES {
        read(sample.layout, &sample.files()).unwrap();
    }
}
