//! MovieLens as GroupLens publishes it: 100K (`u.data`, `u.item`, `u.user`, `u.genre`) and 1M (`ratings.dat`,
//! `movies.dat`, `users.dat`).

use std::path::Path;

use habitue_core::{DataError, DataErrorKind, Dataset, DatasetUser, Interaction};

use super::builder::{Builder, UserColumns};
use super::row::{Row, each_line};
use super::{AGES, lines_of};
use crate::error::StoreError;
use crate::text::{Encoding, read_text};

/// Occupations of the 1M data set by number, from its README.
const OCCUPATIONS: [&str; 21] = [
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
];
/// Youngest age of the brackets of the 1M data set; 1 stands for "under 18".
const BRACKETS: [u8; 7] = [1, 18, 25, 35, 45, 50, 56];

const RATING: &str = "a rating from 1 to 5";
const TIME: &str = "seconds since 1970";
const GENRE: &str = "the position of the genre, counted from 0 down the file";

/// Reads either layout, whichever the folder has.
pub(super) fn read(folder: &Path) -> Result<Dataset, StoreError> {
    if folder.join("u.data").exists() {
        read_100k(folder)
    } else if folder.join("ratings.dat").exists() {
        read_1m(folder)
    } else {
        let expected = "u.data (MovieLens 100K) or ratings.dat (MovieLens 1M) in this folder";
        Err(DataError::new(DataErrorKind::MissingFile, folder, expected).into())
    }
}

fn read_100k(folder: &Path) -> Result<Dataset, StoreError> {
    let mut builder = Builder::default();
    let genres = genres(&folder.join("u.genre"))?;
    items_100k(&mut builder, &folder.join("u.item"), &genres)?;
    let occupations = occupations(&folder.join("u.occupation"))?;
    let file = folder.join("u.user");
    let columns = ["user id", "age", "gender", "occupation", "zip code"];
    each_line(&file, lines_of(&latin(&file)?), "|", &columns, |row| {
        let occupation = row.cell(3);
        if !occupations.is_empty() && !occupations.iter().any(|known| known == occupation) {
            let near = habitue_core::scenario::nearest(occupation, occupations.iter().map(String::as_str));
            let error = row.wrong(DataErrorKind::UnknownName, 3, "an occupation that u.occupation lists");
            return Err(error.nearest(near).into());
        }
        let columns = UserColumns { id: 0, age: Some(1), gender: Some(2), occupation: Some(3) };
        Ok(builder.user_in(row, columns)?)
    })?;
    let file = folder.join("u.data");
    ratings(&mut builder, &file, "\t", "u.user", "u.item")?;
    Ok(builder.finish("MovieLens 100K".to_owned(), Some(&file), None)?)
}

fn read_1m(folder: &Path) -> Result<Dataset, StoreError> {
    let mut builder = Builder::default();
    let file = folder.join("movies.dat");
    each_line(&file, lines_of(&latin(&file)?), "::", &["MovieID", "Title", "Genres"], |row| {
        let genres: Vec<&str> = row.required(2, "genres separated by \"|\"")?.split('|').collect();
        builder.item(row, 0, row.required(1, "the movie's title")?, &genres)?;
        Ok(())
    })?;
    let file = folder.join("users.dat");
    let columns = ["UserID", "Gender", "Age", "Occupation", "Zip-code"];
    each_line(&file, lines_of(&latin(&file)?), "::", &columns, |row| {
        let bracket = "one of the ages 1, 18, 25, 35, 45, 50, 56 (the youngest of a bracket)";
        let age: u8 = row.number(2, AGES, bracket)?;
        if !BRACKETS.contains(&age) {
            return Err(row.wrong(DataErrorKind::Range, 2, bracket).into());
        }
        let occupation: usize = row.number(3, 0..=20, "the number of an occupation, 0 to 20")?;
        let user = DatasetUser {
            key: row.required(0, "the user's id")?.to_owned(),
            age: Some(age).filter(|age| *age > 1),
            gender: row.cell(1).to_owned(),
            occupation: OCCUPATIONS[occupation].to_owned(),
        };
        Ok(builder.user(row, 0, user)?)
    })?;
    let file = folder.join("ratings.dat");
    ratings(&mut builder, &file, "::", "users.dat", "movies.dat")?;
    Ok(builder.finish("MovieLens 1M".to_owned(), Some(&file), None)?)
}

fn latin(file: &Path) -> Result<String, StoreError> {
    read_text(file, Encoding::Utf8OrLatin1)
}

/// `name|position`, in order.
fn genres(file: &Path) -> Result<Vec<String>, StoreError> {
    let mut genres: Vec<String> = Vec::new();
    each_line(file, lines_of(&latin(file)?), "|", &["genre", "position"], |row| {
        let position: usize = row.number(1, 0..=usize::MAX, GENRE)?;
        if position != genres.len() {
            let error = row.wrong(DataErrorKind::Order, 1, format!("{}, {GENRE}", genres.len()));
            return Err(error.into());
        }
        genres.push(row.required(0, "the genre's name")?.to_owned());
        Ok(())
    })?;
    if genres.is_empty() {
        return Err(DataError::new(DataErrorKind::Empty, file, "genres, one \"name|position\" a line").into());
    }
    Ok(genres)
}

/// One occupation a line; the file may be missing.
fn occupations(file: &Path) -> Result<Vec<String>, StoreError> {
    if !file.exists() {
        return Ok(Vec::new());
    }
    Ok(latin(file)?.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect())
}

fn items_100k(builder: &mut Builder, file: &Path, genres: &[String]) -> Result<(), StoreError> {
    let mut columns = vec!["movie id", "movie title", "release date", "video release date", "IMDb URL"];
    let fixed = columns.len();
    columns.extend(genres.iter().map(String::as_str));
    each_line(file, lines_of(&latin(file)?), "|", &columns, |row| {
        let mut names = Vec::new();
        for (at, genre) in genres.iter().enumerate() {
            match row.cell(fixed + at) {
                "1" => names.push(genre.as_str()),
                "0" => {}
                _ => return Err(row.wrong(DataErrorKind::Type, fixed + at, "0 or 1").into()),
            }
        }
        builder.item(row, 0, row.required(1, "the movie's title")?, &names)?;
        Ok(())
    })
}

/// User, item, rating and time, in this order in both layouts.
fn ratings(
    builder: &mut Builder,
    file: &Path,
    separator: &str,
    users: &str,
    items: &str,
) -> Result<(), StoreError> {
    let columns = ["user id", "item id", "rating", "timestamp"];
    let mut add = |row: &Row<'_>| -> Result<(), DataError> {
        let interaction = Interaction {
            user: builder.known_user(row, 0, users)?,
            item: builder.known_item(row, 1, items)?,
            unix_seconds: row.number(3, 0..=i64::MAX, TIME)?,
            rating: Some(row.number(2, 1.0..=5.0, RATING)?),
            weight: 1.0,
        };
        builder.interaction(row, interaction);
        Ok(())
    };
    let text = latin(file)?;
    each_line(file, lines_of(&text), separator, &columns, |row| Ok(add(row)?))?;
    super::not_empty(builder, file)
}
