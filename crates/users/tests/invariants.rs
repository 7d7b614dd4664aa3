//! What holds for every user, slate, scale and state.

mod town;

use habitue_core::scenario::choice::{CascadeConfig, ChoiceConfig, ExaminationConfig};
use habitue_core::{
    ActionScale, Decision, Encounter, ItemId, Mindset, Persona, SimDuration, SimTime, Slate, Streams, UserId,
    UserModel, UserState, Visit,
};
use habitue_users::ChoiceUsers;
use proptest::prelude::*;

use town::Town;

const STREAMS: Streams = Streams::new(4);

/// One user before one slate, owned.
#[derive(Debug, Clone)]
struct Case {
    user: u32,
    turn: u32,
    persona: Persona,
    state: UserState,
    slate: Slate,
    friends: Vec<UserId>,
    rate: bool,
    distributions: bool,
}

fn unit() -> impl Strategy<Value = f32> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0_f32]
}

fn mindset() -> impl Strategy<Value = Mindset> {
    (unit(), unit(), unit(), unit(), unit(), proptest::option::of(0..10_u16)).prop_map(
        |(satisfaction, fatigue, boredom, trust, mood, need)| Mindset {
            satisfaction,
            fatigue,
            boredom,
            trust,
            mood,
            need: need.map(habitue_core::CategoryId),
        },
    )
}

fn state() -> impl Strategy<Value = UserState> {
    let interests = proptest::collection::vec(unit(), 0..=10);
    let items = || proptest::collection::vec(0..500_u32, 0..8);
    (mindset(), interests, items(), items()).prop_map(|(mindset, interests, recent, heard)| UserState {
        mindset,
        interests: interests.into_boxed_slice(),
        recent: recent.into_iter().map(ItemId).collect(),
        heard: heard.into_iter().map(ItemId).collect(),
        mind: None,
        wish: None,
    })
}

fn case() -> impl Strategy<Value = Case> {
    let habits = (unit(), unit(), unit(), unit());
    let dislikes = proptest::collection::vec(0..10_u16, 0..3);
    let slate = proptest::sample::subsequence((0..500).map(ItemId).collect::<Vec<_>>(), 0..12).prop_shuffle();
    let choices = (0..100_u32, 0..20_u32, any::<bool>(), any::<bool>(), any::<bool>());
    (choices, habits, dislikes, state(), slate).prop_map(|(choices, habits, dislikes, state, slate)| {
        let mut persona = Persona::default();
        persona.habits.activity = habits.0;
        persona.habits.patience = habits.1;
        persona.habits.diversity = habits.2;
        persona.habits.conformity = habits.3;
        persona.dislikes = dislikes.into_iter().map(habitue_core::CategoryId).collect();
        let (user, turn, rate, distributions, friendly) = choices;
        let friends = if friendly { vec![UserId(1), UserId(5)] } else { Vec::new() };
        Case { user, turn, persona, state, slate: Slate::certain(slate), friends, rate, distributions }
    })
}

fn scale() -> impl Strategy<Value = ActionScale> {
    (0..4_usize, 1..10_usize, 0..10_usize).prop_map(|(below, above, engaged)| {
        let negative = (0..below).map(|n| format!("bad{n}"));
        let positive = (0..above).map(|n| format!("good{n}"));
        let names: Vec<String> = negative.chain(["skip".to_owned()]).chain(positive).collect();
        ActionScale::new(&names, &format!("good{}", engaged % above)).expect("a scale")
    })
}

fn config() -> impl Strategy<Value = ChoiceConfig> {
    (any::<bool>(), 0.0..5.0_f64, 0.0..10.0_f64, 0..6_u32, 0.0..0.5_f64).prop_map(
        |(cascade, weight, slope, memory, tell)| {
            let mut config = ChoiceConfig::default();
            if cascade {
                config.examination = ExaminationConfig::Cascade(CascadeConfig::default());
            }
            config.affinity.interest = weight;
            config.affinity.saturation = weight;
            config.action.slope = slope;
            config.memory.recent = memory;
            config.drift.engaged = tell;
            config.drift.rejected = 2.0 * tell;
            (config.social.post, config.social.chat) = (tell, tell);
            config.check().expect("valid");
            config
        },
    )
}

fn decide(model: &ChoiceUsers, town: &Town, cases: &mut [Case]) -> Vec<Decision> {
    let mut encounters: Vec<Encounter<'_>> = cases
        .iter_mut()
        .map(|case| Encounter {
            user: UserId(case.user),
            persona: &case.persona,
            state: &mut case.state,
            session: 2,
            turn: case.turn,
            time: SimTime(1_000_000),
            slate: &case.slate,
            friends: &case.friends,
            rate: case.rate,
            distributions: case.distributions,
        })
        .collect();
    model.decide(&town.world(), &mut encounters, STREAMS).expect("choice users always decide")
}

fn check_state(state: &UserState, memory: u32, before: &UserState) {
    assert!(state.mindset.values().iter().all(|value| (0.0..=1.0).contains(value)), "{:?}", state.mindset);
    assert!(state.interests.iter().all(|interest| *interest >= 0.0 && interest.is_finite()));
    assert!(state.recent.len() <= before.recent.len().max(memory as usize));
}

fn check_decision(case: &Case, decision: &Decision, scale: &ActionScale) {
    assert_eq!(decision.feedback.len(), case.slate.items.len());
    for feedback in &decision.feedback {
        assert!(usize::from(feedback.action.0) < scale.len());
        assert!(feedback.dwell_seconds >= 0.0 && feedback.dwell_seconds.is_finite());
        assert!(feedback.examined || feedback.action == scale.skip());
        let rates = case.rate && scale.is_engaged(feedback.action);
        assert!(if rates { (1..=5).contains(&feedback.rating) } else { feedback.rating == 0 });
    }
    assert_eq!(decision.distributions.is_some(), case.distributions);
    if let Some(distributions) = &decision.distributions {
        assert_eq!(distributions.actions.len(), case.slate.items.len() * scale.len());
        assert_eq!(distributions.moves.len(), 7);
        for row in distributions.actions.chunks(scale.len()).chain([&*distributions.moves]) {
            assert!(row.iter().all(|chance| (-1e-6..=1.0).contains(chance)), "{row:?}");
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{row:?}");
        }
        assert!(distributions.moves[usize::from(decision.next.code())] > 0.0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn decisions_are_whole_and_states_stay_in_range(
        config in config(),
        scale in scale(),
        cases in proptest::collection::vec(case(), 1..4),
    ) {
        let mut town = Town::new();
        town.scale = scale;
        let model = ChoiceUsers::new(config.clone());
        let mut after = cases.clone();
        let decisions = decide(&model, &town, &mut after);
        for ((case, decision), after) in cases.iter().zip(&decisions).zip(&after) {
            check_decision(case, decision, &town.scale);
            check_state(&after.state, config.memory.recent, &case.state);
        }
    }

    #[test]
    fn a_batch_is_as_good_as_its_parts(config in config(), cases in proptest::collection::vec(case(), 1..6)) {
        let town = Town::new();
        let model = ChoiceUsers::new(config);
        let (mut together, mut alone) = (cases.clone(), cases.clone());
        let decisions = decide(&model, &town, &mut together);
        for ((case, decision), together) in alone.iter_mut().zip(&decisions).zip(&together) {
            let single = decide(&model, &town, std::slice::from_mut(case));
            prop_assert_eq!(&single[0], decision);
            prop_assert_eq!(&case.state, &together.state);
        }
    }

    #[test]
    fn asking_for_distributions_and_ratings_changes_nothing_else(config in config(), case in case()) {
        let town = Town::new();
        let model = ChoiceUsers::new(config);
        let mut with = Case { distributions: true, rate: true, ..case.clone() };
        let mut without = Case { distributions: false, rate: false, ..case };
        let mut one = decide(&model, &town, std::slice::from_mut(&mut with)).remove(0);
        let other = decide(&model, &town, std::slice::from_mut(&mut without)).remove(0);
        one.distributions = None;
        one.feedback.iter_mut().for_each(|feedback| feedback.rating = 0);
        prop_assert_eq!(one, other);
        prop_assert_eq!(with.state, without.state);
    }

    #[test]
    fn the_same_item_at_the_same_position_meets_the_same_reaction(mut case in case(), keep in 0..12_usize) {
        let town = Town::new();
        let model = ChoiceUsers::new(ChoiceConfig::default());
        let mut changed = case.clone();
        changed.slate.items.reverse();
        for (shown, original) in changed.slate.items.iter_mut().zip(&case.slate.items).take(keep) {
            *shown = *original;
        }
        let one = decide(&model, &town, std::slice::from_mut(&mut case)).remove(0);
        let other = decide(&model, &town, std::slice::from_mut(&mut changed)).remove(0);
        for position in 0..case.slate.items.len() {
            if case.slate.items[position] == changed.slate.items[position] {
                prop_assert_eq!(one.feedback[position], other.feedback[position]);
            }
        }
    }

    #[test]
    fn arrivals_and_departures_keep_the_state_in_range(mut case in case(), away in 0..10_000_000_000_i64) {
        let town = Town::new();
        let model = ChoiceUsers::new(ChoiceConfig::default());
        let (before, persona, user) = (case.state.clone(), &case.persona, UserId(case.user));
        let state = &mut case.state;
        let visit = Visit { user, persona, state, session: 3, time: SimTime(77) };
        model.arrive(&town.world(), visit, Some(SimDuration(away)), STREAMS);
        check_state(state, 20, &before);
        let visit = Visit { user, persona, state, session: 3, time: SimTime(77) };
        if let habitue_core::Departure::Return(gap) = model.depart(&town.world(), visit, STREAMS) {
            prop_assert!(gap.0 > 0);
        }
    }
}
