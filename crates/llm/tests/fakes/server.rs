//! A server on 127.0.0.1 that answers by a table.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// What to do with a request.
pub(crate) enum Answer {
    /// A status with headers (each ended by `\r\n`) and a body.
    Whole(u16, String, Vec<u8>),
    /// The body's length is announced, half of it sent, and the connection closed.
    Half(Vec<u8>),
    /// Nothing is sent for so long.
    Silence(Duration),
    /// Bytes as they are.
    Raw(Vec<u8>),
}

pub(crate) fn json(value: &serde_json::Value) -> Answer {
    Answer::Whole(200, String::new(), value.to_string().into_bytes())
}

pub(crate) struct Server {
    pub(crate) address: String,
    pub(crate) received: Arc<Mutex<Vec<Received>>>,
    /// Most requests that were open at the same time.
    pub(crate) most_open: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

impl Server {
    /// Answers requests by their number (from 0) and content, each on its own thread.
    pub(crate) fn start(answer: impl Fn(usize, &Received) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (stop, most_open) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let open = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(answer);
        let (log, stopping, most) = (received.clone(), stop.clone(), most_open.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::Relaxed) {
                    return;
                }
                let (log, answer, open, most) = (log.clone(), answer.clone(), open.clone(), most.clone());
                std::thread::spawn(move || {
                    let Ok(mut stream) = stream else { return };
                    let Some(request) = read(&mut stream) else { return };
                    most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let number = {
                        let mut log = log.lock().unwrap();
                        log.push(request.clone());
                        log.len() - 1
                    };
                    let reply = answer(number, &request);
                    open.fetch_sub(1, Ordering::SeqCst);
                    send(&mut stream, reply);
                });
            }
        });
        Self { address, received, most_open, stop }
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the listener, so that it sees the flag.
        drop(TcpStream::connect(self.address.trim_start_matches("http://")));
    }
}

fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let head = loop {
        let count = stream.read(&mut buffer).ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
    };
    let headers = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    while bytes.len() < head + 4 + length.unwrap_or(0) {
        let count = stream.read(&mut buffer).ok().filter(|&count| count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
    }
    let first = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let path = first.split_whitespace().nth(1)?.to_owned();
    Some(Received { path, headers: first, body: String::from_utf8_lossy(&bytes[head + 4..]).into_owned() })
}

fn send(stream: &mut TcpStream, answer: Answer) {
    let head = |status: u16, headers: &str, length: usize| {
        format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n")
            .into_bytes()
    };
    // The client may have gone; that is its business.
    let _ = match answer {
        Answer::Whole(status, headers, body) => {
            stream.write_all(&[head(status, &headers, body.len()), body].concat())
        }
        Answer::Half(body) => {
            stream.write_all(&[head(200, "", body.len()), body[..body.len() / 2].to_vec()].concat())
        }
        Answer::Raw(bytes) => stream.write_all(&bytes),
        Answer::Silence(time) => {
            std::thread::sleep(time);
            Ok(())
        }
    };
}
