//! Other people's upload clients, tuspy and tus-js-client, against our server: upload, pause, resume by another run that knows the URL alone,
//! checksums, termination. What they bring is a real packet, and it must come to its receipt.
//!
//! The clients know nothing of us but what the intake specification says a plain client needs: an enrolled key, a short-lived token
//! made with it, and two words of metadata.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_e2e::operator::Server;
use fieldseal_e2e::{check, run, tus_js_client, tuspy};
use fieldseal_tlog::note::{Ed25519Signer, Signer as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

/// Sends one request and gives status and body.
fn http(url: &str, head: &str, body: &str) -> (u16, String) {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let length = body.len();
    write!(
        stream,
        "{head}\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        body.to_owned(),
    )
}

fn post(url: &str, path: &str, token: Option<&str>, body: &Value) -> Value {
    let token = token
        .map(|token| format!("\r\nauthorization: Bearer {token}"))
        .unwrap_or_default();
    let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/json{token}");
    let (status, body) = http(url, &head, &body.to_string());
    assert!((200..300).contains(&status), "{path}: {status} {body}");
    serde_json::from_str(&body).unwrap()
}

/// What a client needs that has no tablet: its token, got by the three requests of the specification.
fn token(server: &Server) -> String {
    let text = server.code(&["device"]).unwrap();
    let field = text
        .split(['?', '&'])
        .find_map(|part| part.strip_prefix("c="))
        .unwrap();
    let code: String = field.chars().filter(char::is_ascii_alphanumeric).collect();
    let url = server.url.as_str();
    let whom = post(url, "/api/v1/enrol/lookup", None, &json!({"code": field}));
    let origin = whom["origin"].as_str().unwrap();
    let name = format!("{origin}/device/{}", whom["id"].as_str().unwrap());
    let key = Ed25519Signer::from_seed(&name, &[42; 32]).unwrap();
    let signed = |text: String| STANDARD.encode(key.sign(text.as_bytes()).unwrap());
    let vkey = key.vkey().to_string();
    let digest = hex::encode(Sha256::digest(&code));
    let proof = signed(format!("fieldseal-enrol/v1\n{origin}\n{digest}\n{vkey}\n"));
    post(
        url,
        "/api/v1/enrol",
        None,
        &json!({"code": field, "vkey": vkey, "proof": proof}),
    );
    let challenge = post(
        url,
        "/api/v1/auth/challenge",
        None,
        &json!({"device": name}),
    );
    let nonce = challenge["nonce"].as_str().unwrap();
    let signature = signed(format!("fieldseal-auth/v1\n{origin}\n{name}\n{nonce}\n"));
    let asked = json!({"device": name, "nonce": nonce, "signature": signature});
    post(url, "/api/v1/auth/token", None, &asked)["token"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A server, a packet that a tablet has sealed and not sent, and the token of somebody who carries it there.
struct Stage {
    server: Server,
    token: String,
    zip: PathBuf,
    packet: String,
    seal: String,
    _folder: TempDir,
}

impl Stage {
    fn set() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&folder.path().join("data")).unwrap();
        let tablet = server.tablet(&folder.path().join("tablet")).unwrap();
        let photo = folder.path().join("photo.jpg");
        let noise = (0..600_000u32).map(|n| (n.wrapping_mul(0x9e37_79b9) >> 24) as u8);
        fs::write(
            &photo,
            [0xff, 0xd8, 0xff, 0xe0]
                .into_iter()
                .chain(noise)
                .collect::<Vec<u8>>(),
        )
        .unwrap();
        let packet = tablet.seal(&[&photo]).unwrap();
        tablet
            .run(&["export", &packet, "--to", folder.path().to_str().unwrap()])
            .unwrap();
        let zip = folder.path().join(format!("packet-{packet}.zip"));
        let inside = format!("packet-{packet}/seal/packet.seal");
        let seal = Command::new("unzip")
            .arg("-p")
            .arg(&zip)
            .arg(inside)
            .output()
            .unwrap();
        assert!(seal.status.success() && !seal.stdout.is_empty());
        let token = token(&server);
        Self {
            server,
            token,
            zip,
            packet,
            seal: hex::encode(Sha256::digest(&seal.stdout)),
            _folder: folder,
        }
    }

    /// The client with the arguments that all its steps take.
    fn client(&self, mut client: Command, step: &str, upload: Option<&str>) -> Command {
        client
            .arg(step)
            .arg(format!("{}/api/v1/uploads", self.server.url))
            .arg(&self.token)
            .arg(&self.zip);
        client.args([&self.packet, &self.seal]).args(upload);
        client
    }

    fn offset(&self, upload: &str) -> (u16, String) {
        let path = upload.strip_prefix(&self.server.url).unwrap();
        let head = format!(
            "HEAD {path} HTTP/1.1\r\ntus-resumable: 1.0.0\r\nauthorization: Bearer {}",
            self.token
        );
        http(&self.server.url, &head, "")
    }

    /// Uploads half, pauses, and another run resumes; then the packet is logged.
    fn goes_through_a_pause(&self, client: impl Fn() -> Command) {
        let size = self.zip.metadata().unwrap().len();
        let said = check(&mut self.client(client(), "part", None)).unwrap();
        let upload = said.trim();
        assert!(upload.starts_with(&self.server.url), "{said}");
        let said = check(&mut self.client(client(), "rest", Some(upload))).unwrap();
        let (began, ended) = said.trim().split_once(' ').unwrap();
        let began: u64 = began.parse().unwrap();
        assert!(
            began >= size / 2 && began < size,
            "resumed at {began} of {size}"
        );
        assert_eq!(ended.parse::<u64>().unwrap(), size);
        self.comes_to_its_receipt();
    }

    fn comes_to_its_receipt(&self) {
        let asked = json!({"packets": [{"id": self.packet, "seal_sha256": self.seal}]});
        let began = Instant::now();
        loop {
            let said = post(
                &self.server.url,
                "/api/v1/packets/status",
                Some(&self.token),
                &asked,
            );
            let state = said["packets"][0]["state"].as_str().unwrap_or_default();
            if state == "logged" {
                return;
            }
            assert_eq!(state, "received", "{said}");
            assert!(began.elapsed() < Duration::from_secs(120), "{said}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn js() -> Command {
    tus_js_client(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tus/tus_js_client.mjs"
    )))
    .unwrap()
}

fn python() -> Command {
    tuspy(Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tus/tuspy_client.py"
    )))
    .unwrap()
}

#[test]
fn tuspy_uploads_pauses_and_resumes_with_checksums() {
    let stage = Stage::set();
    // SHA-1 is refused as the protocol says, and nothing of it is kept.
    let said = check(&mut stage.client(python(), "sha1", None)).unwrap();
    assert_eq!(said.trim(), "400 0");
    stage.goes_through_a_pause(python);
}

#[test]
fn tus_js_client_uploads_pauses_and_resumes_with_checksums() {
    let stage = Stage::set();
    let said = check(&mut stage.client(js(), "end", None)).unwrap();
    assert_eq!(
        stage.offset(said.trim()).0,
        404,
        "terminated, and still there"
    );
    stage.goes_through_a_pause(js);
}

#[test]
fn a_token_of_nobody_is_refused_by_both() {
    let mut stage = Stage::set();
    stage.token = "0".repeat(64);
    for client in [python(), js()] {
        run(&mut stage.client(client, "part", None))
            .unwrap()
            .refused()
            .unwrap();
    }
}
