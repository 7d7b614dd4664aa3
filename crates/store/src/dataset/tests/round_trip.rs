//! Every data set comes back from its canonical folder.

use habitue_core::{Catalogue, CategoryId, CreatorId, DatasetUser, Interaction, Item, ItemId, SimTime};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::dataset::write_dataset;
use crate::sample;

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,6}", "[ -~]{1,8}", "\\PC{1,5}"]
        .prop_map(|word| word.trim().to_owned())
        .prop_filter("an id has no blanks around it", |word| !word.is_empty())
}

fn words(most: usize) -> impl Strategy<Value = Vec<String>> {
    vec(word(), 1..most).prop_map(|words| {
        let mut seen = std::collections::BTreeSet::new();
        words.into_iter().filter(|word| seen.insert(word.clone())).collect()
    })
}

/// A catalogue that may name categories and creators which no item uses, in any order.
fn catalogue() -> impl Strategy<Value = Catalogue> {
    let items = (words(6), vec(sample::joining_item(), 6), 0usize..3);
    (items, words(5), vec(word(), 0..3)).prop_map(|((keys, items, embedding), categories, creators)| {
        let mut catalogue = Catalogue::new();
        for name in &categories {
            catalogue.category(name);
        }
        for name in &creators {
            catalogue.creator(name);
        }
        let (category_count, creator_count) = (catalogue.categories().len(), catalogue.creators().len());
        for (key, item) in keys.into_iter().zip(items) {
            let categories =
                item.categories.iter().filter(|id| id.index() < category_count).copied().collect();
            let creator = item.creator.filter(|id| id.index() < creator_count);
            let published = SimTime(item.published.0.clamp(-DAYS, DAYS));
            let price = item.price.filter(|price| *price >= 0.0 && price.is_finite());
            let embedding = vec![0.1; embedding];
            let item = Item { key, categories, creator, published, price, embedding, ..item };
            catalogue.push(item).unwrap();
        }
        catalogue
    })
}

/// The longest time that a catalogue file can say.
const DAYS: i64 = 3_650_000 * habitue_core::DAY;

fn dataset() -> impl Strategy<Value = Dataset> {
    let about = (option::of(0u8..=120), word(), word());
    let interaction = (
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        any::<i64>(),
        option::of(-9.0f32..9.0),
        0.0f32..1e6,
    );
    (
        any::<String>(),
        catalogue(),
        words(6),
        vec(about, 6),
        vec(interaction, 0..12),
        vec(any::<(usize, usize)>(), 0..6),
    )
        .prop_map(|(name, catalogue, keys, about, interactions, friends)| {
            let users: Vec<DatasetUser> = keys
                .into_iter()
                .zip(about)
                .map(|(key, (age, gender, occupation))| DatasetUser { key, age, gender, occupation })
                .collect();
            let mut interactions: Vec<Interaction> = interactions
                .into_iter()
                .map(|(user, item, unix_seconds, rating, weight)| Interaction {
                    user: user.index(users.len()) as u32,
                    item: ItemId(item.index(catalogue.len()) as u32),
                    unix_seconds,
                    rating,
                    weight,
                })
                .collect();
            interactions.sort_by_key(|interaction| (interaction.user, interaction.unix_seconds));
            interactions.dedup_by_key(|interaction| (interaction.user, interaction.unix_seconds));
            let pair = |(from, to): (usize, usize)| ((from % users.len()) as u32, (to % users.len()) as u32);
            let mut friends: Vec<(u32, u32)> =
                friends.into_iter().map(pair).filter(|(from, to)| from != to).collect();
            friends.sort_unstable();
            friends.dedup();
            Dataset { name, catalogue, users, interactions, friends }
        })
}

proptest! {
    #![proptest_config(sample::cases(64))]

    #[test]
    fn a_data_set_comes_back(dataset in dataset()) {
        let folder = tempfile::tempdir().unwrap();
        write_dataset(&dataset, folder.path()).unwrap();
        let back = read_from(Layout::Csv, folder.path()).unwrap();
        prop_assert_eq!(back, dataset);
    }
}

#[test]
fn every_layout_comes_back() {
    for sample in SAMPLES.iter().filter(|sample| sample.layout != Layout::OpenBandit) {
        let dataset = read(sample.layout, &sample.files()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        write_dataset(&dataset, folder.path()).unwrap();
        assert_eq!(read_from(Layout::Csv, folder.path()).unwrap(), dataset);
    }
}

#[test]
fn the_canonical_folder_is_readable() {
    let mut dataset = read(Layout::Csv, &CSV.files()).unwrap();
    let mut catalogue = Catalogue::new();
    catalogue.category("unused");
    for item in dataset.catalogue.items() {
        let categories = item.categories.iter().map(|id| &dataset.catalogue.categories()[id.index()]);
        let categories: Vec<CategoryId> = categories.map(|name| catalogue.category(name)).collect();
        let creator: Option<CreatorId> = Some(catalogue.creator("house"));
        catalogue.push(Item { categories, creator, published: SimTime(-5_000), ..item.clone() }).unwrap();
    }
    dataset.catalogue = catalogue;
    let folder = tempfile::tempdir().unwrap();
    write_dataset(&dataset, folder.path()).unwrap();
    let names = crate::disk::files_in(folder.path()).unwrap();
    let content = |name: &String| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let shown: Vec<String> = names.iter().map(|name| format!("--- {name}\n{}", content(name))).collect();
    insta::assert_snapshot!(shown.concat());
}
