//! Users who do not fit into the cache together are warned of, once.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod village;

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use habitue_core::Streams;
use habitue_core::scenario::Size;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use village::{Village, model, users};

/// Writes down warnings.
#[derive(Clone, Default)]
struct Ears(Arc<Mutex<Vec<String>>>);

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, "{}={value:?} ", field.name()).unwrap();
    }
}

impl Subscriber for Ears {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut words = Words(String::new());
        event.record(&mut words);
        self.0.lock().unwrap().push(words.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The warnings of two turns of so many users.
fn warnings(cache: Size, people: usize, batch: u32) -> Vec<String> {
    let folder = model();
    let village = Village::new(people);
    let users = users(folder.path(), |config| (config.cache, config.batch) = (cache, batch));
    let ears = Ears::default();
    tracing::subscriber::with_default(ears.clone(), || {
        let streams = Streams::new(7);
        let mut states = village.arrived(&users, streams);
        for turn in 0..2 {
            village.turn(&users, &mut states, turn, 64, streams);
        }
    });
    std::mem::take(&mut *ears.0.lock().unwrap())
}

#[test]
fn who_does_not_fit_into_the_cache_is_warned_of_once() {
    let small = Size(512 << 10);
    let heard = warnings(small, 12, 64);
    assert_eq!(heard.len(), 1, "{heard:?}");
    let (_, enough) = heard[0].split_once("llm.cache = \"").unwrap();
    let enough = Size::parse(enough.split_once('"').unwrap().0).unwrap();
    assert!(heard[0].contains("cache=512KiB") && heard[0].contains("users=12"), "{heard:?}");
    assert_eq!(warnings(enough, 12, 64), Vec::<String>::new(), "with what would do");
    assert_eq!(warnings(small, 12, 1), Vec::<String>::new(), "one at a time");
}
