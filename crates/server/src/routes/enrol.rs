//! `/api/v1/enrol`: by one-time code. One answer for an unknown, a used and an expired code, so that codes can't be probed.

use std::time::Duration;

use axum::Json as Answer;
use axum::Router;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::routing::post;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::{EnrolKind, EnrolLookup, EnrolRequest, EnrolSubject, Enrolled};

use super::body::Json;
use crate::ambient::rfc3339;
use crate::app::{Caller, Device, Shared};
use crate::attestation;
use crate::enrol::{NewKey, code_digest, enrol};
use crate::problem::Failure;
use crate::store::{StoreError, keys, people};

/// How long an answer waits for the log.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest text of a code as typed.
const LONGEST_CODE: usize = 64;
/// Longest claim of a device about itself.
const LONGEST_CLAIM: usize = 200;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/enrol/lookup", post(lookup))
        .route("/api/v1/enrol", post(bind))
}

fn brake(app: &Shared, caller: &Caller) -> Result<(), Failure> {
    match app.code_brake.held(caller.0, app.config.ambient.now()) {
        Some(seconds) => Err(Failure::new(ProblemCode::RateLimited).retry_after(seconds)),
        None => Ok(()),
    }
}

fn invalid(app: &Shared, caller: &Caller) -> Failure {
    app.code_brake.failed(caller.0, app.config.ambient.now());
    Failure::new(ProblemCode::CodeInvalid)
}

/// Whom a code is for. Does not use it up.
#[utoipa::path(post, path = "/api/v1/enrol/lookup", request_body = EnrolLookup, responses((status = 200, body = EnrolSubject)))]
pub(super) async fn lookup(
    State(app): State<Shared>,
    caller: Caller,
    Json(request): Json<EnrolLookup>,
) -> Result<Answer<EnrolSubject>, Failure> {
    brake(&app, &caller)?;
    if request.code.len() > LONGEST_CODE {
        return Err(invalid(&app, &caller));
    }
    let (digest, now) = (code_digest(&request.code), app.config.ambient.now());
    let found = app
        .db
        .read(move |c| {
            let Some(code) = keys::usable_code(c, &digest, None, now)? else {
                return Ok::<_, StoreError>(None);
            };
            let person = if code.kind == "officer" {
                people::find(c, &code.subject)?
            } else {
                None
            };
            Ok(Some((code, person)))
        })
        .await?;
    let Some((code, person)) = found else {
        return Err(invalid(&app, &caller));
    };
    Ok(Answer(EnrolSubject {
        kind: if code.kind == "device" {
            EnrolKind::Device
        } else {
            EnrolKind::Officer
        },
        id: code.subject,
        origin: app.origin.clone(),
        team: person
            .as_ref()
            .and_then(|person| person.team.clone())
            .or(code.team),
        badge: person.as_ref().map(|person| person.badge.clone()),
        name: person.map(|person| person.name),
        suite: app.config.suite,
        expires_at: rfc3339(code.expires_at),
    }))
}

/// Binds a key and uses the code up.
#[utoipa::path(post, path = "/api/v1/enrol", request_body = EnrolRequest, responses((status = 200, body = Enrolled)))]
pub(super) async fn bind(
    State(app): State<Shared>,
    caller: Caller,
    request: Request,
) -> Result<Answer<Enrolled>, Failure> {
    brake(&app, &caller)?;
    let (mut parts, body) = request.into_parts();
    // Whether a token is needed is known only when the code has been looked at.
    let device = Device::from_request_parts(&mut parts, &app).await;
    let Json(request) =
        Json::<EnrolRequest>::from_request(Request::from_parts(parts, body), &app).await?;
    if request.code.len() > LONGEST_CODE
        || request.vkey.len() > 1024
        || request
            .device_claim
            .as_ref()
            .is_some_and(|claim| claim.len() > LONGEST_CLAIM)
    {
        return Err(Failure::bad_request("a field is too long"));
    }
    let (code_sha256, now) = (code_digest(&request.code), app.config.ambient.now());
    let vkey = request.vkey.clone();
    let code = app
        .db
        .read(move |c| keys::usable_code(c, &code_sha256, Some(&vkey), now))
        .await?;
    let Some(code) = code else {
        return Err(invalid(&app, &caller));
    };
    let on_device = match code.kind.as_str() {
        "officer" => Some(device?.0),
        _ => None,
    };
    let proof = STANDARD
        .decode(&request.proof)
        .map_err(|_| Failure::bad_request("the proof is not base64"))?;
    let attestation = attestation::decode(&request.attestation)?;
    let this = app.clone();
    let enrolling = tokio::task::spawn_blocking(move || {
        let new = NewKey {
            code_sha256,
            vkey: &request.vkey,
            proof: &proof,
            claim: request.device_claim,
            on_device,
            attestation: &attestation,
        };
        enrol(&this.db, &this.keys, &this.origin, &new, now)
    });
    let enrolled = enrolling
        .await
        .map_err(|error| Failure::internal(&error))??;
    app.sequencer.settle(PATIENCE).await;
    app.intake.key_enrolled(enrolled.name);
    Ok(Answer(Enrolled {
        entry: String::from_utf8(enrolled.entry).map_err(|error| Failure::internal(&error))?,
        certificate: enrolled.certificate.map(|der| STANDARD.encode(der)),
        trust: app.trust.clone(),
        recovery_key: Some(app.recovery_public.clone()),
        server_time: rfc3339(app.config.ambient.now()),
    }))
}
