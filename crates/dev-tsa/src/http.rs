//! The authority over HTTP, on loopback alone: one request a connection, as RFC 3161 section 3.4 has it.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::authority::{Authority, MAX_QUERY};

/// How it answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Manner {
    /// As it should.
    #[default]
    Good,
    /// A response that grants nothing.
    Refuse,
    /// Bytes that are no response.
    Garbage,
    /// A good response over another digest.
    OtherImprint,
    /// The response to the first request ever made, again: its nonce is another.
    Replay,
    /// A good response, after so long.
    Slow(Duration),
    /// More bytes than any response has.
    Endless,
    /// HTTP status 503.
    Down,
}

/// `TimeStampResp` with status `rejection` and nothing else.
const REJECTION: [u8; 7] = [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02];
const HEAD: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// An authority that answers until this goes out of scope.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    authority: Authority,
    manner: Mutex<Manner>,
    first: Mutex<Option<Vec<u8>>>,
    asked: AtomicU64,
    stopping: AtomicBool,
}

impl Serving {
    /// Listens on a free loopback port.
    pub fn start(authority: Authority) -> io::Result<Self> {
        Self::start_on(authority, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
    }

    /// Listens on this port of this machine.
    pub fn start_on(authority: Authority, address: SocketAddr) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the development authority answers on loopback alone",
            ));
        }
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            authority,
            manner: Mutex::default(),
            first: Mutex::default(),
            asked: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        });
        let this = shared.clone();
        let task = thread::spawn(move || {
            for stream in listener.incoming() {
                if this.stopping.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let this = this.clone();
                // Slow ones must not hold the others. Nobody but this machine can ask.
                thread::spawn(move || {
                    let _ = this.answer(stream);
                });
            }
        });
        Ok(Self {
            address,
            shared,
            task: Some(task),
        })
    }

    /// What a server's settings name.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Whose keys it uses.
    pub fn authority(&self) -> &Authority {
        &self.shared.authority
    }

    /// From now on it answers so.
    pub fn behave(&self, manner: Manner) {
        *self
            .shared
            .manner
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// How many requests came.
    pub fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect_timeout(&self.address, PATIENCE);
        if let Some(task) = self.task.take() {
            let _ = task.join();
        }
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let Some(query) = read_query(&mut stream)? else {
            return respond(&mut stream, "400 Bad Request", &[]);
        };
        self.asked.fetch_add(1, Ordering::SeqCst);
        let manner = self
            .manner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let good = |query: &[u8]| self.authority.reply(query).map_err(io::Error::other);
        let body = match manner {
            Manner::Good => good(&query)?,
            Manner::Refuse => REJECTION.to_vec(),
            Manner::Garbage => b"<html>sign in to this network</html>".to_vec(),
            Manner::OtherImprint => good(&other_imprint(query))?,
            Manner::Replay => {
                let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
                match first.as_ref() {
                    Some(kept) => kept.clone(),
                    None => first.insert(good(&query)?).clone(),
                }
            }
            Manner::Slow(time) => {
                thread::sleep(time);
                good(&query)?
            }
            Manner::Endless => vec![0x30; 4 << 20],
            Manner::Down => return respond(&mut stream, "503 Service Unavailable", &[]),
        };
        respond(&mut stream, "200 OK", &body)
    }
}

/// The last byte of the SHA-256 imprint changed. It stands behind the OCTET STRING header `04 20`.
fn other_imprint(mut query: Vec<u8>) -> Vec<u8> {
    if let Some(at) = query.windows(2).position(|two| two == [0x04, 0x20])
        && let Some(byte) = query.get_mut(at + 33)
    {
        *byte ^= 1;
    }
    query
}

fn read_query(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut read = Vec::new();
    let mut buffer = [0; 4096];
    let (body, length) = loop {
        let n = stream.read(&mut buffer)?;
        if n == 0 || read.len() > HEAD + MAX_QUERY {
            return Ok(None);
        }
        read.extend_from_slice(&buffer[..n]);
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| {
                line.strip_prefix("content-length:")?
                    .trim()
                    .parse::<usize>()
                    .ok()
            });
            match length {
                Some(length) if length <= MAX_QUERY && head.starts_with("post ") => {
                    break (end + 4, length);
                }
                _ => return Ok(None),
            }
        }
    };
    while read.len() < body + length {
        let n = stream.read(&mut buffer)?;
        if n == 0 {
            return Ok(None);
        }
        read.extend_from_slice(&buffer[..n]);
    }
    Ok(Some(read[body..body + length].to_vec()))
}

fn respond(stream: &mut TcpStream, status: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()
}
