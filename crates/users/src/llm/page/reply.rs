//! Answers in chats, asked for before the user goes on.

use habitue_core::{ChatReply, Encounter, Purpose, Talk, turn_counter};
use habitue_llm::{Program, decide};

use super::{Answered, Failure, Page, Scene, picked, written};
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
            let mut program = self.talk(encounter, talk)?;
            let answers = program.pick("answers", ["yes", "no"]);
            let section = self.template.render(Section::Answer, self.short(encounter, ""))?;
            program.when(answers, 0).text(section);
            let words = program.write("words", self.words());
            let answer = decide(self.backend, &program, &mut stream).await?;
            let mut traces =
                vec![picked("answers".to_owned(), answer.pick(answers), encounter.distributions)];
            if answer.pick(answers).index != 0 {
                page.count("reply", &answer, traces);
                continue;
            }
            let text = view::one_line(&answer.text(words).text);
            traces.push(written("words", &text));
            page.count("reply", &answer, traces);
            let reply = ChatReply { to: talk.with, chat: talk.chat.answer(), text };
            page.replies.push(Answered { reply, heard: talk.heard });
        }
        Ok(())
    }

    /// The prompt up to the question whether the user answers.
    fn talk(&self, encounter: &Encounter<'_>, talk: &Talk) -> Result<Program, Failure> {
        let recalled = encounter.state.mind.iter().flat_map(|mind| &mind.memory.recalled).collect::<Vec<_>>();
        let mut program = self.opening(encounter, &recalled)?;
        let said = talk.said.iter().map(|(own, words)| SaidView { own: *own, words });
        let view =
            TalkView { items: &self.config.items, name: &encounter.persona.name, said: said.collect() };
        program.text(self.template.render(Section::Talk, view)?);
        if self.chat {
            program.assistant();
        }
        program.text(self.template.render(Section::Reply, self.short(encounter, ""))?);
        Ok(program)
    }
}
