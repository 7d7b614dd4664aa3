//! The page as Markdown: texts and tables. Charts are their tables, files their names.

use super::page::{Block, Page, Table};

/// The page, charts as tables.
pub(crate) fn text(page: &Page) -> String {
    let mut text = format!("# {}\n\n{}\n", plain(&page.title), plain(&page.subtitle));
    if !page.warnings.is_empty() {
        text.push_str("\n**Before you read on**\n\n");
        for warning in &page.warnings {
            text.extend(["- ", &plain(warning), "\n"]);
        }
    }
    for section in &page.sections {
        text.extend(["\n## ", &plain(&section.title), "\n"]);
        for block in &section.blocks {
            text.push('\n');
            match block {
                Block::Text { text: words } => text.extend([&plain(words), "\n"]),
                Block::Heading { text: words } => text.extend(["### ", &plain(words), "\n"]),
                Block::Table { table: numbers, .. } => text.push_str(&table(numbers, &numbers.caption)),
                Block::Chart { title, note, table: numbers, .. } => {
                    text.push_str(&table(numbers, format!("{title} {note}").trim_end()));
                }
                Block::Code { title, file, .. } => text.extend([&plain(title), ": ", file, "\n"]),
            }
        }
    }
    text
}

fn table(table: &Table, caption: &str) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let lines: Vec<&str> =
        (0..table.head.len()).map(|at| if at < table.words { "---" } else { "--:" }).collect();
    let mut text = format!("{}\n\n{}| {} |\n", plain(caption), row(&table.head), lines.join(" | "));
    table.rows.iter().for_each(|cells| text.push_str(&row(cells)));
    text
}

/// Words that mean nothing to Markdown.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '*' | '`' | '<' | '\\' | '[' | ']' => plain.extend(['\\', letter]),
            '\n' | '\r' => plain.push(' '),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_out_of_their_table() {
        let numbers = Table {
            caption: "a*b".to_owned(),
            head: vec!["x|y".to_owned(), "n".to_owned()],
            rows: vec![vec!["<b>\n".to_owned(), "1".to_owned()]],
            words: 1,
        };
        assert_eq!(
            table(&numbers, &numbers.caption),
            "a\\*b\n\n| x\\|y | n |\n| --- | --: |\n| \\<b>  | 1 |\n"
        );
    }
}
