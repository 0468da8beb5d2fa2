//! RFC 9457 problems: every error answer of the server has this body and the media type `application/problem+json`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The stable codes. The problem's `type` is `urn:fieldseal:problem:<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ProblemCode {
    /// The request is not of the form described.
    BadRequest,
    /// No session or token, or it has expired.
    Unauthenticated,
    /// Signed in, but this role or team may not do this.
    Forbidden,
    /// No such thing here, or it is not this caller's to see.
    NotFound,
    /// The state does not allow it (an offset that differs, a decision already made).
    Conflict,
    /// The enrolment code is unknown, used or expired: one answer for the three, so that codes can't be probed.
    CodeInvalid,
    /// The challenge was used or has expired.
    ChallengeInvalid,
    /// The key is unknown to this server, revoked or retired.
    KeyNotAccepted,
    /// The checksum of a chunk differs from what was announced (tus 460).
    ChecksumMismatch,
    /// Larger than a limit.
    TooLarge,
    /// Too many requests from here; see Retry-After.
    RateLimited,
    /// The disk is full, or the store refuses to write.
    StorageUnavailable,
    /// Anything else; the log has the cause under the request's id.
    Internal,
}

impl ProblemCode {
    /// All of them, for the test of the console's catalogue.
    pub const ALL: [Self; 13] = [
        Self::BadRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Conflict,
        Self::CodeInvalid,
        Self::ChallengeInvalid,
        Self::KeyNotAccepted,
        Self::ChecksumMismatch,
        Self::TooLarge,
        Self::RateLimited,
        Self::StorageUnavailable,
        Self::Internal,
    ];
}

/// One RFC 9457 problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:fieldseal:problem:<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code once more, by itself.
    pub code: ProblemCode,
    /// HTTP status.
    pub status: u16,
    /// One plain English sentence; screens translate by `code`.
    pub title: String,
    /// What differs this time. Never names, coordinates or paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::ProblemCode;

    #[test]
    fn all_is_all() {
        // A new code does not compile here until it has a number, and has none in `ALL` until it stands there.
        let place = |code| match code {
            ProblemCode::BadRequest => 0,
            ProblemCode::Unauthenticated => 1,
            ProblemCode::Forbidden => 2,
            ProblemCode::NotFound => 3,
            ProblemCode::Conflict => 4,
            ProblemCode::CodeInvalid => 5,
            ProblemCode::ChallengeInvalid => 6,
            ProblemCode::KeyNotAccepted => 7,
            ProblemCode::ChecksumMismatch => 8,
            ProblemCode::TooLarge => 9,
            ProblemCode::RateLimited => 10,
            ProblemCode::StorageUnavailable => 11,
            ProblemCode::Internal => 12,
        };
        for (index, code) in ProblemCode::ALL.into_iter().enumerate() {
            assert_eq!(place(code), index, "{code:?}");
        }
    }
}
