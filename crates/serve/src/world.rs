//! What all sessions have in common, and what is told about it.

use habitue_core::{EndReason, Move};
use habitue_env::{CONTEXT, Envs, Kind};
use schemars::{JsonSchema, schema_for};
use serde::Serialize;
use serde_json::{Value, json};

use crate::wire::{ActionForm, ItemsObservation, State, TextObservation};

/// How sessions see their environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// In numbers.
    Items,
    /// In words, with this many items on offer.
    Text {
        /// How many items an observation offers; any published item may be shown.
        offers: usize,
    },
}

/// The world that all sessions share: each has an environment of its own in it.
#[derive(Debug)]
pub struct World {
    envs: Envs,
    view: View,
}

/// `/metadata`: the protocol's fields, then what one needs to know to act.
#[derive(Debug, Serialize)]
struct Metadata {
    name: String,
    description: String,
    version: &'static str,
    kind: String,
    view: &'static str,
    slate: usize,
    items: usize,
    users: usize,
    history: usize,
    actions: Vec<String>,
    moves: Vec<&'static str>,
    session_ends: Vec<&'static str>,
    context: Vec<&'static str>,
    categories: Vec<String>,
}

/// An item of `/items`.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    id: usize,
    key: &'a str,
    title: &'a str,
    categories: Vec<usize>,
}

impl World {
    /// A world whose environments are those of `envs`, which must begin episodes only when told to
    /// ([`Autoreset::Disabled`](habitue_env::Autoreset)).
    pub fn new(envs: Envs, view: View) -> Self {
        Self { envs, view }
    }

    pub(crate) fn envs(&self) -> &Envs {
        &self.envs
    }

    pub(crate) fn view(&self) -> View {
        self.view
    }

    fn episode(&self) -> &'static str {
        match self.envs.options().kind {
            Kind::Slate => "one session of a user",
            Kind::Retention => "a user's life over many sessions",
        }
    }

    pub(crate) fn metadata(&self) -> impl Serialize + use<> {
        let (shape, scenario) = (self.envs.shape(), self.envs.scenario());
        let view = match self.view {
            View::Items => "items",
            View::Text { .. } => "text",
        };
        Metadata {
            name: format!("habitue-{}", scenario.name),
            description: format!(
                "Simulated users of the scenario \"{}\" shown slates of {} items; an episode is {}.",
                scenario.name,
                shape.slate,
                self.episode()
            ),
            version: env!("CARGO_PKG_VERSION"),
            kind: self.envs.options().kind.to_string(),
            view,
            slate: shape.slate,
            items: shape.items,
            users: shape.users,
            history: shape.history,
            actions: scenario.slate.scale.names().to_vec(),
            moves: Move::NAMES.to_vec(),
            session_ends: EndReason::NAMES.to_vec(),
            context: CONTEXT.to_vec(),
            categories: self.envs.catalogue().categories().to_vec(),
        }
    }

    /// All items, as a list of {id, key, title, categories}.
    pub(crate) fn items(&self) -> impl Serialize + '_ {
        let items = self.envs.catalogue().items().iter().enumerate();
        items
            .map(|(id, item)| Shown {
                id,
                key: &item.key,
                title: &item.title,
                categories: item.categories.iter().map(|category| category.index()).collect(),
            })
            .collect::<Vec<_>>()
    }

    /// The schemas of actions, observations and states.
    pub(crate) fn schema(&self) -> Value {
        let observation = match self.view {
            View::Items => schema::<ItemsObservation>(),
            View::Text { .. } => schema::<TextObservation>(),
        };
        json!({ "action": schema::<ActionForm>(), "observation": observation, "state": schema::<State>() })
    }
}

fn schema<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}

/// The paths that exist, each with its methods and what it does.
pub(crate) const PATHS: [(&str, &[&str], &str); 10] = [
    ("/reset", &["post"], "Begin an episode; without the header x-session-id in a new session."),
    ("/step", &["post"], "Show the user a slate."),
    ("/state", &["get"], "Where the session stands."),
    ("/close", &["post"], "End the session."),
    ("/health", &["get"], "Whether the server is up."),
    ("/metadata", &["get"], "What the environment is, with its sizes and names."),
    ("/schema", &["get"], "JSON schemas of actions, observations and states."),
    ("/items", &["get"], "All items with their titles and categories."),
    ("/mcp", &["post"], "Answers that there are no tools."),
    ("/openapi.json", &["get"], "This document. Sessions over WebSocket are at /ws."),
];

/// A description of the paths by `OpenAPI` 3.1.
pub(crate) fn openapi() -> Value {
    let paths: serde_json::Map<String, Value> = PATHS
        .iter()
        .map(|(path, methods, summary)| {
            let operation = json!({ "summary": summary, "responses": { "200": { "description": "done" } } });
            let methods = methods.iter().map(|method| ((*method).to_owned(), operation.clone()));
            ((*path).to_owned(), Value::Object(methods.collect()))
        })
        .collect();
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Habitué, by the OpenEnv protocol", "version": "1.0.0" },
        "paths": paths,
    })
}
