//! The probabilities of options are those of constrained decoding, and draws follow them.

#![allow(clippy::unwrap_used, reason = "a failure in a test is a failed test")]

mod fakes;

use std::sync::atomic::Ordering;

use fakes::{block_on, hash_backend, logit, stream, tokenizer};
use habitue_llm::{Distribution, EachMode, ListStyle, PickAnswer, PieceEncoder, PieceKind, Program, decide};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Scores each option on its own: at each of its tokens, softmax over the tokens with which any option goes on from
/// there, taken from the list of all options anew.
fn brute_force(prompt: &[u32], options: &[Vec<u32>], end: &[u32]) -> Vec<f64> {
    let begins = |a: &[u32], b: &[u32]| b.len() > a.len() && b.starts_with(a);
    let ended: Vec<Vec<u32>> = options
        .iter()
        .map(|option| {
            let ends = options.iter().any(|other| begins(option, other));
            option.iter().chain(if ends { end } else { &[] }).copied().collect()
        })
        .collect();
    ended
        .iter()
        .map(|option| {
            let mut probability = 1.0;
            for at in 0..option.len() {
                let mut next: Vec<u32> = ended
                    .iter()
                    .filter(|other| other.len() > at && other[..at] == option[..at])
                    .map(|other| other[at])
                    .collect();
                next.sort_unstable();
                next.dedup();
                let prefix = [prompt, &option[..at]].concat();
                let weight = |token: u32| f64::from(logit(&prefix, token)).exp();
                probability *= weight(option[at]) / next.iter().map(|&token| weight(token)).sum::<f64>();
            }
            probability
        })
        .collect()
}

fn close(found: &Distribution, expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (option, expected) in expected.iter().enumerate() {
        assert!((found.probability(option) - expected).abs() < 1e-9, "{found:?}, expected {expected:?}");
    }
    assert!(((0..found.len()).map(|option| found.probability(option)).sum::<f64>() - 1.0).abs() < 1e-9);
}

fn distribution(answer: &PickAnswer) -> &Distribution {
    answer.distribution.as_ref().unwrap()
}

const OPTIONS: [&[&str]; 6] = [
    &["yes", "no", "maybe"],
    &["like", "like it", "likes", "share"],
    &["1", "10", "100", "2", "25"],
    &["日本", "日本語", "🎬", "Ünïcödé"],
    &[" film", "film", "films", "Film"],
    &["only"],
];

#[test]
fn probabilities_equal_brute_force_scoring_of_each_option() {
    for name in ["byte-level", "byte-fallback"] {
        let tokenizer = tokenizer(name);
        let (_, backend) = hash_backend(name);
        for options in OPTIONS {
            for (before, after) in [("Answer: ", "\nthen"), ("Answer:", " (the"), ("user\n", ", and")] {
                let mut program = Program::new();
                program.text(before);
                let slot = program.pick("answer", options.iter().copied());
                program.text(after);
                let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();

                let mut prompt = PieceEncoder::new(&tokenizer);
                prompt.push(PieceKind::Text, before).unwrap();
                let tokens = |option: &&str| {
                    let space = if before.ends_with(' ') { " " } else { "" };
                    tokenizer.encode(PieceKind::Text, &format!("{space}{option}")).unwrap().to_vec()
                };
                let options: Vec<Vec<u32>> = options.iter().map(tokens).collect();
                let end = tokenizer.encode(PieceKind::Text, after).unwrap();
                close(distribution(answer.pick(slot)), &brute_force(prompt.tokens(), &options, &end));
            }
        }
    }
}

#[test]
fn at_the_end_of_a_turn_an_option_ends_with_the_turn() {
    let tokenizer = tokenizer("byte-level");
    let (_, backend) = hash_backend("byte-level");
    let mut program = Program::new();
    program.user().text("Which?");
    program.assistant().text("I ");
    let slot = program.pick("act", ["like", "like it"]);
    let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
    let markup = |text| (PieceKind::Markup, text);
    let prompt = tokenizer
        .encode_pieces([
            markup("<|im_start|>user\n"),
            (PieceKind::Text, "Which?"),
            markup("<|im_end|>\n<|im_start|>assistant\n"),
            (PieceKind::Text, "I"),
        ])
        .unwrap();
    let option = |text| tokenizer.encode(PieceKind::Text, text).unwrap().to_vec();
    let end = tokenizer.id("<|im_end|>").unwrap();
    close(
        distribution(answer.pick(slot)),
        &brute_force(&prompt, &[option(" like"), option(" like it")], &[end]),
    );
}

#[test]
fn draws_follow_the_distribution_and_shuffles_cancel() {
    let (_, backend) = hash_backend("byte-level");
    let mut program = Program::new();
    program.text("pick: ");
    let slot = program.pick("film", ["a film", "a song", "the news", "a game", "nothing"]);
    let expected = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
    let expected = distribution(expected.pick(slot)).clone();
    let draws = 4_000;
    let mut counts = [0.0; 5];
    for entity in 0..draws {
        let answer = block_on(decide(&backend, &program, &mut stream(entity))).unwrap();
        counts[answer.pick(slot).index] += 1.0;
    }
    let chi_square: f64 = (0..5)
        .map(|option| {
            let mean = expected.probability(option) * draws as f64;
            (counts[option] - mean).powi(2) / mean
        })
        .sum();
    // The 99.9% point of chi-square with 4 degrees of freedom.
    assert!(chi_square < 18.47, "chi-square {chi_square}");
}

#[test]
fn independent_choices_see_the_prompt_alone_and_joint_ones_each_other() {
    let tokenizer = tokenizer("byte-level");
    let (scorer, backend) = hash_backend("byte-level");
    let items = ["\n1. Heat: ", "\n2. Alien: ", "\n3. Paterson: "];
    let options = ["like", "skip"];
    let run = |mode| {
        let mut program = Program::new();
        program.text("The slate.");
        let slot = program.pick_each("acts", items, options, mode);
        let answer = block_on(decide(&backend, &program, &mut stream(3))).unwrap();
        answer.pick_each(slot).to_vec()
    };
    let expected = |before: String, item: &str| {
        let mut prompt = PieceEncoder::new(&tokenizer);
        prompt.push(PieceKind::Text, "The slate.").unwrap();
        let mut tokens = prompt.tokens().to_vec();
        tokens.extend(before.split_inclusive('\u{1}').flat_map(|piece| {
            tokenizer.encode(PieceKind::Text, piece.trim_end_matches('\u{1}')).unwrap().to_vec()
        }));
        tokens.extend_from_slice(&tokenizer.encode(PieceKind::Text, item.trim_end()).unwrap());
        let option = |text: &str| tokenizer.encode(PieceKind::Text, &format!(" {text}")).unwrap().to_vec();
        brute_force(&tokens, &[option("like"), option("skip")], &[])
    };
    let before = scorer.requests.load(Ordering::Relaxed);
    let independent = run(EachMode::Independent);
    assert_eq!(scorer.requests.load(Ordering::Relaxed) - before, 1, "one pass for all items");
    for (answer, item) in independent.iter().zip(items) {
        close(distribution(answer), &expected(String::new(), item));
    }
    let joint = run(EachMode::Joint);
    let mut said = String::new();
    for (answer, item) in joint.iter().zip(items) {
        close(distribution(answer), &expected(said.clone(), item));
        said.extend([item.trim_end(), "\u{1} ", options[answer.index], "\u{1}"]);
    }
}

#[test]
fn numbers_are_picked_among_their_digits() {
    let tokenizer = tokenizer("byte-level");
    let (_, backend) = hash_backend("byte-level");
    let mut program = Program::new();
    program.text("stars: ");
    let slot = program.number("stars", -2, 12);
    program.text(" of 12");
    let answer = block_on(decide(&backend, &program, &mut stream(1))).unwrap();
    let number = answer.number(slot);
    assert_eq!(number.value, number.pick.index as i64 - 2);
    let prompt = tokenizer.encode(PieceKind::Text, "stars:").unwrap();
    let options: Vec<Vec<u32>> =
        (-2..=12).map(|n| tokenizer.encode(PieceKind::Text, &format!(" {n}")).unwrap().to_vec()).collect();
    let end = tokenizer.encode(PieceKind::Text, " of 12").unwrap();
    close(distribution(&number.pick), &brute_force(&prompt, &options, &end));
}

#[test]
fn labels_and_orders_do_not_change_what_an_index_means() {
    let (_, backend) = hash_backend("byte-level");
    let films = ["Heat", "Alien", "Paterson", "Ran"];
    let mut orders = std::collections::BTreeSet::new();
    for entity in 0..40 {
        let mut program = Program::new();
        let list = program.options(films, true);
        program.text("Films:\n").list(list, ListStyle::Lettered).text("Mine is ");
        let by_label = program.pick_label("label", list);
        program.text(", that is ");
        let by_text = program.pick_listed("text", list);
        program.text(".");
        let (recorder, answer) = block_on(async {
            let recorder = Reading { inner: &backend, prompts: std::sync::Mutex::default() };
            let answer = decide(&recorder, &program, &mut stream(entity)).await.unwrap();
            (recorder.prompts.into_inner().unwrap(), answer)
        });
        // What the model read: the drawn order, the chosen label beside the chosen film.
        let read = recorder.last().unwrap();
        let label = read.split("Mine is ").nth(1).unwrap().chars().next().unwrap();
        let line = format!("{label}. {}\n", films[answer.pick(by_label).index]);
        assert!(read.contains(&line), "{read} has no {line}");
        assert_eq!(distribution(answer.pick(by_text)).len(), 4);
        orders.insert(read.split("Mine").next().unwrap().to_owned());
    }
    assert!(orders.len() > 10, "{} orders in 40 draws", orders.len());
}

/// Keeps the prompts that it passes on.
struct Reading<'a> {
    inner: &'a habitue_llm::LocalBackend,
    prompts: std::sync::Mutex<Vec<String>>,
}

impl habitue_llm::Backend for Reading<'_> {
    fn id(&self) -> String {
        self.inner.id()
    }

    fn choose<'a>(
        &'a self,
        choice: &'a habitue_llm::Choice,
        stream: &'a mut habitue_core::Stream,
    ) -> habitue_llm::Pending<'a, habitue_llm::ChoiceReply> {
        self.prompts.lock().unwrap().push(choice.prompt.text());
        self.inner.choose(choice, stream)
    }

    fn write<'a>(
        &'a self,
        prompt: &'a habitue_llm::Prompt,
        spec: &'a habitue_llm::WriteSpec,
        stream: &'a mut habitue_core::Stream,
    ) -> habitue_llm::Pending<'a, habitue_llm::Written> {
        self.inner.write(prompt, spec, stream)
    }
}

#[test]
fn calibration_divides_by_the_neutral_prompt() {
    let (_, backend) = hash_backend("byte-level");
    let ask = |text: &str, calibrated: bool| {
        let mut program = Program::new();
        program.text("Item: ").content(text, "N/A").text("\nI ");
        let slot = program.pick("act", ["like", "skip", "share"]);
        if calibrated {
            program.calibrate();
        }
        let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
        answer.pick(slot).clone()
    };
    let (raw, neutral, calibrated) = (ask("a film", false), ask("N/A", false), ask("a film", true));
    let weights: Vec<f64> = (0..3)
        .map(|option| distribution(&raw).probability(option) / distribution(&neutral).probability(option))
        .collect();
    let total: f64 = weights.iter().sum();
    close(distribution(&calibrated), &weights.iter().map(|weight| weight / total).collect::<Vec<_>>());
    assert_eq!(calibrated.uncalibrated.as_ref(), raw.distribution.as_ref());
}

#[test]
fn many_programs_run_at_once_and_answer_as_they_do_alone() {
    let (_, backend) = hash_backend("byte-level");
    let program = |user: u64| {
        let mut program = Program::new();
        program.text("slate ").text(format!("of user {user}: "));
        let slot = program.pick("act", ["like", "skip", "share"]);
        (program, slot)
    };
    let alone: Vec<_> = (0..50)
        .map(|user| block_on(decide(&backend, &program(user).0, &mut stream(user))).unwrap())
        .collect();
    let backend = std::sync::Arc::new(backend);
    let together = block_on(async {
        let tasks: Vec<_> = (0..50)
            .map(|user| {
                let backend = backend.clone();
                let (program, _) = program(user);
                tokio::spawn(
                    async move { decide(backend.as_ref(), &program, &mut stream(user)).await.unwrap() },
                )
            })
            .collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.unwrap());
        }
        answers
    });
    assert_eq!(alone, together);
}

#[test]
fn programs_that_cannot_be_run_are_refused() {
    let (_, backend) = hash_backend("byte-level");
    let refuse = |build: &dyn Fn(&mut Program)| {
        let mut program = Program::new();
        program.text("text ");
        build(&mut program);
        block_on(decide(&backend, &program, &mut stream(0))).unwrap_err().to_string()
    };
    let messages = [
        refuse(&|p| _ = p.pick("a", Vec::<String>::new())),
        refuse(&|p| _ = p.pick("a", ["x", "x"])),
        refuse(&|p| _ = p.pick("a", ["x", ""])),
        refuse(&|p| _ = p.pick("a", ["x "])),
        refuse(&|p| _ = p.number("a", 3, 2)),
        refuse(&|p| _ = p.number("a", i64::MIN, i64::MAX)),
        refuse(&|p| _ = (p.number("a", 1, 2), p.number("a", 1, 2))),
        refuse(&|p| _ = p.write("a", habitue_llm::WriteSpec::new(0))),
        refuse(&|p| _ = p.write("a", habitue_llm::WriteSpec::new(5).top_p(0.0))),
        refuse(&|p| _ = p.write("a", habitue_llm::WriteSpec::new(5).temperature(f64::NAN))),
        refuse(&|p| {
            let list = p.options(["x", "y"], false);
            p.list(list, ListStyle::Dashed);
            p.pick_label("a", list);
        }),
        refuse(&|p| _ = p.user().text("turn after text")),
        refuse(&|p| {
            p.pick("a", ["x", "xx"]);
            p.text("x");
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..ProptestConfig::default()
    })]
    #[test]
    fn any_options_sum_to_one(options in prop::collection::btree_set("[a-c日 ]{0,4}[a-c日]", 1..12), before in "[a-c ]{1,5}") {
        let (_, backend) = hash_backend("byte-level");
        let mut program = Program::new();
        program.text(format!("x{before}"));
        let slot = program.pick("answer", options);
        program.text("\n");
        let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
        let found = distribution(answer.pick(slot));
        let sum: f64 = (0..found.len()).map(|option| found.probability(option)).sum();
        prop_assert!((sum - 1.0).abs() < 1e-9);
    }
}

#[test]
fn what_depends_on_a_pick_is_read_only_then() {
    let (_, backend) = hash_backend("byte-level");
    let mut program = Program::new();
    program.text("Then: ");
    let next = program.pick("move", ["search", "leave"]);
    program.when(next, 0).text(" for: ");
    let words = program.pick("words", ["songs", "films"]);
    program.when(next, 1).text(". Back: ");
    let back = program.pick("return", ["tomorrow", "never"]);
    program.always().text(". Mood: ");
    let mood = program.number("mood", 1, 5);

    // What would have been asked if there had been nothing else.
    let alone = |option: usize, text: &str, options: [&str; 2]| {
        let mut program = Program::new();
        program.text("Then: ").text(["search", "leave"][option]).text(text);
        let slot = program.pick("slot", options);
        let answer = block_on(decide(&backend, &program, &mut stream(0))).unwrap();
        distribution(answer.pick(slot)).clone()
    };
    let mut seen = [0; 2];
    for entity in 0..32 {
        let answer = block_on(decide(&backend, &program, &mut stream(entity))).unwrap();
        let option = answer.pick(next).index;
        seen[option] += 1;
        let (slot, expected) = match option {
            0 => (words, alone(0, " for: ", ["songs", "films"])),
            _ => (back, alone(1, ". Back: ", ["tomorrow", "never"])),
        };
        assert_eq!(distribution(answer.pick(slot)), &expected);
        assert!((1..=5).contains(&answer.number(mood).value));
    }
    assert!(seen[0] > 0 && seen[1] > 0, "{seen:?}");

    let wrong = |build: fn(&mut Program, habitue_llm::PickSlot)| {
        let mut program = Program::new();
        let slot = program.pick("move", ["search", "leave"]);
        build(&mut program, slot);
        program.check().unwrap_err().to_string()
    };
    let option = wrong(|program, slot| {
        program.when(slot, 2).text("x");
    });
    assert!(option.contains("has no option 2"), "{option}");
    let turn = wrong(|program, slot| {
        program.when(slot, 0).assistant();
    });
    assert!(turn.contains("depends on a pick"), "{turn}");
    let (mut early, mut other) = (Program::new(), Program::new());
    other.pick("first", ["a", "b"]);
    let later = other.pick("later", ["a", "b"]);
    early.when(later, 0).text("x");
    assert!(early.check().unwrap_err().to_string().contains("further down"));
}
