//! `/api/v1/keys/rotate`: a tablet's or an officer's new key takes over.

use std::time::Duration;

use axum::Json as Answer;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_wire::device::{RotateRequest, RotatedKey};

use super::body::Json;
use crate::app::{Device, Shared};
use crate::attestation::decode as decode_chain;
use crate::problem::Failure;
use crate::rotation::{Rotation, rotate};

/// How long an answer waits for the log.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest vkey, characters.
const LONGEST: usize = 1024;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new().route("/api/v1/keys/rotate", post(post_rotate))
}

/// Binds a new key in the place of another one of the same name, which signs for it.
#[utoipa::path(post, path = "/api/v1/keys/rotate", request_body = RotateRequest, responses((status = 200, body = RotatedKey)))]
pub(super) async fn post_rotate(
    State(app): State<Shared>,
    Device(device): Device,
    Json(request): Json<RotateRequest>,
) -> Result<Answer<RotatedKey>, Failure> {
    if request.vkey.len() > LONGEST || request.old_vkey.len() > LONGEST {
        return Err(Failure::bad_request("a field is too long"));
    }
    let decode = |text: &str| {
        STANDARD
            .decode(text)
            .map_err(|_| Failure::bad_request("a proof is not base64"))
    };
    let attestation = decode_chain(&request.attestation)?;
    let (old_proof, proof) = (decode(&request.old_proof)?, decode(&request.proof)?);
    let (this, now) = (app.clone(), app.config.ambient.now());
    let rotating = tokio::task::spawn_blocking(move || {
        let new = Rotation {
            old_vkey: &request.old_vkey,
            vkey: &request.vkey,
            old_proof: &old_proof,
            proof: &proof,
            device: &device,
            attestation: &attestation,
        };
        rotate(&this.db, &this.keys, &this.origin, &new, now)
    });
    let rotated = rotating
        .await
        .map_err(|error| Failure::internal(&error))??;
    app.sequencer.settle(PATIENCE).await;
    app.intake.key_enrolled(rotated.name);
    Ok(Answer(RotatedKey {
        entry: String::from_utf8(rotated.entry).map_err(|error| Failure::internal(&error))?,
        certificate: rotated.certificate.map(|der| STANDARD.encode(der)),
    }))
}
