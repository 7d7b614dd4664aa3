//! What an average population looks like, and what a good policy changes.

mod lives;
mod town;

use habitue_core::scenario::choice::ChoiceConfig;
use habitue_users::ChoiceUsers;

use lives::{Lives, live, matching, personas, random};
use town::Town;

fn both(config: &ChoiceConfig) -> [Lives; 2] {
    let town = Town::new();
    let personas = personas(&town, 600);
    let model = ChoiceUsers::new(config.clone());
    [random, matching].map(|choose| live(&town, &model, &personas, 14, choose))
}

/// Over 3,000 users the defaults give: under random slates 8.0 turns a session, 0.57 sessions per user and day
/// (churned users included), 53 % back on day 1, 30 % on day 7, 6.5 % of impressions engaged with; under matching
/// slates 9.1 turns, 0.84 sessions, 59 %, 47 %, 11.9 %.
#[test]
fn the_defaults_describe_a_plausible_population_that_a_good_policy_keeps() {
    let [random, matching] = both(&ChoiceConfig::default());
    let depth = |lives: &Lives| lives.turns / lives.sessions;
    let frequency = |lives: &Lives| lives.sessions / lives.user_days;
    assert!((5.0..=12.0).contains(&depth(&random)), "{} turns a session", depth(&random));
    assert!((0.5..=1.2).contains(&frequency(&random)), "{} sessions a day", frequency(&random));
    assert!((0.3..=0.6).contains(&random.day_return(1)), "day 1: {}", random.day_return(1));
    assert!((0.15..=0.45).contains(&random.day_return(7)), "day 7: {}", random.day_return(7));
    assert!((0.05..=0.2).contains(&random.engagement()), "engagement {}", random.engagement());
    assert!((0.003..=0.03).contains(&(random.negative / random.impressions)), "negative feedback");

    let lift = matching.engagement() / random.engagement();
    assert!((1.5..=3.0).contains(&lift), "engagement lift {lift}");
    assert!(matching.day_return(7) > random.day_return(7) + 0.1, "day 7: {}", matching.day_return(7));
    assert!(matching.churned < 0.8 * random.churned && depth(&matching) > depth(&random));
    assert!(matching.satisfaction / matching.sessions > random.satisfaction / random.sessions + 0.1);
    assert!(matching.negative / matching.impressions < random.negative / random.impressions);
}

#[test]
fn ratings_use_all_five_stars_and_dwell_is_a_few_seconds_an_item() {
    let [random, matching] = both(&ChoiceConfig::default());
    for stars in random.ratings {
        let share = stars / random.engaged;
        assert!((0.04..=0.45).contains(&share), "{:?} of {}", random.ratings, random.engaged);
    }
    let mean = |lives: &Lives| {
        lives.ratings.iter().zip(1..).map(|(count, stars)| count * f64::from(stars)).sum::<f64>()
            / lives.engaged
    };
    assert!(mean(&matching) > mean(&random), "{} {}", mean(&matching), mean(&random));
    let dwell = |lives: &Lives| lives.dwell / lives.impressions;
    assert!((2.0..=20.0).contains(&dwell(&random)) && dwell(&matching) > dwell(&random));
}

#[test]
fn without_satisfaction_and_boredom_a_good_policy_keeps_nobody() {
    let mut config = ChoiceConfig { satisfaction_weight: 0.0, ..ChoiceConfig::default() };
    config.leave.boredom = 0.0;
    config.returning.boredom = 0.0;
    let [random, matching] = both(&config);
    // The draws are shared, and nothing that a slate changes reaches leaving or churn: the numbers of turns in each
    // user's n-th session are the same. Only the hour of leaving differs, by the time spent on items.
    let [one, other] = [&random, &matching].map(|lives| lives.churned / lives.sessions);
    assert!((one - other).abs() < 0.005, "churn {one} {other}");
    let [one, other] = [&random, &matching].map(|lives| lives.day_return(7));
    assert!((one - other).abs() < 0.05, "day 7 {one} {other}");
    assert!(matching.satisfaction / matching.sessions > random.satisfaction / random.sessions + 0.1);
}
