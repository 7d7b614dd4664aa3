//! `habitue import`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use habitue_core::scenario::DatasetLayout;
use habitue_store::{read_dataset, read_open_bandit, write_dataset, write_open_bandit};
use indicatif::HumanCount;

use super::print;
use crate::failure::{Exit, Failure};

/// Read a public data set, check it, and write it in the project's own layout
///
/// What is written can be used in scenarios as `[catalogue] dataset = "csv"` with the `mapping.toml` that is written
/// beside it. Data sets can also be used in scenarios as they are; importing shows what is in them, and what is wrong.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// How the files are laid out
    layout: Layout,
    /// Folder of the data set
    path: PathBuf,
    /// Folder for what is written
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// For csv: the TOML file that says which column is what
    #[arg(long, value_name = "FILE", required_if_eq("layout", "csv"))]
    mapping: Option<PathBuf>,
}

/// Layouts of data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Layout {
    /// MovieLens 100K (u.data, u.item, u.user) or 1M (ratings.dat, movies.dat, users.dat)
    Movielens,
    /// RecBole atomic files (.inter, .item, .user)
    Recbole,
    /// HetRec 2011 Last.fm, with its friendships
    Lastfm,
    /// Agent4Rec's sample of MovieLens-1M (movie_detail.csv, train.txt, valid.txt, test.txt)
    Agent4rec,
    /// CSV files, read by a mapping file
    Csv,
    /// Open Bandit Dataset: logged bandit feedback of one campaign and policy
    OpenBandit,
}

impl ImportArgs {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let layout = match self.layout {
            Layout::Movielens => DatasetLayout::MovieLens,
            Layout::Recbole => DatasetLayout::RecBole,
            Layout::Agent4rec => DatasetLayout::Agent4Rec,
            Layout::Lastfm => DatasetLayout::LastFm,
            Layout::Csv => DatasetLayout::Csv {
                mapping: self.mapping.clone().unwrap_or_else(|| self.path.join("mapping.toml")),
            },
            Layout::OpenBandit => return self.open_bandit(),
        };
        let dataset = read_dataset(&layout, &self.path)?;
        write_dataset(&dataset, &self.out)?;
        let counts = [
            (dataset.catalogue.len(), "items"),
            (dataset.users.len(), "users"),
            (dataset.interactions.len(), "interactions"),
            (dataset.friends.len(), "friendships"),
        ];
        report(&dataset.name, &counts, &self.out)
    }

    fn open_bandit(&self) -> Result<Exit, Failure> {
        let log = read_open_bandit(&self.path)?;
        write_open_bandit(&log, &self.out)?;
        let counts = [(log.items.len(), "items"), (log.rounds.len(), "rounds")];
        report("Open Bandit", &counts, &self.out)
    }
}

fn report(name: &str, counts: &[(usize, &str)], out: &Path) -> Result<Exit, Failure> {
    print(&format_args!("{name}\n"))?;
    for (count, what) in counts {
        print(&format_args!("{:>12} {what}\n", HumanCount(*count as u64).to_string()))?;
    }
    print(&format_args!("written to {}\n", out.display()))?;
    Ok(Exit::Done)
}
