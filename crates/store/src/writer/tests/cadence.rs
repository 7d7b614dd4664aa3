//! The bytes of a run are a function of its rows alone.

use proptest::prelude::*;

use super::*;

/// The run with a checkpoint after these windows, and so many rows handed over at once.
fn told(story: &Story, checkpoints: &[usize], handover: usize) -> BTreeMap<String, Vec<u8>> {
    let root = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
    writer.handover = handover;
    story.begin(&mut writer).unwrap();
    for (at, window) in story.windows.iter().enumerate() {
        writer.append(window.clone()).unwrap();
        for _ in checkpoints.iter().filter(|after| **after == at) {
            writer.save(b"state").unwrap();
        }
    }
    writer.finish(RunSummary::default()).unwrap();
    files(&story.folder(root.path()))
}

proptest! {
    #![proptest_config(sample::cases(24))]

    #[test]
    fn neither_checkpoints_nor_handovers_show(
        rows_per_file in 1usize..40,
        checkpoints in proptest::collection::vec(0usize..14, 0..20),
        handover in 1usize..50,
    ) {
        let story = Story::new(rows_per_file, 14);
        prop_assert!(told(&story, &checkpoints, handover) == told(&story, &[], usize::MAX));
    }
}

#[test]
fn many_checkpoints_keep_few_files() {
    let story = Story::new(1_000, 200);
    let root = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
    story.begin(&mut writer).unwrap();
    story.play(&mut writer, 0, 1).unwrap();
    let kept = files(&story.folder(root.path()));
    let in_checkpoint = kept.keys().filter(|name| name.starts_with("checkpoint/")).count();
    assert!(in_checkpoint <= 2 + 2 * super::super::log::SEGMENTS, "{in_checkpoint} files");
    drop(writer);
    let run = RunReader::open(story.folder(root.path())).unwrap();
    assert_eq!(read_rows(&run).unwrap(), story.rows());
}

#[test]
fn a_window_of_one_turn_is_as_good_as_a_long_one() {
    let by_window = Story::new(25, 14);
    let mut by_turn = Story::new(25, 14);
    // The same rows, each turn in a window of its own: parts end elsewhere, rows and order are the same.
    by_turn.windows = by_turn
        .windows
        .into_iter()
        .flat_map(|mut window| {
            let turns = std::mem::take(&mut window.turns);
            let singles =
                turns.into_iter().map(|turn| WindowRows { turns: vec![turn], ..WindowRows::default() });
            singles.chain([window]).collect::<Vec<_>>()
        })
        .collect();
    let root = tempfile::tempdir().unwrap();
    let manifest = by_turn.tell(root.path(), 40, unwatched()).unwrap();
    let run = RunReader::open(by_turn.folder(root.path())).unwrap();
    assert_eq!(read_rows(&run).unwrap(), by_window.rows());
    // A file is closed by the turn that fills it.
    let files = &manifest.tables[&Table::Turns].files;
    assert!(files.len() > 1 && files[..files.len() - 1].iter().all(|file| file.rows == 25));
}

#[test]
fn a_run_can_be_read_while_it_is_written() {
    let story = Story::new(12, 150);
    let all = story.rows();
    let root = tempfile::tempdir().unwrap();
    let folder = story.folder(root.path());
    let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
    story.begin(&mut writer).unwrap();
    writer.save(&[0]).unwrap();
    let looks = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0;
            loop {
                let run = RunReader::open(&folder).unwrap();
                let rows = read_rows(&run).unwrap();
                assert!(is_prefix(&all, &rows));
                looks += 1;
                if run.status() == crate::RunStatus::Finished {
                    assert!(rows == all);
                    return looks;
                }
            }
        });
        story.play(&mut writer, 0, 1).unwrap();
        writer.finish(RunSummary::default()).unwrap();
        reader.join().unwrap()
    });
    assert!(looks > 1, "{looks}");
}
