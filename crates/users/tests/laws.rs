//! The truth that a log of choice users is judged against.

mod town;

use habitue_core::scenario::choice::{CascadeConfig, ChoiceConfig, ExaminationConfig, SocialConfig};
use habitue_core::{
    Decision, Departure, Encounter, ItemId, Message, Mindset, Move, Persona, Sender, SimTime, Slate, Streams,
    UserId, UserModel, UserState, Visit,
};
use habitue_users::ChoiceUsers;

use town::Town;

const STREAMS: Streams = Streams::new(9);

/// A user who likes the first category alone.
fn listener(town: &Town) -> (Persona, UserState) {
    let mut interests = vec![0.0; town.catalogue.categories().len()].into_boxed_slice();
    interests[0] = 1.0;
    (Persona::default(), UserState { interests, ..UserState::default() })
}

fn decide(model: &ChoiceUsers, town: &Town, state: &mut UserState, user: u32, slate: &Slate) -> Decision {
    let persona = Persona::default();
    let encounter = Encounter {
        user: UserId(user),
        persona: &persona,
        state,
        session: 0,
        turn: 0,
        time: SimTime::ZERO,
        slate,
        friends: &[UserId(1), UserId(2)],
        rate: true,
        distributions: true,
    };
    model.decide(&town.world(), &mut [encounter], STREAMS).expect("choice users always decide").remove(0)
}

/// Items with one category, the first category's first, and of about average quality.
fn liked_and_not(town: &Town) -> (ItemId, ItemId) {
    let find = |category: u16| {
        let fits = |item: &habitue_core::Item| {
            item.categories == [habitue_core::CategoryId(category)] && (item.quality - 0.5).abs() < 0.1
        };
        ItemId(town.catalogue.items().iter().position(fits).expect("some item fits") as u32)
    };
    (find(0), find(1))
}

#[test]
fn users_engage_more_with_what_they_like() {
    let town = Town::new();
    let model = ChoiceUsers::new(ChoiceConfig::default());
    let (liked, other) = liked_and_not(&town);
    let engaged = |item| {
        let decision = decide(&model, &town, &mut listener(&town).1, 0, &Slate::certain([item]));
        let chances = decision.distributions.unwrap().actions;
        town.scale
            .actions()
            .zip(chances)
            .filter(|(action, _)| town.scale.is_engaged(*action))
            .map(|x| x.1)
            .sum()
    };
    let (liked, other): (f32, f32) = (engaged(liked), engaged(other));
    assert!(liked > 2.0 * other, "{liked} {other}");
}

fn departure(model: &ChoiceUsers, town: &Town, user: u32, satisfaction: f32) -> Departure {
    let (persona, mut state) = listener(town);
    state.mindset = Mindset { satisfaction, trust: satisfaction, ..Mindset::default() };
    let visit = Visit {
        user: UserId(user),
        persona: &persona,
        state: &mut state,
        session: 0,
        time: SimTime(12_345_678),
    };
    model.depart(&town.world(), visit, STREAMS)
}

#[test]
fn each_satisfied_user_returns_no_later_and_fewer_churn() {
    let town = Town::new();
    let model = ChoiceUsers::new(ChoiceConfig::default());
    let (mut churned, mut sooner) = ([0, 0], 0);
    for user in 0..2000 {
        match [0.9, 0.2].map(|satisfaction| departure(&model, &town, user, satisfaction)) {
            [Departure::Return(satisfied), Departure::Return(not)] => {
                assert!(satisfied <= not, "user {user}: {satisfied} {not}");
                sooner += u32::from(satisfied < not);
            }
            [Departure::Never, Departure::Return(_)] => panic!("user {user} churned out of satisfaction"),
            [Departure::Return(_), Departure::Never] => churned[1] += 1,
            [Departure::Never, Departure::Never] => {
                churned = churned.map(|count| count + 1);
            }
        }
    }
    assert!(churned[0] * 4 < churned[1], "{churned:?}");
    assert!(sooner > 1000, "{sooner}");
}

#[test]
fn with_the_satisfaction_weight_at_0_satisfaction_changes_no_departure() {
    let town = Town::new();
    let model = ChoiceUsers::new(ChoiceConfig { satisfaction_weight: 0.0, ..ChoiceConfig::default() });
    for user in 0..2000 {
        assert_eq!(departure(&model, &town, user, 0.9), departure(&model, &town, user, 0.1));
    }
}

#[test]
fn each_law_can_be_cut_by_itself() {
    let town = Town::new();
    let mut config = ChoiceConfig::default();
    config.churn.satisfaction = 0.0;
    config.churn.trust = 0.0;
    config.returning.satisfaction = 0.0;
    let model = ChoiceUsers::new(config);
    for user in 0..2000 {
        assert_eq!(departure(&model, &town, user, 0.9), departure(&model, &town, user, 0.1));
    }
}

#[test]
fn what_was_logged_is_what_is_drawn() {
    let town = Town::new();
    let config = ChoiceConfig { social: SocialConfig { post: 0.3, chat: 0.2 }, ..ChoiceConfig::default() };
    let model = ChoiceUsers::new(config);
    let slate = Slate::certain([3, 7, 20, 41, 99].map(ItemId));
    let (users, actions) = (20_000_u32, town.scale.len());
    let (mut drawn, mut expected) = (vec![0.0; 5 * actions], vec![0.0; 5 * actions]);
    let (mut moves, mut expected_moves) = ([0.0; 7], [0.0; 7]);
    for user in 0..users {
        let decision = decide(&model, &town, &mut listener(&town).1, user, &slate);
        for (position, feedback) in decision.feedback.iter().enumerate() {
            drawn[position * actions + usize::from(feedback.action.0)] += 1.0;
        }
        moves[usize::from(decision.next.code())] += 1.0;
        let logged = decision.distributions.unwrap();
        expected.iter_mut().zip(&logged.actions).for_each(|(sum, chance)| *sum += f64::from(*chance));
        expected_moves.iter_mut().zip(&logged.moves).for_each(|(sum, chance)| *sum += f64::from(*chance));
    }
    let pairs = drawn.iter().zip(&expected).chain(moves.iter().zip(&expected_moves));
    for (drawn, expected) in pairs {
        // Five standard deviations of a count, and one for luck.
        assert!((drawn - expected).abs() < 5.0 * expected.sqrt() + 1.0, "{drawn} {expected}");
    }
    assert!(moves[4] > 100.0 && moves[5] > 100.0, "{moves:?}");
}

#[test]
fn a_cascade_stops_once_and_engagement_stops_it_sooner() {
    let town = Town::new();
    let examined = |stop| {
        let cascade = CascadeConfig { proceed: 0.9, stop };
        let config =
            ChoiceConfig { examination: ExaminationConfig::Cascade(cascade), ..ChoiceConfig::default() };
        let model = ChoiceUsers::new(config);
        let slate = Slate::certain((0..10).map(ItemId));
        let mut examined = 0;
        for user in 0..2000 {
            let decision = decide(&model, &town, &mut listener(&town).1, user, &slate);
            let looked = decision.feedback.iter().take_while(|feedback| feedback.examined).count();
            assert!(looked > 0 && decision.feedback[looked..].iter().all(|feedback| !feedback.examined));
            for feedback in &decision.feedback[looked..] {
                assert_eq!((feedback.action, feedback.rating), (town.scale.skip(), 0));
                assert!(feedback.dwell_seconds.abs() < 1e-9);
            }
            examined += looked;
        }
        examined
    };
    assert!(examined(1.0) < examined(0.3) && examined(0.3) < examined(0.0));
}

#[test]
fn an_empty_slate_drives_the_user_away() {
    let town = Town::new();
    let model = ChoiceUsers::new(ChoiceConfig::default());
    let mut state = listener(&town).1;
    let decision = decide(&model, &town, &mut state, 0, &Slate::default());
    assert_eq!(decision.next, Move::Leave);
    assert!(decision.feedback.is_empty());
    assert_eq!(decision.distributions.unwrap().moves, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    assert!(state.mindset.satisfaction < 0.5 && state.mindset.trust < 0.5);
}

#[test]
fn posts_are_about_something_engaged_with() {
    let town = Town::new();
    let config = ChoiceConfig { social: SocialConfig { post: 1.0, chat: 0.0 }, ..ChoiceConfig::default() };
    let model = ChoiceUsers::new(config);
    let slate = Slate::certain((0..10).map(ItemId));
    let mut posts = 0;
    for user in 0..500 {
        let decision = decide(&model, &town, &mut listener(&town).1, user, &slate);
        let strongest = decision.feedback.iter().map(|feedback| feedback.action).max().unwrap();
        match decision.next {
            Move::Post { item: Some(item), .. } => {
                posts += 1;
                assert_eq!(decision.feedback[item.index()].action, strongest);
                assert!(town.scale.is_engaged(strongest));
            }
            Move::NextPage => assert!(!town.scale.is_engaged(strongest)),
            next => assert_eq!(next, Move::Leave),
        }
    }
    assert!(posts > 100);
}

#[test]
fn engagement_draws_interests_and_meets_needs_and_memory_is_bounded() {
    let town = Town::new();
    let mut config = ChoiceConfig::default();
    config.action.cost = 0.0;
    config.action.curvature = 0.0;
    config.drift.engaged = 0.1;
    config.memory.recent = 3;
    let model = ChoiceUsers::new(config);
    let (liked, other) = liked_and_not(&town);
    let mut state = listener(&town).1;
    state.mindset.need = Some(habitue_core::CategoryId(1));
    for user in 0..20 {
        decide(&model, &town, &mut state, user, &Slate::certain([other]));
        decide(&model, &town, &mut state, user, &Slate::certain([liked, other]));
    }
    assert!(state.interests[1] > 0.1, "{:?}", state.interests);
    assert!((state.interests.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    assert_eq!(state.mindset.need, None);
    assert_eq!(state.recent.len(), 3);
}

#[test]
fn word_of_mouth_draws_and_warns() {
    let town = Town::new();
    let model = ChoiceUsers::new(ChoiceConfig::default());
    let (_, other) = liked_and_not(&town);
    let message = |positive| Message {
        arm: habitue_core::ArmId(0),
        from: Sender::User(UserId(1)),
        to: UserId(0),
        sent: SimTime::ZERO,
        delivered: SimTime::ZERO,
        chat: None,
        item: Some(other),
        positive,
        text: String::new(),
    };
    let (persona, mut state) = listener(&town);
    state.interests[1] = 1.0;
    for _ in 0..10 {
        model.hear(&town.world(), &persona, &mut state, &message(true));
    }
    assert!(state.interests[1] > state.interests[0]);
    assert_eq!(state.heard, [other], "an item heard of twice takes one place");
    let before = state.interests[1];
    model.hear(&town.world(), &persona, &mut state, &message(false));
    assert!(state.interests[1] < before);
    assert!(state.heard.is_empty(), "a warning takes the recommendation back");
    for n in 0..20 {
        model.hear(&town.world(), &persona, &mut state, &Message { item: Some(ItemId(n)), ..message(true) });
    }
    assert_eq!(state.heard.len(), 5);
}
