//! Users of a language model: what they decide, and that nobody else's decisions show in it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod village;

use habitue_core::scenario::Size;
use habitue_core::scenario::llm::{AskName, ChoiceCalibration, EachName, LlmConfig, MoveName};
use habitue_core::{Decision, MemoryKind, Move, SimTime, Streams, UserId, UserModel, UserState, Visit};
use habitue_users::LlmUsers;
use village::{Village, model, users};

const TURNS: u32 = 3;

/// The turns of everybody, and the states after them.
fn lives(village: &Village, model: &LlmUsers, batch: usize) -> (Vec<Decision>, Vec<UserState>) {
    let streams = Streams::new(7);
    let mut states = village.arrived(model, streams);
    let mut all = Vec::new();
    for turn in 0..TURNS {
        all.extend(village.turn(model, &mut states, turn, batch, streams));
    }
    (all, states)
}

#[test]
fn decisions_do_not_depend_on_batches_threads_or_the_cache() {
    let folder = model();
    let village = Village::new(9);
    let plain = users(folder.path(), |_| {});
    let first = lives(&village, &plain, 64);
    assert!(first == lives(&village, &plain, 64), "a warm cache");
    assert!(first == lives(&village, &plain, 1), "one at a time");
    let narrow = users(folder.path(), |config| config.batch = 1);
    assert!(first == lives(&village, &narrow, 64), "a batch of one");
    let threads = users(folder.path(), |config| config.threads = 3);
    assert!(first == lives(&village, &threads, 4), "three threads");
    let small = users(folder.path(), |config| config.cache = Size(2 << 20));
    assert!(first == lives(&village, &small, 64), "a small cache");
    let colder = users(folder.path(), |config| config.temperature = 0.5);
    assert!(first != lives(&village, &colder, 64), "another temperature");
}

#[test]
fn decisions_fit_the_slate_and_are_drawn_from_what_is_logged() {
    let folder = model();
    let village = Village::new(12);
    let plain = users(folder.path(), |_| {});
    let (decisions, states) = lives(&village, &plain, 64);
    let mut moves = [0; 7];
    for decision in &decisions {
        assert_eq!(decision.feedback.len(), 4);
        let distributions = decision.distributions.as_ref().unwrap();
        let actions = distributions.actions.chunks(5);
        for (feedback, chances) in decision.feedback.iter().zip(actions) {
            assert!((chances.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{chances:?}");
            assert!(chances[usize::from(feedback.action.0)] > 0.0);
            assert_eq!(feedback.rating > 0, village.scale.is_engaged(feedback.action));
            assert!(feedback.examined && feedback.dwell_seconds > 0.0);
        }
        let code = usize::from(decision.next.code());
        assert!(
            distributions.moves[code] > 0.0 && (distributions.moves.iter().sum::<f32>() - 1.0).abs() < 1e-4
        );
        moves[code] += 1;
        if let Some(text) = decision.next.text() {
            assert!(!text.is_empty() && !text.contains('\n'), "{text:?}");
        }
        let trace = decision.trace.as_deref().unwrap();
        assert_eq!(trace.programs.len(), 1, "{:?}", decision.next);
        let names: Vec<&str> = trace.programs[0].slots.iter().map(|slot| &*slot.name).collect();
        let always =
            ["rating 1", "rating 2", "rating 3", "rating 4", "satisfaction", "mood", "need", "importance"];
        let with_the_move: &[&str] = match decision.next {
            Move::NextPage => &[],
            Move::Leave => &["return"],
            _ => &["words"],
        };
        assert_eq!(names, [&always, with_the_move].concat());
        assert!(
            trace
                .programs
                .iter()
                .all(|program| program.prompt_tokens > 20 && program.prompt_hash.len() == 32)
        );
    }
    assert!(moves.iter().filter(|count| **count > 0).count() > 3, "{moves:?}");
    assert!(moves[3] == 0, "nobody asked, so nobody answers");
    for state in &states {
        let mind = state.mind.as_deref().unwrap();
        assert_eq!(mind.session.len(), TURNS as usize);
        assert!(mind.session[0].contains("Film"), "{}", mind.session[0]);
    }
}

#[test]
fn the_configuration_decides_what_is_asked() {
    let folder = model();
    let village = Village::new(6);
    let bare = |config: &mut LlmConfig| {
        (config.ask, config.moves, config.think) = (vec![AskName::Mood], vec![MoveName::NextPage], 5);
        config.session_turns = 1;
        config.memory.retrieve = 0;
    };
    let model = users(folder.path(), bare);
    let (decisions, states) = lives(&village, &model, 64);
    for decision in &decisions {
        assert!(matches!(decision.next, Move::NextPage | Move::Leave));
        let slots = &decision.trace.as_deref().unwrap().programs[0].slots;
        assert!(slots[0].name == "think" && slots[0].text.is_some());
        let last = if decision.next == Move::Leave { "return" } else { "mood" };
        assert_eq!(slots.last().unwrap().name, last);
    }
    for state in &states {
        assert_eq!(state.mindset.satisfaction.to_bits(), 0.5_f32.to_bits());
        assert_eq!(state.mind.as_deref().unwrap().session.len(), 1);
    }
    let joint = users(folder.path(), |config| {
        bare(config);
        config.each = EachName::Joint;
    });
    let (seeing, _) = lives(&village, &joint, 64);
    // The first item sees nothing of the others either way.
    let actions = |decision: &Decision| decision.distributions.as_ref().unwrap().actions.clone();
    let (apart, together) = (actions(&decisions[0]), actions(&seeing[0]));
    assert!(apart[..5] == together[..5] && apart[5..] != together[5..], "{apart:?} {together:?}");
}

#[test]
fn calibration_moves_what_is_drawn() {
    let folder = model();
    let village = Village::new(6);
    let plain = users(folder.path(), |_| {});
    let never = users(folder.path(), |config| {
        let offset =
            |name: &str, by| ChoiceCalibration { temperature: 1.0, offset: [(name.to_owned(), by)].into() };
        config.calibration.action = offset("skip", 100.0);
        config.calibration.next = offset("leave", 100.0);
        config.calibration.returning = offset("never", 100.0);
    });
    let streams = Streams::new(7);
    let mut states = village.arrived(&never, streams);
    let decisions = village.turn(&never, &mut states, 0, 64, streams);
    let skip = village.scale.skip();
    for (decision, state) in decisions.iter().zip(&states) {
        assert!(decision.feedback.iter().all(|feedback| feedback.action == skip));
        assert_eq!(decision.next, Move::Leave);
        assert_eq!(state.mind.as_deref().unwrap().back, Some(4));
    }
    let uncalibrated = village.turn(&plain, &mut village.arrived(&plain, streams), 0, 64, streams);
    assert!(
        uncalibrated.iter().any(|decision| decision.feedback.iter().any(|feedback| feedback.action != skip))
    );
    let account = |model: &LlmUsers| model.account().unwrap()["calibrated"].clone();
    assert_eq!((account(&plain), account(&never)), (false.into(), true.into()));
}

#[test]
fn users_remember_and_draw_insights_from_what_they_remember() {
    let folder = model();
    let village = Village::new(5);
    let model = users(folder.path(), |config| {
        // Everything matters and strengthens what came before.
        let memory = &mut config.memory;
        (memory.least_importance, memory.alike, memory.reinforcements) = (0.0, 0.0, 1);
        (memory.reflect_above, memory.insight) = (0.3, 6);
    });
    let streams = Streams::new(7);
    let mut states = village.arrived(&model, streams);
    let mut insights = 0;
    let mut next = vec![0; states.len()];
    for turn in 0..6 {
        for (user, decision) in village.turn(&model, &mut states, turn, 64, streams).iter().enumerate() {
            let trace = decision.trace.as_deref().unwrap();
            for memory in &trace.memories {
                assert_eq!(memory.id, next[user], "ids count up");
                next[user] += 1;
                assert!(memory.sources.iter().all(|source| *source < memory.id));
                if memory.kind == MemoryKind::Insight {
                    insights += 1;
                    assert!(!memory.sources.is_empty() && !memory.text.is_empty());
                    assert!(trace.programs.iter().any(|program| program.program == "insight"));
                } else {
                    assert!(memory.text.contains("Film"), "{}", memory.text);
                }
            }
        }
    }
    assert!(insights > 3, "{insights} insights");
    // The next visit begins with what comes to mind.
    let (user, persona, state) = (UserId(0), &village.people[0], &mut states[0]);
    let visit = Visit { user, persona, state, session: 1, time: SimTime(3_600_000) };
    model.arrive(&village.world(), visit, None, streams);
    village.turn(&model, &mut states, 0, 64, streams);
    assert_eq!(states[0].mind.as_deref().unwrap().memory.recalled.len(), 5);
}

#[test]
fn models_and_configurations_that_do_not_fit_are_named() {
    use habitue_core::scenario::{LlmUsersConfig, ModelFile, TemplateSource, TemplateText};
    let folder = model();
    let try_with = |change: &dyn Fn(&mut LlmUsersConfig)| {
        let mut config = LlmUsersConfig {
            config: LlmConfig::new("models/tiny"),
            model: ModelFile::Path(folder.path().to_path_buf()),
            template: TemplateSource::Default,
        };
        change(&mut config);
        LlmUsers::new(&config).unwrap_err().to_string().replace(&*folder.path().to_string_lossy(), "FOLDER")
    };
    let mistakes = [
        try_with(&|config| config.config.chat = Some(true)),
        try_with(&|config| config.model = ModelFile::Path(folder.path().join("nothing"))),
        try_with(&|config| {
            let text = village::SHORT.replace("{{ name }}", "{{ nmae }}");
            config.template = TemplateSource::File(TemplateText { file: "mine.j2".into(), text });
        }),
    ];
    insta::assert_snapshot!(mistakes.join("\n"));
}
