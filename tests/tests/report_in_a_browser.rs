//! A browser shows the report of a run without a complaint and without asking the network for anything.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may panic, and says why it is skipped")]

use habitue_eval::browser::{Browser, Screen};
use habitue_tests::Habitue;

/// Charts, those with drawn marks, tables, and whether the page is wider than the screen.
const LOOK: &str = "(() => {
    const charts = [...document.querySelectorAll('figure svg[role=img]')];
    const drawn = charts.filter(svg => svg.getBoundingClientRect().width > 200
        && svg.querySelectorAll('path.series, rect.bar').length > 0);
    const colour = getComputedStyle(document.body).backgroundColor;
    const outside = document.documentElement.scrollWidth - window.innerWidth;
    return [charts.length, drawn.length, document.querySelectorAll('table').length, colour, outside];
})()";

#[test]
fn a_report_is_whole_and_quiet() {
    let path = match Browser::find() {
        Ok(path) => path,
        Err(missing) => {
            println!("skipped: {missing}");
            return;
        }
    };
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let sizes = ["--set", "horizon=2d", "--set", "population.0.size=60"];
    let run = habitue.run("runs", &[&["scenarios/ab-test.toml"], &sizes[..]].concat());
    let page = format!("file://{}", run.join("report.html").display());
    let mut browser = Browser::start(&path).unwrap();
    for (width, dark, ground) in [
        (1_200, false, "rgb(255, 255, 255)"),
        (390, false, "rgb(255, 255, 255)"),
        (1_200, true, "rgb(20, 23, 27)"),
    ] {
        let visit = browser.open(&page, Screen { width, height: 800, dark }).unwrap();
        assert_eq!((visit.complaints, visit.requests), (Vec::new(), Vec::new()));
        let look = browser.evaluate(LOOK).unwrap();
        let [charts, drawn, tables] = [0, 1, 2].map(|at| look[at].as_u64().unwrap());
        assert!(charts >= 9 && drawn == charts && tables > charts, "{look}");
        assert_eq!((look[3].as_str(), look[4].as_i64()), (Some(ground), Some(0)), "{width} pixels: {look}");
    }
    // What the test itself would miss: a page that asks for something does not pass.
    let asking =
        habitue.file("asking.html", "<img src=\"file:///no/such/picture.png\"><script>nothing()</script>");
    let visit =
        browser.open(&format!("file://{asking}"), Screen { width: 390, height: 800, dark: false }).unwrap();
    assert_eq!(visit.requests, ["file:///no/such/picture.png"]);
    assert!(visit.complaints.iter().any(|said| said.contains("nothing is not defined")), "{visit:?}");
}

#[test]
fn the_page_becomes_a_picture() {
    if let Err(missing) = Browser::find() {
        println!("skipped: {missing}");
        return;
    }
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let sizes = ["--set", "horizon=2d", "--set", "population.0.size=60"];
    let run = habitue.run("runs", &[&["scenarios/ab-test.toml"], &sizes[..]].concat());
    let png = habitue.folder().join("report.png");
    let output = habitue.output(&["report", run.to_str().unwrap(), "--png", png.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let picture = std::fs::read(png).unwrap();
    assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
    let size = |at: usize| u32::from_be_bytes(picture[at..at + 4].try_into().unwrap());
    assert!(size(16) == 1_000 && size(20) > 3_000, "{} x {}", size(16), size(20));
}

#[test]
fn without_a_browser_there_is_no_picture() {
    let habitue = Habitue::new(env!("CARGO_BIN_EXE_habitue-under-test"));
    let run = habitue.run("runs", &["scenarios/ab-test.toml", "--set", "horizon=1d"]);
    let mut command = habitue.command(&["report", run.to_str().unwrap(), "--png", "picture.png"]);
    let output = command.env("PATH", "").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("no Chromium is on the PATH"), "{said}");
}
