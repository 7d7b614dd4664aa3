//! Damage is an error with a name, never a panic and never wrong rows.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// How far a damaged run had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Partial,
    Checkpointed,
    Finished,
}

struct Folder {
    files: BTreeMap<String, Vec<u8>>,
    rows: Vec<Vec<String>>,
}

static FOLDERS: LazyLock<[Folder; 3]> = LazyLock::new(|| {
    let story = Story::new(20, 9);
    [Stage::Partial, Stage::Checkpointed, Stage::Finished].map(|stage| {
        let root = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
        story.begin(&mut writer).unwrap();
        story.play(&mut writer, 0, if stage == Stage::Partial { usize::MAX } else { 4 }).unwrap();
        if stage == Stage::Finished {
            writer.finish(RunSummary::default()).unwrap();
        } else {
            writer.flush().unwrap();
            drop(writer);
        }
        let folder = story.folder(root.path());
        let rows = read_rows(&RunReader::open(&folder).unwrap()).unwrap();
        Folder { files: files(&folder), rows }
    })
});

#[derive(Debug, Clone)]
enum Harm {
    Truncate,
    Flip(u8),
    Overwrite(u8),
    Insert(u8),
    Remove,
}

fn harm() -> impl Strategy<Value = Harm> {
    prop_oneof![
        Just(Harm::Truncate),
        (0u8..8).prop_map(|bit| Harm::Flip(1 << bit)),
        any::<u8>().prop_map(Harm::Overwrite),
        any::<u8>().prop_map(Harm::Insert),
        Just(Harm::Remove),
    ]
}

proptest! {
    #![proptest_config(sample::cases(200))]

    #[test]
    fn damage_is_named(
        stage in prop::sample::select(vec![Stage::Partial, Stage::Checkpointed, Stage::Finished]),
        file in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        harm in harm(),
    ) {
        let whole = &FOLDERS[stage as usize];
        let mut damaged = whole.files.clone();
        let name = file.get(&damaged.keys().cloned().collect::<Vec<_>>()).clone();
        let content = damaged.get_mut(&name).unwrap();
        let at = at.index(content.len().max(1));
        match &harm {
            Harm::Truncate => content.truncate(at),
            Harm::Flip(bit) => if let Some(byte) = content.get_mut(at) { *byte ^= *bit },
            Harm::Overwrite(new) => if let Some(byte) = content.get_mut(at) { *byte = *new },
            Harm::Insert(new) => content.insert(at.min(content.len()), *new),
            Harm::Remove => { damaged.remove(&name); }
        }
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), &damaged);
        match RunReader::open(folder.path()).and_then(|run| read_rows(&run)) {
            // Without its manifest a run is not finished, without a checkpoint there is the one before, and what the
            // list of parts of a run without checkpoints no longer lists is not read.
            Ok(rows) if matches!(harm, Harm::Remove) || stage == Stage::Partial => {
                prop_assert!(is_prefix(&whole.rows, &rows));
            }
            Ok(rows) => prop_assert_eq!(&rows, &whole.rows),
            Err(error) => {
                let named = error.to_string();
                let about_file = named.contains(folder.path().to_str().unwrap());
                prop_assert!(about_file || matches!(error, StoreError::NoSuch { .. }), "{named}");
            }
        }
        match RunWriter::resume_on(folder.path(), unwatched()) {
            Ok((_, Some(state))) => prop_assert!(state == [8] || state == [4] && matches!(harm, Harm::Remove)),
            Ok((_, None)) => prop_assert!(stage == Stage::Partial),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn a_damaged_checkpoint_says_how_to_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = FOLDERS[Stage::Checkpointed as usize].files.clone();
    files.get_mut("checkpoint/head-000002").unwrap()[60] ^= 4;
    put(folder.path(), &files);
    let error = RunReader::open(folder.path()).unwrap_err().to_string();
    assert_eq!(
        error.replace(folder.path().to_str().unwrap(), "RUN"),
        "RUN/checkpoint/head-000002: the file is damaged: its content does not match its checksum; \
         remove head-000002 to go back to the checkpoint before it"
    );
    std::fs::remove_file(folder.path().join("checkpoint/head-000002")).unwrap();
    assert_eq!(RunWriter::resume_on(folder.path(), unwatched()).unwrap().1, Some(vec![4]));
}

#[test]
fn another_scenario_cannot_slip_in() {
    for stage in [Stage::Partial, Stage::Checkpointed, Stage::Finished] {
        let folder = tempfile::tempdir().unwrap();
        let mut files = FOLDERS[stage as usize].files.clone();
        let scenario = String::from_utf8(files["scenario.json"].clone()).unwrap();
        let other = scenario.replace("\"seed\": 7", "\"seed\": 8");
        assert_ne!(scenario, other);
        files.insert("scenario.json".to_owned(), other.into_bytes());
        put(folder.path(), &files);
        let says = "scenario.json: the file is damaged: it is not the scenario that the run began with";
        let error = RunReader::open(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with(says), "{stage:?}: {error}");
        if stage != Stage::Finished {
            let error = RunWriter::resume_on(folder.path(), unwatched()).err().unwrap().to_string();
            assert!(error.ends_with(says), "{error}");
        }
    }
}
