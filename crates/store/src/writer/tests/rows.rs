//! Rows come back as they were written.

use habitue_core::{Action, CategoryId, Impression, ItemId, UserId};
use proptest::prelude::*;

use super::*;
use crate::RunStatus;

proptest! {
    #![proptest_config(sample::cases(32))]

    #[test]
    fn every_row_comes_back(
        personas in vec(sample::persona(), 0..6),
        windows in sample::windows(6),
        rows_per_file in 1usize..30,
        stop in 0usize..8,
    ) {
        let story = Story::of(rows_per_file, personas, windows);
        let root = tempfile::tempdir().unwrap();
        let folder = story.folder(root.path());
        let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
        story.begin(&mut writer).unwrap();
        story.play(&mut writer, 0, usize::MAX).unwrap();
        let status = if stop == 0 {
            writer.save(b"state").unwrap();
            RunStatus::Checkpointed
        } else {
            writer.finish(RunSummary::default()).unwrap();
            RunStatus::Finished
        };
        let run = RunReader::open(folder).unwrap();
        prop_assert_eq!(run.status(), status);
        prop_assert_eq!(read_rows(&run).unwrap(), story.rows());
    }
}

#[test]
fn the_catalogue_comes_back_with_what_joined() {
    // However short the parts are, the first one is the catalogue as the run began.
    let story = Story::new(2, 12);
    let root = tempfile::tempdir().unwrap();
    let manifest = story.tell(root.path(), 5, unwatched()).unwrap();
    let mut expected = story.catalogue.clone();
    for window in &story.windows {
        window.new_categories.iter().for_each(|name| {
            expected.category(name);
        });
        window.new_creators.iter().for_each(|name| {
            expected.creator(name);
        });
        for item in &window.items {
            expected.push(item.clone()).unwrap();
        }
    }
    assert!(expected.categories().len() > 3, "no category joined");
    let run = RunReader::open(story.folder(root.path())).unwrap();
    assert_eq!(run.categories(), expected.categories());
    let (found, expected) = (run.catalogue().unwrap(), expected);
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    assert_eq!(run.first_catalogue().unwrap(), story.catalogue);
    assert_eq!(run.manifest(), Some(&manifest));
    assert_eq!(run.scenario(), &story.scenario);
}

#[test]
fn rows_of_one_user_are_found() {
    let story = Story::new(11, 24);
    let root = tempfile::tempdir().unwrap();
    story.tell(root.path(), 5, unwatched()).unwrap();
    let run = RunReader::open(story.folder(root.path())).unwrap();
    let user = UserId(2);
    let turns = story.windows.iter().flat_map(|window| &window.turns).filter(|turn| turn.user == user);
    let found: Vec<_> = run.turns_of(user).collect::<Result<_, _>>().unwrap();
    assert!(found.len() > 2);
    assert_eq!(format!("{found:?}"), format!("{:?}", turns.collect::<Vec<_>>()));
    let sessions =
        story.windows.iter().flat_map(|window| &window.sessions).filter(|session| session.user == user);
    assert_eq!(run.sessions_of(user).count(), sessions.count());
    let messages =
        story.windows.iter().flat_map(|window| &window.messages).filter(|message| message.to == user);
    assert_eq!(run.messages_to(user).count(), messages.count());
}

/// What the writer is told when it is told nonsense.
#[test]
fn rows_that_refer_to_nothing_are_refused() {
    let story = Story::new(10, 3);
    let refused = |change: &dyn Fn(&mut WindowRows)| {
        let root = tempfile::tempdir().unwrap();
        let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
        story.begin(&mut writer).unwrap();
        let mut window = story.windows.iter().find(|window| !window.turns.is_empty()).unwrap().clone();
        change(&mut window);
        writer.append(window).unwrap();
        let error = writer.save(b"").unwrap_err().to_string();
        // Nothing goes on after a failure.
        assert!(matches!(writer.save(b""), Err(StoreError::Closed)));
        error
    };
    let arm = refused(&|window| window.turns[0].arm.0 = 9);
    assert_eq!(arm, "cannot log arm 9: expected a number below 2");
    let action = refused(&|window| {
        window.turns[0].impressions = vec![Impression {
            item: ItemId(0),
            propensity: 1.0,
            dwell_seconds: 0.0,
            action: Action(5),
            rating: 0,
            examined: true,
        }];
    });
    assert_eq!(action, "cannot log action 5: expected a position on the scale of 5 actions");

    let root = tempfile::tempdir().unwrap();
    let mut writer = RunWriter::create_on(root.path(), &story.scenario, unwatched()).unwrap();
    assert!(matches!(writer.append(WindowRows::default()), Err(StoreError::Misuse(_))));
    assert!(matches!(writer.save(b""), Err(StoreError::Misuse(_))));
    let mut personas = story.personas.clone();
    personas[1].dislikes = vec![CategoryId(3)];
    let error = writer.begin(&story.catalogue, sample::entries(&personas)).unwrap_err();
    assert_eq!(error.to_string(), "cannot log category 3: expected a number below 3");
    // Half a population is not built upon.
    assert!(matches!(writer.save(b""), Err(StoreError::Closed)));
}
