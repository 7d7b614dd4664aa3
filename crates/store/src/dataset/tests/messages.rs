//! What is said about wrong files.

use super::*;

/// All refusals of one layout, one below the other.
fn refusals(sample: &Sample, wrong: &[Files]) -> String {
    wrong.iter().map(|files| refusal(sample.layout, files) + "\n").collect()
}

#[test]
fn movielens_100k() {
    let ml = &MOVIELENS_100K;
    let latin: Files = {
        let mut files = ml.files();
        files.insert("u.user", b"1|24|M|student|85711\n2|53|F|wr\x85ter|94043\n".to_vec());
        files
    };
    let utf16: Files = {
        let mut files = ml.files();
        files.insert("u.data", b"\xff\xfe1\x00\t\x00".to_vec());
        files
    };
    insta::assert_snapshot!(refusals(
        ml,
        &[
            Files::new(),
            ml.without("u.item"),
            latin,
            utf16,
            ml.with("u.genre", "Comedy|2", "Comedy|7"),
            ml.with("u.item", "20|Babe", "10|Babe"),
            ml.with("u.item", "0|0|1\n30", "0|1\n30"),
            ml.with("u.item", "0|0|1\n30", "0|0|yes\n30"),
            ml.with("u.item", "|Babe (1995)|", "||"),
            ml.with("u.user", "2|53|F|writer", "2|53|F|wirter"),
            ml.with("u.user", "|53|", "|530|"),
            ml.with("u.user", "|53|", "|fifty|"),
            ml.with("u.user", "2|53", "1|53"),
            ml.with("u.data", "2\t10\t3", "2\t100\t3"),
            ml.with("u.data", "2\t10\t3", "7\t10\t3"),
            ml.with("u.data", "2\t10\t3", "2\t10\t6"),
            ml.with("u.data", "881250990", "881250940"),
            ml.with("u.data", "\t5\t881250950", "\t5"),
            ml.with("u.data", "881250950", "1997-12-04"),
        ]
    ));
}

#[test]
fn movielens_1m() {
    let ml = &MOVIELENS_1M;
    insta::assert_snapshot!(refusals(
        ml,
        &[
            ml.with("users.dat", "M::56", "M::57"),
            ml.with("users.dat", "56::16", "56::21"),
            ml.with("movies.dat", "::Action", "::"),
            ml.with("ratings.dat", "2::1::3", "2:1:3"),
        ]
    ));
}

#[test]
fn recbole() {
    let rb = &RECBOLE;
    let two = {
        let mut files = rb.files();
        files.insert("other.inter", Vec::new());
        files
    };
    let latin = {
        let mut files = rb.files();
        files.insert("ml.item", b"item_id:token\ttitle:token_seq\n10\tCaf\xe9\n".to_vec());
        files
    };
    let empty = {
        let mut files = rb.files();
        files.insert("ml.inter", b"user_id:token\titem_id:token\n".to_vec());
        files
    };
    insta::assert_snapshot!(refusals(
        rb,
        &[
            rb.without("ml.inter"),
            two,
            latin,
            empty,
            rb.with("ml.inter", "user_id:token", "users_id:token"),
            rb.with("ml.inter", "rating:float", "rating"),
            rb.with("ml.inter", "rating:float", "rating:flaot"),
            rb.with("ml.user", "gender:token", "age:token"),
            rb.with("ml.inter", "881250950", "881250950000"),
            rb.with("ml.inter", "1\t20\t5", "1\t21\t5"),
            rb.with("ml.inter", "1\t20\t5", "\t20\t5"),
        ]
    ));
}

#[test]
fn agent4rec() {
    let sample = &AGENT4REC;
    insta::assert_snapshot!(refusals(
        sample,
        &[
            sample.without("valid.txt"),
            sample.with("movie_detail.csv", "genres", "genre"),
            sample.with("movie_detail.csv", "1,\"Postman", "0,\"Postman"),
            sample.with("train.txt", "7 0", "7 3"),
            sample.with("test.txt", "7 2", "7 0"),
        ]
    ));
}

#[test]
fn lastfm() {
    let fm = &LASTFM;
    insta::assert_snapshot!(refusals(
        fm,
        &[
            fm.with("artists.dat", "pictureURL", "picture"),
            fm.with("user_artists.dat", "8\t13883", "8\t0"),
            fm.with("user_artists.dat", "8\t13883", "8\t-1"),
            fm.with("user_artists.dat", "8\t13883", "7\t13883"),
            fm.with("user_friends.dat", "5\t2\r", "5\t3\r"),
            fm.with("user_friends.dat", "5\t2\r", "5\t5\r"),
            fm.with("user_friends.dat", "5\t2\r", "2\t5\r"),
            fm.with("user_taggedartists.dat", "2\t7\t2", "2\t7\t4"),
            fm.with("tags.dat", "2\tpiano", "1\tpiano"),
        ]
    ));
}

#[test]
fn csv() {
    let csv = &CSV;
    insta::assert_snapshot!(refusals(
        csv,
        &[
            csv.without("mapping.toml"),
            csv.without("buys.csv"),
            csv.with("mapping.toml", "[users]", "[uesrs]"),
            csv.with("mapping.toml", "name = \"shop\"", "name = \"shop"),
            csv.with("mapping.toml", "name = \"shop\"", ""),
            csv.with("mapping.toml", "delimiter = \";\"", "delimiter = \"::\""),
            csv.with("mapping.toml", "title = \"name\"", "titel = \"name\""),
            csv.with("mapping.toml", "title = \"name\"", "title = 5"),
            csv.with("mapping.toml", "order = \"time\"", "order = \"times\""),
            csv.with("mapping.toml", "id = \"sku\"\n", ""),
            csv.with("mapping.toml", "items.csv", "items.jsonl"),
            csv.with("mapping.toml", "title = \"name\"", "title = \"names\""),
            csv.with("items.csv", "sku;name", "sku;sku"),
            csv.with("items.csv", "2.5", "2,5"),
            csv.with("items.csv", "drink|leaf", "drink|drink"),
            csv.with("items.csv", "B2;Cup;;", "A1;Cup;;"),
            csv.with("items.csv", "B2;Cup;;", "B2;Cup;"),
            csv.with("users.csv", "customer;age\n", "\n"),
            csv.with("buys.csv", "2024-01-02T00:00:00Z", "2024-01-02"),
            csv.with("buys.csv", "2024-01-02T00:00:00Z", "2023-01-02T00:00:00Z"),
            csv.with("buys.csv", "A1;bob", "A1;rob"),
            csv.with("friends.csv", "ann;bob", "ann;anna"),
        ]
    ));
}

#[test]
fn open_bandit() {
    let bandit = &OPEN_BANDIT;
    insta::assert_snapshot!(refusals(
        bandit,
        &[
            bandit.without("item_context.csv"),
            bandit.without("men.csv"),
            bandit.with("men.csv", "propensity_score", "propensity"),
            bandit.with("men.csv", "user-item_affinity_1", "affinity_1"),
            bandit.with("men.csv", "2019-11-24 00:03:13+00:00", "2019-11-24"),
            bandit.with("men.csv", "0.25,y", "1.25,y"),
            bandit.with("men.csv", "0.25,y", "0,y"),
            bandit.with("men.csv", "+00:00,0,1,1", "+00:00,0,0,1"),
            bandit.with("men.csv", "+00:00,0,1,1", "+00:00,2,1,1"),
            bandit.with("men.csv", "+00:00,0,1,1", "+00:00,0,1,2"),
            bandit.with("item_context.csv", "1,1,", "1,0,"),
        ]
    ));
}
