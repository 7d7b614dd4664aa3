//! Users who tell the recommender what they want, and what it does to them.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod town;

use std::collections::BTreeSet;

use habitue_core::instruction::{Condition, Instruction, Lexicon, Strength, Subject};
use habitue_core::scenario::choice::{ChoiceConfig, InstructConfig};
use habitue_core::{
    CategoryId, Decision, Encounter, ItemId, Move, Persona, SimTime, Slate, Streams, UserId, UserModel,
    UserState, Visit, Wish,
};
use habitue_users::ChoiceUsers;

use town::Town;

const STREAMS: Streams = Streams::new(9);

fn users(instruct: Option<InstructConfig>) -> ChoiceUsers {
    ChoiceUsers::new(ChoiceConfig { instruct, ..ChoiceConfig::default() })
}

fn reader() -> Persona {
    Persona { interests: vec![(CategoryId(0), 1.0), (CategoryId(4), 0.5)], ..Persona::default() }
}

fn decide(
    model: &ChoiceUsers,
    town: &Town,
    state: &mut UserState,
    (user, turn): (u32, u32),
    slate: &Slate,
) -> Decision {
    let persona = reader();
    let encounter = Encounter {
        user: UserId(user),
        persona: &persona,
        state,
        session: 0,
        turn,
        time: SimTime::ZERO,
        slate,
        friends: &[UserId(1)],
        rate: true,
        distributions: true,
    };
    model.decide(&town.world(), &mut [encounter], STREAMS).unwrap().remove(0)
}

/// A user who has just arrived for a session.
fn arrived(model: &ChoiceUsers, town: &Town, user: u32, session: u32) -> UserState {
    let (world, persona, user) = (town.world(), reader(), UserId(user));
    let (mut state, time) = model.admit(&world, user, &persona, STREAMS);
    model.arrive(&world, Visit { user, persona: &persona, state: &mut state, session, time }, None, STREAMS);
    state
}

/// Ten items of one category, and ten without any item of it.
fn slates(town: &Town, category: u16) -> (Slate, Slate) {
    let category = CategoryId(category);
    let (with, without): (Vec<ItemId>, Vec<ItemId>) = (0..town.catalogue.len() as u32)
        .map(ItemId)
        .partition(|item| town.catalogue.item(*item).categories.contains(&category));
    (Slate::certain(with.into_iter().take(10)), Slate::certain(without.into_iter().take(10)))
}

fn only(category: u16, asked: bool) -> Wish {
    let condition = Condition::Only(Subject::Category(CategoryId(category)));
    let condition = Instruction { condition, strength: Strength::Hard };
    Wish { condition, seen: Vec::new(), asked }
}

#[test]
fn conditions_are_planted_by_user_and_session() {
    let town = Town::new();
    let model = users(Some(InstructConfig::default()));
    let wish = |user, session| arrived(&model, &town, user, session).wish.unwrap().condition;
    let mut classes = BTreeSet::new();
    for (user, session) in (0..40).flat_map(|user| [(user, 0), (user, 1)]) {
        let wish = wish(user, session);
        classes.insert(Condition::CLASSES[wish.condition.class()]);
        if let Condition::More(Subject::Category(category)) | Condition::Only(Subject::Category(category)) =
            wish.condition
        {
            assert!([0, 4].contains(&category.0), "{category} is no interest");
        }
    }
    // Nothing is sold in this town.
    let all = ["less", "more", "only", "new", "duration-cap"];
    assert_eq!(classes, BTreeSet::from(all));
    assert_eq!(wish(3, 0), wish(3, 0));
    assert!((0..20).any(|user| wish(user, 0) != wish(user, 1)));
    let rare = users(Some(InstructConfig { wish: 0.25, ..InstructConfig::default() }));
    let with = (0..400).filter(|user| arrived(&rare, &town, *user, 0).wish.is_some()).count();
    assert!((70..130).contains(&with), "{with} of 400");
}

#[test]
fn what_is_said_is_what_is_wanted_and_good_slates_leave_nothing_to_say() {
    let town = Town::new();
    let model = users(Some(InstructConfig::default()));
    let lexicon = Lexicon::new(&town.catalogue);
    let (good, bad) = slates(&town, 0);
    let (mut said, mut chance, mut texts) = (0.0, 0.0, BTreeSet::new());
    for user in 0..2000 {
        let with_wish = || UserState { wish: Some(only(0, false).into()), ..arrived(&model, &town, user, 0) };
        let decision = decide(&model, &town, &mut with_wish(), (user, 0), &good);
        assert!(!matches!(decision.next, Move::Instruct(_)));
        assert_eq!(decision.distributions.unwrap().moves[2].to_bits(), 0.0_f32.to_bits());

        let mut state = with_wish();
        let decision = decide(&model, &town, &mut state, (user, 0), &bad);
        let moves = decision.distributions.unwrap().moves;
        assert!((moves.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        chance += f64::from(moves[2]);
        let wish = state.wish.unwrap();
        assert_eq!(wish.asked, matches!(decision.next, Move::Instruct(_)));
        assert_eq!(wish.seen, bad.items.iter().map(|shown| shown.item).collect::<Vec<_>>());
        if let Move::Instruct(text) = decision.next {
            assert_eq!(lexicon.read(&text).wishes, [wish.condition]);
            said += 1.0;
            texts.insert(text);
        }
    }
    let allowance = 3.0 * f64::sqrt(2000.0 * 0.25);
    assert!(f64::abs(said - chance) < allowance, "{said} said, expected {chance}");
    assert_eq!(texts.len(), 3, "{texts:?}");
}

#[test]
fn honoured_users_are_happier_and_ignored_ones_trust_less_and_leave() {
    let town = Town::new();
    let model = users(Some(InstructConfig::default()));
    let (good, bad) = slates(&town, 0);
    let after = |asked, slate: &Slate| {
        let mut state = UserState { wish: Some(only(0, asked).into()), ..arrived(&model, &town, 5, 0) };
        let decision = decide(&model, &town, &mut state, (5, 0), slate);
        (state.mindset, decision.distributions.unwrap().moves[6])
    };
    let ((asked, _), (silent, _)) = (after(true, &good), after(false, &good));
    assert!(asked.satisfaction > silent.satisfaction && asked.trust > silent.trust);
    let ((asked, leaves), (silent, stays)) = (after(true, &bad), after(false, &bad));
    assert!(asked.trust < silent.trust && leaves > 2.0 * stays, "{leaves} against {stays}");
}

#[test]
fn users_without_a_wish_do_what_they_did_before() {
    let town = Town::new();
    let (plain, able) = (users(None), users(Some(InstructConfig { wish: 0.0, ..InstructConfig::default() })));
    let (_, slate) = slates(&town, 3);
    for user in 0..50 {
        let live = |model: &ChoiceUsers| {
            let mut state = arrived(model, &town, user, 0);
            let decisions: Vec<Decision> =
                (0..3).map(|turn| decide(model, &town, &mut state, (user, turn), &slate)).collect();
            (state, decisions)
        };
        assert_eq!(live(&plain), live(&able));
    }
}
