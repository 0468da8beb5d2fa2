//! `/api/v1/heartbeat` and `/api/v1/retire`: what a tablet says of itself.

use std::time::Duration;

use axum::Json as Answer;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::{HeartbeatAnswer, HeartbeatRequest, Retirement, Standing};

use super::body::Json;
use super::packets::newest_checkpoint;
use crate::ambient::{Millis, rfc3339};
use crate::app::{App, Device, Shared, millis};
use crate::presence;
use crate::problem::Failure;
use crate::retirement::{RetireError, retire_by_itself};
use crate::store::{StoreError, keys, orders};

/// How long an answer waits for the log.
const PATIENCE: Duration = Duration::from_secs(15);

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/heartbeat", post(heartbeat))
        .route("/api/v1/retire", post(retire))
}

/// A sign of life. A retired tablet is told so, and its heartbeat is not logged.
#[utoipa::path(post, path = "/api/v1/heartbeat", request_body = HeartbeatRequest, responses((status = 200, body = HeartbeatAnswer)))]
pub(super) async fn heartbeat(
    State(app): State<Shared>,
    Device(device): Device,
    Json(request): Json<HeartbeatRequest>,
) -> Result<Answer<HeartbeatAnswer>, Failure> {
    let (this, now) = (app.clone(), app.config.ambient.now());
    let heard = tokio::task::spawn_blocking(move || {
        let beat = presence::read(&this.db, &this.origin, &device, &request.note)?;
        let retired = this.db.read_blocking(|c| {
            let rows = keys::named(c, &device)?;
            Ok::<_, StoreError>(rows.into_iter().rev().find_map(|row| row.retired))
        })?;
        if let Some(note) = retired {
            let order = told(&this, &device, request.done, now)?;
            return Ok((None, Some(note), false, order));
        }
        let rotate = rotation_is_wanted(&this, &device, now)?;
        let every = millis(this.config.limits.heartbeat_leaf_every);
        let heard = presence::take(&this.db, &beat, &request.note, every, now)?;
        if heard.alarmed {
            tracing::warn!(
                "a tablet's heartbeat contradicts what was known: see `fieldseal admin devices`"
            );
        }
        let order = told(&this, &device, request.done, now)?;
        Ok::<_, Failure>((Some(heard), None, rotate, order))
    });
    let (heard, retired, rotate, order) =
        heard.await.map_err(|error| Failure::internal(&error))??;
    let logged = heard.is_some_and(|heard| heard.logged);
    if logged {
        app.sequencer.kick();
    }
    let retired = retired
        .map(String::from_utf8)
        .transpose()
        .map_err(|error| Failure::internal(&error))?;
    Ok(Answer(HeartbeatAnswer {
        logged,
        standing: if retired.is_some() {
            Standing::Retired
        } else {
            Standing::Active
        },
        retired,
        next_after_s: app.config.limits.heartbeat_every.as_secs(),
        rotate,
        order,
        seen: newest_checkpoint(&app).await?,
        server_time: rfc3339(now),
    }))
}

/// The order that the tablet is to hear, and what it says of one.
fn told(
    app: &App,
    device: &str,
    done: Option<u64>,
    now: Millis,
) -> Result<Option<String>, Failure> {
    // Most tablets have none: then nothing is written.
    if app
        .db
        .read_blocking(|c| orders::newest(c, device))?
        .is_none()
    {
        return Ok(None);
    }
    let order = app
        .db
        .write_blocking(|tx| crate::orders::exchange(tx, device, done, now))?;
    order
        .map(|order| String::from_utf8(order.note))
        .transpose()
        .map_err(|error| Failure::internal(&error))
}

/// Whether a tablet's key is to be rotated: somebody has asked for it, or it is older than what is set.
fn rotation_is_wanted(app: &App, device: &str, now: Millis) -> Result<bool, StoreError> {
    let rows = app.db.read_blocking(|c| keys::named(c, device))?;
    let Some(row) = rows.iter().rev().find(|row| row.status == "active") else {
        return Ok(false);
    };
    let old = app
        .config
        .rotate_keys_after
        .is_some_and(|limit| now - row.enrolled_at >= millis(limit));
    Ok(old || row.rotation_asked_at.is_some())
}

/// The tablet's own wish to end, with its last heartbeat. Refused while packets that it sealed are not here.
#[utoipa::path(post, path = "/api/v1/retire", request_body = HeartbeatRequest, responses((status = 200, body = Retirement)))]
pub(super) async fn retire(
    State(app): State<Shared>,
    Device(device): Device,
    Json(request): Json<HeartbeatRequest>,
) -> Result<Answer<Retirement>, Failure> {
    let (this, now) = (app.clone(), app.config.ambient.now());
    let retired = tokio::task::spawn_blocking(move || {
        let beat = presence::read(&this.db, &this.origin, &device, &request.note)?;
        let every = millis(this.config.limits.heartbeat_leaf_every);
        presence::take(&this.db, &beat, &request.note, every, now)?;
        this.db
            .write_blocking(|tx| retire_by_itself(tx, &this.keys, &this.origin, &beat.head, now))
            .map_err(|error| match error {
                RetireError::Unknown => Failure::new(ProblemCode::KeyNotAccepted),
                RetireError::Unsent(_) => Failure::new(ProblemCode::Conflict)
                    .detail("packets that this tablet sealed are not here yet"),
                RetireError::Store(error) => error.into(),
                RetireError::Sign(error) => Failure::internal(&error),
            })
    });
    let note = retired.await.map_err(|error| Failure::internal(&error))??;
    app.sequencer.settle(PATIENCE).await;
    Ok(Answer(Retirement {
        retired: String::from_utf8(note).map_err(|error| Failure::internal(&error))?,
        server_time: rfc3339(now),
    }))
}
