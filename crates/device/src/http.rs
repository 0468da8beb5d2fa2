//! The one place that speaks HTTP to the server. It believes nothing: sizes are limited, answers parsed strictly enough to
//! be used, and what a key must confirm is confirmed by the callers against the pinned keys.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::note::{Ed25519Signer, Signer as _};
use fieldseal_wire::device::{
    AUTH_CONTEXT, Challenge, ChallengeRequest, EnrolLookup, EnrolRequest, EnrolSubject, Enrolled,
    HeartbeatAnswer, HeartbeatRequest, Retirement, SeenCheckpoint, StatusRequest, StatusResponse,
    Token, TokenRequest,
};
use fieldseal_wire::{Problem as WireProblem, ProblemCode};
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::enrol_code::is_loopback;
use crate::problem::{Code, Problem};

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
}

impl From<HttpError> for Problem {
    fn from(error: HttpError) -> Self {
        let code = match &error {
            HttpError::Unreachable(_) => Code::Offline,
            HttpError::Malformed => Code::ServerAnswer,
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
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
}

/// The program's HTTP clients, with the TLS provider they were built for. The system's proxy is for servers elsewhere: one
/// on this machine can't be reached through it.
#[derive(Debug, Clone)]
pub struct Web {
    direct: reqwest::Client,
    elsewhere: reqwest::Client,
}

impl Web {
    /// Both clients.
    pub fn new(patience: Patience) -> Result<Self, Problem> {
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
        let response = request.send().await.map_err(HttpError::Unreachable)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let retry_after_s = header_number(&response, header::RETRY_AFTER.as_str());
        let body = body(response).await?;
        let problem: Option<WireProblem> = serde_json::from_slice(&body).ok();
        Err(HttpError::Refused {
            status,
            code: problem.map(|problem| problem.code),
            retry_after_s,
        })
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
        let answer = body(self.send(request).await?).await?;
        serde_json::from_slice(&answer).map_err(|_| HttpError::Malformed)
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
    pub async fn token(&self, origin: &str, device: &Ed25519Signer) -> Result<Token, HttpError> {
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
    pub async fn heartbeat(&self, note: &str, token: &str) -> Result<HeartbeatAnswer, HttpError> {
        let ask = HeartbeatRequest {
            note: note.to_owned(),
        };
        self.post("/api/v1/heartbeat", &ask, Some(token)).await
    }

    /// The tablet's wish to be retired, with its last heartbeat.
    pub async fn retire(&self, note: &str, token: &str) -> Result<Retirement, HttpError> {
        let ask = HeartbeatRequest {
            note: note.to_owned(),
        };
        self.post("/api/v1/retire", &ask, Some(token)).await
    }

    /// The newest checkpoint.
    pub async fn checkpoint(&self) -> Result<SeenCheckpoint, HttpError> {
        let answer = body(
            self.send(self.http.get(self.url("/api/v1/checkpoint")))
                .await?,
        )
        .await?;
        serde_json::from_slice(&answer).map_err(|_| HttpError::Malformed)
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
            _ => Err(HttpError::Malformed),
        }
    }

    /// tus offset.
    pub async fn offset(&self, upload: &str, token: &str) -> Result<u64, HttpError> {
        let response = self.send(self.tus(Method::HEAD, upload, token)).await?;
        header_number(&response, "upload-offset").ok_or(HttpError::Malformed)
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
        if response.status() != StatusCode::NO_CONTENT {
            return Err(HttpError::Malformed);
        }
        header_number(&response, "upload-offset").ok_or(HttpError::Malformed)
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
