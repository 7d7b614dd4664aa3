//! In which state a user arrives.

use habitue_core::scenario::choice::{ArrivalConfig, ReturnConfig};
use habitue_core::{CategoryId, Mindset, Persona, SimDuration, SimTime, Stream, UserState};

use super::draws::uniform;
use super::drift::normalise;
use super::normal::quantile;
use super::remember;
use super::returning::{Rhythm, visits_per_day};

/// The state of a new user: the persona's interests scaled to sum 1, an indifferent mindset, and the newest items of the
/// persona's history in memory.
pub(crate) fn admit(recent: u32, categories: usize, persona: &Persona) -> UserState {
    let beyond = persona.interests.iter().map(|(category, _)| category.index() + 1).max().unwrap_or(0);
    let mut interests = vec![0.0; categories.max(beyond)];
    for &(category, weight) in &persona.interests {
        interests[category.index()] += weight;
    }
    normalise(&mut interests);
    let mut state = UserState { interests: interests.into_boxed_slice(), ..UserState::default() };
    let known = persona.history.len().saturating_sub(recent as usize);
    for past in &persona.history[known..] {
        remember(&mut state.recent, past.item, recent);
    }
    state
}

/// When a user who is admitted at `now` first arrives: by the return law of an indifferent user of the persona's
/// activity, given that it is within `first_within`. `at` is the quantile.
pub(crate) fn first(
    returning: &ReturnConfig,
    arrival: &ArrivalConfig,
    rhythm: &Rhythm,
    persona: &Persona,
    now: SimTime,
    at: f64,
) -> SimTime {
    let rate = visits_per_day(returning, 0.0, &Mindset::default(), persona.habits.activity);
    let within = arrival.first_within.0;
    let come = 1.0 - (-rate * rhythm.expected(now, within)).exp();
    let visits = -(-at * come).ln_1p() / rate;
    now + rhythm.time_of(visits, now, within).unwrap_or(within)
}

/// Moves the state over the time away: fatigue and boredom fade, the mood comes back to neutral but for chance, and a
/// need may arise.
pub(crate) fn arrive(
    config: &ArrivalConfig,
    state: &mut UserState,
    away: Option<SimDuration>,
    stream: &mut Stream,
) {
    let (mood, need, category) = (uniform(stream), uniform(stream), uniform(stream));
    let mindset = &mut state.mindset;
    if let Some(away) = away {
        let left = |half_life: SimDuration| (-(away.0 as f64) / half_life.0 as f64).exp2() as f32;
        mindset.fatigue *= left(config.fatigue_half_life.0);
        mindset.boredom *= left(config.boredom_half_life.0);
        mindset.mood = 0.5 + (mindset.mood - 0.5) * left(config.mood_half_life.0);
    }
    mindset.mood = (mindset.mood + (config.mood_spread * quantile(mood)) as f32).clamp(0.0, 1.0);
    if mindset.need.is_none() && need < config.need {
        mindset.need = draw(&state.interests, category);
    }
}

/// The category at this quantile of the interests; none if there is no interest.
pub(super) fn draw(interests: &[f32], at: f64) -> Option<CategoryId> {
    let mut left = at * interests.iter().map(|interest| f64::from(*interest)).sum::<f64>();
    let mut last = None;
    for (category, interest) in interests.iter().enumerate().filter(|(_, interest)| **interest > 0.0) {
        last = Some(CategoryId(category as u16));
        left -= f64::from(*interest);
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use habitue_core::{DAY, HOUR, Habits, Purpose, Streams};

    use super::*;

    fn arrived(before: Mindset, away: Option<SimDuration>, config: &ArrivalConfig) -> Mindset {
        let mut state = UserState {
            mindset: before,
            interests: vec![0.0, 1.0].into_boxed_slice(),
            ..UserState::default()
        };
        arrive(config, &mut state, away, &mut Streams::new(3).stream(Purpose::Arrival, 0, 0));
        state.mindset
    }

    #[test]
    fn time_away_rests() {
        let config = ArrivalConfig { mood_spread: 0.0, need: 0.0, ..ArrivalConfig::default() };
        let before = Mindset { fatigue: 0.8, boredom: 0.8, mood: 0.9, ..Mindset::default() };
        let short = arrived(before, Some(SimDuration(HOUR)), &config);
        let long = arrived(before, Some(SimDuration(DAY)), &config);
        assert!(long.fatigue < short.fatigue && short.fatigue < 0.8);
        assert!(long.boredom < short.boredom && short.boredom < 0.8);
        assert!((long.boredom - 0.4).abs() < 1e-6, "boredom halves in a day");
        assert!(long.mood < short.mood && long.mood > 0.5);
    }

    #[test]
    fn a_need_comes_from_the_interests_and_an_old_one_stays() {
        let config = ArrivalConfig { need: 1.0, ..ArrivalConfig::default() };
        assert_eq!(arrived(Mindset::default(), None, &config).need, Some(CategoryId(1)));
        let needy = Mindset { need: Some(CategoryId(0)), ..Mindset::default() };
        assert_eq!(arrived(needy, None, &config).need, Some(CategoryId(0)));
        let rarely = ArrivalConfig { need: 0.0, ..ArrivalConfig::default() };
        assert_eq!(arrived(Mindset::default(), None, &rarely).need, None);
        assert_eq!(draw(&[0.0, 0.0], 0.5), None);
    }

    #[test]
    fn active_users_arrive_first_and_all_within_the_limit() {
        let (returning, arrival) = (ReturnConfig::default(), ArrivalConfig::default());
        let rhythm = Rhythm::new(&returning.hours);
        let mean = |activity| {
            let habits = Habits { activity, ..Habits::default() };
            let persona = Persona { habits, ..Persona::default() };
            let first =
                |n| first(&returning, &arrival, &rhythm, &persona, SimTime::ZERO, (f64::from(n) + 0.5) / 1e3);
            assert!((0..1000).map(first).all(|time| (0..=2 * DAY).contains(&time.0)));
            (0..1000).map(|n| first(n).days()).sum::<f64>() / 1e3
        };
        assert!(mean(0.9) < mean(0.5) && mean(0.5) < mean(0.1));
    }
}
