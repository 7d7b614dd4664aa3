//! The published data sets themselves, where they are at hand: in the folder that `HABITUE_TEST_DATA` names, or in
//! `shared/data` beside the project.

use std::path::PathBuf;

use super::*;
use crate::dataset::{read_open_bandit, write_dataset};

/// The folder of a data set; prints why the test is skipped if there is none.
fn published(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("HABITUE_TEST_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|above| above.join("shared/data"));
    let found = named.into_iter().chain(beside).map(|data| data.join(name)).find(|folder| folder.is_dir());
    if found.is_none() {
        #[expect(clippy::print_stderr, reason = "whoever runs the tests should know what they did not do")]
        {
            eprintln!("skipped: no {name} in HABITUE_TEST_DATA or shared/data");
        }
    }
    found
}

#[test]
fn movielens_100k_is_the_same_through_recbole() {
    let (Some(raw), Some(recbole)) = (published("ml-100k"), published("recbole-ml-100k")) else { return };
    let raw = read_from(Layout::MovieLens, &raw).unwrap();
    let recbole = read_from(Layout::RecBole, &recbole).unwrap();
    assert_eq!((raw.users.len(), raw.catalogue.len(), raw.interactions.len()), (943, 1682, 100_000));
    assert_eq!(raw.users, recbole.users);
    assert_eq!(raw.interactions, recbole.interactions);
    assert_eq!(raw.catalogue.categories(), recbole.catalogue.categories());
    // RecBole's file has a slip of the pen: the one film without title or year.
    let mut differ = Vec::new();
    for (item, other) in raw.catalogue.items().iter().zip(recbole.catalogue.items()) {
        if item != other {
            differ.push((&*item.key, &*item.title, &*other.title));
            assert_eq!(item, &habitue_core::Item { title: item.title.clone(), ..other.clone() });
        }
    }
    assert_eq!(differ, [("267", "unknown", "unkonwn (unkonwn)")]);
    assert_eq!(raw.catalogue.items()[0].title, "Toy Story (1995)");
    assert_eq!(
        raw.catalogue.items()[1411].title,
        "Land Before Time III: The Time of the Great Giving (1995) (V)"
    );
}

#[test]
fn published_data_survives_the_canonical_folder() {
    for (name, layout) in [("ml-100k", Layout::MovieLens), ("lastfm-hetrec", Layout::LastFm)] {
        let Some(folder) = published(name) else { continue };
        let dataset = read_from(layout, &folder).unwrap();
        let out = tempfile::tempdir().unwrap();
        write_dataset(&dataset, out.path()).unwrap();
        assert!(read_from(Layout::Csv, out.path()).unwrap() == dataset, "{name}");
    }
}

#[test]
fn lastfm_has_friends_and_plays() {
    let Some(folder) = published("lastfm-hetrec") else { return };
    let dataset = read_from(Layout::LastFm, &folder).unwrap();
    let sizes =
        (dataset.users.len(), dataset.catalogue.len(), dataset.interactions.len(), dataset.friends.len());
    assert_eq!(sizes, (1892, 17_632, 92_834, 25_434));
    let most = dataset.interactions.iter().map(|play| play.weight).fold(0.0, f32::max);
    assert_eq!(most as u32, 352_698);
    assert!(dataset.friends.iter().all(|(from, to)| dataset.friends.binary_search(&(*to, *from)).is_ok()));
}

#[test]
fn agent4rec_has_a_thousand_users() {
    let Some(folder) = published("agent4rec-ml1m") else { return };
    let dataset = read_from(Layout::Agent4Rec, &folder).unwrap();
    assert_eq!((dataset.users.len(), dataset.catalogue.len()), (1000, 3292));
    assert_eq!(dataset.interactions.len(), 185_249);
    // `user_statistic_num.csv` counts as many for the first user.
    assert_eq!(dataset.by_user().next().unwrap().1.len(), 53);
}

#[test]
fn the_1m_layout_reads_published_movies_and_users() {
    let Some(folder) = published("agent4rec-ml1m") else { return };
    // The sample lacks ratings.dat: a few lines stand in for it.
    let read_file = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let files = Files::from([
        ("movies.dat", read_file("movies.dat")),
        ("users.dat", read_file("users.dat")),
        ("ratings.dat", b"1::1193::5::978300760\n6040::1::4::956703932\n".to_vec()),
    ]);
    let dataset = read(Layout::MovieLens, &files).unwrap();
    assert_eq!((dataset.users.len(), dataset.catalogue.len()), (6040, 3883));
    let first = &dataset.users[0];
    assert_eq!((first.age, first.gender.as_str(), first.occupation.as_str()), (None, "F", "K-12 student"));
    assert_eq!(dataset.catalogue.categories().len(), 18);
}

#[test]
fn open_bandit_logs_have_the_probabilities_of_their_policy() {
    let Some(folder) = published("obd") else { return };
    for (campaign, items) in [("men", 34), ("women", 46)] {
        let random = read_open_bandit(&folder.join("random").join(campaign)).unwrap();
        assert_eq!((random.items.len(), random.rounds.len()), (items, 10_000));
        // The random policy shows every item with the same probability.
        assert!(random.rounds.iter().all(|round| (round.propensity * items as f64 - 1.0).abs() < 1e-9));
        assert!(random.rounds.iter().all(|round| (1..=3).contains(&round.position)));
        assert!(random.rounds.iter().all(|round| round.affinities.len() == items && round.user.len() == 4));
        let thompson = read_open_bandit(&folder.join("bts").join(campaign)).unwrap();
        assert!(thompson.rounds.iter().any(|round| round.propensity > 0.5));
        let clicks = |log: &crate::OpenBandit| log.rounds.iter().filter(|round| round.clicked).count();
        assert!(clicks(&random) > 0 && clicks(&thompson) > 0);
    }
    // The folder "all" of the sample has items and no rounds.
    let error = read_open_bandit(&folder.join("random").join("all")).unwrap_err().to_string();
    assert!(error.ends_with("expected one CSV file of rounds beside item_context.csv"), "{error}");
}
