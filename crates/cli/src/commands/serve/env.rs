//! `habitue serve env`

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use habitue_core::SimDuration;
use habitue_core::scenario::{Size, Typed, resolve};
use habitue_env::{Autoreset, Envs, Kind, LifeReward, Options};
use habitue_run::DiskSources;
use habitue_serve::{Limits, Server, View, World};

use crate::commands::{Session, print};
use crate::failure::{Exit, Failure};
use crate::interrupt;

/// How often it is looked whether somebody pressed Ctrl-C.
const GLANCE: Duration = Duration::from_millis(100);

/// Items on offer in words, unless said otherwise.
const OFFERS: usize = 20;

/// Serve a scenario's users as environments, by the OpenEnv protocol
///
/// Trainers connect by URL, over WebSocket or HTTP; each session is an environment of its own in which the client is the
/// recommender. The URL is printed on standard output. Ctrl-C answers what is in work, tells all sessions and ends. See
/// docs/serve.md for what actions and observations look like.
#[derive(Debug, Args)]
pub(crate) struct EnvArgs {
    /// The scenario, a TOML file; its arms are not asked
    scenario: PathBuf,
    /// What an episode is, and how it is seen
    #[arg(long, value_enum, default_value_t)]
    kind: KindName,
    /// What an episode of --kind text is; slate if absent
    #[arg(long, value_enum)]
    episode: Option<EpisodeName>,
    /// Items that an observation of --kind text offers; 20 if absent
    #[arg(long, value_name = "N")]
    offers: Option<usize>,
    /// What a step of a life is worth: inverse-gap (if absent), minus-gap, scenario or turn
    #[arg(long, value_name = "NAME")]
    reward: Option<String>,
    /// Address to listen on; others than this machine's own need --token-env
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1", help_heading = "Server")]
    host: String,
    /// Port to listen on; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 8000, help_heading = "Server")]
    port: u16,
    /// Environment variable that holds the token which clients have to bring
    #[arg(long, value_name = "VAR", help_heading = "Server")]
    token_env: Option<String>,
    /// Sessions that may be open at once
    #[arg(long, value_name = "N", default_value_t = 64, help_heading = "Server")]
    max_sessions: usize,
    /// How long a session may be silent before it is ended
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = SimDuration::parse, help_heading = "Server")]
    idle_timeout: SimDuration,
    /// The largest request or message
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = Size::parse, help_heading = "Server")]
    max_body: Size,
    /// Set a value of the scenario, such as slate.size=5; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Seed of the world and of the first session, instead of the scenario's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Folder of the data set, instead of the scenario's
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What an episode is, and how it is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum KindName {
    /// One session of a user, in numbers
    #[default]
    Slate,
    /// A user's life over many sessions, in numbers
    Retention,
    /// In words, for language models that recommend
    Text,
}

/// What an episode in words is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EpisodeName {
    /// One session of a user
    Slate,
    /// A user's life over many sessions
    Retention,
}

impl EnvArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        let token = self.token_env.as_deref().map(token).transpose()?;
        let world = self.world()?;
        let millis = u64::try_from(self.idle_timeout.0).unwrap_or(0);
        let limits = Limits {
            sessions: self.max_sessions,
            idle: Duration::from_millis(millis),
            body: usize::try_from(self.max_body.0).unwrap_or(usize::MAX),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
            let message = format!("the threads of the server cannot be started: {error}");
            Failure::Other { message, hint: None, exit: Exit::Failed }
        })?;
        let stop = interrupt::flag(&session.terminal, "answering what is in work")?;
        let served = runtime.block_on(async {
            let server = Server::bind(world, &self.host, self.port, limits, token.as_deref()).await?;
            print(&format_args!("http://{}\n", server.address()))?;
            session.terminal.say(&format!(
                "serving {} ({} sessions at most); Ctrl-C stops",
                self.scenario.display(),
                limits.sessions
            ));
            Ok::<_, Failure>(server.run(pressed(&stop)).await)
        })?;
        session.terminal.say(&format!("served {} steps in {} sessions", served.steps, served.sessions));
        Ok(Exit::Done)
    }

    fn world(&self) -> Result<World, Failure> {
        let sources = DiskSources::new().map_err(|error| Failure::file(Path::new("."), "look at", &error))?;
        let typed =
            Typed { file: &self.scenario, sets: &self.sets, seed: self.seed, data: self.data.as_deref() };
        let scenario = resolve(&typed, &sources)?;
        let is_text = self.kind == KindName::Text;
        let kind = match (self.kind, self.episode) {
            (KindName::Slate, _) | (KindName::Text, None | Some(EpisodeName::Slate)) => Kind::Slate,
            (KindName::Retention, _) | (KindName::Text, Some(EpisodeName::Retention)) => Kind::Retention,
        };
        self.fits("--episode", self.episode.is_some(), is_text, "--kind text")?;
        self.fits("--offers", self.offers.is_some(), is_text, "--kind text")?;
        self.fits("--reward", self.reward.is_some(), kind == Kind::Retention, "episodes that are lives")?;
        let view = if is_text { View::Text { offers: self.offers.unwrap_or(OFFERS) } } else { View::Items };
        let reward = self.reward.as_deref().map_or(Ok(LifeReward::InverseGap), str::parse)?;
        let options = Options { reward, autoreset: Autoreset::Disabled, ..Options::new(kind) };
        Ok(World::new(Envs::open(&scenario, options, 1)?, view))
    }

    /// Refuses an option that would mean nothing.
    fn fits(&self, option: &str, given: bool, used: bool, of: &str) -> Result<(), Failure> {
        if !given || used {
            return Ok(());
        }
        let kind =
            self.kind.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        Err(Failure::input(format!("{option} is given with --kind {kind}"), format!("it is for {of}")))
    }
}

/// The token in an environment variable.
fn token(variable: &str) -> Result<String, Failure> {
    std::env::var(variable).map_err(|error| {
        Failure::input(
            format!("--token-env: {variable}: {error}"),
            format!("set it first, for instance {variable}=$(openssl rand -hex 16)"),
        )
    })
}

/// Ends when the flag is set.
async fn pressed(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(GLANCE).await;
    }
}
