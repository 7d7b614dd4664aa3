use habitue_core::scenario::TemplateSource;
use habitue_core::scenario::llm::RecallConfig;
use habitue_core::{
    ActionScale, Catalogue, HOUR, Item, ItemId, ItemStats, Mind, Mindset, Persona, SimTime, Slate, UserId,
    UserState,
};
use habitue_llm::{Choice, ChoiceReply, Pending, Prompt, Written};

use super::*;
use crate::llm::template::SystemView;

/// Answers nobody: what is asked is looked at, not answered.
struct Nobody;

impl Backend for Nobody {
    fn id(&self) -> String {
        "nobody".to_owned()
    }

    fn choose<'a>(&'a self, _: &'a Choice, _: &'a mut Stream) -> Pending<'a, ChoiceReply> {
        Box::pin(std::future::ready(Err(LlmError::Request("nobody answers".to_owned()))))
    }

    fn write<'a>(&'a self, _: &'a Prompt, _: &'a WriteSpec, _: &'a mut Stream) -> Pending<'a, Written> {
        Box::pin(std::future::ready(Err(LlmError::Request("nobody answers".to_owned()))))
    }
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new();
    let (drama, comedy) = (catalogue.category("drama"), catalogue.category("comedy"));
    let (title, text) = ("Heat".to_owned(), "A thief and a\n detective.".to_owned());
    let heat = Item { key: "a".into(), title, text, categories: vec![drama], ..Item::default() };
    let caption = Some("A bus stops in a quiet street.".to_owned());
    let semantic_id = vec![3, 14, 159];
    let paterson = Item {
        key: "b".into(),
        title: "Paterson".into(),
        categories: vec![drama, comedy],
        caption,
        semantic_id,
        ..Item::default()
    };
    catalogue.push(heat).unwrap();
    catalogue.push(paterson).unwrap();
    catalogue
}

/// The prompt of somebody who is at the second page of a visit, as a person would read it.
fn outline(change: impl FnOnce(&mut LlmConfig)) -> String {
    let mut config = LlmConfig { items: "films".to_owned(), ..LlmConfig::new("a/b") };
    change(&mut config);
    let (catalogue, stats) = (catalogue(), ItemStats::default());
    let scale = ActionScale::new(&["dislike", "skip", "watch"], "watch").unwrap();
    let available = [ItemId(0), ItemId(1)];
    let now = SimTime(9 * HOUR);
    let world = World {
        catalogue: &catalogue,
        available: &available,
        stats: &stats,
        scale: &scale,
        now: SimTime::ZERO,
    };
    let template = Template::new(&TemplateSource::Default).unwrap();
    let memories = Memories::new(&config.memory);
    let moves = config.moves.iter().map(|name| move_option(name.word())).chain(["leave".to_owned()]);
    let system =
        SystemView { items: config.items.clone(), actions: scale.names().to_vec(), moves: moves.collect() };
    let system = template.render(Section::System, system).unwrap();
    let scene = Scene {
        config: &config,
        template: &template,
        memories: &memories,
        backend: &Nobody,
        chat: true,
        world: &world,
        streams: Streams::new(7),
        system: &system,
    };
    let persona = Persona {
        key: "ada".into(),
        name: "Ada".into(),
        age: Some(41),
        occupation: "nurse".into(),
        traits: vec!["quiet".into(), "curious".into()],
        interests: vec![(CategoryId(1), 1.0), (CategoryId(0), 3.0)],
        text: "Ada watches one film a week.".into(),
        ..Persona::default()
    };
    let mut mind =
        Mind { session: vec!["Page 1: Alien: skip. Then: next page.\n".to_owned()], ..Mind::default() };
    memories.told(&mut mind.memory, "A friend recommends Heat".to_owned(), Some(ItemId(0)), SimTime(0));
    memories.arrive(&mut mind.memory, &persona, "drama", now, &mut || 0.5).unwrap();
    let mindset = Mindset { need: Some(CategoryId(1)), satisfaction: 0.8, ..Mindset::default() };
    let mut state = UserState { mindset, mind: Some(Box::new(mind)), ..UserState::default() };
    let slate = Slate { reply: Some("Two films for tonight.".into()), ..Slate::certain(available) };
    let encounter = Encounter {
        user: UserId(0),
        persona: &persona,
        state: &mut state,
        session: 1,
        turn: 1,
        time: now,
        slate: &slate,
        friends: &[UserId(4)],
        rate: true,
        distributions: true,
    };
    let items = view::slate(&world, config.content, &encounter);
    let (program, _) = scene.program(&encounter, &items).unwrap();
    program.check().unwrap();
    program.outline()
}

#[test]
fn the_prompt_says_who_what_was_and_what_is_shown() {
    let all = outline(|config| config.think = 30);
    insta::assert_snapshot!(all);
}

#[test]
fn items_are_seen_in_the_form_that_is_asked_for() {
    use habitue_core::scenario::llm::ContentName;
    let line = |content| {
        let text = outline(|config| config.content = content);
        text.lines().find(|line| line.starts_with("2. ")).unwrap().to_owned()
    };
    assert_eq!(line(ContentName::Text), "2. Paterson (drama, comedy)");
    assert_eq!(line(ContentName::Caption), "2. Paterson: A bus stops in a quiet street.");
    assert_eq!(line(ContentName::SemanticId), "2. <3><14><159>");
}

#[test]
fn without_memory_nothing_is_recalled_and_nothing_asked_of_it() {
    let text = outline(|config| config.memory = RecallConfig { retrieve: 0, ..RecallConfig::default() });
    assert!(!text.contains("Remembers") && !text.contains("importance"), "{text}");
}
