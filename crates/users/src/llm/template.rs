//! The texts of the prompt: a file of Jinja sections that a researcher can copy and edit.

mod section;
mod variables;

use std::path::Path;

use habitue_core::scenario::{TemplateSource, TemplateText, nearest};
use habitue_core::{DataError, DataErrorKind};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde::Serialize;

pub(crate) use section::Section;
use section::{Piece, pieces};
pub(crate) use variables::{
    EarlierView, HabitsView, InterestView, InterviewView, ItemView, KnownView, MemoryView, PersonaView,
    ReactionView, RememberedView, SaidView, ShortView, SlateView, SystemView, TalkView,
};

/// The template that is built in.
const DEFAULT: &str = include_str!("templates/default.j2");

/// The template in few words, which the built-in model was trained on.
const SHORT: &str = include_str!("templates/short.j2");

/// A template that has been checked: it has all sections, and every name in it is known.
pub(crate) struct Template {
    environment: Environment<'static>,
    file: Box<Path>,
    /// By section: the line of the file before its text.
    lines: [usize; Section::ALL.len()],
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Template").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Template {
    /// The template of a scenario, or the one built in.
    ///
    /// # Errors
    /// A section that is missing, unknown or there twice, text that is not Jinja, or a name that no section has.
    pub(crate) fn new(template: &TemplateSource) -> Result<Self, Box<DataError>> {
        match template {
            TemplateSource::File(TemplateText { file, text }) => Self::parse(file, text),
            TemplateSource::Default => Self::parse(Path::new("builtin:default"), DEFAULT),
            TemplateSource::Short => Self::parse(Path::new("builtin:short"), SHORT),
        }
    }

    fn parse(file: &Path, text: &str) -> Result<Self, Box<DataError>> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .map_err(|error| Box::new(DataError::new(DataErrorKind::Header, file, error.to_string())))?;
        environment.set_syntax(syntax);
        let mut template = Self { environment, file: file.into(), lines: [0; Section::ALL.len()] };
        let mut found = [false; Section::ALL.len()];
        for Piece { section, line, text } in pieces(file, text)? {
            if std::mem::replace(&mut found[section as usize], true) {
                let problem = DataError::new(DataErrorKind::Duplicate, file, "every section once");
                return Err(Box::new(problem.at(line as u64).field("section").value(section.name())));
            }
            template.lines[section as usize] = line;
            let added = template.environment.add_template_owned(section.name(), text);
            added.map_err(|error| template.located(section, &error))?;
        }
        if let Some(missing) = Section::ALL.into_iter().find(|section| !found[*section as usize]) {
            let expected = format!("a section \"{}\", under a line {}", missing.name(), missing.heading());
            return Err(Box::new(DataError::new(DataErrorKind::Empty, file, expected)));
        }
        for section in Section::ALL {
            template.check_names(section)?;
            // What the check of names does not see: fields of the elements of lists, filters with wrong arguments.
            for sample in variables::samples(section) {
                template.render(section, sample)?;
            }
        }
        Ok(template)
    }

    /// A section's text with these variables.
    pub(crate) fn render(
        &self,
        section: Section,
        variables: impl Serialize,
    ) -> Result<String, Box<DataError>> {
        let rendered = self
            .environment
            .get_template(section.name())
            .and_then(|template| template.render(Serde(variables)));
        rendered.map_err(|error| self.located(section, &error))
    }

    /// Every name that is not declared in the section itself is one of its variables.
    fn check_names(&self, section: Section) -> Result<(), Box<DataError>> {
        let Ok(template) = self.environment.get_template(section.name()) else { return Ok(()) };
        let known = variables::names(section);
        // A hash set: in order, so that the same file has the same first mistake.
        let mut used: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        used.sort_unstable();
        let globals: Vec<String> = self.environment.globals().map(|(name, _)| name.to_owned()).collect();
        let unknown = used.into_iter().find(|name| {
            let whole = name.split('.').next().unwrap_or(name);
            !known.contains(name) && !globals.iter().any(|global| global == whole)
        });
        let Some(name) = unknown else { return Ok(()) };
        let line = template.source().lines().position(|line| mentions(line, &name)).unwrap_or(0);
        let listed = known.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let problem = DataError::new(
            DataErrorKind::UnknownName,
            &self.file,
            format!("a variable of section \"{}\": {listed}", section.name()),
        );
        let near = nearest(&name, known.iter().map(String::as_str));
        let line = (self.lines[section as usize] + line + 1) as u64;
        Err(Box::new(problem.at(line).field("variable").value(&name).nearest(near)))
    }

    /// An error of the template engine with the line of the file, and the name that was not known.
    fn located(&self, section: Section, error: &minijinja::Error) -> Box<DataError> {
        let line = self.lines[section as usize] + error.line().unwrap_or(1);
        let snippet = error.range().and_then(|range| Some(error.template_source()?.get(range)?.to_owned()));
        let name = snippet.map(|text| text.trim_matches(|c: char| "{} %-".contains(c)).to_owned());
        let problem = match error.kind() {
            ErrorKind::UndefinedError => {
                let name = name.unwrap_or_default();
                let known = variables::fields();
                let leaf = name.rsplit('.').next().unwrap_or(&name);
                let near = nearest(leaf, known.iter().map(String::as_str));
                let expected = format!("a variable that section \"{}\" has", section.name());
                DataError::new(DataErrorKind::UnknownName, &self.file, expected)
                    .field("variable")
                    .value(&name)
                    .nearest(near)
            }
            kind => {
                let detail = error.detail().map_or_else(|| kind.to_string(), str::to_owned);
                DataError::new(DataErrorKind::Header, &self.file, format!("Jinja ({detail})"))
                    .field(format!("section \"{}\"", section.name()))
            }
        };
        Box::new(problem.at(line as u64))
    }
}

/// Whether a line has this dotted name as a whole.
fn mentions(line: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(from: &str, to: &str) -> String {
        assert!(DEFAULT.contains(from), "{from}");
        let text = TemplateText { file: "my-template.j2".into(), text: DEFAULT.replacen(from, to, 1) };
        match Template::new(&TemplateSource::File(text)) {
            Ok(_) => "fine".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_built_in_templates_are_templates() {
        for source in [TemplateSource::Default, TemplateSource::Short] {
            let template = Template::new(&source).unwrap();
            for section in Section::ALL {
                for sample in variables::samples(section) {
                    let text = template.render(section, sample).unwrap();
                    assert!(
                        matches!(section, Section::Memory | Section::Talk | Section::Interview)
                            || !text.trim().is_empty(),
                        "{section:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn mistakes_in_a_template_are_named() {
        let mistakes = [
            changed("{{ items }}, from worst", "{{ item }}, from worst"),
            changed("habits.patience_word", "habits.patience_wort"),
            changed("{{ interest.name }}", "{{ interest.nam }}"),
            changed("{{ item.content }}", "{{ item.contents }}"),
            changed("{% if age %}", "{% if age }"),
            changed("| round |", "| rund |"),
            changed("{# == mood == #}", "{# == moot == #}"),
            changed("{# == mood == #}", ""),
            changed("{# == mood == #}", "{# == need == #}"),
            changed("Character:", "{{ nombre }}"),
        ];
        insta::assert_snapshot!(mistakes.join("\n"));
    }
}
