use habitue_core::{ActionScale, Habits, ItemStats, Mindset, SimTime};

use super::*;

const MUSIC: CategoryId = CategoryId(0);
const ART: CategoryId = CategoryId(1);
const CARS: CategoryId = CategoryId(2);

/// Items: 0 music, 1 art, 2 music and art, 3 cars, 4 good music, 5 bad music.
fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    for name in ["music", "art", "cars"] {
        catalogue.category(name);
    }
    for (n, (categories, quality, embedding)) in [
        (vec![MUSIC], 0.5, [1.0, 0.0]),
        (vec![ART], 0.5, [0.0, 1.0]),
        (vec![MUSIC, ART], 0.5, [0.7, 0.7]),
        (vec![CARS], 0.5, [-1.0, 0.0]),
        (vec![MUSIC], 0.9, [1.0, 0.1]),
        (vec![MUSIC], 0.1, [0.0, 0.0]),
    ]
    .into_iter()
    .enumerate()
    {
        let embedding = embedding.to_vec();
        let item = Item { key: format!("i{n}"), categories, quality, embedding, ..Item::default() };
        catalogue.push(item).unwrap();
    }
    catalogue
}

fn listener() -> (Persona, UserState) {
    let state = UserState { interests: vec![1.0, 0.0, 0.0].into_boxed_slice(), ..UserState::default() };
    (Persona::default(), state)
}

fn liking(config: &AffinityConfig, persona: &Persona, state: &UserState, item: u32) -> Liking {
    let catalogue = catalogue();
    let mut stats = ItemStats::default();
    stats.seed([(ItemId(0), None), (ItemId(0), None), (ItemId(4), None)]);
    let scale = ActionScale::new(&["skip", "click"], "click").unwrap();
    let world =
        World { catalogue: &catalogue, available: &[], stats: &stats, scale: &scale, now: SimTime::ZERO };
    let mut scratch = Scratch::default();
    let taste = Taste::new(config, 4, &world, persona, state, &mut scratch);
    taste.of(ItemId(item), catalogue.item(ItemId(item)))
}

fn affinity(persona: &Persona, state: &UserState, item: u32) -> f32 {
    liking(&AffinityConfig::default(), persona, state, item).affinity
}

/// How much a change of the user changes the affinity for an item.
fn effect(item: u32, change: impl FnOnce(&mut Persona, &mut UserState)) -> f32 {
    let (mut persona, mut state) = listener();
    let before = affinity(&persona, &state, item);
    change(&mut persona, &mut state);
    affinity(&persona, &state, item) - before
}

#[test]
fn interest_is_the_cosine_with_the_categories() {
    let only = AffinityConfig { quality: 0.0, popularity: 0.0, ..AffinityConfig::default() };
    let (persona, mut state) = listener();
    let of = |state: &UserState, item| liking(&only, &persona, state, item).affinity;
    assert!((of(&state, 0) - 1.0).abs() < 1e-6);
    assert!((of(&state, 2) - 0.5_f32.sqrt()).abs() < 1e-6);
    assert!(of(&state, 1).abs() < 1e-6);
    // Only proportions count.
    state.interests = vec![30.0, 40.0, 0.0].into_boxed_slice();
    assert!((of(&state, 0) - 0.6).abs() < 1e-6 && (of(&state, 1) - 0.8).abs() < 1e-6);
    state.interests = vec![0.0; 3].into_boxed_slice();
    assert!(of(&state, 0).abs() < 1e-6, "no interest, no preference");
    state.interests = Box::default();
    assert!(of(&state, 3).abs() < 1e-6, "categories may have joined since");
}

#[test]
fn quality_and_popularity_attract() {
    let (persona, state) = listener();
    assert!(affinity(&persona, &state, 4) > affinity(&persona, &state, 0));
    assert!(affinity(&persona, &state, 5) < affinity(&persona, &state, 0));
    assert!(effect(0, |persona, _| persona.habits.conformity = 1.0) > 0.0, "popular");
    assert!(effect(1, |persona, _| persona.habits.conformity = 1.0).abs() < 1e-6, "nobody engaged with it");
}

#[test]
fn needs_attract_and_dislikes_repel() {
    let need = Mindset { need: Some(CARS), ..Mindset::default() };
    assert!((effect(3, |_, state| state.mindset = need) - 0.5).abs() < 1e-6);
    assert!(effect(0, |_, state| state.mindset = need).abs() < 1e-6);
    assert!((effect(2, |persona, _| persona.dislikes.push(ART)) + 1.0).abs() < 1e-6);
}

#[test]
fn recommendations_attract_those_who_conform() {
    let hear = |conformity| {
        effect(1, |persona, state| {
            persona.habits = Habits { conformity, ..Habits::default() };
            state.heard.push_back(ItemId(1));
        })
    };
    assert!(hear(1.0) > hear(0.5) && hear(0.5) > 0.0 && hear(0.0).abs() < 1e-6);
}

#[test]
fn repetition_repels_those_who_want_variety() {
    let after = |diversity, recent: [u32; 2], item| {
        effect(item, |persona, state| {
            persona.habits.diversity = diversity;
            state.recent.extend(recent.map(ItemId));
        })
    };
    assert!(after(0.5, [0, 3], 0) < after(0.5, [4, 3], 0), "the same item is worse than the same category");
    assert!(after(0.5, [4, 3], 0) < 0.0 && after(0.5, [4, 5], 0) < after(0.5, [4, 3], 0));
    assert!(after(1.0, [4, 5], 0) < after(0.5, [4, 5], 0));
    assert!(after(0.0, [0, 4], 0).abs() < 1e-6);
    assert!(after(0.5, [0, 4], 3).abs() < 1e-6, "cars are fresh");
}

#[test]
fn familiarity_is_the_share_of_memory_with_the_categories() {
    let (persona, mut state) = listener();
    state.recent.extend([ItemId(0), ItemId(2)]);
    let familiar = |item| liking(&AffinityConfig::default(), &persona, &state, item).familiar;
    assert!((familiar(0) - 0.5).abs() < 1e-6 && (familiar(1) - 0.25).abs() < 1e-6);
    assert!((familiar(2) - 0.375).abs() < 1e-6 && familiar(3).abs() < 1e-6);
}

#[test]
fn embeddings_near_the_users_attract() {
    let config = AffinityConfig {
        interest: 0.0,
        quality: 0.0,
        popularity: 0.0,
        embedding: 1.0,
        ..AffinityConfig::default()
    };
    let (persona, mut state) = listener();
    let of = |state: &UserState, item| liking(&config, &persona, state, item).affinity;
    assert!(of(&state, 0) > of(&state, 1) && of(&state, 1) > of(&state, 3));
    assert!(of(&state, 3) < -0.9, "the opposite direction");
    assert!(of(&state, 5).abs() < 1e-6, "an embedding without direction");
    state.interests = vec![0.0; 3].into_boxed_slice();
    assert!(of(&state, 0).abs() < 1e-6, "a user without direction");
}

#[test]
fn a_good_mood_likes_everything_better() {
    let good = Mindset { mood: 1.0, ..Mindset::default() };
    assert!((effect(3, |_, state| state.mindset = good) - 0.1).abs() < 1e-6);
}
