//! Uploads of 5.4 MB over plain HTTP up to finalise: the server's CPU time a file, against servers that do less.
//!
//! The same client sends the same bytes to all of them, one file after the other on one connection: to ours, rustus and
//! @tus/server by tus 1.0 (creation, one PATCH), to nginx by PUT. Ours hashes, syncs and moves its row before it answers. One
//! last byte is kept back and sent after the counting: what it sets going (admission, a leaf, the log's checkpoint)
//! is no upload any more, and no peer does the like. A row of its own carries whole packets from a tablet's engine to
//! their receipts, with all of that.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_packet::Sha256Digest;
use fieldseal_server::Config;
use fieldseal_server::admin::{Admin, NewDevice};
use fieldseal_tlog::note::{Ed25519Signer, Signer as _};
use fieldseal_wire::device::{
    AUTH_CONTEXT, Challenge, ChallengeRequest, ENROL_CONTEXT, EnrolLookup, EnrolRequest,
    EnrolSubject, Enrolled, Token, TokenRequest,
};

use super::http::Connection;
use super::measure::{self, Cost, Subject, cpu_of, interleaved, memory_kib, typical};
use super::peers::{self, Peer};
use super::site::{ServerProcess, Tablet, enrolled};
use super::table::{Row, mib, ms};

const FILE_BYTES: usize = 5_400_000;
/// Files in one round: process times come in steps of 10 ms.
const FILES: u32 = 24;
const NGINX_GOAL: f64 = 2.5;
const RUSTUS_GOAL: f64 = 0.8;
/// Memory after all rounds and one large upload, against memory after the first round.
const FLAT_GOAL: f64 = 1.25;
const LARGE_BYTES: u64 = 1 << 30;

/// Measures uploads.
pub fn rows(rounds: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let (tablet, config) = enrolled(dir, true)?;
    let server = ServerProcess::start(dir)?;
    let mut client = Client::enrolled(&server.address, &config)?;
    let (nginx, synced, rustus, node) = (
        peers::nginx(dir)?,
        peers::rustus(dir, true)?,
        peers::rustus(dir, false)?,
        peers::tus_node(dir)?,
    );
    let mut first_peak = 0;
    let mut subjects: Vec<Subject<'_>> = vec![Box::new(|round| {
        let mut open = Vec::new();
        let cost = counted(
            || cpu_of(server.pid()),
            |n| {
                open.push(client.upload_but_one(&content(round, n))?);
                Ok(())
            },
        );
        for location in open {
            client.patch(&location, FILE_BYTES as u64, &[0])?;
        }
        quiet(&|| cpu_of(server.pid()))?;
        if first_peak == 0 {
            first_peak = memory_kib(server.pid(), "VmHWM")?;
        }
        cost
    })];
    for peer in [&nginx, &synced, &rustus, &node].into_iter().flatten() {
        subjects.push(Box::new(move |round| {
            counted(|| peer.cpu(), |n| to_peer(peer, round, n))
        }));
    }
    interleaved(1, &mut subjects)?;
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    let mut medians = costs
        .iter()
        .map(|costs| typical(costs).cpu_s / f64::from(FILES));
    let ours = medians.next().unwrap_or_default();
    let mut theirs = medians;
    let what = "intake of 5.4 MB up to finalise, hashed and synced: server CPU a file";
    let mut rows = Vec::new();
    for (name, peer, goal) in [
        (
            "nginx DAV PUT, neither hashed nor synced",
            &nginx,
            Some(NGINX_GOAL),
        ),
        (
            "rustus that syncs as ours does, not hashed",
            &synced,
            Some(RUSTUS_GOAL),
        ),
        (
            "rustus as it comes, neither hashed nor synced",
            &rustus,
            Some(RUSTUS_GOAL),
        ),
        ("@tus/server", &node, None),
    ] {
        let Some(peer) = peer else {
            rows.push(Row::missing(
                format!("{what}, against {name}"),
                goal,
                format!("{name} is not installed"),
            ));
            continue;
        };
        let cost = theirs.next().unwrap_or_default();
        rows.push(
            Row::new(
                what,
                ms(ours),
                format!("{name} {}", ms(cost)),
                ours / cost,
                goal,
            )
            .note(format!(
                "largest resident set of {}: {}",
                peer.name,
                mib(peer.peak_kib()?)
            )),
        );
    }
    client.upload_large(LARGE_BYTES)?;
    let peak = memory_kib(server.pid(), "VmHWM")?;
    rows.push(Row::new(
        "intake's memory after all rounds and one upload of 1 GiB",
        mib(peak),
        format!("after the first round {}", mib(first_peak)),
        peak as f64 / first_peak as f64,
        Some(FLAT_GOAL),
    ));
    rows.push(to_receipts(&tablet, &server, ours)?);
    Ok(rows)
}

/// Bytes that no server has seen yet.
fn content(round: u32, n: u32) -> Vec<u8> {
    let mut state = u64::from(round) << 32 | u64::from(n) | 1 << 63;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(FILE_BYTES / 8).flatten().collect()
}

fn counted(
    cpu: impl Fn() -> anyhow::Result<f64>,
    mut upload: impl FnMut(u32) -> anyhow::Result<()>,
) -> anyhow::Result<Cost> {
    let (began, before) = (measure::now(), cpu()?);
    for n in 0..FILES {
        upload(n)?;
    }
    let wall_s = began.elapsed().as_secs_f64();
    // What it still does behind its answers.
    quiet(&cpu)?;
    Ok(Cost {
        cpu_s: cpu()? - before,
        wall_s,
        peak_kib: None,
    })
}

/// Waits until a server does nothing any more, for a while.
fn quiet(cpu: &impl Fn() -> anyhow::Result<f64>) -> anyhow::Result<()> {
    let mut before = cpu()?;
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(150));
        let now = cpu()?;
        if now - before < 0.005 {
            break;
        }
        before = now;
    }
    Ok(())
}

fn to_peer(peer: &Peer, round: u32, n: u32) -> anyhow::Result<()> {
    let mut connection = Connection::open(&peer.address)?;
    let bytes = content(round, n);
    if peer.name == "nginx" {
        let answer = connection.send("PUT", &format!("/{round}-{n}"), &[], &bytes)?;
        ensure!((200..300).contains(&answer.status), "nginx refused a file");
        return Ok(());
    }
    let path = if peer.name == "rustus" {
        "/files/"
    } else {
        "/files"
    };
    let create = [
        ("Tus-Resumable", "1.0.0".to_owned()),
        ("Upload-Length", bytes.len().to_string()),
    ];
    let answer = connection.send("POST", path, &create, &[])?;
    ensure!(
        answer.status == 201,
        "{} made no upload: {}",
        peer.name,
        answer.status
    );
    let location = path_of(answer.header("location").context("no location")?);
    let answer = connection.send("PATCH", &location, &patch(0), &bytes)?;
    ensure!(
        answer.status == 204,
        "{} refused a file: {}",
        peer.name,
        answer.status
    );
    Ok(())
}

fn path_of(location: &str) -> String {
    match location.split_once("://") {
        Some((_, rest)) => format!("/{}", rest.split_once('/').map_or("", |(_, path)| path)),
        None => location.to_owned(),
    }
}

fn patch(offset: u64) -> [(&'static str, String); 3] {
    [
        ("Tus-Resumable", "1.0.0".to_owned()),
        ("Upload-Offset", offset.to_string()),
        ("Content-Type", "application/offset+octet-stream".to_owned()),
    ]
}

/// A device of its own, that sends what is no packet.
struct Client {
    connection: Connection,
    token: String,
    sent: u64,
}

impl Client {
    fn enrolled(address: &str, config: &Config) -> anyhow::Result<Self> {
        let code = Admin::open(config)?
            .device_code(&NewDevice { team: None }, Duration::from_secs(3600))?
            .code;
        let mut connection = Connection::open(address)?;
        let subject: EnrolSubject =
            connection.ask("/api/v1/enrol/lookup", &EnrolLookup { code: code.clone() })?;
        let name = format!("{}/device/{}", subject.origin, subject.id);
        let key = Ed25519Signer::from_seed(&name, &[42; 32])?;
        let normal: String = code.chars().filter(|c| *c != '-').collect();
        let vkey = key.vkey().to_string();
        let text = format!(
            "{ENROL_CONTEXT}\n{}\n{}\n{vkey}\n",
            subject.origin,
            Sha256Digest::of(normal.as_bytes())
        );
        let request = EnrolRequest {
            code,
            vkey,
            proof: STANDARD.encode(key.sign(text.as_bytes())?),
            device_claim: None,
            attestation: Vec::new(),
        };
        let _: Enrolled = connection.ask("/api/v1/enrol", &request)?;
        let ask = ChallengeRequest {
            device: name.clone(),
        };
        let challenge: Challenge = connection.ask("/api/v1/auth/challenge", &ask)?;
        let text = format!(
            "{AUTH_CONTEXT}\n{}\n{name}\n{}\n",
            subject.origin, challenge.nonce
        );
        let request = TokenRequest {
            device: name,
            nonce: challenge.nonce,
            signature: STANDARD.encode(key.sign(text.as_bytes())?),
        };
        let token: Token = connection.ask("/api/v1/auth/token", &request)?;
        Ok(Self {
            connection,
            token: token.token,
            sent: 0,
        })
    }

    fn create(&mut self, length: u64) -> anyhow::Result<String> {
        self.sent += 1;
        let id = format!("0192d3a0-8e7b-7c11-8a55-{:012x}", self.sent);
        let seal = Sha256Digest::of(id.as_bytes()).to_string();
        let metadata = format!(
            "packet {},seal-sha256 {}",
            STANDARD.encode(id),
            STANDARD.encode(seal)
        );
        let headers = [
            ("Tus-Resumable", "1.0.0".to_owned()),
            ("Upload-Length", length.to_string()),
            ("Upload-Metadata", metadata),
            ("Authorization", format!("Bearer {}", self.token)),
        ];
        let answer = self
            .connection
            .send("POST", "/api/v1/uploads", &headers, &[])?;
        ensure!(
            answer.status == 201,
            "the server made no upload: {}",
            answer.status
        );
        Ok(answer.header("location").context("no location")?.to_owned())
    }

    fn patch(&mut self, location: &str, offset: u64, bytes: &[u8]) -> anyhow::Result<()> {
        let mut headers = patch(offset).to_vec();
        headers.push(("Authorization", format!("Bearer {}", self.token)));
        let answer = self.connection.send("PATCH", location, &headers, bytes)?;
        ensure!(
            answer.status == 204,
            "the server refused a file: {}",
            answer.status
        );
        Ok(())
    }

    /// All but the last byte; gives where that goes.
    fn upload_but_one(&mut self, bytes: &[u8]) -> anyhow::Result<String> {
        let location = self.create(bytes.len() as u64 + 1)?;
        self.patch(&location, 0, bytes)?;
        Ok(location)
    }

    /// In pieces of 64 MiB; the rest of the memory is the server's.
    fn upload_large(&mut self, length: u64) -> anyhow::Result<()> {
        let location = self.create(length)?;
        let piece = vec![7; 64 << 20];
        for offset in (0..length).step_by(piece.len()) {
            self.patch(&location, offset, &piece)?;
        }
        Ok(())
    }
}

/// Real packets of the same size, from a tablet's engine to receipts that it has verified.
fn to_receipts(tablet: &Tablet, server: &ServerProcess, finalise_s: f64) -> anyhow::Result<Row> {
    let before = cpu_of(server.pid())?;
    for n in 0..FILES {
        tablet.packet(&[&content(u32::MAX, n)])?;
    }
    let began = measure::now();
    while tablet.progress()?.0 < u64::from(FILES) {
        ensure!(
            began.elapsed() < Duration::from_secs(120),
            "packets were not receipted in two minutes"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    let each = (cpu_of(server.pid())? - before) / f64::from(FILES);
    Ok(Row::new(
        "a tablet's packet of 5.4 MB up to its receipt (checksums, admission, all checks, log): server CPU",
        ms(each),
        format!("up to finalise {}", ms(finalise_s)),
        each / finalise_s,
        None,
    ))
}
