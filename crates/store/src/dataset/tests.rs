//! Data sets are read right, or refused with a reason.

mod any_bytes;
mod messages;
mod open_bandit;
mod real;
mod round_trip;
mod small;

use std::collections::BTreeMap;
use std::path::Path;

use habitue_core::Dataset;
use habitue_core::scenario::DatasetLayout;

use crate::error::StoreError;

/// Files by name.
type Files = BTreeMap<&'static str, Vec<u8>>;

/// A layout with a small data set in it.
struct Sample {
    layout: Layout,
    files: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    MovieLens,
    RecBole,
    LastFm,
    Agent4Rec,
    Csv,
    OpenBandit,
}

impl Sample {
    fn files(&self) -> Files {
        self.files.iter().map(|(name, content)| (*name, content.as_bytes().to_vec())).collect()
    }

    /// The files, one of them changed by replacing some text.
    fn with(&self, file: &'static str, old: &str, new: &str) -> Files {
        let mut files = self.files();
        let content = files.get_mut(file).unwrap();
        let text = std::str::from_utf8(content).unwrap();
        assert!(text.contains(old), "{file} has no {old:?}");
        *content = text.replacen(old, new, 1).into_bytes();
        files
    }

    fn without(&self, file: &str) -> Files {
        let mut files = self.files();
        assert!(files.remove(file).is_some());
        files
    }
}

fn put(folder: &Path, files: &Files) {
    for (name, content) in files {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

fn read_from(layout: Layout, folder: &Path) -> Result<Dataset, StoreError> {
    let layout = match layout {
        Layout::MovieLens => DatasetLayout::MovieLens,
        Layout::RecBole => DatasetLayout::RecBole,
        Layout::LastFm => DatasetLayout::LastFm,
        Layout::Agent4Rec => DatasetLayout::Agent4Rec,
        Layout::Csv => DatasetLayout::Csv { mapping: folder.join("mapping.toml") },
        Layout::OpenBandit => {
            return super::read_open_bandit(folder).map(|_| Dataset::default());
        }
    };
    super::read_dataset(&layout, folder)
}

fn read(layout: Layout, files: &Files) -> Result<Dataset, StoreError> {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), files);
    read_from(layout, folder.path())
}

/// What is said about these files, with `DATA` for the folder.
fn refusal(layout: Layout, files: &Files) -> String {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), files);
    let error = read_from(layout, folder.path()).expect_err("these files are wrong");
    error.to_string().replace(folder.path().to_str().unwrap(), "DATA")
}

const MOVIELENS_100K: Sample = Sample {
    layout: Layout::MovieLens,
    files: &[
        ("u.genre", "unknown|0\nAction|1\nComedy|2\n\n"),
        ("u.occupation", "student\nwriter\n"),
        (
            "u.item",
            "10|Heat (1995)|01-Jan-1995||http://x/Heat|0|1|0\n\
             20|Babe (1995)|01-Jan-1995||http://x/Babe|0|0|1\n\
             30|unknown||||1|0|0\n",
        ),
        ("u.user", "1|24|M|student|85711\n2|53|F|writer|94043\n"),
        ("u.data", "2\t10\t3\t881250949\n1\t20\t5\t881250950\n1\t10\t4\t881250940\n1\t10\t2\t881250990\n"),
    ],
};

const MOVIELENS_1M: Sample = Sample {
    layout: Layout::MovieLens,
    files: &[
        ("movies.dat", "1::Toy Story (1995)::Animation|Comedy\n2::Heat (1995)::Action\n"),
        ("users.dat", "1::F::1::10::48067\n2::M::56::16::70072\n"),
        ("ratings.dat", "1::2::5::978300760\n2::1::3::978302109\n2::2::4::978301968\n"),
    ],
};

const RECBOLE: Sample = Sample {
    layout: Layout::RecBole,
    files: &[
        (
            "ml.item",
            "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n\
             10\tHeat\t1995\tAction\n20\tBabe\t1995\tComedy\n30\tunknown\t\tunknown\n",
        ),
        (
            "ml.user",
            "user_id:token\tage:token\tgender:token\toccupation:token\n1\t24\tM\tstudent\n2\t53\tF\twriter\n",
        ),
        (
            "ml.inter",
            "user_id:token\titem_id:token\trating:float\ttimestamp:float\n\
             2\t10\t3\t881250949\n1\t20\t5\t881250950\n1\t10\t4\t881250940\n1\t10\t2\t881250990\n",
        ),
    ],
};

const AGENT4REC: Sample = Sample {
    layout: Layout::Agent4Rec,
    files: &[
        (
            "movie_detail.csv",
            "movie_id,title,genres,rating,summary\n0,Heat (1995),Action|Crime,4.1,\"A thief, and a detective.\"\n\
             1,\"Postman, The (1994)\",Drama,4.2,Letters.\n2,Babe (1995),Comedy,3.9,\n",
        ),
        ("train.txt", "0 1 2\n7 0\n"),
        ("valid.txt", "0 0\n7\n"),
        ("test.txt", "7 2 \n"),
    ],
};

const LASTFM: Sample = Sample {
    layout: Layout::LastFm,
    files: &[
        (
            "artists.dat",
            "id\tname\turl\tpictureURL\n7\tNina\thttp://x/7\t\n8\tÓlafur\thttp://x/8\thttp://p/8\n9\tYo\t\t\n",
        ),
        ("user_artists.dat", "userID\tartistID\tweight\r\n5\t8\t100\r\n2\t7\t3\r\n2\t8\t13883\r\n"),
        ("user_friends.dat", "userID\tfriendID\r\n5\t2\r\n2\t5\r\n"),
        ("tags.dat", "tagID\ttagValue\n1\tjazz\n2\tpiano\n3\tunused\n"),
        (
            "user_taggedartists.dat",
            "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t7\t2\t1\t4\t2009\n5\t7\t1\t1\t4\t2009\n2\t7\t1\t1\t5\t2009\n5\t8\t2\t1\t4\t2009\n",
        ),
    ],
};

const CSV: Sample = Sample {
    layout: Layout::Csv,
    files: &[
        (
            "mapping.toml",
            "name = \"shop\"\ndelimiter = \";\"\n\n\
             [items]\nfile = \"items.csv\"\nid = \"sku\"\ntitle = \"name\"\ncategories = \"kinds\"\nprice = \"eur\"\n\n\
             [users]\nfile = \"users.csv\"\nid = \"customer\"\nage = \"age\"\n\n\
             [interactions]\nfile = \"buys.csv\"\nuser = \"customer\"\nitem = \"sku\"\ntime = \"at\"\ntime_unit = \"rfc3339\"\nweight = \"pieces\"\norder = \"time\"\n\n\
             [friends]\nfile = \"friends.csv\"\nfrom = \"a\"\nto = \"b\"\nmutual = true\n",
        ),
        ("items.csv", "sku;name;kinds;eur\nA1;\"Tea; green\";drink|leaf;2.5\nB2;Cup;;\n"),
        ("users.csv", "customer;age\nann;30\nbob;\n"),
        (
            "buys.csv",
            "sku;customer;at;pieces\nA1;bob;2024-01-01T00:00:01Z;2\nB2;ann;2024-01-01T02:00:00+01:00;1\nA1;ann;2024-01-02T00:00:00Z;1\n",
        ),
        ("friends.csv", "a;b\nann;bob\n"),
    ],
};

const OPEN_BANDIT: Sample = Sample {
    layout: Layout::OpenBandit,
    files: &[
        ("item_context.csv", ",item_id,item_feature_0,item_feature_1\n0,0,-0.5,ab\n1,1,0.25,cd\n"),
        (
            "men.csv",
            ",timestamp,item_id,position,click,propensity_score,user_feature_0,user-item_affinity_0,user-item_affinity_1\n\
             0,2019-11-24 00:03:36.705207+00:00,1,3,0,0.5,x,0.0,1.0\n\
             1,2019-11-24 00:03:13+00:00,0,1,1,0.25,y,0.0,0.0\n",
        ),
    ],
};

const SAMPLES: [&Sample; 6] = [&MOVIELENS_100K, &MOVIELENS_1M, &RECBOLE, &LASTFM, &CSV, &OPEN_BANDIT];
