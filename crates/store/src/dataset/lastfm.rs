//! Last.fm as HetRec 2011 publishes it: who listened to whom how often, and who is friends with whom.

use std::collections::BTreeMap;
use std::path::Path;

use habitue_core::{DataError, DataErrorKind, Dataset, Interaction};

use super::builder::Builder;
use super::row::{Row, each_line};
use super::{lines_of, not_empty};
use crate::error::StoreError;
use crate::text::{Encoding, read_text};

/// Category of all artists where nobody's tags are given.
const MUSIC: &str = "music";
/// Category of artists without any of the most used tags.
const UNTAGGED: &str = "untagged";
/// So many of the most used tags are categories.
const TAGS: usize = 50;
/// The most categories an artist has.
const TAGS_OF_ARTIST: usize = 3;

/// Reads `artists.dat`, `user_artists.dat` and `user_friends.dat`; categories come from `user_taggedartists.dat` with
/// `tags.dat` where the folder has it.
pub(super) fn read(folder: &Path) -> Result<Dataset, StoreError> {
    let mut builder = Builder::default();
    let tagged = folder.join("user_taggedartists.dat");
    let tags = if tagged.exists() { Some(tags_of_artists(&folder.join("tags.dat"), &tagged)?) } else { None };
    each_row(&folder.join("artists.dat"), &["id", "name", "url", "pictureURL"], |row| {
        let own = match &tags {
            None => vec![MUSIC],
            Some(tags) => {
                tags.get(row.cell(0)).map_or(vec![UNTAGGED], |tags| tags.iter().map(|tag| &**tag).collect())
            }
        };
        builder.item(row, 0, row.required(1, "the artist's name")?, &own)?;
        Ok(())
    })?;
    let plays = folder.join("user_artists.dat");
    each_row(&plays, &["userID", "artistID", "weight"], |row| {
        let interaction = Interaction {
            user: builder.user_in_passing(row, 0)?,
            item: builder.known_item(row, 1, "artists.dat")?,
            unix_seconds: 0,
            rating: None,
            weight: row.number(2, super::WEIGHTS, "how often the user listened to the artist, 1 or more")?,
        };
        if interaction.weight < 1.0 {
            let expected = "how often the user listened to the artist, 1 or more";
            return Err(row.wrong(DataErrorKind::Range, 2, expected).into());
        }
        builder.interaction(row, interaction);
        Ok(())
    })?;
    not_empty(&builder, &plays)?;
    let friends = folder.join("user_friends.dat");
    each_row(&friends, &["userID", "friendID"], |row| {
        Ok(builder.friendship(row, [0, 1], "user_artists.dat")?)
    })?;
    Ok(builder.finish("Last.fm (HetRec 2011)".to_owned(), Some(&plays), Some(friends))?)
}

/// Calls `each` for every line below a header with exactly these columns. Copies without a header go round: their first
/// line begins with a number, which no name of a column does.
fn each_row(
    file: &Path,
    columns: &[&str],
    each: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let text = read_text(file, Encoding::Utf8OrLatin1)?;
    let header: Vec<&str> = text.lines().next().unwrap_or_default().split('\t').map(str::trim).collect();
    let is_row = header.first().is_some_and(|cell| cell.parse::<u64>().is_ok());
    if !is_row && header != columns {
        let error =
            DataError::new(DataErrorKind::Header, file, format!("the columns {}", columns.join(", ")));
        return Err(error.at(1).value(header.join(", ")).into());
    }
    each_line(file, lines_of(&text).skip(usize::from(!is_row)), "\t", columns, each)
}

/// The categories of every artist that has any: of the tags that are used most in the data set those that the artist
/// was given most often. Ties go to the tag that stands first in `tags`.
fn tags_of_artists(tags: &Path, tagged: &Path) -> Result<BTreeMap<String, Vec<String>>, StoreError> {
    let (mut names, mut positions) = (Vec::new(), BTreeMap::new());
    each_row(tags, &["tagID", "tagValue"], |row| {
        let id = row.required(0, "the tag's id")?.to_owned();
        if positions.insert(id, names.len()).is_some() {
            return Err(row.wrong(DataErrorKind::Duplicate, 0, "an id that no other tag has").into());
        }
        names.push(row.required(1, "the tag")?.to_owned());
        Ok(())
    })?;
    let mut uses = vec![0u32; names.len()];
    let mut by_artist: BTreeMap<String, BTreeMap<usize, u32>> = BTreeMap::new();
    each_row(tagged, &["userID", "artistID", "tagID", "day", "month", "year"], |row| {
        let tag = row.required(2, "the tag's id")?;
        let tag =
            *positions.get(tag).ok_or_else(|| row.wrong(DataErrorKind::Dangling, 2, "a tag of tags.dat"))?;
        uses[tag] += 1;
        *by_artist
            .entry(row.required(1, "the artist's id")?.to_owned())
            .or_default()
            .entry(tag)
            .or_default() += 1;
        Ok(())
    })?;
    let mut most_used: Vec<usize> = (0..names.len()).filter(|tag| uses[*tag] > 0).collect();
    most_used.sort_by_key(|tag| (std::cmp::Reverse(uses[*tag]), *tag));
    most_used.truncate(TAGS);
    let categories = by_artist.into_iter().filter_map(|(artist, counts)| {
        let mut own: Vec<(usize, u32)> =
            counts.into_iter().filter(|(tag, _)| most_used.contains(tag)).collect();
        own.sort_by_key(|(tag, count)| (std::cmp::Reverse(*count), *tag));
        let own: Vec<String> =
            own.into_iter().take(TAGS_OF_ARTIST).map(|(tag, _)| names[tag].clone()).collect();
        (!own.is_empty()).then_some((artist, own))
    });
    Ok(categories.collect())
}
