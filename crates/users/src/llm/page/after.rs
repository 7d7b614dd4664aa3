//! What is asked after the decision program of a page: words, intentions, insights.

use habitue_core::scenario::llm::{MoveName, RETURN_BINS};
use habitue_core::{Action, Encounter, ItemId, Move};
use habitue_llm::{WriteSpec, decide};

use super::{Failure, Page, Scene, picked, written};
use crate::choice::draws::uniform;
use crate::llm::script::Script;
use crate::llm::template::Section;
use crate::llm::view;

/// One line of at least one character that is seen, without control characters.
pub(in crate::llm) const ONE_LINE: &str = r"[^\s\p{Cc}][^\p{Cc}]*\n?";

impl Scene<'_> {
    /// Words and intentions that only some moves have: a second program, which repeats the first with its answers.
    pub(super) async fn follow(
        &self,
        encounter: &Encounter<'_>,
        so_far: &Script,
        next: Option<MoveName>,
        page: &mut Page,
    ) -> Result<(), Failure> {
        let section = match next {
            None => Section::Return,
            Some(MoveName::NextPage) => return Ok(()),
            Some(MoveName::Search) => Section::Search,
            Some(MoveName::Instruct) => Section::Instruct,
            Some(MoveName::Answer) => Section::Answer,
            Some(MoveName::Post) => Section::Post,
            Some(MoveName::Chat) => Section::Chat,
        };
        let friends = encounter.friends;
        let friend = if next == Some(MoveName::Chat) {
            friends.get((uniform(&mut page.stream) * friends.len() as f64) as usize).copied()
        } else {
            None
        };
        let mut script = so_far.clone();
        script.text(self.template.render(section, self.short(encounter, ""))?);
        if next.is_none() {
            let slot = script.pick("return", RETURN_BINS.map(str::to_owned).to_vec());
            let answer = decide(self.backend, script.program(), &mut page.stream).await?;
            page.back = Some(answer.pick(slot).index as u8);
            page.next = Move::Leave;
            let trace = picked("return".to_owned(), answer.pick(slot), encounter.distributions);
            page.count("return", &answer, vec![trace]);
            return Ok(());
        }
        let spec = WriteSpec::new(self.config.words as usize).temperature(self.config.temperature);
        let slot = script.write("words", spec.regex(ONE_LINE).stop("\n"));
        let answer = decide(self.backend, script.program(), &mut page.stream).await?;
        let text = view::one_line(&answer.text(slot).text);
        page.count("words", &answer, vec![written("words", &text)]);
        let item = self.best(encounter, &page.actions);
        page.next = match (next, friend) {
            (Some(MoveName::Search), _) => Move::Search(text),
            (Some(MoveName::Instruct), _) => Move::Instruct(text),
            (Some(MoveName::Answer), _) => Move::Answer(text),
            (Some(MoveName::Chat), Some(with)) => Move::Chat { with, item, text },
            _ => Move::Post { item, text },
        };
        Ok(())
    }

    /// Draws an insight from what has gathered in long-term memory, if it is time.
    pub(super) async fn reflect(&self, encounter: &Encounter<'_>, page: &mut Page) -> Result<(), Failure> {
        let Some(mind) = encounter.state.mind.as_deref() else { return Ok(()) };
        let sources = self.memories.sources(&mind.memory);
        if sources.is_empty() {
            return Ok(());
        }
        let mut script = self.opening(encounter, &sources)?;
        if self.chat {
            script.assistant();
        }
        script.text(self.template.render(Section::Insight, self.short(encounter, ""))?);
        let spec = WriteSpec::new(self.memories.insight_tokens()).temperature(self.config.temperature);
        let slot = script.write("insight", spec.regex(ONE_LINE).stop("\n"));
        let answer = decide(self.backend, script.program(), &mut page.stream).await?;
        let text = view::one_line(&answer.text(slot).text);
        page.count("insight", &answer, vec![written("insight", &text)]);
        page.insight = Some((text, sources.iter().map(|memory| memory.id).collect()));
        Ok(())
    }

    /// The item with the strongest action that counts as engagement, the first of several.
    fn best(&self, encounter: &Encounter<'_>, actions: &[u8]) -> Option<ItemId> {
        let mut best = None;
        for (shown, action) in encounter.slate.items.iter().zip(actions) {
            let stronger = best.is_none_or(|(_, before)| *action > before);
            if self.world.scale.is_engaged(Action(*action)) && stronger {
                best = Some((shown.item, *action));
            }
        }
        best.map(|(item, _)| item)
    }
}
