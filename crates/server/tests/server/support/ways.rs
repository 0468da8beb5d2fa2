//! What a tablet asks of a server: enrolment, a token, uploads, how a packet is doing.

use std::sync::Arc;
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::Sha256Digest;
use fieldseal_server::admin::{NewDevice, NewPerson};
use fieldseal_server::ambient::Ambient;
use fieldseal_tlog::note::{Algorithm, Ed25519Signer, Signer, signer_of};
use fieldseal_wire::Problem;
use fieldseal_wire::device::*;
use reqwest::{Method, RequestBuilder, Response, StatusCode};

use super::{HOUR, ORIGIN, Packet, Site, Tablet, answer};

impl Site {
    /// A tablet with its device key and two officers enrolled, and a token in hand.
    pub async fn tablet(&self) -> Tablet {
        self.tablet_of(Algorithm::Ed25519).await
    }

    /// The same, with keys of this kind.
    pub async fn tablet_of(&self, kind: Algorithm) -> Tablet {
        let mut tablet = self.device_of(kind).await;
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
            let officer = self
                .enrol_by(&code.code, Some(&tablet.token), |name| key_of(kind, name))
                .await
                .unwrap();
            tablet
                .officers
                .push((officer.0, name.to_owned(), badge.to_owned()));
        }
        tablet
    }

    /// A tablet without officers.
    pub async fn device(&self) -> Tablet {
        self.device_of(Algorithm::Ed25519).await
    }

    /// The same, with a key of this kind.
    pub async fn device_of(&self, kind: Algorithm) -> Tablet {
        let code = self
            .admin()
            .device_code(&NewDevice::default(), HOUR)
            .unwrap();
        let (key, enrolled) = self
            .enrol_by(&code.code, None, |name| key_of(kind, name))
            .await
            .unwrap();
        let mut tablet = Tablet {
            key: Arc::from(key),
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
    ) -> Result<(Box<dyn Signer>, Enrolled), Problem> {
        self.enrol_by(code, token, |name| key_of(Algorithm::Ed25519, name))
            .await
    }

    /// The same, with a key that is made here.
    pub async fn enrol_by(
        &self,
        code: &str,
        token: Option<&str>,
        make: impl FnOnce(&str) -> Box<dyn Signer>,
    ) -> Result<(Box<dyn Signer>, Enrolled), Problem> {
        let subject: EnrolSubject = self
            .post("/api/v1/enrol/lookup", &EnrolLookup { code: code.into() })
            .await?;
        let kind = if subject.kind == EnrolKind::Device {
            "device"
        } else {
            "officer"
        };
        let key = make(&format!("{}/{kind}/{}", subject.origin, subject.id));
        let request = enrol_request(code, &*key);
        let mut builder = self.request(Method::POST, "/api/v1/enrol").json(&request);
        if let Some(token) = token {
            builder = builder.bearer_auth(token);
        }
        Ok((key, answer(builder.send().await.unwrap()).await?))
    }

    pub async fn token(&self, key: &dyn Signer) -> Result<Token, Problem> {
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
}

pub fn key(name: &str) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, &Ambient::default().bytes().unwrap()).unwrap()
}

pub fn key_of(kind: Algorithm, name: &str) -> Box<dyn Signer> {
    signer_of(kind, name, &Ambient::default().bytes().unwrap()).unwrap()
}

pub fn enrol_request(code: &str, key: &dyn Signer) -> EnrolRequest {
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
        attestation: Vec::new(),
    }
}

pub fn token_request(key: &dyn Signer, device: &str, nonce: &str) -> TokenRequest {
    let text = format!("{AUTH_CONTEXT}\n{ORIGIN}\n{device}\n{nonce}\n");
    TokenRequest {
        device: device.into(),
        nonce: nonce.into(),
        signature: STANDARD.encode(key.sign(text.as_bytes()).unwrap()),
    }
}
