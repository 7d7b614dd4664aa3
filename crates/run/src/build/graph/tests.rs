use std::fmt::Write;

use super::*;
use habitue_core::DatasetUser;

fn people(count: usize) -> Vec<Persona> {
    (0..count).map(|n| Persona { key: format!("casual-{n}"), ..Persona::default() }).collect()
}

#[test]
fn random_friendships_are_mutual_and_as_many_as_asked_for() {
    for mean in [0.0, 4.0, 39.9] {
        let graph = random(2_000, mean, Streams::new(5)).unwrap();
        assert!((graph.edges() as f64 / 2_000.0 - mean).abs() < 0.05 * mean.max(1.0), "{}", graph.edges());
        for user in (0..2_000).map(UserId) {
            assert!(graph.friends(user).iter().all(|friend| graph.friends(*friend).contains(&user)));
        }
    }
    let everybody = random(6, 5.0, Streams::new(5)).unwrap();
    assert_eq!(everybody.edges(), 30);
    assert_eq!(random(1, 0.0, Streams::new(5)).unwrap().edges(), 0);
}

#[test]
fn more_friends_than_users_are_refused() {
    let error = random(10, 9.5, Streams::new(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "social.graph.mean_degree is 9.5, expected 0 to 9, the number of other users"
    );
}

#[test]
fn a_graph_reads_back_as_it_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("friends.csv");
    let mut people = people(40);
    people[3].key = "with, \"quotes\"".to_owned();
    let graph = random(40, 5.0, Streams::new(2)).unwrap();
    std::fs::write(&path, to_csv(&graph, &people)).unwrap();
    assert_eq!(read(&path, &people).unwrap(), graph);
}

#[test]
fn columns_may_stand_in_any_order_and_among_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("friends.csv");
    std::fs::write(&path, "to,since,from\ncasual-1,2020,casual-0\n").unwrap();
    let graph = read(&path, &people(2)).unwrap();
    assert_eq!((graph.friends(UserId(0)), graph.edges()), (&[UserId(1)][..], 1));
}

#[test]
fn relationships_of_recagent_are_read_as_far_as_both_are_in_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relationship.csv");
    let people: Vec<Persona> = (0..3).map(|n| Persona { key: n.to_string(), ..Persona::default() }).collect();
    let edges = "user_1,user_2,relationship,closeness\n0,1,friend,0.9\n1,0,friend,0.9\n0,925,colleague,0.6\n\
                 7,2,neighbor,0.1\n2,1,child,0.8\n";
    std::fs::write(&path, edges).unwrap();
    let graph = read(&path, &people).unwrap();
    assert_eq!((graph.edges(), graph.friends(UserId(2))), (3, &[UserId(1)][..]));
    std::fs::write(&path, "user_1,user_2\n10,11\n0,925\n").unwrap();
    let error = read(&path, &people).unwrap_err();
    assert_eq!((error.line, error.value.as_deref()), (Some(2), Some("11")), "nobody is in the run");
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = String::new();
    for (name, content) in [
        ("missing", None),
        ("binary", Some(&b"from,to\n\xff\xfe,casual-1\n"[..])),
        ("columns", Some(b"from,friend\ncasual-0,casual-1\n")),
        ("empty", Some(b"")),
        ("stranger", Some(b"from,to\ncasual-0,casual-1\ncasual-1,causal-0\n")),
        ("short", Some(b"from,to\ncasual-0,casual-1\ncasual-1\n")),
    ] {
        let path = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = read(&path, &people(2)).unwrap_err();
        writeln!(said, "{}", error.to_string().replace(&folder.path().display().to_string(), "FOLDER"))
            .unwrap();
    }
    insta::assert_snapshot!(said);
}

#[test]
fn friendships_of_a_data_set_are_taken_as_far_as_both_are_in_the_run() {
    let user = |n: usize| DatasetUser { key: format!("casual-{n}"), ..DatasetUser::default() };
    let dataset = Dataset {
        users: (0..4).map(user).collect(),
        friends: vec![(0, 1), (1, 0), (1, 3), (2, 0)],
        ..Dataset::default()
    };
    let graph = graph(&GraphSource::Dataset, &people(3), Some(&dataset), Streams::new(1)).unwrap();
    assert_eq!(graph.edges(), 3);
    assert_eq!(graph.friends(UserId(2)), [UserId(0)]);
    assert!(super::graph(&GraphSource::Dataset, &people(3), None, Streams::new(1)).is_err());
}
