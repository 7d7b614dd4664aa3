//! Whether simulated users like what the real ones liked: examined on what nothing in the run knew of.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic, and shows its figures")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use habitue_core::{ItemId, UserId};
use habitue_store::RunReader;
use habitue_tests::{Habitue, data};
use serde_json::Value;

const FILMS: u32 = 120;
const USERS: u32 = 60;
/// Films have the second to the seventh.
const GENRES: [&str; 7] = ["unknown", "Horror", "Comedy", "Romance", "War", "Musical", "Western"];

/// Whether a user likes a film: two genres out of six, whatever the film.
fn likes(user: u32, film: u32) -> bool {
    film % 6 == user % 6 || film % 6 == (user + 1) % 6
}

/// A folder in the layout of MovieLens 100K: users rate 30 films, those of their genres with 5 and others with 2.
fn small_movielens(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let (mut users, mut films, mut ratings) = (String::new(), String::new(), String::new());
    for user in 0..USERS {
        writeln!(users, "{}|{}|F|writer|00000", user + 1, 20 + user % 40).unwrap();
        for n in 0..30 {
            let film = (user * 7 + n * 11) % FILMS;
            let rating = if likes(user, film) { 5 } else { 2 };
            writeln!(ratings, "{}\t{}\t{rating}\t{}", user + 1, film + 1, 880_000_000 + n).unwrap();
        }
    }
    for film in 0..FILMS {
        let genres: Vec<&str> =
            (0..GENRES.len() as u32).map(|genre| if genre == film % 6 + 1 { "1" } else { "0" }).collect();
        writeln!(films, "{}|Film {film} (1995)|01-Jan-1995|||{}", film + 1, genres.join("|")).unwrap();
    }
    let genres: Vec<String> =
        GENRES.iter().zip(0..).map(|(name, genre)| format!("{name}|{genre}\n")).collect();
    for (name, content) in
        [("u.user", users), ("u.item", films), ("u.data", ratings), ("u.genre", genres.concat())]
    {
        fs::write(folder.join(name), content).unwrap();
    }
}

fn validated(habitue: &Habitue, run: &Path) -> Value {
    let output = habitue.output(&["validate", run.to_str().unwrap(), "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn measure(picker: &Value, name: &str) -> f64 {
    picker[name]["value"].as_f64().unwrap()
}

#[test]
fn users_of_a_small_data_set_are_examined_on_what_is_held_out() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let folder = habitue.folder().join("movielens");
    small_movielens(&folder);
    let arguments = ["scenarios/alignment.toml", "--set", "window=1d", "--data", folder.to_str().unwrap()];
    let run = habitue.run("small", &arguments);

    // Lists hold liked items that no history has, among items the user never rated; each user sees one list an arm.
    let reader = RunReader::open(&run).unwrap();
    let users: Vec<_> = reader.users().map(Result::unwrap).collect();
    assert!(users.iter().all(|user| user.persona.history.len() == 24), "a fifth of 30 is held out");
    let mut lists = 0;
    for turn in reader.turns().map(Result::unwrap).filter(|turn| !turn.impressions.is_empty()) {
        let UserId(user) = turn.user;
        let rated = |item: ItemId| (0..30).any(|n| (user * 7 + n * 11) % FILMS == item.0);
        let past = |item: ItemId| users[user as usize].persona.history.iter().any(|past| past.item == item);
        assert!(turn.impressions.iter().all(|shown| !past(shown.item)));
        let liked = turn.impressions.iter().filter(|shown| rated(shown.item));
        assert!(liked.clone().all(|shown| likes(user, shown.item.0)));
        assert_eq!(
            turn.impressions.len() - liked.clone().count(),
            liked.count() * [1, 2, 3, 9][turn.arm.index()]
        );
        lists += 1;
    }
    assert!(lists > 150, "{lists}");

    // Genres say all there is to say: a profile of them finds the liked items, and picks the fewer the fewer there are.
    let found = validated(&habitue, &run);
    assert_eq!(found["arms"].as_array().unwrap().len(), 4);
    let mut picked = f64::INFINITY;
    for arm in found["arms"].as_array().unwrap() {
        let pickers = arm["pickers"].as_array().unwrap();
        let [users, random, genres] = [&pickers[0], &pickers[1], &pickers[3]];
        assert_eq!((genres["name"].as_str(), users["name"].as_str()), (Some("genre profile"), Some("users")));
        assert!(measure(genres, "recall") > 0.95, "{arm}");
        assert!(measure(genres, "f1") > measure(random, "f1") + 0.1, "{arm}");
        assert!(measure(users, "auc") > 0.6, "choice users know their genres: {arm}");
        let share =
            measure(genres, "picked") / (measure(genres, "liked") * (1.0 + arm["m"].as_f64().unwrap()));
        assert!(share < picked, "{arm}");
        picked = share;
    }

    let replayed = habitue.output(&["replay", run.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&replayed.stdout);
    assert!(replayed.status.success() && said.contains(" 0 not confirmed"), "{said}");

    // Only lists from what is held in can be fitted from.
    let refused = habitue.output(&["fit", run.to_str().unwrap(), "--out", "-"]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(refused.status.code() == Some(2) && said.contains("from = \"held-in\""), "{said}");
}

#[test]
fn a_calibration_fitted_on_what_is_held_in_makes_the_number_picked_follow() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let folder = habitue.folder().join("movielens");
    small_movielens(&folder);
    let model = "population.0.llm={ model = \"builtin:habitue-mini\", items = \"films\" }";
    let held_in: Vec<String> = (0..4).map(|arm| format!("arm.{arm}.policy.from=held-in")).collect();
    let mut arguments = vec!["scenarios/alignment.toml", "--data", folder.to_str().unwrap()];
    arguments.extend(["--set", "population.0.model=llm", "--set", model]);
    for set in &held_in {
        arguments.extend(["--set", set]);
    }
    let run = habitue.run("held-in", &arguments);
    let out = habitue.file("calibration.toml", "");
    let fitted = habitue.output(&["fit", run.to_str().unwrap(), "--json", "--out", &out]);
    assert!(fitted.status.success(), "{}", String::from_utf8_lossy(&fitted.stderr));
    let fit: Value = serde_json::from_slice(&fitted.stdout).unwrap();
    println!("{fit}");
    let number = |value: &Value| value.as_f64().unwrap();
    assert!(number(&fit["loss_after"]) < number(&fit["loss_of_base_rate"]), "the model knows something");
    assert!(number(&fit["loss_after"]) < number(&fit["loss_before"]));
    let arms = fit["arms"].as_array().unwrap();
    // What is picked of a list falls with what is liked of it.
    let shares: &[f64] =
        &arms.iter().map(|arm| number(&arm["picked_after"]) / number(&arm["shown"])).collect::<Vec<_>>();
    let [most, .., least] = *shares else { panic!("{shares:?}") };
    assert!(least < most - 0.1, "{shares:?}");
    assert!(shares[1..3].iter().all(|&share| least < share && share < most), "{shares:?}");
    assert!(
        arms.iter().all(|arm| number(&arm["liked_probability"]) > number(&arm["other_probability"]) + 0.1)
    );
    let total = |name: &str| arms.iter().map(|arm| number(&arm[name])).sum::<f64>();
    assert!((total("picked_after") / total("liked") - 1.0).abs() < 0.1, "{fit}");

    // The file is what a scenario names.
    let calibrated =
        format!("population.0.llm={{ model = \"builtin:habitue-mini\", calibration = {out:?} }}");
    let short =
        ["scenarios/alignment.toml", "--data", folder.to_str().unwrap(), "--set", "population.0.size=5"];
    let run = habitue.run(
        "calibrated",
        &[&short[..], &["--set", "population.0.model=llm", "--set", &calibrated]].concat(),
    );
    let scenario = fs::read_to_string(run.join("scenario.json")).unwrap();
    assert!(scenario.contains("\"watch\""), "{scenario}");
}

#[test]
fn the_users_of_movielens_are_examined() {
    let Some(folder) = data("ml-100k") else { return };
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let run = habitue.run("ml", &["scenarios/alignment.toml", "--data", folder.to_str().unwrap()]);
    let table = habitue.output(&["validate", run.to_str().unwrap()]);
    println!("{}", String::from_utf8_lossy(&table.stdout));
    let found = validated(&habitue, &run);
    for arm in found["arms"].as_array().unwrap() {
        let pickers = arm["pickers"].as_array().unwrap();
        let f1 = |at: usize| measure(&pickers[at], "f1");
        // Random, genre profile, popularity, matrix factorisation, the better the more they know.
        assert!(f1(1) < f1(3) && f1(3) < f1(2) && f1(2) < f1(4), "{arm}");
        assert!(measure(&pickers[0], "auc") > 0.55, "{arm}");
    }
}
