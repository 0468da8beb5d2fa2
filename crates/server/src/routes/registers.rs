//! `/api/v1/registers/{name}` and `/api/v1/map`: what every tablet carries with it. A register comes as a stream of lines, read
//! from the database in short stretches, so that neither memory nor a snapshot is held by a slow network; when it changes
//! meanwhile the answer breaks off. The map comes in pieces that the tablet asks for.

use std::io::{self, Read as _, Seek as _, SeekFrom};

use axum::Json as Answer;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use fieldseal_packet::Sha256Digest;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::registers::{MapAnswer, MapFile, ROWS_HEADER, Register, VERSION_HEADER};
use serde::Deserialize;

use super::body::Part;
use crate::ambient::rfc3339;
use crate::app::{Device, Shared};
use crate::problem::Failure;
use crate::registers::placed;
use crate::store::registers::{self, Head};
use crate::store::{StoreError, maps};

/// Lines that are read at once.
const STRETCH: u32 = 500;
/// Bytes of a map in one answer.
const PIECE: u64 = 1 << 20;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/registers/{name}", get(register))
        .route("/api/v1/map", get(map))
        .route("/api/v1/map/{sha256}", get(piece))
}

/// A register, one JSON object a line. `If-None-Match` with the last answer's `ETag` asks for news alone.
#[utoipa::path(get, path = "/api/v1/registers/{name}", params(("name" = Register, Path)), responses((status = 200, content_type = "application/x-ndjson"), (status = 304)))]
pub(super) async fn register(
    State(app): State<Shared>,
    Device(_): Device,
    Part(name): Part<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let register = Register::parse(&name).ok_or(Failure::new(ProblemCode::NotFound))?;
    let head = app.db.read(move |c| registers::head(c, register)).await?;
    let tag = format!("\"{}\"", head.sha256);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        lines(app, register, head).into_response()
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(VERSION_HEADER, HeaderValue::from(head.version));
    headers.insert(ROWS_HEADER, HeaderValue::from(head.rows));
    if !known {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-ndjson"),
        );
    }
    Ok(response)
}

fn lines(app: Shared, register: Register, head: Head) -> Body {
    let start = Some(String::new());
    let stream = futures_util::stream::try_unfold(start, move |after| {
        let app = app.clone();
        async move {
            let Some(after) = after else { return Ok(None) };
            let read = app.db.read(move |c| {
                if registers::head(c, register)? != head {
                    return Ok(None);
                }
                Ok::<_, StoreError>(Some(registers::lines_after(c, register, &after, STRETCH)?))
            });
            match read.await {
                Ok(Some((bytes, last))) if !bytes.is_empty() => {
                    Ok(Some((Bytes::from(bytes), last)))
                }
                Ok(Some(_)) => Ok(None),
                // The answer has begun: only by breaking it off can it be told that it is not whole.
                Ok(None) => Err(io::Error::other("the register has changed")),
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a register could not be given whole"
                    );
                    Err(io::Error::other("broken off"))
                }
            }
        }
    });
    Body::from_stream(stream)
}

/// Which offline map there is.
#[utoipa::path(get, path = "/api/v1/map", responses((status = 200, body = MapAnswer)))]
pub(super) async fn map(
    State(app): State<Shared>,
    Device(_): Device,
) -> Result<Answer<MapAnswer>, Failure> {
    let row = app.db.read(maps::newest).await?;
    Ok(Answer(MapAnswer {
        map: row.map(|row| MapFile {
            sha256: row.sha256.to_string(),
            size: row.size,
            gcj02: row.gcj02,
            placed_at: rfc3339(row.placed_at),
            attribution: row.attribution,
        }),
    }))
}

/// Where a piece begins.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct From {
    /// First byte.
    from: u64,
}

/// A piece of the map with this digest: at most 1 MiB from a byte on. Nothing at its end.
#[utoipa::path(get, path = "/api/v1/map/{sha256}", params(("sha256" = String, Path), From), responses((status = 200, content_type = "application/octet-stream"), (status = 404)))]
pub(super) async fn piece(
    State(app): State<Shared>,
    Device(_): Device,
    Part(sha256): Part<String>,
    from: Result<Query<From>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(From { from }) = from.map_err(|_| Failure::bad_request("from: a first byte"))?;
    let wanted: Sha256Digest = sha256
        .parse()
        .map_err(|_| Failure::new(ProblemCode::NotFound))?;
    let row = app.db.read(maps::newest).await?;
    let row = row
        .filter(|row| row.sha256 == wanted)
        .ok_or(Failure::new(ProblemCode::NotFound))?;
    let read = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(placed(&app.layout, &row.sha256))?;
        file.seek(SeekFrom::Start(from.min(row.size)))?;
        let mut bytes = Vec::new();
        file.take(PIECE).read_to_end(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    });
    let bytes = read
        .await
        .map_err(|error| Failure::internal(&error))?
        .map_err(|error| Failure::from_io(&error))?;
    let headers = [(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/octet-stream"),
    )];
    Ok((headers, bytes).into_response())
}
