//! What the run cost, and what it was.

use super::super::Report;
use super::super::number::{count, days};
use super::super::page::{Block, Section, Table};
use super::{section, text};

pub(super) fn cost(report: &Report) -> Section {
    let cost = &report.cost;
    let decided: u64 = cost.decisions.iter().map(|(_, count)| count).sum();
    let mut words = format!("{} decisions", count(decided));
    if let Some(seconds) = cost.wall_seconds {
        words = format!("{words} in {seconds:.1} seconds of real time");
    }
    words.push('.');
    let mut blocks = vec![text(words)];
    let decisions = cost.decisions.iter().map(|(who, times)| vec![(*who).to_owned(), count(*times)]);
    blocks.push(plain("Decisions on a slate, by who decided.", &["who", "decisions"], decisions.collect()));
    if !cost.programs.is_empty() {
        let rows = cost.programs.iter().map(|program| {
            vec![
                program.program.clone(),
                count(program.runs),
                count(program.prompt_tokens),
                count(program.generated_tokens),
            ]
        });
        let head = ["program", "runs", "tokens read", "tokens written"];
        blocks.push(plain("What language models were asked.", &head, rows.collect()));
    }
    for model in &cost.models {
        let rows = model.facts.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect();
        let caption = format!("The model of population \"{}\", as the manifest has it.", model.population);
        blocks.push(plain(&caption, &["", "value"], rows));
    }
    section("cost", "What did it cost?", blocks)
}

pub(super) fn facts(report: &Report) -> Section {
    let run = &report.run;
    let mut rows = vec![
        vec!["name".to_owned(), run.name.clone()],
        vec!["seed".to_owned(), run.seed.to_string()],
        vec!["horizon".to_owned(), days(run.horizon_days)],
    ];
    if let Some((version, hash)) = &run.manifest {
        rows.push(vec!["written by".to_owned(), format!("habitue {version}")]);
        rows.push(vec!["scenario hash".to_owned(), hash.clone()]);
    }
    let arms =
        report.arms.iter().map(|arm| vec![format!("arm {}", arm.name), format!("policy {}", arm.policy)]);
    rows.extend(arms);
    let what = Table {
        caption: "The run.".to_owned(),
        head: vec![String::new(), "value".to_owned()],
        rows,
        words: 2,
    };
    let tables = run.tables.iter().map(|(table, rows)| vec![(*table).to_owned(), count(*rows)]).collect();
    let mut blocks = vec![Block::Table { table: what, folded: false }];
    if !run.interventions.is_empty() {
        let rows = run.interventions.iter();
        let rows =
            rows.map(|(time, kind, effect)| vec![time.clone(), kind.clone(), effect.clone()]).collect();
        let head = ["when", "what", "effect"].map(str::to_owned).into();
        let caption = "What was done to the world.".to_owned();
        blocks.push(Block::Table { table: Table { caption, head, rows, words: 3 }, folded: false });
    }
    blocks.push(plain("Rows of the log.", &["table", "rows"], tables));
    blocks.push(Block::Code {
        title: "The scenario, resolved".to_owned(),
        file: "scenario.json",
        text: run.scenario.clone(),
    });
    section("run", "Which run is this?", blocks)
}

fn plain(caption: &str, head: &[&str], rows: Vec<Vec<String>>) -> Block {
    let head = head.iter().map(|name| (*name).to_owned()).collect();
    Block::Table { table: Table { caption: caption.to_owned(), head, rows, words: 1 }, folded: false }
}
