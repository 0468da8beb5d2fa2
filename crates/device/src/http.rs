//! The one place that speaks HTTP to the server. It believes nothing: sizes are limited, answers parsed strictly enough to
//! be used, and what a key must confirm is confirmed by the callers against the pinned keys.
//!
//! An answer that is not of the form described may come from somebody else: a network that wants a sign-in answers every
//! request with a page or sends it elsewhere. So such an answer is followed by a probe, `/healthz` with a number used once
//! that our server gives back. Only who gives it back is believed to have answered.

mod registers;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_packet::consistency::Consistency;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::note::Signer;
use fieldseal_wire::device::{
    AUTH_CONTEXT, Challenge, ChallengeRequest, EnrolLookup, EnrolRequest, EnrolSubject, Enrolled,
    HeartbeatAnswer, HeartbeatRequest, PROBE_HEADER, Retirement, RotateRequest, RotatedKey,
    SeenCheckpoint, StatusRequest, StatusResponse, Token, TokenRequest,
};
use fieldseal_wire::forms::FormList;
use fieldseal_wire::{Problem as WireProblem, ProblemCode};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::enrol_code::is_loopback;
use crate::platform::Platform;
use crate::problem::{Code, Problem};

pub use registers::{Lines, RegisterAnswer};

/// Largest answer that is read, bytes: 200 packets' receipts and proofs fit.
const MAX_ANSWER: usize = 16 << 20;

/// How long the network may take; a test has less time.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For a whole exchange; a chunk on a weak link needs its time.
    pub answer: Duration,
    /// For a probe: it says something only while the odd answer is fresh.
    pub probe: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(120),
            probe: Duration::from_secs(10),
        }
    }
}

/// Why an exchange gave nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// No connection, cut off, or no answer in time.
    #[error("the server can't be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The server answered with a problem.
    #[error("the server answered {status}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Its code, where the body is a problem.
        code: Option<ProblemCode>,
        /// Retry-After, seconds.
        retry_after_s: Option<u64>,
    },
    /// The answer is not of the form described.
    #[error("the server's answer is not of the form described")]
    Malformed,
    /// Somebody else answered in the server's place: the network wants a sign-in first.
    #[error("the network answered in the server's place")]
    CaptivePortal,
    /// Whoever is there has no certificate that is accepted for the server.
    #[error("the server's certificate is not accepted")]
    Certificate(#[source] reqwest::Error),
}

impl From<HttpError> for Problem {
    fn from(error: HttpError) -> Self {
        let code = match &error {
            HttpError::Unreachable(_) => Code::Offline,
            HttpError::Malformed => Code::ServerAnswer,
            HttpError::CaptivePortal => Code::CaptivePortal,
            HttpError::Certificate(_) => Code::Certificate,
            HttpError::Refused {
                code: Some(ProblemCode::CodeInvalid),
                ..
            } => Code::CodeInvalid,
            HttpError::Refused {
                code: Some(ProblemCode::KeyNotAccepted),
                ..
            } => Code::KeyNotAccepted,
            HttpError::Refused {
                code: Some(ProblemCode::Conflict),
                ..
            } => Code::NotAllSafe,
            HttpError::Refused {
                status: 429 | 500..=599,
                ..
            } => Code::ServerBusy,
            HttpError::Refused { .. } => Code::ServerRefused,
        };
        Problem::because(code, error)
    }
}

/// A client of one server.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    platform: Arc<dyn Platform>,
    probe_within: Duration,
}

/// The program's HTTP clients, with the TLS provider they were built for. The system's proxy is for servers elsewhere: one
/// on this machine can't be reached through it.
#[derive(Clone)]
pub struct Web {
    direct: reqwest::Client,
    elsewhere: reqwest::Client,
    platform: Arc<dyn Platform>,
    probe_within: Duration,
}

impl Web {
    /// Both clients; the platform gives the numbers used once.
    pub fn new(platform: Arc<dyn Platform>, patience: Patience) -> Result<Self, Problem> {
        // Fails only when one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(patience.connect)
                .timeout(patience.answer)
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(crate::SOFTWARE)
        };
        let built = |builder: reqwest::ClientBuilder| {
            builder
                .build()
                .map_err(|error| Problem::because(Code::Internal, error))
        };
        Ok(Self {
            direct: built(builder().no_proxy())?,
            elsewhere: built(builder())?,
            platform,
            probe_within: patience.probe,
        })
    }

    /// A client of the server at `base`.
    pub fn server(&self, base: &str) -> Client {
        let http = if is_loopback(base) {
            &self.direct
        } else {
            &self.elsewhere
        };
        Client {
            http: http.clone(),
            base: base.trim_end_matches('/').to_owned(),
            platform: self.platform.clone(),
            probe_within: self.probe_within,
        }
    }
}

impl Client {
    fn url(&self, path: &str) -> String {
        if path.starts_with('/') {
            format!("{}{path}", self.base)
        } else {
            path.to_owned()
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, HttpError> {
        self.checked(request.send().await.map_err(not_connected)?)
            .await
    }

    /// An answer, if it is one and of our server.
    async fn checked(&self, response: Response) -> Result<Response, HttpError> {
        let status = response.status();
        let kind = response.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if status.is_success() {
            return if kind.starts_with("text/html") {
                Err(self.who_answered().await)
            } else {
                Ok(response)
            };
        }
        let ours = kind.starts_with("application/problem+json");
        let elsewhere = status.is_redirection() || status.as_u16() == 511;
        // What a proxy in front of our server says with pages of its own.
        let of_a_proxy = matches!(status.as_u16(), 413 | 429 | 500..=510);
        if elsewhere || (!ours && !of_a_proxy && !self.is_there().await) {
            return Err(match elsewhere {
                true => self.who_answered().await,
                false => HttpError::CaptivePortal,
            });
        }
        let retry_after_s = header_number(&response, header::RETRY_AFTER.as_str());
        let body = body(response).await?;
        let problem: Option<WireProblem> = serde_json::from_slice(&body).ok();
        Err(HttpError::Refused {
            status: status.as_u16(),
            code: problem.map(|problem| problem.code),
            retry_after_s,
        })
    }

    /// After an answer that makes no sense: ours, and then it is our server's fault, or somebody else's.
    async fn who_answered(&self) -> HttpError {
        if self.is_there().await {
            HttpError::Malformed
        } else {
            HttpError::CaptivePortal
        }
    }

    /// Whether our server itself answers at this address.
    async fn is_there(&self) -> bool {
        let mut nonce = [0; 16];
        if self.platform.random(&mut nonce).is_err() {
            return false;
        }
        let nonce = hex::encode(nonce);
        let probe = self
            .http
            .get(self.url("/healthz"))
            .header(PROBE_HEADER, &nonce)
            .timeout(self.probe_within);
        let Ok(response) = probe.send().await else {
            return false;
        };
        let back = response.headers().get(PROBE_HEADER);
        response.status().is_success()
            && back.is_some_and(|back| back.as_bytes() == nonce.as_bytes())
    }

    async fn json<B: DeserializeOwned>(&self, request: RequestBuilder) -> Result<B, HttpError> {
        let answer = body(self.send(request).await?).await?;
        match serde_json::from_slice(&answer) {
            Ok(read) => Ok(read),
            Err(_) => Err(self.who_answered().await),
        }
    }

    async fn post<A: Serialize, B: DeserializeOwned>(
        &self,
        path: &str,
        ask: &A,
        token: Option<&str>,
    ) -> Result<B, HttpError> {
        let mut request = self.http.post(self.url(path)).json(ask);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        self.json(request).await
    }

    /// The trust file's bytes.
    pub async fn trust(&self) -> Result<Vec<u8>, HttpError> {
        body(self.send(self.http.get(self.url("/trust"))).await?).await
    }

    /// Whom a code is for.
    pub async fn lookup(&self, code: &str) -> Result<EnrolSubject, HttpError> {
        self.post(
            "/api/v1/enrol/lookup",
            &EnrolLookup {
                code: code.to_owned(),
            },
            None,
        )
        .await
    }

    /// Binds a key.
    pub async fn enrol(
        &self,
        request: &EnrolRequest,
        token: Option<&str>,
    ) -> Result<Enrolled, HttpError> {
        self.post("/api/v1/enrol", request, token).await
    }

    /// Challenge and answer: a token for the device.
    pub async fn token(&self, origin: &str, device: &dyn Signer) -> Result<Token, HttpError> {
        let name = device.vkey().name().to_owned();
        let ask = ChallengeRequest {
            device: name.clone(),
        };
        let challenge: Challenge = self.post("/api/v1/auth/challenge", &ask, None).await?;
        let text = format!("{AUTH_CONTEXT}\n{origin}\n{name}\n{}\n", challenge.nonce);
        let signature = device
            .sign(text.as_bytes())
            .map_err(|_| HttpError::Malformed)?;
        let answer = TokenRequest {
            device: name,
            nonce: challenge.nonce,
            signature: STANDARD.encode(signature),
        };
        self.post("/api/v1/auth/token", &answer, None).await
    }

    /// Where packets are.
    pub async fn status(
        &self,
        request: &StatusRequest,
        token: &str,
    ) -> Result<StatusResponse, HttpError> {
        self.post("/api/v1/packets/status", request, Some(token))
            .await
    }

    /// A sign of life.
    pub async fn heartbeat(
        &self,
        note: &str,
        done: Option<u64>,
        token: &str,
    ) -> Result<HeartbeatAnswer, HttpError> {
        let ask = HeartbeatRequest {
            note: note.to_owned(),
            done,
        };
        self.post("/api/v1/heartbeat", &ask, Some(token)).await
    }

    /// Lets a new key take over from another.
    pub async fn rotate(
        &self,
        request: &RotateRequest,
        token: &str,
    ) -> Result<RotatedKey, HttpError> {
        self.post("/api/v1/keys/rotate", request, Some(token)).await
    }

    /// Which forms there are.
    pub async fn forms(&self, token: &str) -> Result<FormList, HttpError> {
        let request = self.http.get(self.url("/api/v1/forms")).bearer_auth(token);
        self.json(request).await
    }

    /// A form's bytes, as they come.
    pub async fn form(&self, sha256: &str, token: &str) -> Result<Vec<u8>, HttpError> {
        let path = format!("/api/v1/forms/{sha256}");
        let request = self.http.get(self.url(&path)).bearer_auth(token);
        body(self.send(request).await?).await
    }

    /// The tablet's wish to be retired, with its last heartbeat.
    pub async fn retire(&self, note: &str, token: &str) -> Result<Retirement, HttpError> {
        let ask = HeartbeatRequest {
            note: note.to_owned(),
            done: None,
        };
        self.post("/api/v1/retire", &ask, Some(token)).await
    }

    /// The newest checkpoint.
    pub async fn checkpoint(&self) -> Result<SeenCheckpoint, HttpError> {
        self.json(self.http.get(self.url("/api/v1/checkpoint")))
            .await
    }

    /// The proof that the log of `new_size` leaves continues that of `old_size`.
    pub async fn consistency(
        &self,
        old_size: u64,
        new_size: u64,
    ) -> Result<Consistency, HttpError> {
        let path = format!("/log/consistency?from={old_size}&to={new_size}");
        let answer = body(self.send(self.http.get(self.url(&path))).await?).await?;
        match Consistency::parse(&answer) {
            Ok(proof) => Ok(proof),
            Err(_) => Err(self.who_answered().await),
        }
    }

    fn tus(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.http
            .request(method, self.url(path))
            .bearer_auth(token)
            .header("Tus-Resumable", "1.0.0")
    }

    /// tus creation: gives the upload's address on this server.
    pub async fn create(
        &self,
        packet: &str,
        seal: Sha256Digest,
        size: u64,
        token: &str,
    ) -> Result<String, HttpError> {
        let metadata = format!(
            "packet {},seal-sha256 {}",
            STANDARD.encode(packet),
            STANDARD.encode(seal.to_string())
        );
        let request = self
            .tus(Method::POST, "/api/v1/uploads", token)
            .header("Upload-Length", size)
            .header("Upload-Metadata", metadata)
            .header(header::CONTENT_LENGTH, 0);
        let response = self.send(request).await?;
        let location = response
            .headers()
            .get(header::LOCATION)
            .and_then(|value| value.to_str().ok());
        // A path of this server, or its full address: the token goes nowhere else.
        let path =
            location.and_then(|location| location.strip_prefix(&self.base).or(Some(location)));
        match path {
            Some(path) if path.starts_with('/') && !path.starts_with("//") && path.len() <= 512 => {
                Ok(path.to_owned())
            }
            _ => Err(self.who_answered().await),
        }
    }

    /// tus offset.
    pub async fn offset(&self, upload: &str, token: &str) -> Result<u64, HttpError> {
        let response = self.send(self.tus(Method::HEAD, upload, token)).await?;
        match header_number(&response, "upload-offset") {
            Some(offset) => Ok(offset),
            None => Err(self.who_answered().await),
        }
    }

    /// tus chunk, with its checksum.
    pub async fn patch(
        &self,
        upload: &str,
        offset: u64,
        chunk: Vec<u8>,
        token: &str,
    ) -> Result<u64, HttpError> {
        let checksum = format!("sha256 {}", STANDARD.encode(Sha256Digest::of(&chunk).0));
        let request = self
            .tus(Method::PATCH, upload, token)
            .header(header::CONTENT_TYPE, "application/offset+octet-stream")
            .header("Upload-Offset", offset)
            .header("Upload-Checksum", checksum)
            .body(chunk);
        let response = self.send(request).await?;
        match header_number(&response, "upload-offset") {
            Some(offset) if response.status() == StatusCode::NO_CONTENT => Ok(offset),
            _ => Err(self.who_answered().await),
        }
    }
}

/// No answer: was there nobody, or somebody with a certificate that is not accepted?
fn not_connected(error: reqwest::Error) -> HttpError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        if is_certificate(one) {
            return HttpError::Certificate(error);
        }
        cause = one.source();
    }
    HttpError::Unreachable(error)
}

/// An I/O error may hold another one that holds the verdict; its `source` leaves out what it holds.
fn is_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut one = error;
    loop {
        if let Some(rustls::Error::InvalidCertificate(_)) = one.downcast_ref::<rustls::Error>() {
            return true;
        }
        match one
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
        {
            Some(inner) => one = inner,
            None => return false,
        }
    }
}

fn header_number(response: &Response, name: &str) -> Option<u64> {
    response
        .headers()
        .get(name)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// At most [`MAX_ANSWER`] bytes.
async fn body(mut response: Response) -> Result<Vec<u8>, HttpError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(HttpError::Unreachable)? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(HttpError::Malformed);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// A server's time, if it is one.
pub fn server_time(text: &str) -> Option<Timestamp> {
    let strict = text.parse().ok();
    strict.or_else(|| {
        Some(Timestamp::from_millis(
            text.parse::<jiff::Timestamp>().ok()?.as_millisecond(),
        ))
    })
}
