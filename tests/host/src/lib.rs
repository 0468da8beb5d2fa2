//! The tablet's engine behind loopback HTTP, so that tests drive the tablet's screens in an ordinary browser. Never shipped:
//! it asks for no password, and so it listens on loopback alone and refuses pages of other origins.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request as HttpRequest, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use fieldseal_device::api::{CaptureArgs, PieceArgs, ProblemView, Request};
use fieldseal_device::{Engine, ImageKind};
use tower_http::services::{ServeDir, ServeFile};

/// Largest photo taken, bytes.
const MAX_PHOTO: usize = 256 << 20;

/// The routes over this engine; `ui` is the built tablet app.
pub fn router(engine: Arc<Engine>, ui: Option<PathBuf>) -> Router {
    let router = Router::new()
        .route("/call", post(call))
        .route("/capture", post(capture))
        .route("/record", post(record))
        .route("/scan", post(scan))
        .route("/native/{what}", post(native))
        .route("/evidence/media/{seq}", get(media))
        .route("/evidence/{kind}/{seq}", get(image))
        .route("/tiles/{piece}", get(tiles))
        .layer(DefaultBodyLimit::max(MAX_PHOTO))
        .with_state(engine);
    let router = match ui {
        Some(dir) => router
            .fallback_service(ServeDir::new(&dir).fallback(ServeFile::new(dir.join("index.html")))),
        None => router,
    };
    router.layer(middleware::from_fn(own_pages_only))
}

/// Serves until the process ends.
pub async fn serve(listener: tokio::net::TcpListener, router: Router) -> std::io::Result<()> {
    axum::serve(listener, router).await
}

/// Whether an address is this machine's own.
pub fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().is_loopback()
}

/// A page of another origin must not reach the engine through the browser of whoever runs the test.
async fn own_pages_only(request: HttpRequest, next: Next) -> Response {
    if is_own(request.headers()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

fn is_own(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).unwrap_or_default();
    let loopback = ["127.0.0.1", "localhost", "[::1]"].iter().any(|name| {
        host.strip_prefix(name)
            .is_some_and(|port| port.is_empty() || port.starts_with(':'))
    });
    loopback && text(header::ORIGIN).is_none_or(|origin| origin == format!("http://{host}"))
}

fn answer<T: serde::Serialize>(answered: Result<T, ProblemView>) -> Response {
    match answered {
        Ok(view) => Json(view).into_response(),
        Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, Json(problem)).into_response(),
    }
}

/// The engine blocks; the server's threads must not.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Response> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

async fn call(State(engine): State<Arc<Engine>>, body: Bytes) -> Response {
    let request: Request = match serde_json::from_slice(&body) {
        Ok(request) => request,
        Err(error) => {
            return (StatusCode::BAD_REQUEST, bad_request(&error.to_string())).into_response();
        }
    };
    blocking(move || engine.call(request))
        .await
        .map_or_else(|failed| failed, answer)
}

fn bad_request(message: &str) -> Json<serde_json::Value> {
    Json(
        serde_json::json!({"code": "bad-request", "message": message, "retriable": false, "params": {}}),
    )
}

/// This platform has no camera and no biometrics of its own, as any desktop. A browser test that wants one answers in its place.
async fn native() -> Response {
    let problem = ProblemView {
        code: "unsupported".to_owned(),
        message: "This platform has none.".to_owned(),
        retriable: false,
        params: std::collections::BTreeMap::new(),
    };
    answer(Err::<(), _>(problem))
}

async fn capture(
    State(engine): State<Arc<Engine>>,
    Query(args): Query<CaptureArgs>,
    body: Bytes,
) -> Response {
    blocking(move || engine.capture(args, &body[..]))
        .await
        .map_or_else(|failed| failed, answer)
}

async fn record(
    State(engine): State<Arc<Engine>>,
    Query(args): Query<PieceArgs>,
    body: Bytes,
) -> Response {
    blocking(move || engine.record(&args, &body))
        .await
        .map_or_else(|failed| failed, answer)
}

/// A part of a recording, as its player asks for it.
async fn media(
    State(engine): State<Arc<Engine>>,
    Path(seq): Path<u64>,
    headers: HeaderMap,
) -> Response {
    let range = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let part = blocking(move || fieldseal_device::media_part(&engine, seq, range.as_deref())).await;
    match part {
        Err(failed) => failed,
        Ok(part) => {
            let mut response = Response::builder().status(part.status);
            for (name, value) in &part.headers {
                response = response.header(*name, value);
            }
            response
                .body(part.bytes.into())
                .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
        }
    }
}

#[derive(serde::Deserialize)]
struct ScanArgs {
    width: usize,
}

async fn scan(
    State(engine): State<Arc<Engine>>,
    Query(ScanArgs { width }): Query<ScanArgs>,
    body: Bytes,
) -> Response {
    blocking(move || engine.scan(width, &body))
        .await
        .map_or_else(|failed| failed, answer)
}

/// Bytes `<from>-<to>` of the offline map, as the window's `tiles:` protocol answers them.
async fn tiles(State(engine): State<Arc<Engine>>, Path(piece): Path<String>) -> Response {
    let wanted = piece.split_once('-').and_then(|(from, to)| {
        let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
        Some((from, to.checked_sub(from)?))
    });
    let Some((from, most)) = wanted else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match blocking(move || engine.tiles(from, most)).await {
        Err(failed) => failed,
        Ok(Ok(Some((bytes, _)))) => bytes.into_response(),
        Ok(_) => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn image(
    State(engine): State<Arc<Engine>>,
    Path((kind, seq)): Path<(String, u64)>,
) -> Response {
    let kind = match kind.as_str() {
        "thumb" => ImageKind::Thumb,
        "preview" => ImageKind::Preview,
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    match blocking(move || engine.image(kind, seq)).await {
        Err(failed) => failed,
        Ok(Err(_)) => StatusCode::NOT_FOUND.into_response(),
        Ok(Ok(jpeg)) => {
            let mut headers = HeaderMap::new();
            headers.insert(
                header::CONTENT_TYPE,
                header::HeaderValue::from_static("image/jpeg"),
            );
            headers.insert(
                header::CACHE_CONTROL,
                header::HeaderValue::from_static("no-store"),
            );
            headers.insert(
                header::X_CONTENT_TYPE_OPTIONS,
                header::HeaderValue::from_static("nosniff"),
            );
            (headers, jpeg).into_response()
        }
    }
}
