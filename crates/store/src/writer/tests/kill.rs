//! A kill after any step on the disk leaves a readable prefix, and a run that ends as if nothing had happened.

use std::sync::{Arc, Mutex};

use super::*;

/// What a kill leaves.
#[derive(PartialEq)]
struct Left {
    files: BTreeMap<String, Vec<u8>>,
    /// State of the last checkpoint that the writer has said is durable.
    saved: u8,
}

/// What is left of a run after every step of `act`.
fn after_every_step(story: &Arc<Story>, folder: &Path, act: impl FnOnce(Disk)) -> Vec<Left> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (steps, folder, told) = (Arc::clone(&seen), folder.to_path_buf(), Arc::clone(story));
    act(watched(move || {
        let mut steps = steps.lock().unwrap();
        let files = if folder.exists() { files(&folder) } else { BTreeMap::new() };
        let now = Left { files, saved: told.saved.load(Ordering::SeqCst) };
        if steps.last() != Some(&now) {
            steps.push(now);
        }
    }));
    Arc::into_inner(seen).unwrap().into_inner().unwrap()
}

/// Checks what a kill left, takes the run to its end, and compares that with an uninterrupted run.
fn survives(story: &Story, every: usize, left: &Left, whole: &BTreeMap<String, Vec<u8>>) {
    let Left { files: left, saved } = left;
    let root = tempfile::tempdir().unwrap();
    let folder = story.folder(root.path());
    put(&folder, left);
    match RunReader::open(&folder) {
        Err(StoreError::NotARun { .. }) => {
            assert!(!left.contains_key("scenario.json"));
            story.tell(root.path(), every, unwatched()).unwrap();
        }
        Err(error) => panic!("a kill left an unreadable folder: {error}"),
        Ok(run) => {
            assert!(is_prefix(&story.rows(), &read_rows(&run).unwrap()));
            if let Ok((_, state)) = RunWriter::resume_on(&folder, unwatched()) {
                let state = state.map_or(0, |state| state[0]);
                assert!(state >= *saved, "checkpoint {saved} was lost, {state} is the last");
            }
            match story.resume(&folder, every, unwatched()) {
                Err(StoreError::RunFinished { .. }) => assert!(left.contains_key("manifest.json")),
                ended => assert_eq!(ended.unwrap().tables.len(), Table::ALL.len()),
            }
        }
    }
    let mut end = files(&folder);
    if left.contains_key("manifest.json") {
        end.retain(|name, _| !name.starts_with("checkpoint/") && name != "lock");
    }
    assert_eq!(end.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
    assert!(end == *whole, "the bytes of a resumed run differ");
}

#[test]
fn a_kill_at_any_step_is_survived() {
    let story = Arc::new(Story::new(10, 12));
    let whole = tempfile::tempdir().unwrap();
    story.tell(whole.path(), 2, unwatched()).unwrap();
    let whole = files(&story.folder(whole.path()));

    let root = tempfile::tempdir().unwrap();
    story.saved.store(0, Ordering::SeqCst);
    let steps = after_every_step(&story, &story.folder(root.path()), |disk| {
        story.tell(root.path(), 2, disk).unwrap();
    });
    // Parts are sealed while checkpoints are kept, so the run has many different moments.
    assert!(steps.len() > 80, "{} steps", steps.len());
    for left in &steps {
        survives(&story, 2, left, &whole);
    }
}

#[test]
fn a_kill_while_resuming_is_survived() {
    let story = Arc::new(Story::new(10, 11));
    let root = tempfile::tempdir().unwrap();
    story.tell(root.path(), 6, unwatched()).unwrap();
    let whole = files(&story.folder(root.path()));

    // The run dies with rows and parts behind the last checkpoint.
    let root = tempfile::tempdir().unwrap();
    let folder = story.folder(root.path());
    let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
    story.begin(&mut writer).unwrap();
    story.play(&mut writer, 0, 6).unwrap();
    writer.flush().unwrap();
    drop(writer);
    let parts =
        |files: &BTreeMap<String, Vec<u8>>| files.keys().filter(|name| name.starts_with("turns/")).count();
    let before = files(&folder);
    let steps = after_every_step(&story, &folder, |disk| {
        let (writer, state) = RunWriter::resume_on(&folder, disk).unwrap();
        assert_eq!(state, Some(vec![6]));
        drop(writer);
    });
    assert!(parts(&before) > parts(&steps.last().unwrap().files), "nothing came after the checkpoint");
    for left in &steps {
        survives(&story, 6, left, &whole);
    }
}

#[test]
fn without_checkpoints_the_sealed_parts_are_readable() {
    let story = Story::new(10, 12);
    let root = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
    story.begin(&mut writer).unwrap();
    story.play(&mut writer, 0, usize::MAX).unwrap();
    writer.flush().unwrap();
    drop(writer);

    let folder = story.folder(root.path());
    let run = RunReader::open(&folder).unwrap();
    assert_eq!(run.status(), crate::RunStatus::Partial);
    let (all, rows) = (story.rows(), read_rows(&run).unwrap());
    assert!(is_prefix(&all, &rows));
    assert_eq!(rows[Table::Users as usize], all[Table::Users as usize]);
    let turns = rows[Table::Turns as usize].len();
    assert!(turns > 30 && turns < all[Table::Turns as usize].len(), "{turns}");

    // There is no state to go on from: the run starts again, and ends as it would have.
    let (writer, state) = RunWriter::resume_on(&folder, unwatched()).unwrap();
    assert_eq!(state, None);
    drop(writer);
    story.resume(&folder, usize::MAX, unwatched()).unwrap();
    let whole = tempfile::tempdir().unwrap();
    story.tell(whole.path(), usize::MAX, unwatched()).unwrap();
    assert!(files(&folder) == files(&story.folder(whole.path())));
}

#[test]
fn only_one_process_writes_a_run() {
    let story = Story::new(10, 2);
    let root = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
    let folder = writer.folder().to_path_buf();
    assert!(matches!(RunWriter::resume(&folder), Err(StoreError::RunBusy { .. })));
    assert!(matches!(RunWriter::create(root.path(), &story.scenario), Err(StoreError::RunBusy { .. })));
    story.begin(&mut writer).unwrap();
    writer.finish(RunSummary::default()).unwrap();
    assert!(matches!(RunWriter::resume(&folder), Err(StoreError::RunFinished { .. })));
    assert!(matches!(RunWriter::create(root.path(), &story.scenario), Err(StoreError::RunExists { .. })));
}
