//! What goes wrong, as RFC 9457 problems. Handlers answer `Result<_, Failure>`; a `Failure` keeps its cause for the log and never shows it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fieldseal_wire::{Problem, ProblemCode};

use crate::ambient::NoRandomness;
use crate::store::StoreError;

/// An answer that is not the one asked for.
#[derive(Debug)]
pub struct Failure {
    code: ProblemCode,
    status: StatusCode,
    detail: Option<&'static str>,
    retry_after_s: Option<u64>,
}

impl Failure {
    /// The code's usual status.
    pub const fn new(code: ProblemCode) -> Self {
        let status = match code {
            ProblemCode::BadRequest => StatusCode::BAD_REQUEST,
            ProblemCode::Unauthenticated | ProblemCode::ChallengeInvalid => {
                StatusCode::UNAUTHORIZED
            }
            ProblemCode::Forbidden | ProblemCode::CodeInvalid | ProblemCode::KeyNotAccepted => {
                StatusCode::FORBIDDEN
            }
            ProblemCode::NotFound => StatusCode::NOT_FOUND,
            ProblemCode::Conflict => StatusCode::CONFLICT,
            ProblemCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ProblemCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            ProblemCode::StorageUnavailable => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            code,
            status,
            detail: None,
            retry_after_s: None,
        }
    }

    /// With another status.
    pub const fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// With a sentence on what differs this time: never names, coordinates or paths.
    pub const fn detail(mut self, detail: &'static str) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Try again after so many seconds.
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// `bad-request` with a sentence.
    pub const fn bad_request(detail: &'static str) -> Self {
        Self::new(ProblemCode::BadRequest).detail(detail)
    }

    /// `internal`, with its cause written to the log and not to the answer.
    pub fn internal(cause: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = cause, "a request failed");
        Self::new(ProblemCode::Internal)
    }

    /// A failed file operation: `storage-unavailable` when the disk says so.
    pub fn from_io(error: &std::io::Error) -> Self {
        if crate::files::is_storage(error) {
            tracing::warn!(error = error as &dyn std::error::Error, "the disk refuses");
            return Self::new(ProblemCode::StorageUnavailable).retry_after(60);
        }
        Self::internal(error)
    }
}

const fn title(code: ProblemCode) -> &'static str {
    match code {
        ProblemCode::BadRequest => "The request is not of the form described.",
        ProblemCode::Unauthenticated => {
            "Sign in first: there is no session or token, or it has expired."
        }
        ProblemCode::Forbidden => "This role may not do this.",
        ProblemCode::NotFound => "There is no such thing here.",
        ProblemCode::Conflict => "The present state does not allow this.",
        ProblemCode::CodeInvalid => "This enrolment code can't be used.",
        ProblemCode::ChallengeInvalid => "The challenge was used or has expired.",
        ProblemCode::KeyNotAccepted => "This key is not accepted here.",
        ProblemCode::ChecksumMismatch => "The bytes do not have the checksum that was announced.",
        ProblemCode::TooLarge => "This is larger than the limit.",
        ProblemCode::RateLimited => "Too many requests: try again later.",
        ProblemCode::StorageUnavailable => {
            "The server's storage is full or refuses to write; nothing already acknowledged is lost."
        }
        _ => "The server failed; its log has the cause.",
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let name = serde_json::to_value(self.code)
            .ok()
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default();
        let problem = Problem {
            kind: format!("urn:fieldseal:problem:{name}"),
            code: self.code,
            status: self.status.as_u16(),
            title: title(self.code).to_owned(),
            detail: self.detail.map(str::to_owned),
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        let mut response = (
            self.status,
            [(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/problem+json"),
            )],
            body,
        )
            .into_response();
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED && self.code == ProblemCode::Unauthenticated {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.is_storage() {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the database can't write"
            );
            return Self::new(ProblemCode::StorageUnavailable).retry_after(60);
        }
        Self::internal(&error)
    }
}

impl From<NoRandomness> for Failure {
    fn from(error: NoRandomness) -> Self {
        Self::internal(&error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}
