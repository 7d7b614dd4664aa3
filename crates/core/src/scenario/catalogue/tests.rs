use super::*;
use crate::time::{DAY, SimDuration};

fn item() -> ItemSpec {
    serde_json::from_str(r#"{ "id": "a", "title": "A", "categories": ["x", "y"], "creator": "c" }"#).unwrap()
}

#[test]
fn an_item_enters_with_its_categories_and_creator() {
    let mut catalogue = Catalogue::new();
    let id = item().add_to(&mut catalogue, SimTime(5)).unwrap();
    assert_eq!(
        (catalogue.categories(), catalogue.creators()),
        (&["x".into(), "y".into()][..], &["c".into()][..])
    );
    let entered = catalogue.item(id);
    assert_eq!((entered.published, entered.quality, entered.price), (SimTime(5), 0.5, None));
}

#[test]
fn an_item_is_as_old_as_it_says() {
    let day = Some(Span(SimDuration(DAY)));
    let mut catalogue = Catalogue::new();
    let later = ItemSpec { published: day, ..item() };
    let older = ItemSpec { id: "b".into(), age: day, ..item() };
    let ids = [later, older].map(|item| item.add_to(&mut catalogue, SimTime::ZERO).unwrap());
    assert_eq!(ids.map(|id| catalogue.item(id).published), [SimTime(DAY), SimTime(-DAY)]);
}

#[test]
fn items_outside_their_ranges_are_refused_with_their_field() {
    let day = Some(Span(SimDuration(DAY)));
    let good = item();
    for (item, field) in [
        (ItemSpec { id: String::new(), ..good.clone() }, "id"),
        (ItemSpec { categories: vec![], ..good.clone() }, "categories"),
        (ItemSpec { categories: vec!["x".into(), String::new()], ..good.clone() }, "categories.1"),
        (ItemSpec { categories: vec!["x".into(), "y".into(), "x".into()], ..good.clone() }, "categories.2"),
        (ItemSpec { creator: Some(String::new()), ..good.clone() }, "creator"),
        (ItemSpec { published: day, age: day, ..good.clone() }, "age"),
        (ItemSpec { quality: 1.01, ..good.clone() }, "quality"),
        (ItemSpec { quality: f32::NAN, ..good.clone() }, "quality"),
        (ItemSpec { duration_seconds: -1.0, ..good.clone() }, "duration_seconds"),
        (ItemSpec { price: Some(f32::INFINITY), ..good.clone() }, "price"),
        (ItemSpec { embedding: vec![0.0, f32::NAN], ..good.clone() }, "embedding.1"),
    ] {
        assert_eq!(item.check().unwrap_err().field, field);
        let mut catalogue = Catalogue::new();
        assert_eq!(item.add_to(&mut catalogue, SimTime::ZERO).unwrap_err().field, field);
        assert!(catalogue.is_empty());
    }
    assert_eq!(good.check(), Ok(()));
}

#[test]
fn items_have_to_fit_those_before() {
    let mut catalogue = Catalogue::new();
    let with =
        |id: &str, embedding: &[f32]| ItemSpec { id: id.into(), embedding: embedding.into(), ..item() };
    with("a", &[1.0, 2.0]).add_to(&mut catalogue, SimTime::ZERO).unwrap();
    let mut refused = |item: ItemSpec| item.add_to(&mut catalogue, SimTime::ZERO).unwrap_err();
    assert_eq!(refused(with("a", &[1.0, 2.0])).field, "id");
    let problem = refused(with("b", &[1.0]));
    assert_eq!((problem.field.as_str(), problem.value.as_str()), ("embedding", "1 numbers"));
}

#[test]
fn drawn_catalogues_outside_their_ranges_are_refused_with_their_field() {
    let good: CatalogueSpec = toml::from_str("items = 10").unwrap();
    assert_eq!(good.check(), Ok(()));
    for (spec, field) in [
        (CatalogueSpec { items: 0, ..good.clone() }, "items"),
        (CatalogueSpec { categories: 0, ..good.clone() }, "categories"),
        (CatalogueSpec { categories: 1_001, ..good.clone() }, "categories"),
        (CatalogueSpec { category_skew: -0.1, ..good.clone() }, "category_skew"),
        (CatalogueSpec { category_skew: f64::INFINITY, ..good.clone() }, "category_skew"),
        (CatalogueSpec { quality_mean: 0.0, ..good.clone() }, "quality_mean"),
        (CatalogueSpec { quality_mean: 1.0, ..good.clone() }, "quality_mean"),
        (CatalogueSpec { quality_concentration: 0.0, ..good.clone() }, "quality_concentration"),
        (CatalogueSpec { second_category: 1.1, ..good.clone() }, "second_category"),
        (CatalogueSpec { second_category: 0.5, categories: 1, ..good.clone() }, "second_category"),
        (CatalogueSpec { published_later: f64::NAN, ..good.clone() }, "published_later"),
        (CatalogueSpec { duration_seconds: -1.0, ..good.clone() }, "duration_seconds"),
    ] {
        assert_eq!(spec.check().unwrap_err().field, field);
    }
}
