//! A server on a free port, and a tablet in a few lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::bag::{self, BagInput, PROFILE, PayloadFile};
use fieldseal_packet::context::CaptureContext;
use fieldseal_packet::custody::{Captured, Event, Head, Meta};
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_server::admin::{self, Admin, NewAccount, NewDevice, NewPerson};
use fieldseal_server::ambient::{Clock, SystemClock};
use fieldseal_server::{Config, Running, Server};
use fieldseal_tlog::note::{Ed25519Signer, Note, Signer};
use fieldseal_wire::console::{DecisionRequest, PacketDetail, PacketPage, Session};
use fieldseal_wire::device::*;
use fieldseal_wire::{Problem, ProblemCode};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;
use tempfile::TempDir;

pub const ORIGIN: &str = "test.example/log";
pub const HOUR: Duration = Duration::from_secs(3600);

/// The machine's clock, moved by hand.
pub struct MovableClock(pub AtomicI64);

impl Clock for MovableClock {
    fn now(&self) -> i64 {
        SystemClock.now() + self.0.load(Ordering::SeqCst)
    }
}

pub struct Site {
    pub folder: TempDir,
    pub config: Config,
    pub clock: Arc<MovableClock>,
    pub running: Option<Running>,
    /// Where the server is, when it is another process.
    pub base: Option<String>,
    pub http: reqwest::Client,
}

pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

impl Site {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(MovableClock(AtomicI64::new(0)));
        let mut config = Config::new(folder.path().join("data"));
        config.ambient.clock = clock.clone();
        config.decoder = fieldseal_picture::Decoder::of_test("decoding::child");
        config.limits.sequencer_tick = Duration::from_millis(100);
        change(&mut config);
        admin::init(
            &config,
            &admin::Init {
                origin: Some(ORIGIN.to_owned()),
            },
        )
        .unwrap();
        let running = Server::start(config.clone(), "127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        Self {
            folder,
            config,
            clock,
            running: Some(running),
            base: None,
            http: http(),
        }
    }

    pub async fn stop(&mut self) {
        self.running.take().unwrap().stop().await.unwrap();
    }

    pub async fn restart(&mut self) {
        if self.running.is_some() {
            self.stop().await;
        }
        self.running = Some(
            Server::start(self.config.clone(), "127.0.0.1:0".parse().unwrap())
                .await
                .unwrap(),
        );
    }

    pub fn url(&self, path: &str) -> String {
        let base = self
            .base
            .clone()
            .unwrap_or_else(|| self.running.as_ref().unwrap().url());
        format!("{base}{path}")
    }

    pub fn admin(&self) -> Admin {
        Admin::open(&self.config).unwrap()
    }

    pub fn advance(&self, by: Duration) {
        self.clock
            .0
            .fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<T, Problem> {
        answer(
            self.request(Method::POST, path)
                .json(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// A tablet with its device key and two officers enrolled, and a token in hand.
    pub async fn tablet(&self) -> Tablet {
        let mut tablet = self.device().await;
        for (name, badge) in [("甲", "01"), ("乙", "02")] {
            let person = self
                .admin()
                .add_person(&NewPerson {
                    name: name.into(),
                    badge: badge.into(),
                    team: Some("一队".into()),
                })
                .unwrap();
            let code = self.admin().officer_code(&person, HOUR).unwrap();
            let officer = self.enrol(&code.code, Some(&tablet.token)).await.unwrap();
            tablet
                .officers
                .push((officer.0, name.to_owned(), badge.to_owned()));
        }
        tablet
    }

    /// A tablet without officers.
    pub async fn device(&self) -> Tablet {
        let code = self
            .admin()
            .device_code(&NewDevice::default(), HOUR)
            .unwrap();
        let (key, enrolled) = self.enrol(&code.code, None).await.unwrap();
        let mut tablet = Tablet {
            key: Arc::new(key),
            token: String::new(),
            officers: Vec::new(),
            entry: enrolled.entry.into_bytes(),
            sealed: 0,
            captured: 0,
            link: Sha256Digest::ZERO,
            last_seal: Vec::new(),
        };
        tablet.token = self.token(&tablet.key).await.unwrap().token;
        tablet
    }

    pub async fn enrol(
        &self,
        code: &str,
        token: Option<&str>,
    ) -> Result<(Ed25519Signer, Enrolled), Problem> {
        let subject: EnrolSubject = self
            .post("/api/v1/enrol/lookup", &EnrolLookup { code: code.into() })
            .await?;
        let kind = if subject.kind == EnrolKind::Device {
            "device"
        } else {
            "officer"
        };
        let key = key(&format!("{}/{kind}/{}", subject.origin, subject.id));
        let request = enrol_request(code, &key);
        let mut builder = self.request(Method::POST, "/api/v1/enrol").json(&request);
        if let Some(token) = token {
            builder = builder.bearer_auth(token);
        }
        Ok((key, answer(builder.send().await.unwrap()).await?))
    }

    pub async fn token(&self, key: &Ed25519Signer) -> Result<Token, Problem> {
        let device = key.vkey().name().to_owned();
        let challenge: Challenge = self
            .post(
                "/api/v1/auth/challenge",
                &ChallengeRequest {
                    device: device.clone(),
                },
            )
            .await?;
        self.post(
            "/api/v1/auth/token",
            &token_request(key, &device, &challenge.nonce),
        )
        .await
    }

    /// Creates an upload; gives its address.
    pub async fn create(&self, tablet: &Tablet, packet: &Packet) -> String {
        let response = self
            .create_raw(tablet, packet, packet.zip.len() as u64)
            .await;
        assert_eq!(response.status(), StatusCode::CREATED);
        response.headers()["location"].to_str().unwrap().to_owned()
    }

    pub async fn create_raw(&self, tablet: &Tablet, packet: &Packet, length: u64) -> Response {
        let metadata = format!(
            "packet {},seal-sha256 {}",
            STANDARD.encode(&packet.id),
            STANDARD.encode(packet.digest.to_string())
        );
        self.request(Method::POST, "/api/v1/uploads")
            .bearer_auth(&tablet.token)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Length", length)
            .header("Upload-Metadata", metadata)
            .send()
            .await
            .unwrap()
    }

    pub fn patch(
        &self,
        tablet: &Tablet,
        location: &str,
        offset: u64,
        bytes: &[u8],
    ) -> RequestBuilder {
        self.request(Method::PATCH, location)
            .bearer_auth(&tablet.token)
            .header("Tus-Resumable", "1.0.0")
            .header("Upload-Offset", offset)
            .header("Content-Type", "application/offset+octet-stream")
            .body(bytes.to_vec())
    }

    pub async fn offset(&self, tablet: &Tablet, location: &str) -> Option<u64> {
        let response = self
            .request(Method::HEAD, location)
            .bearer_auth(&tablet.token)
            .header("Tus-Resumable", "1.0.0")
            .send()
            .await
            .unwrap();
        (response.status() == StatusCode::OK).then(|| {
            response.headers()["upload-offset"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap()
        })
    }

    /// Uploads a packet to a server that may go away at any time.
    pub async fn try_upload(
        &self,
        tablet: &mut Tablet,
        packet: &Packet,
    ) -> reqwest::Result<String> {
        let device = tablet.key.vkey().name().to_owned();
        let ask = self
            .request(Method::POST, "/api/v1/auth/challenge")
            .json(&ChallengeRequest {
                device: device.clone(),
            });
        let challenge: Challenge = ask.send().await?.json().await?;
        let prove = self
            .request(Method::POST, "/api/v1/auth/token")
            .json(&token_request(&tablet.key, &device, &challenge.nonce));
        tablet.token = prove.send().await?.json::<Token>().await?.token;
        let metadata = format!(
            "packet {},seal-sha256 {}",
            STANDARD.encode(&packet.id),
            STANDARD.encode(packet.digest.to_string())
        );
        let create = self
            .request(Method::POST, "/api/v1/uploads")
            .bearer_auth(&tablet.token)
            .header("Tus-Resumable", "1.0.0");
        let created = create
            .header("Upload-Length", packet.zip.len())
            .header("Upload-Metadata", metadata)
            .send()
            .await?
            .error_for_status()?;
        let location = created.headers()["location"].to_str().unwrap().to_owned();
        self.patch(tablet, &location, 0, &packet.zip)
            .send()
            .await?
            .error_for_status()?;
        Ok(location)
    }

    /// Uploads a packet in two pieces.
    pub async fn upload(&self, tablet: &Tablet, packet: &Packet) {
        let location = self.create(tablet, packet).await;
        let from = self.offset(tablet, &location).await.unwrap();
        let rest = &packet.zip[from as usize..];
        let (first, second) = rest.split_at(rest.len() / 2);
        for (offset, bytes) in [(from, first), (from + first.len() as u64, second)] {
            if !bytes.is_empty() {
                let response = self
                    .patch(tablet, &location, offset, bytes)
                    .send()
                    .await
                    .unwrap();
                assert_eq!(
                    response.status(),
                    StatusCode::NO_CONTENT,
                    "{}",
                    response.text().await.unwrap()
                );
            }
        }
    }

    pub async fn status(&self, tablet: &Tablet, packet: &Packet) -> PacketStatus {
        let request = StatusRequest {
            packets: vec![PacketRef {
                id: packet.id.clone(),
                seal_sha256: packet.digest.to_string(),
            }],
        };
        let response = self
            .request(Method::POST, "/api/v1/packets/status")
            .bearer_auth(&tablet.token)
            .json(&request)
            .send()
            .await
            .unwrap();
        let mut response: StatusResponse = answer(response).await.unwrap();
        response.packets.remove(0)
    }

    /// Asks until the packet is logged or in quarantine.
    pub async fn settled(&self, tablet: &Tablet, packet: &Packet) -> PacketStatus {
        for _ in 0..2000 {
            let status = self.status(tablet, packet).await;
            if matches!(status.state, ServerState::Logged | ServerState::Quarantined) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the packet was neither logged nor put aside");
    }

    pub async fn delivered(&self, tablet: &Tablet, packet: &Packet) -> PacketStatus {
        self.upload(tablet, packet).await;
        self.settled(tablet, packet).await
    }

    pub async fn sign_in(&self, role: &str) -> Console<'_> {
        let account = format!("{role}-1");
        let new = NewAccount {
            account: account.clone(),
            name: "王法制".into(),
            role: role.into(),
            password: "correct horse battery".into(),
        };
        self.admin().add_account(&new).unwrap();
        let body = json!({"account": account, "password": "correct horse battery"});
        let response = self
            .request(Method::POST, "/api/v1/session")
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let session: Session = response.json().await.unwrap();
        Console {
            site: self,
            cookie,
            csrf: session.csrf,
        }
    }
}

/// Somebody signed in.
pub struct Console<'a> {
    pub site: &'a Site,
    pub cookie: String,
    pub csrf: String,
}

impl Console<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.site
            .request(method, path)
            .header("cookie", &self.cookie)
            .header("x-fieldseal-csrf", &self.csrf)
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn list(&self, query: &str) -> PacketPage {
        self.get(&format!("/api/v1/review/packets?{query}"))
            .await
            .unwrap()
    }

    pub async fn detail(&self, id: &str) -> PacketDetail {
        self.get(&format!("/api/v1/review/packets/{id}"))
            .await
            .unwrap()
    }

    /// When pictures have been made of so many items. They are made beside the intake.
    pub async fn with_pictures(&self, id: &str, items: usize) -> PacketDetail {
        for _ in 0..3000 {
            let detail = self.detail(id).await;
            if detail
                .items
                .iter()
                .filter(|item| item.width.is_some())
                .count()
                >= items
            {
                return detail;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the pictures are not made");
    }

    pub async fn decide(
        &self,
        id: &str,
        request: &DecisionRequest,
    ) -> Result<fieldseal_wire::console::DecisionView, Problem> {
        answer(
            self.request(
                Method::POST,
                &format!("/api/v1/review/packets/{id}/decision"),
            )
            .json(request)
            .send()
            .await
            .unwrap(),
        )
        .await
    }
}

pub async fn answer<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    if response.status().is_success() {
        Ok(response.json().await.unwrap())
    } else {
        Err(problem(response).await)
    }
}

pub async fn problem(response: Response) -> Problem {
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let status = response.status().as_u16();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.status, status);
    problem
}

pub fn code_of<T>(result: Result<T, Problem>) -> ProblemCode {
    match result {
        Ok(_) => panic!("this should have been a problem"),
        Err(problem) => problem.code,
    }
}

pub fn key(name: &str) -> Ed25519Signer {
    Ed25519Signer::from_seed(
        name,
        &fieldseal_server::ambient::Ambient::default()
            .bytes()
            .unwrap(),
    )
    .unwrap()
}

pub fn enrol_request(code: &str, key: &Ed25519Signer) -> EnrolRequest {
    let normal: String = code.chars().filter(|c| *c != '-').collect();
    let vkey = key.vkey().to_string();
    let text = format!(
        "{ENROL_CONTEXT}\n{ORIGIN}\n{}\n{vkey}\n",
        Sha256Digest::of(normal.as_bytes())
    );
    EnrolRequest {
        code: code.to_owned(),
        proof: STANDARD.encode(key.sign(text.as_bytes()).unwrap()),
        vkey,
        device_claim: Some("test".into()),
    }
}

pub fn token_request(key: &Ed25519Signer, device: &str, nonce: &str) -> TokenRequest {
    let text = format!("{AUTH_CONTEXT}\n{ORIGIN}\n{device}\n{nonce}\n");
    TokenRequest {
        device: device.into(),
        nonce: nonce.into(),
        signature: STANDARD.encode(key.sign(text.as_bytes()).unwrap()),
    }
}

/// What a tablet has in its vault.
pub struct Tablet {
    pub key: Arc<Ed25519Signer>,
    pub token: String,
    pub officers: Vec<(Ed25519Signer, String, String)>,
    pub entry: Vec<u8>,
    pub sealed: u64,
    pub captured: u64,
    pub link: Sha256Digest,
    pub last_seal: Vec<u8>,
}

/// A sealed packet.
pub struct Packet {
    pub id: String,
    pub zip: Vec<u8>,
    pub seal: Vec<u8>,
    pub digest: Sha256Digest,
}

pub fn jpeg(shade: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(640, 480, |x, y| {
        image::Rgb([shade, (x / 4) as u8, (y / 4) as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, image::ImageFormat::Jpeg)
        .unwrap();
    bytes.into_inner()
}

impl Tablet {
    /// Seals two photos.
    pub fn seal(&mut self) -> Packet {
        let shade = self.sealed as u8 * 10;
        self.seal_items(&[jpeg(shade), jpeg(shade + 5)], |_| {})
    }

    /// Seals these items, after a last change to the files that the seal does not know of.
    pub fn seal_items(
        &mut self,
        items: &[Vec<u8>],
        spoil: impl FnOnce(&mut Vec<(String, Vec<u8>)>),
    ) -> Packet {
        self.sealed += 1;
        let now = Timestamp::from_millis(SystemClock.now());
        let id = PacketId::from_parts(
            now,
            &fieldseal_server::ambient::Ambient::default()
                .bytes()
                .unwrap(),
        );
        let mut payload: Vec<(String, Vec<u8>)> = Vec::new();
        let (mut head, mut log, mut described) = (Head::START, Vec::new(), Vec::new());
        let meta = Meta {
            at: now,
            boot_id: Some("boot".into()),
            boot_ms: Some(1),
            actor: self
                .officers
                .first()
                .map(|officer| officer.0.vkey().name().to_owned()),
        };
        log.extend(
            head.append(
                &meta,
                &Event::Opened {
                    packet: id,
                    kind: "billboard".into(),
                    supplements: None,
                },
            )
            .unwrap(),
        );
        let first = self.captured + 1;
        for (index, bytes) in items.iter().enumerate() {
            self.captured += 1;
            let sniffed = fieldseal_packet::sniff(bytes);
            let captured = Captured {
                capture_seq: self.captured,
                capture_prev: self.link,
                sha256: Sha256Digest::of(bytes),
                size: bytes.len() as u64,
                media_type: sniffed.media_type.into(),
                shot: Some("panorama".into()),
                context: context(now),
            };
            self.link = captured.link();
            let path = fieldseal_packet::record::item_path(index + 1, sniffed.extension);
            described.push(json!({"path": path, "sha256": captured.sha256, "size": captured.size, "media_type": captured.media_type,
                "capture_seq": captured.capture_seq, "shot": "panorama", "captured_at": now}));
            log.extend(
                head.append(&meta, &Event::Captured(Box::new(captured)))
                    .unwrap(),
            );
            payload.push((path, bytes.clone()));
        }
        let party = Event::Party {
            presence: "refused".into(),
            note: None,
        };
        log.extend(head.append(&meta, &party).unwrap());
        let captures = if first == self.captured {
            first.to_string()
        } else {
            format!("{first}-{}", self.captured)
        };
        log.extend(
            head.append(
                &meta,
                &Event::Closed {
                    items: items.len() as u64,
                    captures,
                },
            )
            .unwrap(),
        );
        let officers: Vec<_> = self
            .officers
            .iter()
            .zip(["lead", "second"])
            .map(|((key, name, badge), role)| json!({"key": key.vkey().name(), "role": role, "name": name, "badge": badge}))
            .collect();
        let record = json!({"schema": "record/1", "packet": id, "kind": "billboard", "device": self.key.vkey().name(), "officers": officers,
            "where": {"address": "示例路1号", "point": "P-7"}, "when": {"zone": "Asia/Shanghai"}, "party": {"presence": "refused"},
            "facts": {"width_m": 3.5}, "items": described});
        let form = json!({"schema": "form/1", "kind": "billboard", "version": "1", "name": {"zh": "户外广告", "en": "Billboard"},
            "short_name": {"zh": "广告", "en": "Billboard"},
            "fields": [{"id": "width_m", "type": "decimal", "label": {"zh": "宽", "en": "Width"}, "unit": {"zh": "米", "en": "m"}, "expected": true}],
            "shots": [{"id": "panorama", "label": {"zh": "全景", "en": "Panorama"}, "expected": true}]});
        payload.push((
            "data/record.json".into(),
            serde_json::to_vec(&record).unwrap(),
        ));
        payload.push(("data/form.json".into(), serde_json::to_vec(&form).unwrap()));
        payload.push(("data/custody.log".into(), log));
        self.wrap(id, now, payload, Ranges::of(first..=self.captured), spoil)
    }

    fn wrap(
        &mut self,
        id: PacketId,
        now: Timestamp,
        payload: Vec<(String, Vec<u8>)>,
        captures: Ranges,
        spoil: impl FnOnce(&mut Vec<(String, Vec<u8>)>),
    ) -> Packet {
        let listed: Vec<_> = payload
            .iter()
            .map(|(path, bytes)| PayloadFile {
                path: path.clone(),
                size: bytes.len() as u64,
                sha256: Sha256Digest::of(bytes),
            })
            .collect();
        let tags = vec![
            (
                "seal/keys/device.vkey".to_owned(),
                format!("{}\n", self.key.vkey()).into_bytes(),
            ),
            ("seal/keys/device.entry".to_owned(), self.entry.clone()),
        ];
        let made = bag::assemble(&BagInput {
            id: &id.to_string(),
            profile: PROFILE,
            at: now,
            payload: &listed,
            tags: &tags,
        });
        let previous = if self.sealed == 1 {
            &self.entry
        } else {
            &self.last_seal
        };
        let body = SealBody {
            origin: ORIGIN.into(),
            packet: id,
            tagmanifest_sha256: made.tagmanifest_sha256,
            tagmanifest_sm3: None,
            closed_at: now,
            captures,
            device_seq: self.sealed,
            device_prev: Sha256Digest::of(previous),
            seen_checkpoint: None,
            seen_tsr: Vec::new(),
        };
        let mut signers: Vec<&dyn Signer> = vec![&*self.key];
        signers.extend(
            self.officers
                .iter()
                .map(|officer| &officer.0 as &dyn Signer),
        );
        let seal = Note::sign(&body.text(), &signers).unwrap().to_bytes();
        let mut files: Vec<_> = payload.into_iter().chain(tags).chain(made.files).collect();
        files.push((bag::SEAL.to_owned(), seal.clone()));
        spoil(&mut files);
        files.sort_by(|a, b| bag::order_key(&a.0).cmp(&bag::order_key(&b.0)));
        self.last_seal.clone_from(&seal);
        Packet {
            id: id.to_string(),
            zip: zip(&bag::packet_folder(&id), &files),
            digest: Sha256Digest::of(&seal),
            seal,
        }
    }
}

pub fn zip(folder: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<_> = files
        .iter()
        .map(|(path, bytes)| LayoutEntry {
            path: format!("{folder}/{path}"),
            size: bytes.len() as u64,
            crc32: crc32fast::hash(bytes),
        })
        .collect();
    let layout = Layout::new(&entries).unwrap();
    let mut out = Vec::new();
    let mut reader = layout.reader(0, |index, offset| {
        Ok(Box::new(&files[index].1[offset as usize..]))
    });
    std::io::Read::read_to_end(&mut reader, &mut out).unwrap();
    out
}

fn context(at: Timestamp) -> CaptureContext {
    CaptureContext {
        captured_at: at,
        zone: "Asia/Shanghai".into(),
        boot_id: "boot".into(),
        boot_ms: 1,
        server_offset_ms: None,
        server_seen_at: None,
        fix: None,
        no_fix_reason: Some("denied".into()),
        heading_deg: None,
        source: "camera".into(),
        original_name: None,
        software: "test".into(),
        device_model: None,
    }
}
