//! Small data sets, looked at one by one.

use habitue_core::{DatasetUser, Interaction, ItemId};

use super::*;

fn categories(dataset: &Dataset, item: usize) -> Vec<&str> {
    let of_item = dataset.catalogue.items()[item].categories.iter();
    of_item.map(|id| dataset.catalogue.categories()[id.index()].as_str()).collect()
}

fn rated(user: u32, item: u32, unix_seconds: i64, rating: f32) -> Interaction {
    Interaction { user, item: ItemId(item), unix_seconds, rating: Some(rating), weight: 1.0 }
}

#[test]
fn movielens_100k() {
    let dataset = read(Layout::MovieLens, &MOVIELENS_100K.files()).unwrap();
    let titles: Vec<&str> = dataset.catalogue.items().iter().map(|item| item.title.as_str()).collect();
    assert_eq!(titles, ["Heat (1995)", "Babe (1995)", "unknown"]);
    // Numbered in the order in which items use them, not in that of u.genre.
    assert_eq!(dataset.catalogue.categories(), ["Action", "Comedy", "unknown"]);
    let user = |key: &str, age, gender: &str, occupation: &str| DatasetUser {
        key: key.into(),
        age: Some(age),
        gender: gender.into(),
        occupation: occupation.into(),
    };
    assert_eq!(dataset.users, [user("1", 24, "M", "student"), user("2", 53, "F", "writer")]);
    // By user and time; the same item at another time is another interaction.
    assert_eq!(
        dataset.interactions,
        [
            rated(0, 0, 881250940, 4.0),
            rated(0, 1, 881250950, 5.0),
            rated(0, 0, 881250990, 2.0),
            rated(1, 0, 881250949, 3.0)
        ]
    );
    let by_user: Vec<usize> = dataset.by_user().map(|(_, own)| own.len()).collect();
    assert_eq!(by_user, [3, 1]);
}

#[test]
fn recbole_says_the_same_as_movielens() {
    let (recbole, movielens) = (
        read(Layout::RecBole, &RECBOLE.files()).unwrap(),
        read(Layout::MovieLens, &MOVIELENS_100K.files()).unwrap(),
    );
    assert_eq!(recbole.catalogue, movielens.catalogue);
    assert_eq!(recbole.users, movielens.users);
    assert_eq!(recbole.interactions, movielens.interactions);
    assert_eq!([recbole.name.as_str(), &movielens.name], ["ml (RecBole)", "MovieLens 100K"]);
}

#[test]
fn recbole_does_without_items_and_users() {
    let mut files = RECBOLE.without("ml.item");
    files.remove("ml.user");
    let dataset = read(Layout::RecBole, &files).unwrap();
    // In the order in which the interactions name them.
    let keys: Vec<&str> = dataset.catalogue.items().iter().map(|item| item.key.as_str()).collect();
    assert_eq!(keys, ["10", "20"]);
    assert_eq!(dataset.users.iter().map(|user| user.key.as_str()).collect::<Vec<_>>(), ["2", "1"]);
    assert_eq!(categories(&dataset, 0), ["unknown"]);
}

#[test]
fn movielens_1m() {
    let dataset = read(Layout::MovieLens, &MOVIELENS_1M.files()).unwrap();
    assert_eq!(categories(&dataset, 0), ["Animation", "Comedy"]);
    let users: Vec<_> = dataset.users.iter().map(|user| (user.age, user.occupation.as_str())).collect();
    assert_eq!(users, [(None, "K-12 student"), (Some(56), "self-employed")]);
    assert_eq!(dataset.interactions[1], rated(1, 1, 978301968, 4.0));
}

#[test]
fn latin_1_is_read_where_it_is_promised() {
    let mut files = MOVIELENS_1M.files();
    files.insert("movies.dat", b"1::Caf\xe9 (1995)::Drama\n2::Heat (1995)::Action\n".to_vec());
    let dataset = read(Layout::MovieLens, &files).unwrap();
    assert_eq!(dataset.catalogue.items()[0].title, "Caf\u{e9} (1995)");
}

#[test]
fn agent4rec() {
    let dataset = read(Layout::Agent4Rec, &AGENT4REC.files()).unwrap();
    let item = &dataset.catalogue.items()[1];
    assert_eq!((&*item.title, &*item.text), ("Postman, The (1994)", "Letters."));
    assert_eq!(categories(&dataset, 0), ["Action", "Crime"]);
    assert_eq!(dataset.users.iter().map(|user| user.key.as_str()).collect::<Vec<_>>(), ["0", "7"]);
    let liked: Vec<_> = dataset.interactions.iter().map(|one| (one.user, one.item.0, one.rating)).collect();
    assert_eq!(liked, [(0, 1, None), (0, 2, None), (0, 0, None), (1, 0, None), (1, 2, None)]);
}

#[test]
fn lastfm() {
    let dataset = read(Layout::LastFm, &LASTFM.files()).unwrap();
    assert_eq!(categories(&dataset, 0), ["jazz", "piano"]);
    assert_eq!(categories(&dataset, 1), ["piano"]);
    assert_eq!(categories(&dataset, 2), ["untagged"]);
    assert_eq!(dataset.users.iter().map(|user| user.key.as_str()).collect::<Vec<_>>(), ["5", "2"]);
    let plays: Vec<_> =
        dataset.interactions.iter().map(|play| (play.user, play.item.0, play.weight)).collect();
    assert_eq!(plays, [(0, 1, 100.0), (1, 0, 3.0), (1, 1, 13883.0)]);
    assert_eq!(dataset.friends, [(0, 1), (1, 0)]);

    let untagged = read(Layout::LastFm, &LASTFM.without("user_taggedartists.dat")).unwrap();
    assert_eq!(untagged.catalogue.categories(), ["music"]);
}

#[test]
fn csv_by_mapping() {
    let dataset = read(Layout::Csv, &CSV.files()).unwrap();
    assert_eq!(dataset.name, "shop");
    let tea = &dataset.catalogue.items()[0];
    assert_eq!((tea.title.as_str(), tea.price, tea.quality), ("Tea; green", Some(2.5), 0.5));
    assert_eq!([categories(&dataset, 0), categories(&dataset, 1)], [vec!["drink", "leaf"], vec!["unknown"]]);
    assert_eq!(dataset.users[0].age, Some(30));
    assert_eq!(dataset.users[1].age, None);
    let buys: Vec<_> =
        dataset.interactions.iter().map(|buy| (buy.user, buy.item.0, buy.unix_seconds, buy.weight)).collect();
    assert_eq!(buys, [(0, 1, 1704070800, 1.0), (0, 0, 1704153600, 1.0), (1, 0, 1704067201, 2.0)]);
    assert_eq!(dataset.friends, [(0, 1), (1, 0)]);
}

#[test]
fn csv_needs_no_more_than_interactions() {
    let mapping = "name = \"log\"\n[interactions]\nfile = \"log.csv\"\nuser = \"who\"\nitem = \"what\"\ntime = \"ms\"\ntime_unit = \"milliseconds\"\n";
    let log = "who,what,ms\nann,tea,1999\nbob,tea,-1\nann,cup,0\n";
    let files = Files::from([("mapping.toml", mapping.into()), ("log.csv", log.into())]);
    let dataset = read(Layout::Csv, &files).unwrap();
    let rows: Vec<_> =
        dataset.interactions.iter().map(|row| (row.user, row.item.0, row.unix_seconds)).collect();
    assert_eq!(rows, [(0, 1, 0), (0, 0, 1), (1, 0, -1)]);
    assert_eq!(dataset.catalogue.items()[0].title, "tea");
}

#[test]
fn lastfm_does_without_a_header() {
    let files = LASTFM.with("user_artists.dat", "userID\tartistID\tweight\r\n", "");
    assert_eq!(read(Layout::LastFm, &files).unwrap(), read(Layout::LastFm, &LASTFM.files()).unwrap());
}
