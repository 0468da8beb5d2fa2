//! HTTP: one file for each group of endpoints. Handlers take what they are given apart, ask the modules that know, and put the answer together.

mod auth;
mod body;
mod console;
mod decision;
mod enrol;
mod exports;
mod forms;
mod health;
mod log;
mod openapi;
mod packets;
mod presence;
mod registers;
mod review;
mod rotation;
mod session;
mod tablets;
mod upload_body;
mod uploads;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use std::sync::atomic::Ordering;
use tracing::Instrument as _;

use crate::app::{Caller, Shared};
use crate::problem::Failure;
use fieldseal_wire::ProblemCode;

pub use console::folder as console_folder;

/// All of it.
pub fn router(app: Shared) -> Router {
    Router::new()
        .merge(health::routes())
        .merge(log::routes())
        .merge(openapi::routes())
        .merge(enrol::routes())
        .merge(auth::routes())
        .merge(packets::routes())
        .merge(presence::routes())
        .merge(registers::routes())
        .merge(forms::routes())
        .merge(rotation::routes())
        .merge(uploads::routes())
        .merge(session::routes())
        .merge(review::routes())
        .merge(decision::routes())
        .merge(tablets::routes())
        .method_not_allowed_fallback(|| async {
            Failure::new(ProblemCode::NotFound)
                .status(axum::http::StatusCode::METHOD_NOT_ALLOWED)
                .detail("not by this method")
        })
        .fallback(console::serve)
        .layer(middleware::from_fn_with_state(app.clone(), paced))
        .layer(middleware::from_fn_with_state(app.clone(), around))
        .with_state(app)
}

/// Turns away what one address asks too fast. Health is always told: who watches the server must not be the one turned away.
async fn paced(
    State(app): State<Shared>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let watched = matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics");
    match app.pace.held(caller.0, app.config.ambient.now()) {
        Some(seconds) if !watched => Failure::new(ProblemCode::RateLimited)
            .retry_after(seconds)
            .into_response(),
        _ => next.run(request).await,
    }
}

/// Counts, and puts the headers that every answer has.
async fn around(State(app): State<Shared>, request: Request, next: Next) -> Response {
    // In the answer and on every line of the log, so that a problem's cause can be found; no address, no name.
    let id = hex::encode(app.config.ambient.bytes::<8>().unwrap_or_default());
    let span = tracing::info_span!("request", id);
    let mut response = next.run(request).instrument(span).await;
    app.counters.requests.fetch_add(1, Ordering::Relaxed);
    if response.status().is_server_error() {
        app.counters.failures.fetch_add(1, Ordering::Relaxed);
    }
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
    ));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "permissions-policy",
        HeaderValue::from_static("camera=(), microphone=(), geolocation=()"),
    );
    if app.config.behind_proxy {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
