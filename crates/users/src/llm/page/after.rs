//! What is asked with a move, and after the page: words, intentions, insights.

use habitue_core::scenario::llm::{MoveName, RETURN_BINS};
use habitue_core::{Action, Encounter, ItemId, Move, SlotTrace};
use habitue_llm::{Answer, PickSlot, Program, WriteSpec, decide};

use super::{After, Failure, Page, Scene, Slots, picked, written};
use crate::choice::draws::uniform;
use crate::llm::template::Section;
use crate::llm::view;

/// One line of at least one character that is seen, without control characters.
pub(crate) const ONE_LINE: &str = r"[^\s\p{Cc}][^\p{Cc}]*\n?";

impl Scene<'_> {
    /// What only some moves have: words, or when the user means to be back.
    pub(super) fn after(
        &self,
        encounter: &Encounter<'_>,
        program: &mut Program,
        next: PickSlot,
        moves: &[Option<MoveName>],
    ) -> Result<Vec<After>, Failure> {
        let mut all = Vec::with_capacity(moves.len());
        for (option, name) in moves.iter().enumerate() {
            let section = match name {
                None => Section::Return,
                Some(MoveName::NextPage) => {
                    all.push(After::Nothing);
                    continue;
                }
                Some(MoveName::Search) => Section::Search,
                Some(MoveName::Instruct) => Section::Instruct,
                Some(MoveName::Answer) => Section::Answer,
                Some(MoveName::Post) => Section::Post,
                Some(MoveName::Chat) => Section::Chat,
            };
            program.when(next, option).text(self.template.render(section, self.short(encounter, ""))?);
            all.push(match name {
                None => After::Return(program.pick("return", RETURN_BINS)),
                Some(name) => After::Words(program.write(&format!("words of {}", name.word()), self.words())),
            });
        }
        Ok(all)
    }

    /// One line in the user's words.
    pub(in crate::llm) fn words(&self) -> WriteSpec {
        let spec = WriteSpec::new(self.config.words as usize).temperature(self.config.temperature);
        spec.regex(ONE_LINE).stop("\n")
    }

    /// Enters the move, and says what was asked with it.
    pub(super) fn moved(
        &self,
        encounter: &Encounter<'_>,
        slots: &Slots,
        answer: &Answer,
        page: &mut Page,
    ) -> Option<SlotTrace> {
        let option = answer.pick(slots.next).index;
        let text = match slots.after[option] {
            After::Nothing => return None,
            After::Return(slot) => {
                page.back = Some(answer.pick(slot).index as u8);
                page.next = Move::Leave;
                return Some(picked("return".to_owned(), answer.pick(slot), encounter.distributions));
            }
            After::Words(slot) => view::one_line(&answer.text(slot).text),
        };
        let trace = written("words", &text);
        let (item, friends) = (self.best(encounter, &page.actions), encounter.friends);
        page.next = match slots.moves[option] {
            Some(MoveName::Search) => Move::Search(text),
            Some(MoveName::Instruct) => Move::Instruct(text),
            Some(MoveName::Answer) => Move::Answer(text),
            Some(MoveName::Chat) => {
                let friend = (uniform(&mut page.stream) * friends.len() as f64) as usize;
                match friends.get(friend) {
                    Some(with) => Move::Chat { with: *with, item, text },
                    None => Move::Post { item, text },
                }
            }
            _ => Move::Post { item, text },
        };
        Some(trace)
    }

    /// Draws an insight from what has gathered in long-term memory, if it is time.
    pub(super) async fn reflect(&self, encounter: &Encounter<'_>, page: &mut Page) -> Result<(), Failure> {
        let Some(mind) = encounter.state.mind.as_deref() else { return Ok(()) };
        let sources = self.memories.sources(&mind.memory);
        if sources.is_empty() {
            return Ok(());
        }
        let mut program = self.opening(encounter, &sources)?;
        if self.chat {
            program.assistant();
        }
        program.text(self.template.render(Section::Insight, self.short(encounter, ""))?);
        let spec = WriteSpec::new(self.memories.insight_tokens()).temperature(self.config.temperature);
        let slot = program.write("insight", spec.regex(ONE_LINE).stop("\n"));
        let answer = decide(self.backend, &program, &mut page.stream).await?;
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
