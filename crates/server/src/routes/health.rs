//! For whoever watches the server: is it alive, can it work, what has it done.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::PROBE_HEADER;

use crate::app::Shared;
use crate::log::SequencerState;
use crate::problem::Failure;
use crate::store::{StoreError, devices, log, uploads};

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Alive; gives a probe back as it came.
async fn alive(headers: HeaderMap) -> Response {
    let mut response = "ok\n".into_response();
    let plain = |value: &&HeaderValue| {
        value.len() <= 64 && value.as_bytes().iter().all(u8::is_ascii_alphanumeric)
    };
    if let Some(probe) = headers.get(PROBE_HEADER).filter(plain) {
        response.headers_mut().insert(PROBE_HEADER, probe.clone());
    }
    response
}

/// Ready: the database answers and the sequencer has not stopped. How old the newest timestamp is stands beside it: an authority
/// that is down keeps no server from working.
async fn ready(State(app): State<Shared>) -> Result<String, Failure> {
    app.db.read(log::head).await?;
    match app.sequencer.state() {
        SequencerState::Running { .. } => Ok(match stamp_age_s(&app) {
            _ if app.config.stamping.authorities.is_empty() => "ready\n".to_owned(),
            Some(age_s) => format!("ready\nnewest timestamp: {age_s} s old\n"),
            None => "ready\nnewest timestamp: none\n".to_owned(),
        }),
        SequencerState::Stopped => Err(Failure::new(ProblemCode::StorageUnavailable)
            .status(axum::http::StatusCode::SERVICE_UNAVAILABLE)),
    }
}

/// Age of the newest stamp.
fn stamp_age_s(app: &Shared) -> Option<u64> {
    let at = app.stamping.newest_at()?;
    u64::try_from((app.config.ambient.now() - at) / 1000)
        .ok()
        .or(Some(0))
}

async fn metrics(State(app): State<Shared>) -> Result<Response, Failure> {
    let (head, open, alarms) = app
        .db
        .read(|c| {
            let open = uploads::all_open_count(c)?;
            Ok::<_, StoreError>((log::head(c)?, open, devices::open_alarms(c)?))
        })
        .await?;
    let counters = &app.counters;
    let stamping = &app.stamping;
    let mut rows = vec![
        (
            "fieldseal_requests_total",
            "counter",
            counters.requests.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_failed_requests_total",
            "counter",
            counters.failures.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_upload_bytes_total",
            "counter",
            counters.upload_bytes.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_packets_admitted_total",
            "counter",
            counters.admitted.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_packets_quarantined_total",
            "counter",
            counters.quarantined.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_previews_made_total",
            "counter",
            counters.previews.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_look_bytes_total",
            "counter",
            counters.look_bytes.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_cosignatures_total",
            "counter",
            app.witnessing.cosignatures.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_cosignature_failures_total",
            "counter",
            app.witnessing.failures.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_witness_ahead_leaves",
            "gauge",
            app.witnessing.ahead.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_stamps_total",
            "counter",
            stamping.stamps.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_stamp_renewals_total",
            "counter",
            stamping.renewals.load(Ordering::Relaxed),
        ),
        (
            "fieldseal_stamp_failures_total",
            "counter",
            stamping.failures.load(Ordering::Relaxed),
        ),
        ("fieldseal_uploads_open", "gauge", open),
        ("fieldseal_device_alarms", "gauge", alarms),
        ("fieldseal_log_size", "gauge", head.size),
        ("fieldseal_log_published_size", "gauge", head.published_size),
    ];
    // Absent, not zero, while there is none: an alarm on its age must not be lulled.
    rows.extend(stamp_age_s(&app).map(|age_s| ("fieldseal_stamp_age_seconds", "gauge", age_s)));
    let mut text = String::new();
    for (name, kind, value) in rows {
        let _ = writeln!(text, "# TYPE {name} {kind}\n{name} {value}");
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
