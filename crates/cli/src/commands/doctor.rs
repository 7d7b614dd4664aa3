//! `habitue doctor`

mod models;

use std::fmt;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use clap::Args;
use indicatif::HumanBytes;
use serde::Serialize;
use sysinfo::{Disks, MemoryRefreshKind, RefreshKind, System};

use super::model::ModelArgs;
use super::{Session, print, print_json};
use crate::failure::{Exit, Failure};
use models::LanguageModels;

/// Free memory below which a million users do not fit.
const MEMORY: u64 = 4 << 30;
/// Free space below which a long run is at risk.
const DISK: u64 = 1 << 30;

/// Look at this machine: can runs be made here, and how large ones
///
/// For users that are language models: the kernels that compute here, what models take of memory (--model adds one of
/// yours), and in 5 seconds an estimate of the speed. `habitue bench llm` measures thoroughly.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Folder that runs are to be written to
    #[arg(long, value_name = "DIR", default_value = "runs")]
    out: PathBuf,
    #[command(flatten)]
    model: ModelArgs,
    /// Skip the estimate of the speed
    #[arg(long)]
    no_speed: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Health {
    version: &'static str,
    target: String,
    cores: usize,
    memory_bytes: u64,
    memory_free_bytes: u64,
    cpu_features: Vec<&'static str>,
    out: PathBuf,
    out_writable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_free_bytes: Option<u64>,
    llm: LanguageModels,
    problems: Vec<String>,
}

impl DoctorArgs {
    pub(crate) fn run(&self, session: &Session) -> Result<Exit, Failure> {
        if cfg!(debug_assertions) && !self.no_speed {
            session.terminal.say("this is no release build: the speed is too low");
        }
        let given = match self.model.typed() {
            Some(typed) => Some(self.model.open(typed, &session.terminal, false)?),
            None => None,
        };
        let models = LanguageModels::of(given.map(|files| (files.id, files.config)), !self.no_speed)?;
        let health = Health::of(&self.out, models);
        if self.json {
            print_json(&health)?;
        } else {
            print(&health)?;
        }
        Ok(if health.out_writable { Exit::Done } else { Exit::Failed })
    }
}

impl Health {
    fn of(out: &Path, llm: LanguageModels) -> Self {
        let memory = MemoryRefreshKind::nothing().with_ram();
        let system = System::new_with_specifics(RefreshKind::nothing().with_memory(memory));
        let (writable, disk) = (writable(out), disk_free(out));
        let mut problems = Vec::new();
        if let Err(error) = &writable {
            problems.push(format!("{} cannot be written: {error}", out.display()));
        }
        if system.available_memory() < MEMORY {
            problems.push("less than 4 GiB of memory are free: a million users may not fit".to_owned());
        }
        if disk.is_some_and(|free| free < DISK) {
            problems.push("less than 1 GiB of disk space is free: a long run may not fit".to_owned());
        }
        problems.extend(llm.too_large(system.available_memory()));
        Self {
            version: env!("CARGO_PKG_VERSION"),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            cores: available_parallelism().map_or(1, std::num::NonZero::get),
            memory_bytes: system.total_memory(),
            memory_free_bytes: system.available_memory(),
            cpu_features: cpu_features(),
            out: out.to_path_buf(),
            out_writable: writable.is_ok(),
            disk_free_bytes: disk,
            llm,
            problems,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (memory, free) = (HumanBytes(self.memory_bytes), HumanBytes(self.memory_free_bytes));
        let features =
            if self.cpu_features.is_empty() { "none known".to_owned() } else { self.cpu_features.join(" ") };
        let writable = if self.out_writable { "writable" } else { "not writable" };
        let disk =
            self.disk_free_bytes.map_or_else(|| "unknown".to_owned(), |free| HumanBytes(free).to_string());
        writeln!(f, "habitue       {}", self.version)?;
        writeln!(f, "machine       {}, {} cores", self.target, self.cores)?;
        writeln!(f, "memory        {memory}, {free} free")?;
        writeln!(f, "cpu features  {features}")?;
        write!(f, "{}", self.llm)?;
        writeln!(f, "runs          {} ({writable}, {disk} free)", self.out.display())?;
        if self.problems.is_empty() {
            return writeln!(f, "no problems found");
        }
        self.problems.iter().try_for_each(|problem| writeln!(f, "problem: {problem}"))
    }
}

/// Tries to write below the folder, or below the nearest folder above it that exists; leaves nothing behind.
fn writable(out: &Path) -> std::io::Result<()> {
    let probe = existing(out).join(format!(".habitue-doctor-{}", std::process::id()));
    std::fs::write(&probe, b"?")?;
    std::fs::remove_file(&probe)
}

/// The folder, or the nearest above it that exists.
fn existing(out: &Path) -> PathBuf {
    let absolute = std::path::absolute(out).unwrap_or_else(|_| out.to_path_buf());
    absolute.ancestors().find(|folder| folder.exists()).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Free space on the disk that holds the folder.
fn disk_free(out: &Path) -> Option<u64> {
    let folder = existing(out).canonicalize().ok()?;
    let disks = Disks::new_with_refreshed_list();
    let holding = disks.iter().filter(|disk| folder.starts_with(disk.mount_point()));
    holding.max_by_key(|disk| disk.mount_point().as_os_str().len()).map(sysinfo::Disk::available_space)
}

/// The vector instructions that numeric code can use here.
fn cpu_features() -> Vec<&'static str> {
    #[cfg(target_arch = "x86_64")]
    let known = [
        ("sse4.2", std::is_x86_feature_detected!("sse4.2")),
        ("avx", std::is_x86_feature_detected!("avx")),
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("fma", std::is_x86_feature_detected!("fma")),
        ("avx512f", std::is_x86_feature_detected!("avx512f")),
        ("avx512vnni", std::is_x86_feature_detected!("avx512vnni")),
    ];
    #[cfg(target_arch = "aarch64")]
    let known = [
        ("neon", std::arch::is_aarch64_feature_detected!("neon")),
        ("dotprod", std::arch::is_aarch64_feature_detected!("dotprod")),
        ("i8mm", std::arch::is_aarch64_feature_detected!("i8mm")),
        ("sve", std::arch::is_aarch64_feature_detected!("sve")),
    ];
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let known: [(&str, bool); 0] = [];
    known.into_iter().filter(|(_, there)| *there).map(|(name, _)| name).collect()
}
