//! `/api/v1/auth`: a tablet proves that it holds its key.

use axum::Json as Answer;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::{Challenge, ChallengeRequest, Token, TokenRequest};

use super::body::Json;
use crate::access::device::{accepted_key, auth_text};
use crate::ambient::rfc3339;
use crate::app::{Shared, millis};
use crate::problem::Failure;
use crate::store::devices;

/// Longest key name.
const LONGEST_NAME: usize = 256;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/auth/challenge", post(challenge))
        .route("/api/v1/auth/token", post(token))
}

/// A nonce to sign.
#[utoipa::path(post, path = "/api/v1/auth/challenge", request_body = ChallengeRequest, responses((status = 200, body = Challenge)))]
pub(super) async fn challenge(
    State(app): State<Shared>,
    Json(request): Json<ChallengeRequest>,
) -> Result<Answer<Challenge>, Failure> {
    if request.device.len() > LONGEST_NAME {
        return Err(Failure::bad_request("no such key name"));
    }
    let ambient = &app.config.ambient;
    let nonce = app.tokens.challenge(
        ambient,
        &request.device,
        millis(app.config.limits.challenge_lifetime),
    )?;
    Ok(Answer(Challenge {
        nonce,
        server_time: rfc3339(ambient.now()),
    }))
}

/// A token for a signed nonce. Each nonce is good for one try.
#[utoipa::path(post, path = "/api/v1/auth/token", request_body = TokenRequest, responses((status = 200, body = Token)))]
pub(super) async fn token(
    State(app): State<Shared>,
    Json(request): Json<TokenRequest>,
) -> Result<Answer<Token>, Failure> {
    let now = app.config.ambient.now();
    if request.device.len() > LONGEST_NAME
        || !app.tokens.redeem(&request.nonce, &request.device, now)
    {
        return Err(Failure::new(ProblemCode::ChallengeInvalid));
    }
    let device = request.device.clone();
    let key = app.db.read(move |c| accepted_key(c, &device)).await?;
    let signature = STANDARD
        .decode(&request.signature)
        .map_err(|_| Failure::new(ProblemCode::KeyNotAccepted))?;
    let text = auth_text(&app.origin, &request.device, &request.nonce);
    match key {
        Some(key) if key.verify(text.as_bytes(), &signature).is_ok() => {}
        _ => return Err(Failure::new(ProblemCode::KeyNotAccepted)),
    }
    let device = request.device.clone();
    app.db
        .write(move |tx| devices::seen(tx, &device, now))
        .await?;
    let (token, expires_at) = app.tokens.issue(
        &app.config.ambient,
        &request.device,
        millis(app.config.limits.token_lifetime),
    )?;
    Ok(Answer(Token {
        token,
        expires_at: rfc3339(expires_at),
        server_time: rfc3339(now),
    }))
}
