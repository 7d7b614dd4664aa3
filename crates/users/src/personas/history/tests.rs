use habitue_core::{Catalogue, DAY, HOUR, Item, ItemId};

use super::*;

/// Items 0 to 9 are dramas, 10 to 19 comedies, 20 to 29 both.
fn dataset(interactions: &[(u32, u32, i64, Option<f32>)], users: u32) -> Dataset {
    let mut catalogue = Catalogue::new();
    let (drama, comedy) = (catalogue.category("drama"), catalogue.category("comedy"));
    catalogue.category("war");
    for n in 0..30 {
        let categories = [vec![drama], vec![comedy], vec![drama, comedy]][n / 10].clone();
        catalogue.push(Item { key: format!("i{n}"), categories, ..Item::default() }).unwrap();
    }
    let interactions = interactions.iter().map(|&(user, item, unix_seconds, rating)| Interaction {
        user,
        item: ItemId(item),
        unix_seconds,
        rating,
        weight: 1.0,
    });
    Dataset {
        catalogue,
        users: (0..users).map(|n| DatasetUser { key: format!("u{n}"), ..DatasetUser::default() }).collect(),
        interactions: interactions.collect(),
        ..Dataset::default()
    }
}

const DRAMA: CategoryId = CategoryId(0);
const COMEDY: CategoryId = CategoryId(1);

#[test]
fn interests_are_the_categories_of_liked_items_and_rarely_liked_categories_are_disliked() {
    let mut own: Vec<_> = (0..6).map(|item| (0, item, 0, Some(5.0))).collect();
    own.extend((10..16).map(|item| (0, item, 0, Some(1.0))));
    own.push((0, 20, 0, Some(4.0)));
    let persona = &from_history(&dataset(&own, 1), None)[0];
    assert_eq!(persona.interests, [(DRAMA, 1.0)]);
    assert_eq!(persona.dislikes, [COMEDY], "one of seven comedies was liked");
    own.truncate(10);
    own.push((0, 20, 0, Some(4.0)));
    let persona = &from_history(&dataset(&own, 1), None)[0];
    // 6 dramas and half of a drama and comedy against the other half; 1 of 5 comedies was liked.
    assert_eq!(persona.dislikes, [COMEDY]);
    own.remove(9);
    let persona = &from_history(&dataset(&own, 1), None)[0];
    assert!(persona.dislikes.is_empty(), "1 of 4 is not enough to tell");
    assert!((persona.interests[0].1 - 6.5 / 7.0).abs() < 1e-6);
}

#[test]
fn a_user_of_whom_nothing_is_known_likes_all_alike_and_one_who_likes_little_likes_that() {
    let persona = &from_history(&dataset(&[], 1), None)[0];
    assert_eq!(persona.interests.len(), 3);
    assert_eq!(persona.habits.diversity.to_bits(), 0.5_f32.to_bits());
    let mut own: Vec<_> = (0..9).map(|item| (0, item, 0, Some(1.0))).collect();
    own.push((0, 9, 0, Some(5.0)));
    let persona = &from_history(&dataset(&own, 1), None)[0];
    assert_eq!(persona.interests, [(DRAMA, 1.0)]);
    assert!(persona.dislikes.is_empty());
}

#[test]
fn without_ratings_all_is_liked() {
    let persona = &from_history(&dataset(&[(0, 0, 0, None), (0, 10, 0, None), (0, 11, 0, None)], 1), None)[0];
    assert!((persona.interests[1].1 - 2.0 / 3.0).abs() < 1e-6);
    assert!(persona.dislikes.is_empty());
}

#[test]
fn habits_are_ranks_among_all_users() {
    let rows = [
        (0, 0, 0, Some(3.0)),
        (1, 0, 0, Some(3.0)),
        (1, 10, 0, Some(4.0)),
        (2, 0, 0, Some(5.0)),
        (2, 1, 0, Some(4.0)),
        (2, 10, 0, Some(1.0)),
    ];
    let personas = from_history(&dataset(&rows, 3), None);
    let habits = |n: usize| personas[n].habits;
    assert!(habits(0).activity < habits(1).activity && habits(1).activity < habits(2).activity);
    assert!(habits(0).diversity < habits(1).diversity, "one category against two");
    assert!(habits(2).conformity < habits(0).conformity, "far from the means");
    assert!((habits(1).activity - 0.5).abs() < 1e-6);
    let first = from_history(&dataset(&rows, 3), Some(1));
    assert_eq!((first.len(), first[0].habits), (1, habits(0)), "ranks are among all, not among the first");
}

#[test]
fn the_run_starts_at_midnight_after_the_last_interaction() {
    // 1998-01-02 06:00 and 1998-01-03 18:30 UTC.
    let (first, last) = (883_720_800, 883_852_200);
    let persona = &from_history(&dataset(&[(0, 3, first, Some(4.0)), (0, 1, last, Some(2.0))], 1), None)[0];
    let past: Vec<_> = persona.history.iter().map(|past| (past.item.0, past.time.0, past.rating)).collect();
    assert_eq!(past, [(3, -DAY - 18 * HOUR, Some(4.0)), (1, -5 * HOUR - HOUR / 2, Some(2.0))]);
    assert_eq!(persona.history[1].time.hour_of_day(), 18);
}
