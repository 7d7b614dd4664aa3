//! The sample of MovieLens-1M that `Agent4Rec` publishes (Zhang et al., SIGIR 2024): lists of films by user, without ratings.

use std::collections::BTreeSet;
use std::path::Path;

use habitue_core::{DataError, DataErrorKind, Dataset, Interaction};

use super::builder::Builder;
use super::row::{each_of_list, each_record};
use super::{lines_of, not_empty};
use crate::error::StoreError;
use crate::text::{Encoding, read_text};

const FILMS: &str = "movie_detail.csv";
/// Their own split, which is put together again: what is held out is for the scenario to say.
const LISTS: [&str; 3] = ["train.txt", "valid.txt", "test.txt"];
const COLUMNS: [&str; 4] = ["movie_id", "title", "genres", "summary"];

/// Reads `movie_detail.csv` and the lists. The mean ratings in the former are left alone: they are made of what is held
/// out, too.
pub(super) fn read(folder: &Path) -> Result<Dataset, StoreError> {
    let mut builder = Builder::default();
    films(&mut builder, &folder.join(FILMS))?;
    let mut seen = BTreeSet::new();
    for list in LISTS {
        let file = folder.join(list);
        let text = read_text(&file, Encoding::Utf8)?;
        each_of_list(&file, lines_of(&text), &["user", "film"], |row| {
            let interaction = Interaction {
                user: builder.user_in_passing(row, 0)?,
                item: builder.known_item(row, 1, FILMS)?,
                unix_seconds: 0,
                rating: None,
                weight: 1.0,
            };
            if !seen.insert((interaction.user, interaction.item)) {
                let expected = "every film once for a user, over all lists";
                return Err(row.wrong(DataErrorKind::Duplicate, 1, expected).into());
            }
            builder.interaction(row, interaction);
            Ok(())
        })?;
    }
    not_empty(&builder, &folder.join(LISTS[0]))?;
    Ok(builder.finish("MovieLens 1M (Agent4Rec)".to_owned(), None, None)?)
}

fn films(builder: &mut Builder, file: &Path) -> Result<(), StoreError> {
    let text = read_text(file, Encoding::Utf8)?;
    let places = |columns: &[&str]| -> Result<[usize; 4], StoreError> {
        let mut places = [0; 4];
        for (place, name) in places.iter_mut().zip(COLUMNS) {
            let Some(at) = columns.iter().position(|column| *column == name) else {
                let error = DataError::new(DataErrorKind::Header, file, format!("a column {name}"));
                return Err(error.at(1).value(columns.join(", ")).into());
            };
            *place = at;
        }
        Ok(places)
    };
    each_record(file, &text, b',', places, |[id, title, genres, summary], row| {
        let own: Vec<&str> = row.required(*genres, "genres separated by \"|\"")?.split('|').collect();
        let item = builder.item(row, *id, row.required(*title, "the film's title")?, &own)?;
        builder.catalogue.describe(item, row.cell(*summary));
        Ok(())
    })
}
