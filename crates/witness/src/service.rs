//! HTTP: `POST /add-checkpoint` as C2SP `tlog-witness` has it, and `GET /healthz`, which fails as long as something speaks against a log.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use fieldseal_tlog::witness::{MAX_REQUEST_BYTES, Refusal};

use crate::witness::{Answer, Witness};

/// Seconds since 1970.
pub type Seconds = Arc<dyn Fn() -> u32 + Send + Sync>;

/// The routes. Whoever is asked is behind a connection that the caller has limited.
pub fn router(witness: Arc<Witness>, now: Seconds) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/healthz", get(health))
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .with_state((witness, now))
}

type Shared = State<(Arc<Witness>, Seconds)>;

async fn add_checkpoint(State((witness, now)): Shared, body: Bytes) -> Response {
    let time = now();
    let answer = tokio::task::spawn_blocking(move || witness.add_checkpoint(&body, time)).await;
    match answer {
        Ok(answer) => answered(answer),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn answered(answer: Answer) -> Response {
    let plain = |status: StatusCode, text: String| (status, text).into_response();
    match answer {
        Answer::Cosigned(line) => plain(StatusCode::OK, line),
        Answer::NotDurable => plain(
            StatusCode::INTERNAL_SERVER_ERROR,
            "what was cosigned can't be kept\n".to_owned(),
        ),
        Answer::Forked => plain(
            StatusCode::FORBIDDEN,
            "this log has signed two different trees of one size\n".to_owned(),
        ),
        Answer::Refused(refusal) => {
            let status = match refusal {
                Refusal::UnknownLog => StatusCode::NOT_FOUND,
                Refusal::NotSigned => StatusCode::FORBIDDEN,
                Refusal::Stale(size) => {
                    let kind = [(header::CONTENT_TYPE, "text/x.tlog.size")];
                    return (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response();
                }
                Refusal::Forked(_) => StatusCode::CONFLICT,
                Refusal::NotProved(_) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_REQUEST,
            };
            plain(status, format!("{refusal}\n"))
        }
    }
}

async fn health(State((witness, _)): Shared) -> Response {
    let found = tokio::task::spawn_blocking(move || witness.health()).await;
    let Ok(Ok(logs)) = found else {
        return (StatusCode::SERVICE_UNAVAILABLE, "unreadable\n").into_response();
    };
    let good = logs.iter().all(crate::Health::is_good);
    let mut text = String::from(if good { "ok\n" } else { "" });
    for log in logs.iter().filter(|log| !log.is_good()) {
        let what = if log.forked { "forked" } else { "unproved" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{what} {}", log.origin);
    }
    let status = if good {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, text).into_response()
}
