//! Batches of environments for Python.

use std::path::PathBuf;

use habitue_core::UserId;
use habitue_env::{Kind, Options};
use numpy::{PyArray1, PyReadonlyArray1, PyReadwriteArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Came, Observed};
use crate::errors::{exception, value_error};

/// A batch of environments; `habitue.envs` builds Gymnasium's classes on it.
#[pyclass(module = "habitue._habitue")]
#[allow(clippy::struct_field_names, reason = "what it holds has the same name")]
pub(crate) struct Envs {
    envs: habitue_env::Envs,
    seen: Observed,
    finals: Observed,
    came: Came,
}

#[pymethods]
impl Envs {
    #[new]
    #[pyo3(signature = (
        scenario, overrides, seed, num_envs, kind, reward, autoreset, duplicates, history, propensities, info, threads
    ))]
    #[allow(
        clippy::too_many_arguments,
        clippy::fn_params_excessive_bools,
        reason = "called by name from Python"
    )]
    fn new(
        py: Python<'_>,
        scenario: PathBuf,
        overrides: Vec<String>,
        seed: Option<u64>,
        num_envs: usize,
        kind: &str,
        reward: &str,
        autoreset: &str,
        duplicates: &str,
        history: Option<usize>,
        propensities: bool,
        info: bool,
        threads: Option<usize>,
    ) -> PyResult<Self> {
        let kind: Kind = kind.parse().map_err(exception)?;
        let options = Options {
            kind,
            reward: reward.parse().map_err(exception)?,
            autoreset: autoreset.parse().map_err(exception)?,
            duplicates: duplicates.parse().map_err(exception)?,
            history,
            propensities,
            threads,
        };
        let envs = py
            .detach(|| habitue_env::Envs::read(&scenario, &overrides, seed, options, num_envs))
            .map_err(exception)?;
        let shape = envs.shape();
        Ok(Self {
            envs,
            seen: Observed::new(py, shape.observations()),
            finals: Observed::new(py, shape.observations()),
            came: Came::new(py, shape.outcomes(info, propensities)),
        })
    }

    /// Sizes of the arrays, by name.
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let shape = self.envs.shape();
        let named = PyDict::new(py);
        for (name, size) in [
            ("envs", shape.envs),
            ("slate", shape.slate),
            ("items", shape.items),
            ("users", shape.users),
            ("categories", shape.categories),
            ("actions", shape.actions),
            ("history", shape.history),
            ("features", shape.features),
        ] {
            named.set_item(name, size)?;
        }
        Ok(named)
    }

    /// The arrays of observations, flat, by name.
    fn observations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.seen.named(py)
    }

    /// The arrays of the last observations of episodes that ended, flat, by name.
    fn finals<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.finals.named(py)
    }

    /// The arrays of what came of a step, flat, by name.
    fn outcomes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.came.named(py)
    }

    /// Names of the actions, worst first.
    fn action_names(&self) -> Vec<String> {
        self.envs.scenario().slate.scale.names().to_vec()
    }

    /// Names of the categories.
    fn category_names(&self) -> Vec<String> {
        self.envs.catalogue().categories().to_vec()
    }

    /// Key and title of every item.
    fn items(&self) -> Vec<(String, String)> {
        self.envs.catalogue().items().iter().map(|item| (item.key.clone(), item.title.clone())).collect()
    }

    /// The keys of all users.
    fn users(&self) -> Vec<String> {
        self.envs.personas().iter().map(|persona| persona.key.clone()).collect()
    }

    /// The scenario's seed.
    fn seed(&self) -> u64 {
        self.envs.scenario().seed
    }

    /// Numbers that describe the items, flat.
    fn item_features<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<f32>> {
        PyArray1::from_slice(py, self.envs.item_features())
    }

    /// Begins episodes.
    fn reset(
        &mut self,
        py: Python<'_>,
        seeds: Option<Vec<Option<u64>>>,
        users: Option<Vec<Option<u32>>>,
        mask: Option<Vec<bool>>,
    ) -> PyResult<()> {
        let Self { envs, seen, came, .. } = self;
        let users: Option<Vec<Option<UserId>>> =
            users.map(|users| users.into_iter().map(|user| user.map(UserId)).collect());
        came.write(py, |outcomes| {
            seen.write(py, |observations| {
                py.detach(|| {
                    envs.reset(seeds.as_deref(), users.as_deref(), mask.as_deref(), outcomes, observations)
                })
            })
        })??
        .map_err(exception)
    }

    /// Plays a step with slates of item ids, flat.
    fn step(&mut self, py: Python<'_>, actions: PyReadonlyArray1<'_, i64>) -> PyResult<()> {
        let Self { envs, seen, finals, came } = self;
        let slates = actions.as_slice()?;
        came.write(py, |outcomes| {
            seen.write(py, |observations| {
                finals
                    .write(py, |finals| py.detach(|| envs.step(slates, outcomes, observations, Some(finals))))
            })
        })???
        .map_err(exception)
    }

    /// Writes the slates nearest to points in the space of item features, both flat.
    fn nearest(
        &self,
        py: Python<'_>,
        points: PyReadonlyArray1<'_, f32>,
        mut slates: PyReadwriteArray1<'_, i64>,
    ) -> PyResult<()> {
        let (points, slates) = (points.as_slice()?, slates.as_slice_mut()?);
        let envs = &self.envs;
        py.detach(|| envs.nearest(points, slates)).map_err(exception)
    }

    /// Writes which items can be shown, flat.
    fn masks(&self, mut out: PyReadwriteArray1<'_, bool>) -> PyResult<()> {
        self.envs.masks(out.as_slice_mut()?).map_err(exception)
    }

    /// What the recommender of an environment knows, in words.
    fn describe(&self, env: usize, offers: usize) -> PyResult<String> {
        self.envs.describe(env, offers).map_err(exception)
    }

    /// The words of the request of an environment and their kind.
    fn said(&self, env: usize) -> Option<(String, String)> {
        self.envs.said(env).map(|(kind, words)| (kind.to_owned(), words.to_owned()))
    }

    /// Reads a slate from text.
    fn read_slate(&self, text: &str) -> PyResult<Vec<i64>> {
        self.envs.read_slate(text).map_err(exception)
    }

    /// The id of the user with this key.
    fn user_id(&self, key: &str) -> PyResult<u32> {
        let found = (0..).zip(self.envs.personas()).find(|(_, persona)| persona.key == key);
        found.map(|(id, _)| id).ok_or_else(|| {
            let keys = self.envs.personas().iter().map(|persona| persona.key.as_str());
            let near = habitue_core::scenario::nearest(key, keys);
            let near = near.map(|near| format!(" such as \"{near}\"")).unwrap_or_default();
            value_error("user", format!("{key:?}"), &format!("the key of a user{near}"))
        })
    }
}
