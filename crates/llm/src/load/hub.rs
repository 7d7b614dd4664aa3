//! Models of the Hugging Face hub, in the cache that all its clients share.
//!
//! The layout (`models--org--name/{blobs,refs,snapshots}`) is `hf-hub`'s. The transfer is our own, because a simulation
//! must not wait for ever: every read has a time limit, and a transfer that is cut short is never taken for a file.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hf_hub::{Cache, CacheRepo, Repo, RepoType};
use serde_json::Value;

use crate::error::LlmError;

/// How far a transfer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubProgress {
    /// The file's name in the model.
    pub file: String,
    /// Bytes received.
    pub received: u64,
    /// Bytes in all, if the hub says.
    pub total: Option<u64>,
}

/// Called as bytes arrive.
pub type HubCallback = Arc<dyn Fn(&HubProgress) + Send + Sync>;

/// Where the hub is, and how patiently it is asked.
#[derive(Clone)]
pub struct HubOptions {
    /// The hub's address (`HF_ENDPOINT`).
    pub endpoint: String,
    /// The cache folder (`HF_HUB_CACHE`, or `HF_HOME` with `hub` in it).
    pub cache: PathBuf,
    /// Whether to stay off the network (`HF_HUB_OFFLINE`).
    pub offline: bool,
    /// Longest wait for the next bytes, and for a connection.
    pub patience: Duration,
    /// Access token for gated models (`HF_TOKEN`, or the file `token` in `HF_HOME`). Never written to a log.
    pub token: Option<String>,
    /// Told of progress.
    pub progress: Option<HubCallback>,
}

impl Default for HubOptions {
    /// What the environment says.
    fn default() -> Self {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let cache = set("HF_HUB_CACHE").map_or_else(Cache::from_env, |path| Cache::new(path.into()));
        let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        let yes = |value: String| matches!(value.to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on");
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: set("HF_TOKEN").or_else(|| cache.token()),
            cache: cache.path().clone(),
            offline: set("HF_HUB_OFFLINE").is_some_and(yes),
            patience: Duration::from_secs(30),
            progress: None,
        }
    }
}

impl std::fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubOptions")
            .field("endpoint", &self.endpoint)
            .field("cache", &self.cache)
            .field("offline", &self.offline)
            .field("patience", &self.patience)
            .finish_non_exhaustive()
    }
}

/// A model's files in the cache.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) folder: PathBuf,
    pub(crate) commit: String,
}

/// Files worth fetching beside the weights.
const WANTED: [&str; 8] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "chat_template.jinja",
    "model.safetensors.index.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
];

/// Finds a model in the cache or fetches it.
///
/// A commit that is in the cache is not asked for again; a branch or tag is, so that it follows the hub, unless the
/// options say offline.
pub(crate) fn fetch(model: &str, revision: &str, options: &HubOptions) -> Result<Snapshot, LlmError> {
    let transfer = Transfer::new(model, revision, options);
    let cached = transfer.cached();
    let is_commit = revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit());
    match cached {
        Some(snapshot) if options.offline || is_commit => return Ok(snapshot),
        None if options.offline => {
            let what = format!(
                "not in the cache {}, and the network is not to be used (HF_HUB_OFFLINE or --offline)",
                options.cache.display()
            );
            return Err(transfer.failed(what));
        }
        _ => {}
    }
    transfer.fetch()
}

struct Transfer<'a> {
    model: &'a str,
    revision: &'a str,
    options: &'a HubOptions,
    agent: ureq::Agent,
    cache: CacheRepo,
    root: PathBuf,
}

impl<'a> Transfer<'a> {
    fn new(model: &'a str, revision: &'a str, options: &'a HubOptions) -> Self {
        let patience = Some(options.patience);
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(patience)
            .timeout_resolve(patience)
            .timeout_recv_response(patience)
            .timeout_per_read(patience)
            .user_agent(concat!("habitue/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let repo = Repo::with_revision(model.to_owned(), RepoType::Model, revision.to_owned());
        let root = options.cache.join(repo.folder_name());
        let cache = Cache::new(options.cache.clone()).repo(repo);
        Self { model, revision, options, agent, cache, root }
    }

    fn failed(&self, what: impl Into<String>) -> LlmError {
        LlmError::Hub { model: format!("{}@{}", self.model, self.revision), what: what.into() }
    }

    /// The snapshot, if a transfer of it was completed.
    fn cached(&self) -> Option<Snapshot> {
        let name = |commit: &str| self.root.join("snapshots").join(commit);
        let commit = fs::read_to_string(self.root.join("refs").join(self.revision)).ok();
        let commit = commit.map_or_else(|| self.revision.to_owned(), |text| text.trim().to_owned());
        let folder = name(&commit);
        let weights = folder.join("model.safetensors").exists() || shards_are_there(&folder);
        (weights && folder.join("config.json").exists()).then_some(Snapshot { folder, commit })
    }

    fn fetch(&self) -> Result<Snapshot, LlmError> {
        let listing =
            format!("{}/api/models/{}/revision/{}", self.options.endpoint, self.model, self.revision);
        let mut text = Vec::new();
        self.get(&listing)?
            .into_body()
            .into_reader()
            .read_to_end(&mut text)
            .map_err(|error| self.failed(format!("{listing}: {error}")))?;
        let value: Value = serde_json::from_slice(&text)
            .map_err(|error| self.failed(format!("{listing}: the answer is not JSON: {error}")))?;
        let commit = value.get("sha").and_then(Value::as_str).filter(|sha| is_plain(sha));
        let commit = commit.ok_or_else(|| self.failed(format!("{listing}: the answer names no commit")))?;
        let files: Vec<&str> = value
            .get("siblings")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(|file| file.get("rfilename")?.as_str()).collect())
            .unwrap_or_default();
        let folder = self.cache.pointer_path(commit);
        for name in WANTED.iter().filter(|name| files.contains(name)) {
            self.file(name, commit, &folder)?;
        }
        for name in self.weight_files(&files, &folder)? {
            self.file(&name, commit, &folder)?;
        }
        self.cache.create_ref(commit).map_err(|error| LlmError::io(&self.root, error))?;
        Ok(Snapshot { folder, commit: commit.to_owned() })
    }

    fn weight_files(&self, files: &[&str], folder: &Path) -> Result<Vec<String>, LlmError> {
        if files.contains(&"model.safetensors") {
            return Ok(vec!["model.safetensors".to_owned()]);
        }
        let shards = shard_names(&folder.join("model.safetensors.index.json"));
        if shards.is_empty() {
            return Err(self.failed("has no safetensors weights"));
        }
        match shards.iter().find(|shard| !files.contains(&shard.as_str())) {
            Some(missing) => Err(self.failed(format!("its index names {missing}, which it does not have"))),
            None => Ok(shards),
        }
    }

    /// Fetches one file under another name and moves it in place when it is complete.
    fn file(&self, name: &str, commit: &str, folder: &Path) -> Result<(), LlmError> {
        let target = folder.join(name);
        if target.exists() {
            return Ok(());
        }
        let address = format!("{}/{}/resolve/{commit}/{name}", self.options.endpoint, self.model);
        let response = self.get(&address)?;
        let total = response
            .headers()
            .get("content-length")
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| LlmError::io(parent, error))?;
        let partial = folder.join(format!(".{}.{}.incomplete", name.replace('/', "-"), std::process::id()));
        let written = self.write(name, response, total, &partial);
        if let Err(error) = written {
            // What is half there must not be taken for a file; that the removal may fail changes nothing.
            fs::remove_file(&partial).ok();
            return Err(error);
        }
        fs::rename(&partial, &target).map_err(|error| LlmError::io(&target, error))
    }

    fn write(
        &self,
        name: &str,
        response: ureq::http::Response<ureq::Body>,
        total: Option<u64>,
        partial: &Path,
    ) -> Result<(), LlmError> {
        let mut file = File::create(partial).map_err(|error| LlmError::io(partial, error))?;
        let mut body = response.into_body().into_reader();
        let mut progress = HubProgress { file: name.to_owned(), received: 0, total };
        let mut buffer = vec![0; 1 << 16];
        loop {
            let count = body
                .read(&mut buffer)
                .map_err(|error| self.failed(format!("{name} was cut short: {error}")))?;
            if count == 0 {
                break;
            }
            file.write_all(&buffer[..count]).map_err(|error| LlmError::io(partial, error))?;
            progress.received += count as u64;
            if let Some(callback) = &self.options.progress {
                callback(&progress);
            }
        }
        match total {
            Some(total) if total != progress.received => {
                Err(self.failed(format!("{name} was cut short: {} of {total} bytes", progress.received)))
            }
            _ => Ok(()),
        }
    }

    fn get(&self, address: &str) -> Result<ureq::http::Response<ureq::Body>, LlmError> {
        let mut request = self.agent.get(address);
        if let Some(token) = &self.options.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let response = request.call().map_err(|error| self.failed(format!("{address}: {error}")))?;
        match response.status().as_u16() {
            200 => Ok(response),
            401 | 403 => {
                Err(self.failed(format!("{address}: access denied; accept its terms and set HF_TOKEN")))
            }
            404 => Err(self.failed(format!("{address}: there is no such model, revision or file"))),
            status => Err(self.failed(format!("{address}: the hub answered {status}"))),
        }
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn shard_names(index: &Path) -> Vec<String> {
    let Ok(value) = super::json(index) else { return Vec::new() };
    let Some(map) = value.get("weight_map").and_then(Value::as_object) else { return Vec::new() };
    let plain = |name: &&str| !name.contains(['/', '\\']) && !name.starts_with('.');
    let mut names: Vec<String> =
        map.values().filter_map(Value::as_str).filter(plain).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn shards_are_there(folder: &Path) -> bool {
    let names = shard_names(&folder.join("model.safetensors.index.json"));
    !names.is_empty() && names.iter().all(|name| folder.join(name).exists())
}
