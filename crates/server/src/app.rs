//! What every request handler is given.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use fieldseal_wire::ProblemCode;

use crate::access::brake::Brake;
use crate::access::device::DeviceTokens;
use crate::access::pace::Pace;
use crate::blobs::FileBlobs;
use crate::config::{Config, Layout};
use crate::export::stock::Stock;
use crate::intake::Intake;
use crate::log::Sequencer;
use crate::problem::Failure;
use crate::review::preview::Previews;
use crate::signing::ServerKeys;
use crate::store::Db;
use crate::upload::Uploads;

/// The running server's parts.
pub struct App {
    /// Settings.
    pub config: Config,
    /// Where things lie.
    pub layout: Layout,
    /// The database.
    pub db: Db,
    /// `<origin>`.
    pub origin: String,
    /// The server's keys.
    pub keys: ServerKeys,
    /// The trust file.
    pub trust: String,
    /// The administrator's public recovery key.
    pub recovery_public: String,
    /// The log's writer.
    pub sequencer: Sequencer,
    /// Packet zips.
    pub blobs: Arc<FileBlobs>,
    /// Challenges and device tokens.
    pub tokens: DeviceTokens,
    /// All requests.
    pub pace: Pace,
    /// Wrong enrolment codes.
    pub code_brake: Brake,
    /// Wrong passwords.
    pub password_brake: Brake,
    /// Uploads under way.
    pub uploads: Uploads,
    /// Admission.
    pub intake: Intake,
    /// Re-encoded pictures.
    pub previews: Previews,
    /// How many pictures that somebody waits for are decoded at the same time.
    pub preview_turns: tokio::sync::Semaphore,
    /// The packet whose pictures are made beforehand: a packet full of pictures that take their time keeps no reviewer from looking.
    pub prepare_turns: tokio::sync::Semaphore,
    /// Bulk exports: one at a time, whoever asks.
    pub bulk_turns: Arc<tokio::sync::Semaphore>,
    /// What `/metrics` counts.
    pub counters: Counters,
    /// How stamping is.
    pub stamping: crate::stamping::Watch,
    /// How witnesses answer.
    pub witnessing: crate::witnesses::Watch,
}

/// Plain counters since the start.
#[derive(Default)]
pub struct Counters {
    /// Requests answered.
    pub requests: AtomicU64,
    /// Answers of 500 and above.
    pub failures: AtomicU64,
    /// Bytes of uploads taken.
    pub upload_bytes: AtomicU64,
    /// Packets admitted.
    pub admitted: AtomicU64,
    /// Uploads put into quarantine.
    pub quarantined: AtomicU64,
    /// Previews made.
    pub previews: AtomicU64,
    /// Bytes read of packets for looks after the first.
    pub look_bytes: AtomicU64,
}

/// As handlers hold it.
pub type Shared = Arc<App>;

impl App {
    /// What exports are made of.
    pub fn stock(&self) -> Stock<'_> {
        Stock {
            db: &self.db,
            keys: &self.keys,
            origin: &self.origin,
            trust: &self.trust,
            witnesses: self.config.witnessing.enough(),
            blobs: &self.blobs,
            previews: &self.previews,
            fonts: &self.config.report_fonts,
            sidecars: self.config.sidecars.as_deref(),
        }
    }

    /// A session's life without use.
    pub fn session_lifetime_ms(&self) -> i64 {
        millis(self.config.limits.session_lifetime)
    }
}

/// A duration in milliseconds.
pub fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

/// A tablet that sent a good token.
pub struct Device(pub String);

impl FromRequestParts<Shared> for Device {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme.eq_ignore_ascii_case("bearer").then_some(token)
            });
        let device = token
            .and_then(|token| app.tokens.device_of(token.trim(), app.config.ambient.now()))
            .ok_or(Failure::new(ProblemCode::Unauthenticated))?;
        // A revocation takes effect at once, not when the token ends.
        let name = device.clone();
        let accepted = app
            .db
            .read(move |c| crate::access::device::accepted_key(c, &name))
            .await?
            .is_some();
        if accepted {
            Ok(Self(device))
        } else {
            Err(Failure::new(ProblemCode::KeyNotAccepted))
        }
    }
}

/// Where a request comes from: the peer, or what the proxy in front says.
pub struct Caller(pub IpAddr);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip());
        if app.config.behind_proxy {
            // The last entry is the one that our own proxy added.
            let forwarded = parts
                .headers
                .get_all("x-forwarded-for")
                .iter()
                .next_back()
                .and_then(|value| value.to_str().ok());
            if let Some(address) = forwarded
                .and_then(|list| list.rsplit(',').next())
                .and_then(|last| last.trim().parse().ok())
            {
                return Ok(Self(address));
            }
        }
        Ok(Self(peer))
    }
}
