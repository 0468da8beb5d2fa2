//! `/api/v1/uploads`: tus 1.0. A device sees its own uploads only.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{options, post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_wire::ProblemCode;

use super::body::Part;
use super::upload_body::{Request, blocking};
use crate::app::{Device, Shared, millis};
use crate::files;
use crate::problem::Failure;
use crate::store::uploads::Upload;
use crate::store::{packets, uploads};
use crate::upload::metadata;
use crate::upload::writer::Writer;

const BASE: &str = "/api/v1/uploads";
const VERSION: &str = "1.0.0";

const RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const LENGTH: HeaderName = HeaderName::from_static("upload-length");
const METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// The routes.
pub fn routes() -> Router<Shared> {
    let one = || {
        options(capabilities)
            .head(head)
            .patch(patch)
            .delete(terminate)
    };
    Router::new()
        .route(BASE, post(create).options(capabilities))
        .route("/api/v1/uploads/", post(create).options(capabilities))
        .route("/api/v1/uploads/{id}", one())
        .layer(axum::extract::DefaultBodyLimit::disable())
        .layer(axum::middleware::map_response(
            |mut response: Response| async move {
                response
                    .headers_mut()
                    .insert(RESUMABLE, HeaderValue::from_static(VERSION));
                response
                    .headers_mut()
                    .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
                response
            },
        ))
}

async fn capabilities(State(app): State<Shared>) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert("tus-version", HeaderValue::from_static(VERSION));
    headers.insert(
        "tus-extension",
        HeaderValue::from_static("creation,checksum,termination,expiration"),
    );
    headers.insert("tus-checksum-algorithm", HeaderValue::from_static("sha256"));
    headers.insert(
        "tus-max-size",
        HeaderValue::from(app.config.limits.packet_size),
    );
    response
}

fn speaks_tus(headers: &HeaderMap) -> Result<(), Failure> {
    if headers.get(RESUMABLE).is_some_and(|value| value == VERSION) {
        return Ok(());
    }
    Err(Failure::bad_request("Tus-Resumable must be 1.0.0").status(StatusCode::PRECONDITION_FAILED))
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?;
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())?
}

fn expires(at: i64) -> HeaderValue {
    let date = jiff::Timestamp::from_millisecond(at)
        .map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    date.ok()
        .and_then(|date| HeaderValue::from_str(&date).ok())
        .unwrap_or(HeaderValue::from_static("0"))
}

/// POST: makes an upload, or answers with the one that this device has begun for the same packet.
async fn create(
    State(app): State<Shared>,
    Device(device): Device,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    speaks_tus(&headers)?;
    let length = number(&headers, &LENGTH)
        .filter(|length| *length > 0)
        .ok_or(Failure::bad_request(
            "Upload-Length must be a number above zero",
        ))?;
    if length > app.config.limits.packet_size {
        return Err(Failure::new(ProblemCode::TooLarge));
    }
    let claim = headers
        .get(METADATA)
        .and_then(|value| value.to_str().ok())
        .and_then(metadata::claim);
    let claim = claim.ok_or(Failure::bad_request(
        "Upload-Metadata must name packet and seal-sha256",
    ))?;
    let (folder, least) = (
        app.layout.uploads(),
        app.config.limits.reserve.saturating_add(length),
    );
    blocking(move || files::ensure_room(&folder, least))
        .await
        .map_err(|error| Failure::from_io(&error))?;
    let id = hex::encode(app.config.ambient.bytes::<20>()?);
    let now = app.config.ambient.now();
    let expires_at = now + millis(app.config.limits.upload_lifetime);
    let most = app.config.limits.uploads_per_device;
    let upload = app
        .db
        .write(move |tx| {
            if let Some(earlier) =
                uploads::of_packet(tx, &device, &claim.packet, &claim.seal_sha256)?
                && earlier.length == length
                && earlier.state != "done"
                && (earlier.state == "complete" || earlier.expires_at > now)
            {
                return Ok(earlier);
            }
            // What is here already, and sound, is not sent again.
            let here = packets::by_seal(tx, &claim.seal_sha256)?.is_some_and(|p| {
                p.id == claim.packet
                    && p.zip_size == length
                    && p.verdict != "failed"
                    && (p.device == device || p.uploader == device)
            });
            if !here && uploads::open_count(tx, &device)? >= most {
                return Err(Failure::new(ProblemCode::RateLimited)
                    .detail("too many unfinished uploads of this device")
                    .retry_after(60));
            }
            let upload = Upload {
                id,
                device,
                packet: claim.packet,
                seal_sha256: claim.seal_sha256,
                length,
                offset: if here { length } else { 0 },
                state: if here { "done" } else { "open" }.to_owned(),
                zip_sha256: None,
                completed_at: here.then_some(now),
                expires_at,
            };
            uploads::create(tx, &upload, now)?;
            Ok(upload)
        })
        .await?;
    let location = HeaderValue::from_str(&format!("{BASE}/{}", upload.id))
        .unwrap_or(HeaderValue::from_static(BASE));
    Ok((
        StatusCode::CREATED,
        [
            (header::LOCATION, location),
            (EXPIRES, expires(upload.expires_at)),
            (OFFSET, upload.offset.into()),
        ],
    )
        .into_response())
}

async fn find(app: &Shared, id: String, device: String) -> Result<Upload, Failure> {
    let now = app.config.ambient.now();
    let found = app.db.read(move |c| uploads::find(c, &id, &device)).await?;
    found
        .filter(|upload| upload.state != "open" || upload.expires_at > now)
        .ok_or(Failure::new(ProblemCode::NotFound))
}

/// HEAD: how far it is.
async fn head(
    State(app): State<Shared>,
    Device(device): Device,
    Part(id): Part<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    speaks_tus(&headers)?;
    let upload = find(&app, id, device).await?;
    let metadata = format!(
        "packet {},seal-sha256 {}",
        STANDARD.encode(&upload.packet),
        STANDARD.encode(hex::encode(upload.seal_sha256))
    );
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(OFFSET, upload.offset.into());
    headers.insert(LENGTH, upload.length.into());
    headers.insert(EXPIRES, expires(upload.expires_at));
    if let Ok(metadata) = HeaderValue::from_str(&metadata) {
        headers.insert(METADATA, metadata);
    }
    Ok(response)
}

fn moved(offset: u64) -> Response {
    let mut response = Failure::new(ProblemCode::Conflict)
        .detail("Upload-Offset differs from what is here: ask with HEAD")
        .into_response();
    response.headers_mut().insert(OFFSET, offset.into());
    response
}

/// PATCH: more bytes.
async fn patch(
    State(app): State<Shared>,
    Device(device): Device,
    Part(id): Part<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failure> {
    speaks_tus(&headers)?;
    if headers
        .get(header::CONTENT_TYPE)
        .is_none_or(|value| value != "application/offset+octet-stream")
    {
        return Err(
            Failure::bad_request("Content-Type must be application/offset+octet-stream")
                .status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
        );
    }
    let from =
        number(&headers, &OFFSET).ok_or(Failure::bad_request("Upload-Offset must be a number"))?;
    let checksum = match headers.get(CHECKSUM) {
        Some(value) => Some(value.to_str().ok().and_then(metadata::checksum).ok_or(
            Failure::bad_request("Upload-Checksum must be sha256 and base64"),
        )?),
        None => None,
    };
    find(&app, id.clone(), device.clone()).await?;
    let slot = app.uploads.slot(&id);
    let mut hashing = slot.hold().await.ok_or(
        Failure::new(ProblemCode::Conflict)
            .detail("another request holds this upload")
            .status(StatusCode::LOCKED),
    )?;
    // Only now does the offset stand still.
    let upload = find(&app, id, device).await?;
    if from != upload.offset {
        return Ok(moved(upload.offset));
    }
    if upload.state != "open" {
        return Ok((
            StatusCode::NO_CONTENT,
            [(OFFSET, HeaderValue::from(upload.offset))],
        )
            .into_response());
    }
    let announced = number(&headers, &header::CONTENT_LENGTH).unwrap_or(0);
    if announced > upload.length - upload.offset {
        return Err(
            Failure::new(ProblemCode::TooLarge).detail("more bytes than Upload-Length announced")
        );
    }
    let path = app.uploads.path(&upload.id);
    let (offset, digest_so_far) = (upload.offset, hashing.take());
    let checked = checksum.is_some();
    let opened = blocking(move || Writer::open(&path, offset, digest_so_far, checked));
    let writer = match opened.await {
        Ok(writer) => writer,
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            return begin_again(&app, &upload).await;
        }
        Err(error) => return Err(Failure::from_io(&error)),
    };
    let request = Request {
        app,
        upload,
        slot,
        checksum,
    };
    // In its own task: when the connection breaks this handler is dropped, but what has come must still be made durable.
    let task = tokio::spawn(async move {
        let request = Arc::new(request);
        let (result, writer) = request.clone().receive(writer, body).await;
        // A writer that comes back is sound; one that does not met an error, and its file is opened anew next time.
        if let Some(writer) = writer {
            *hashing = writer.hashing();
        }
        drop(hashing);
        let offset = result?;
        if offset == request.upload.length {
            request.app.uploads.forget(&request.upload.id);
            request.app.intake.kick();
        }
        Ok((
            StatusCode::NO_CONTENT,
            [
                (OFFSET, HeaderValue::from(offset)),
                (EXPIRES, expires(request.expires_at())),
            ],
        )
            .into_response())
    });
    task.await
        .unwrap_or_else(|_| Err(Failure::new(ProblemCode::Internal)))
}

/// The file is shorter than what was acknowledged: the disk has lost bytes. The tablet still has them, so the upload begins again.
async fn begin_again(app: &Shared, upload: &Upload) -> Result<Response, Failure> {
    tracing::error!(
        "the file of an upload is shorter than what was acknowledged; the upload begins again"
    );
    let (id, expires_at) = (upload.id.clone(), upload.expires_at);
    app.db
        .write(move |tx| uploads::advance(tx, &id, 0, expires_at))
        .await?;
    Ok(moved(0))
}

/// DELETE: gives an unfinished upload up.
async fn terminate(
    State(app): State<Shared>,
    Device(device): Device,
    Part(id): Part<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    speaks_tus(&headers)?;
    find(&app, id.clone(), device.clone()).await?;
    let slot = app.uploads.slot(&id);
    let guard = slot
        .hold()
        .await
        .ok_or(Failure::new(ProblemCode::Conflict).status(StatusCode::LOCKED))?;
    let upload = find(&app, id.clone(), device).await?;
    if upload.state != "open" {
        return Err(Failure::new(ProblemCode::Conflict)
            .detail("all bytes are here: it is no longer the device's to take back"));
    }
    app.db.write(move |tx| uploads::remove(tx, &id)).await?;
    let path = app.uploads.path(&upload.id);
    let _ = tokio::task::spawn_blocking(move || crate::upload::remove_file(&path)).await;
    drop(guard);
    app.uploads.forget(&upload.id);
    Ok(StatusCode::NO_CONTENT.into_response())
}
