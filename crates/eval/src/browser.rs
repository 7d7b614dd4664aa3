//! A Chromium on this machine: pictures of reports, and what a browser thinks of them.
//!
//! The browser runs without a window and is spoken to through pipes, in the `DevTools` protocol: no port is opened. Its
//! profile is a folder of its own, which is removed in the end.

mod base64;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// Names under which a Chromium may be installed.
pub const NAMES: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome-headless-shell"];

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// The browser reads from its file 3 and writes to its file 4.
const PIPES: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 1>/dev/null 2>/dev/null";

const FLAGS: [&str; 10] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
];

/// What is wrong with a browser.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is none.
    #[error("no Chromium is on the PATH; looked for {}", NAMES.join(", "))]
    Missing,
    /// It could not be started, or its profile not be made.
    #[error("{path} cannot be started: {source}", path = .path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// It does not answer.
    #[error("the browser does not answer to {method}")]
    Silent {
        /// What it was asked.
        method: String,
    },
    /// It cannot do what it was asked.
    #[error("the browser cannot do {method}: {message}")]
    Refused {
        /// What it was asked.
        method: String,
        /// What it says.
        message: String,
    },
}

/// The size and colours of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Width. Unit: CSS pixels.
    pub width: u32,
    /// Height. Unit: CSS pixels.
    pub height: u32,
    /// Whether it asks for dark colours.
    pub dark: bool,
}

/// What a browser met with on a page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Visit {
    /// Errors and warnings of the console, exceptions, violations of the page's policy.
    pub complaints: Vec<String>,
    /// Addresses that the page asked for, besides its own and what it has within.
    pub requests: Vec<String>,
}

/// A running browser.
#[derive(Debug)]
pub struct Browser {
    child: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    profile: PathBuf,
    page: String,
    asked: u64,
    /// Events that came before an answer.
    events: Vec<Value>,
}

impl Browser {
    /// The Chromium on the PATH.
    ///
    /// # Errors
    /// If there is none.
    pub fn find() -> Result<PathBuf, BrowserError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let candidates =
            NAMES.iter().flat_map(|name| std::env::split_paths(&path).map(move |at| at.join(name)));
        candidates.into_iter().find(|at| at.is_file()).ok_or(BrowserError::Missing)
    }

    /// Starts a browser with an empty page.
    ///
    /// # Errors
    /// If it cannot be started or does not answer.
    pub fn start(path: &Path) -> Result<Self, BrowserError> {
        let failed = |source| BrowserError::Start { path: path.to_path_buf(), source };
        let profile = profile().map_err(failed)?;
        let mut command = Command::new("sh");
        command.args(["-c", PIPES]).arg(path).args(FLAGS);
        command.arg(format!("--user-data-dir={}", profile.display())).arg("about:blank");
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(failed)?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed(std::io::Error::other("it has no pipes")));
        };
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut message = Vec::new();
            while output.read_until(0, &mut message).is_ok_and(|read| read > 0) {
                message.pop();
                let sent = serde_json::from_slice(&message).map(|message| sender.send(message));
                if !matches!(sent, Ok(Ok(()))) {
                    break;
                }
                message.clear();
            }
        });
        let page = String::new();
        let mut browser = Self { child, input, messages, profile, page, asked: 0, events: Vec::new() };
        let target = browser.ask("Target.createTarget", &json!({ "url": "about:blank" }))?;
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.ask("Target.attachToTarget", &attached)?;
        attached["sessionId"].as_str().unwrap_or_default().clone_into(&mut browser.page);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.ask(&format!("{domain}.enable"), &json!({}))?;
        }
        Ok(browser)
    }

    /// A folder that is there as long as the browser.
    pub fn folder(&self) -> &Path {
        &self.profile
    }

    /// Opens a page on a screen and waits until it is there.
    ///
    /// # Errors
    /// If the browser does not answer, or does not find the page.
    pub fn open(&mut self, address: &str, screen: Screen) -> Result<Visit, BrowserError> {
        let Screen { width, height, dark } = screen;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.ask("Emulation.setDeviceMetricsOverride", &metrics)?;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.ask("Emulation.setEmulatedMedia", &media)?;
        self.events.clear();
        let method = "Page.navigate";
        let answer = self.ask(method, &json!({ "url": address }))?;
        if let Some(message) = answer["errorText"].as_str() {
            return Err(BrowserError::Refused { method: method.to_owned(), message: message.to_owned() });
        }
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let event = self.next("Page.loadEventFired")?;
            self.events.push(event);
        }
        // What the page still causes comes before the answer.
        self.evaluate("document.fonts.ready.then(() => document.title)")?;
        Ok(self.visit(address))
    }

    fn visit(&self, address: &str) -> Visit {
        let mut visit = Visit::default();
        for event in &self.events {
            let about = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Log.entryAdded" if matches!(about["entry"]["level"].as_str(), Some("error" | "warning")) => {
                    visit.complaints.push(about["entry"]["text"].to_string());
                }
                "Runtime.exceptionThrown" => visit.complaints.push(about["exceptionDetails"].to_string()),
                "Runtime.consoleAPICalled" if matches!(about["type"].as_str(), Some("error" | "warning")) => {
                    visit.complaints.push(about["args"].to_string());
                }
                "Network.requestWillBeSent" => {
                    let url = about["request"]["url"].as_str().unwrap_or_default();
                    if url != address && !url.starts_with("data:") {
                        visit.requests.push(url.to_owned());
                    }
                }
                _ => {}
            }
        }
        visit
    }

    /// The value of a JavaScript expression on the page, or of the promise that it gives.
    ///
    /// # Errors
    /// If the browser does not answer or the expression fails.
    pub fn evaluate(&mut self, expression: &str) -> Result<Value, BrowserError> {
        let method = "Runtime.evaluate";
        let question = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.ask(method, &question)?;
        if let Some(wrong) = answer.get("exceptionDetails") {
            return Err(BrowserError::Refused { method: method.to_owned(), message: wrong.to_string() });
        }
        Ok(answer["result"]["value"].take())
    }

    /// The open page from its top as PNG, down to `most` pixels or to its end.
    ///
    /// # Errors
    /// If the browser does not answer, or not with a picture.
    pub fn picture(&mut self, most: u32) -> Result<Vec<u8>, BrowserError> {
        let size = self.evaluate("[window.innerWidth, document.documentElement.scrollHeight]")?;
        let height = size[1].as_f64().unwrap_or(0.0).min(f64::from(most));
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": height, "scale": 1 });
        let method = "Page.captureScreenshot";
        let question = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let answer = self.ask(method, &question)?;
        let picture = answer["data"].as_str().and_then(base64::decode);
        picture.ok_or_else(|| BrowserError::Refused {
            method: method.to_owned(),
            message: "the answer is no picture".to_owned(),
        })
    }

    /// Asks and waits for the answer; events on the way are kept.
    fn ask(&mut self, method: &str, parameters: &Value) -> Result<Value, BrowserError> {
        self.asked += 1;
        let mut question = json!({ "id": self.asked, "method": method, "params": parameters });
        if !self.page.is_empty() {
            question["sessionId"] = json!(self.page);
        }
        let silent = |_| BrowserError::Silent { method: method.to_owned() };
        let mut bytes = question.to_string().into_bytes();
        bytes.push(0);
        self.input.write_all(&bytes).map_err(silent)?;
        loop {
            let mut message = self.next(method)?;
            if message["id"] != self.asked {
                self.events.push(message);
                continue;
            }
            if let Some(wrong) = message.get("error") {
                return Err(BrowserError::Refused { method: method.to_owned(), message: wrong.to_string() });
            }
            return Ok(message["result"].take());
        }
    }

    fn next(&self, method: &str) -> Result<Value, BrowserError> {
        self.messages.recv_timeout(PATIENCE).map_err(|_| BrowserError::Silent { method: method.to_owned() })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends by itself when asked to; nothing is lost if it has to be killed.
        self.page.clear();
        let asked = self.ask("Browser.close", &json!({}));
        if asked.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// A folder that nobody else has.
fn profile() -> std::io::Result<PathBuf> {
    let mut number = 0;
    loop {
        let name = format!("habitue-browser-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}
