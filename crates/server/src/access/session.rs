//! Console sessions: an opaque cookie (HttpOnly, SameSite=Strict), kept as a digest, and a second secret that every changing request sends in a header.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use fieldseal_wire::ProblemCode;
use sha2::{Digest as _, Sha256};

use crate::app::Shared;
use crate::problem::Failure;
use crate::store::accounts::{self, SessionRow};

/// The cookie's name.
pub const COOKIE: &str = "fieldseal_session";
/// Header that carries the second secret.
pub const CSRF_HEADER: &str = "x-fieldseal-csrf";

/// Somebody signed in at the console.
#[derive(Clone)]
pub struct SignedIn {
    /// The session.
    pub row: SessionRow,
    /// Digest of its cookie.
    pub token_sha256: [u8; 32],
}

impl SignedIn {
    /// Refuses all but these roles.
    pub fn require(&self, roles: &[&str]) -> Result<(), Failure> {
        if roles.contains(&self.row.role.as_str()) {
            Ok(())
        } else {
            Err(Failure::new(ProblemCode::Forbidden))
        }
    }

    /// How custody and audit name this account.
    pub fn actor(&self) -> String {
        format!("account/{}", self.row.account)
    }
}

/// The cookie's value, if the request has one.
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == COOKIE).then(|| value.to_owned())
        })
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Failure> {
        let token = cookie(&parts.headers).ok_or(Failure::new(ProblemCode::Unauthenticated))?;
        let token_sha256: [u8; 32] = Sha256::digest(&token).into();
        let now = app.config.ambient.now();
        let lifetime = app.session_lifetime_ms();
        let row = app
            .db
            .read(move |c| accounts::session(c, &token_sha256, now))
            .await?
            .ok_or(Failure::new(ProblemCode::Unauthenticated))?;
        if parts.method != Method::GET && parts.method != Method::HEAD {
            let sent = parts
                .headers
                .get(CSRF_HEADER)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            if !same(sent.as_bytes(), row.csrf.as_bytes()) {
                return Err(Failure::new(ProblemCode::Forbidden)
                    .detail("X-Fieldseal-Csrf is missing or is not this session's"));
            }
        }
        // Used sessions live on; written at most once in an eighth of their life.
        if row.expires_at - now < lifetime * 7 / 8 {
            app.db
                .write(move |tx| accounts::prolong(tx, &token_sha256, now + lifetime))
                .await?;
        }
        Ok(Self { row, token_sha256 })
    }
}

/// Compares without telling by time where they differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    Sha256::digest(a) == Sha256::digest(b)
}
