//! Answers in chats, asked for before the user goes on.

use habitue_core::{ChatReply, Encounter, Purpose, Talk, turn_counter};
use habitue_llm::{WriteSpec, decide};

use super::after::ONE_LINE;
use super::{Answered, Failure, Page, Scene, picked, written};
use crate::llm::script::Script;
use crate::llm::template::{SaidView, Section, TalkView};
use crate::llm::view;

impl Scene<'_> {
    /// Answers what friends have written in chats, or lets it be. Drawn from the stream of what the user writes in this
    /// turn, so that the page itself does not depend on it.
    pub(super) async fn reply(&self, encounter: &Encounter<'_>, page: &mut Page) -> Result<(), Failure> {
        let Some(mind) = encounter.state.mind.as_deref() else { return Ok(()) };
        let counter = turn_counter(encounter.session, encounter.turn);
        let mut stream = self.streams.stream(Purpose::Message, u64::from(encounter.user.0), counter);
        for talk in mind.talks.iter().filter(|talk| talk.open) {
            let mut script = self.talk(encounter, talk)?;
            let slot = script.pick("answers", vec!["yes".to_owned(), "no".to_owned()]);
            let answer = decide(self.backend, script.program(), &mut stream).await?;
            let trace = picked("answers".to_owned(), answer.pick(slot), encounter.distributions);
            page.count("reply", &answer, vec![trace]);
            if answer.pick(slot).index != 0 {
                continue;
            }
            let mut script = script.answered(&answer);
            script.text(self.template.render(Section::Answer, self.short(encounter, ""))?);
            let spec = WriteSpec::new(self.config.words as usize).temperature(self.config.temperature);
            let slot = script.write("words", spec.regex(ONE_LINE).stop("\n"));
            let answer = decide(self.backend, script.program(), &mut stream).await?;
            let text = view::one_line(&answer.text(slot).text);
            page.count("reply words", &answer, vec![written("words", &text)]);
            let reply = ChatReply { to: talk.with, chat: talk.chat.answer(), text };
            page.replies.push(Answered { reply, heard: talk.heard });
        }
        Ok(())
    }

    /// The prompt up to the question whether the user answers.
    fn talk(&self, encounter: &Encounter<'_>, talk: &Talk) -> Result<Script, Failure> {
        let recalled = encounter.state.mind.iter().flat_map(|mind| &mind.memory.recalled).collect::<Vec<_>>();
        let mut script = self.opening(encounter, &recalled)?;
        let said = talk.said.iter().map(|(own, words)| SaidView { own: *own, words });
        let view =
            TalkView { items: &self.config.items, name: &encounter.persona.name, said: said.collect() };
        script.text(self.template.render(Section::Talk, view)?);
        if self.chat {
            script.assistant();
        }
        script.text(self.template.render(Section::Reply, self.short(encounter, ""))?);
        Ok(script)
    }
}
