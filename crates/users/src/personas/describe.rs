//! Texts of personas, written by a language model.

use std::fmt::Write as _;

use habitue_core::scenario::llm::LanguageModelConfig;
use habitue_core::{Catalogue, Persona, Purpose, Streams};
use habitue_llm::{LlmError, OpenModel, Program, WriteSpec, decide};

use crate::llm::ONE_LINE;

/// Most tokens of a description.
const TOKENS: usize = 120;

/// Lets a language model write the text of each persona, in two or three sentences, from everything else that is known
/// about it and the text it had; that is replaced. `described` is told after each batch how many are done.
///
/// Draws come from the stream [`Purpose::Description`] of the user, numbered by place; so a description depends on the
/// persona, its place, the seed and the model alone.
///
/// # Errors
/// If the model cannot answer, or turns are asked for and the model has none.
pub fn describe(
    personas: &mut [Persona],
    catalogue: &Catalogue,
    model: &OpenModel,
    config: &LanguageModelConfig,
    streams: Streams,
    described: &mut dyn FnMut(usize),
) -> Result<(), LlmError> {
    let chat = model.chat(config).map_err(|reason| LlmError::Request(reason.to_owned()))?;
    let batch = config.batch as usize;
    let mut first = 0;
    for part in personas.chunks_mut(batch.max(1)) {
        let asked = part.iter().enumerate().map(|(at, persona)| {
            let (program, words) = program(persona, catalogue, chat);
            let mut stream = streams.stream(Purpose::Description, (first + at) as u64, 0);
            async move {
                let answer = decide(model.backend(), &program, &mut stream).await?;
                Ok::<_, LlmError>(answer.text(words).text.trim().to_owned())
            }
        });
        let texts = model.wait_for_all(asked.collect(), batch);
        for (persona, text) in part.iter_mut().zip(texts) {
            persona.text = text?;
        }
        first += part.len();
        described(first);
    }
    Ok(())
}

fn program(persona: &Persona, catalogue: &Catalogue, chat: bool) -> (Program, habitue_llm::WriteSlot) {
    let mut program = Program::new();
    if chat {
        program.system();
    }
    program.text("You describe people who take part in a study, in two or three sentences, in the third person. You invent no facts.\n");
    if chat {
        program.user();
    }
    program.text(facts(persona, catalogue));
    if chat {
        program.text("Describe this person.").assistant();
    } else {
        program.text("Description: ");
    }
    let words =
        program.write("description", WriteSpec::new(TOKENS).temperature(0.7).regex(ONE_LINE).stop("\n"));
    (program, words)
}

/// What is known about a persona, a line each.
fn facts(persona: &Persona, catalogue: &Catalogue) -> String {
    let mut facts = String::new();
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(facts, "{name}: {value}");
        }
    };
    fact("Name", &persona.name);
    fact("Age", &persona.age.map(|age| age.to_string()).unwrap_or_default());
    fact("Gender", &persona.gender);
    fact("Occupation", &persona.occupation);
    fact("Character", &persona.traits.join(", "));
    let mut interests = persona.interests.clone();
    interests.sort_by(|a, b| b.1.total_cmp(&a.1));
    let names: Vec<&str> =
        interests.iter().map(|&(liked, _)| &*catalogue.categories()[liked.index()]).collect();
    fact("Likes, most first", &names.join(", "));
    let names: Vec<&str> =
        persona.dislikes.iter().map(|&disliked| &*catalogue.categories()[disliked.index()]).collect();
    fact("Dislikes", &names.join(", "));
    let habits = persona.habits;
    let share = |habit: f32| format!("{habit:.1} of 1");
    fact("Comes often", &share(habits.activity));
    fact("Patient", &share(habits.patience));
    fact("Wants variety", &share(habits.diversity));
    fact("Heeds what others say", &share(habits.conformity));
    fact("Known besides", &persona.text);
    facts
}
