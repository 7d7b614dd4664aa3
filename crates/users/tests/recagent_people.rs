//! `RecAgent`'s invented users, read as they are.

use std::path::{Path, PathBuf};

use habitue_core::{Catalogue, Habits, Item};
use habitue_users::personas::{self, Found};
use tempfile::TempDir;

const PEOPLE: &str = "id,name,gender,age,traits,status,interest,feature\n\
    0,David Smith,male,25,\"compassionate, caring\",photographer,\" sci-fi movies,  comedy movies\",Watcher;Critic;\n\
    1,Ann Lee,female,39,,writer,\" classic movies, romantic movies, family-friendly movies\",\n\
    2,Bo Ek,,,quiet,,classic movies,chatter\n";

fn catalogue(genres: &[&str]) -> Catalogue {
    let mut catalogue = Catalogue::new();
    for genre in genres {
        let categories = vec![catalogue.category(genre)];
        let key = format!("v{}", catalogue.len() + 1);
        catalogue.push(Item { key, categories, ..Item::default() }).expect("keys differ");
    }
    catalogue
}

fn films() -> Catalogue {
    catalogue(&["Action", "Children's", "Comedy", "Documentary", "Romance", "Sci-Fi", "Thriller"])
}

fn read(content: &str, catalogue: &Catalogue) -> Result<Found, String> {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("user_1000.csv");
    std::fs::write(&path, content).expect("a temporary file");
    personas::read(&path, None, None, catalogue)
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.path().display()), ""))
}

#[test]
fn who_they_are_is_taken_over_and_interests_become_categories() {
    let catalogue = films();
    let Found { personas, unmatched } = read(PEOPLE, &catalogue).expect("valid");
    let likes = |at: usize| -> Vec<&str> {
        personas[at].interests.iter().map(|(id, _)| &*catalogue.categories()[id.index()]).collect()
    };
    assert_eq!((likes(0), likes(1)), (vec!["Sci-Fi", "Comedy"], vec!["Romance", "Children's"]));
    assert_eq!(likes(2).len(), 7, "of whom nothing is known likes all alike");
    let david = &personas[0];
    assert_eq!((&*david.key, &*david.name, david.age), ("0", "David Smith", Some(25)));
    assert_eq!((&*david.gender, &*david.occupation), ("male", "photographer"));
    assert_eq!((&*david.traits.join("+"), david.habits), ("compassionate+caring", Habits::default()));
    let texts: Vec<&str> = personas.iter().map(|persona| &*persona.text).collect();
    insta::assert_snapshot!(texts.join("\n"));
    let counts: Vec<_> = unmatched.iter().map(|other| (&*other.interest, other.people)).collect();
    assert_eq!(counts, [("classic movies", 2)]);
}

#[test]
fn mistakes_are_named() {
    let films = films();
    let changed = |from: &str, to: &str| {
        assert!(PEOPLE.contains(from), "{from}");
        read(&PEOPLE.replacen(from, to, 1), &films).expect_err(to)
    };
    let says = [
        changed(",25,", ",twenty,"),
        changed(",39,", ",390,"),
        changed("Watcher;Critic", "Watcher;Critik"),
        changed("\n1,Ann", "\n,Ann"),
        changed("\n1,Ann", "\n0,Ann"),
        changed(",classic movies,", ",,"),
        changed(",quiet", ""),
        changed("status", "job"),
        read(PEOPLE.lines().next().expect("a header"), &films).expect_err("nobody"),
        read(PEOPLE, &catalogue(&["cooking", "comedians", "music"])).expect_err("no interest is known"),
    ];
    insta::assert_snapshot!(says.join("\n"));
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn the_published_file_is_read_whole() {
    let given = std::env::var_os("HABITUE_TEST_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/data"));
    let mut folders = given.into_iter().chain(beside).map(|data| data.join("recagent/user_1000.csv"));
    let Some(path) = folders.find(|path| path.is_file()) else {
        eprintln!("skipped: no recagent/user_1000.csv in HABITUE_TEST_DATA or ../shared/data");
        return;
    };
    let catalogue = films();
    let Found { personas, unmatched } = personas::read(&path, None, None, &catalogue).expect("valid");
    assert_eq!(personas.len(), 1000);
    let counts: Vec<_> = unmatched.iter().map(|other| (&*other.interest, other.people)).collect();
    assert_eq!(counts, [("classic movies", 404)]);
    let all_alike = personas.iter().filter(|one| one.interests.len() == catalogue.categories().len()).count();
    assert_eq!(all_alike, ALL_ALIKE);
    assert!(personas.iter().all(|persona| persona.age.is_some() && !persona.traits.is_empty()));
}

/// People of the file who like classic films and nothing else.
const ALL_ALIKE: usize = 32;
