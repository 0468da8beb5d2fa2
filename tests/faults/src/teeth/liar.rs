//! A server that gives receipts for other bytes than it was sent: a relay before the real one that has the receipt key, as a
//! server that was broken into would.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::receipt::Receipt;
use fieldseal_server::signing::{ServerKeys, signed};
use fieldseal_tlog::note::Note;
use serde_json::Value;

use crate::site::Site;

const MOST: usize = 32 << 20;
const SILENCE: Duration = Duration::from_secs(20);

/// A running relay; it stops when dropped.
pub struct Liar {
    at: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Liar {
    /// Listens where the tablet believes the server to be; the server of `site` is at `server`.
    pub fn start(site: &Site, server: SocketAddr) -> anyhow::Result<Self> {
        let folder = site.server_config().layout().keys();
        let listener = TcpListener::bind(site.address).context("the relay's address")?;
        let keys = Arc::new(ServerKeys::load(&folder, crate::site::ORIGIN)?);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let keys = keys.clone();
                std::thread::spawn(move || relay(client, server, &keys));
            }
        });
        Ok(Self {
            at: site.address,
            stop,
        })
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes it, so that it sees.
        let _ = TcpStream::connect(self.at);
    }
}

/// One request, one answer, and the connection is closed.
fn relay(mut client: TcpStream, server: SocketAddr, keys: &ServerKeys) -> io::Result<()> {
    client.set_read_timeout(Some(SILENCE))?;
    let (head, body) = request(&mut client)?;
    let mut server = TcpStream::connect(server)?;
    server.set_read_timeout(Some(SILENCE))?;
    server.write_all(head.trim_end().as_bytes())?;
    server.write_all(b"\r\nconnection: close\r\n\r\n")?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.take(MOST as u64).read_to_end(&mut answer)?;
    client.write_all(&lie(&answer, keys).unwrap_or(answer))
}

/// A request's head and body; its own word about the connection is left out.
fn request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
        if head.len() > MOST {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let header = |name: &str| {
        head.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.trim().parse::<usize>().ok())
    };
    let mut body = vec![0; header("content-length").unwrap_or(0).min(MOST)];
    client.read_exact(&mut body)?;
    let kept = head.lines().filter(|line| {
        let name = line.split(':').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("connection")
    });
    Ok((kept.collect::<Vec<_>>().join("\r\n"), body))
}

/// The answer with receipts for other bytes; none when it holds no receipt.
fn lie(answer: &[u8], keys: &ServerKeys) -> Option<Vec<u8>> {
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n")? + 4;
    let mut body: Value = serde_json::from_slice(&answer[end..]).ok()?;
    let mut lies = 0;
    for packet in body["packets"].as_array_mut()? {
        let Some(text) = packet["receipt"].as_str() else {
            continue;
        };
        let note = Note::parse(text.as_bytes()).ok()?;
        let mut receipt = Receipt::parse(&note.text).ok()?;
        receipt.zip_sha256 = Sha256Digest::of(b"other bytes");
        let forged = signed(&receipt.text(), &keys.receipts).ok()?;
        packet["receipt"] = String::from_utf8(forged).ok()?.into();
        lies += 1;
    }
    let body = serde_json::to_vec(&body).ok().filter(|_| lies > 0)?;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    Some([head.as_bytes(), &body].concat())
}
