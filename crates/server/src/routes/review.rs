//! `/api/v1/review`: looking at packets. Every look is an audit entry; the look at a packet also a custody line, once in ten minutes for each account.

use std::sync::Arc;

use axum::Json as Answer;
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::custody::Event;
use fieldseal_packet::verify::{Source as _, ZipSource};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::console::{PacketDetail, PacketPage, QuarantineView, Queue};
use serde::Deserialize;
use std::sync::atomic::Ordering;

use super::body::Part;
use crate::access::session::SignedIn;
use crate::ambient::rfc3339;
use crate::app::{App, Shared};
use crate::blobs::Blobs as _;
use crate::export::{ExportError, zip};
use crate::problem::Failure;
use crate::review::preview::{ItemBytes, NoPreview, WIDTHS};
use crate::review::{detail, list};
use crate::store::packets::PacketRow;
use crate::store::{StoreError, custody, erased, packets, quarantine};

/// Who may see evidence.
pub(super) const LOOKERS: [&str; 3] = ["reviewer", "supervisor", "auditor"];
/// One account's look at one packet is one custody line for so long.
const SAME_LOOK_MS: i64 = 10 * 60 * 1000;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/review/packets", get(packets_page))
        .route("/api/v1/review/packets/{id}", get(one))
        .route(
            "/api/v1/review/packets/{id}/items/{number}/preview",
            get(preview),
        )
        .route("/api/v1/review/packets/{id}/zip", get(original))
        .merge(super::exports::routes())
        .route("/api/v1/review/quarantine", get(aside))
}

/// The list's query.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct ListQuery {
    /// `open` (default) or `done`.
    pub queue: Option<Queue>,
    /// One verdict only.
    pub verdict: Option<String>,
    /// Words that must occur.
    pub q: Option<String>,
    /// Zero-based.
    page: Option<u32>,
}

/// A page of packets.
#[utoipa::path(get, path = "/api/v1/review/packets", params(ListQuery), responses((status = 200, body = PacketPage)))]
pub(super) async fn packets_page(
    State(app): State<Shared>,
    who: SignedIn,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Answer<PacketPage>, Failure> {
    who.require(&LOOKERS)?;
    let Query(query) =
        query.map_err(|_| Failure::bad_request("the query is not of the form described"))?;
    let filter = list::filter(
        query.queue == Some(Queue::Done),
        query.verdict,
        query.q.as_deref(),
    );
    let page = query.page.unwrap_or(0);
    let db = app.db.clone();
    let page = tokio::task::spawn_blocking(move || list::page(&db, &filter, page))
        .await
        .map_err(|error| Failure::internal(&error))??;
    Ok(Answer(page))
}

/// A packet whose bytes are here: of one that was erased only its row in the list is left.
pub(super) async fn find(app: &Shared, id: String) -> Result<PacketRow, Failure> {
    let (packet, tombstone) = app
        .db
        .read(move |c| {
            let packet = packets::by_slug(c, &id)?.ok_or(Failure::new(ProblemCode::NotFound))?;
            let tombstone = erased::note(c, &packet.seal_sha256)?;
            Ok::<_, Failure>((packet, tombstone))
        })
        .await?;
    match tombstone {
        None => Ok(packet),
        Some(_) => Err(ExportError::Erased.into()),
    }
}

/// Writes the look down before anything is shown.
async fn look(
    app: &Shared,
    who: &SignedIn,
    packet: &PacketRow,
    what: &'static str,
    always: bool,
) -> Result<(), Failure> {
    let (actor, slug, seal, now) = (
        who.actor(),
        packet.slug.clone(),
        Sha256Digest(packet.seal_sha256),
        app.config.ambient.now(),
    );
    app.db
        .write(move |tx| {
            let action = format!("looked-at-{what}");
            let again = custody::seen_since(tx, &actor, &action, &slug, now - SAME_LOOK_MS)?;
            custody::audit(tx, now, &actor, &action, &slug)?;
            if always || !again {
                custody::append(
                    tx,
                    &seal,
                    now,
                    Some(&actor),
                    &Event::LookedAt {
                        what: what.to_owned(),
                    },
                )?;
            }
            Ok::<_, StoreError>(())
        })
        .await?;
    Ok(())
}

/// One packet.
#[utoipa::path(get, path = "/api/v1/review/packets/{id}", params(("id" = String, Path)), responses((status = 200, body = PacketDetail)))]
pub(super) async fn one(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
) -> Result<Answer<PacketDetail>, Failure> {
    who.require(&LOOKERS)?;
    let packet = find(&app, id).await?;
    look(&app, &who, &packet, "packet", false).await?;
    let reading = tokio::task::spawn_blocking(move || {
        let file = app
            .blobs
            .open(&Sha256Digest(packet.zip_sha256))
            .map_err(|error| Failure::from_io(&error))?;
        detail::detail(&app.db, &app.previews, &*file, &packet).map_err(Failure::from)
    });
    Ok(Answer(
        reading.await.map_err(|error| Failure::internal(&error))??,
    ))
}

/// The preview's query.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct PreviewQuery {
    /// 320 or 1600.
    w: u32,
}

/// A small JPEG of one item, encoded anew.
#[utoipa::path(get, path = "/api/v1/review/packets/{id}/items/{number}/preview", params(("id" = String, Path), ("number" = u32, Path), PreviewQuery),
    responses((status = 200, content_type = "image/jpeg")))]
pub(super) async fn preview(
    State(app): State<Shared>,
    who: SignedIn,
    Part((id, number)): Part<(String, u32)>,
    query: Result<Query<PreviewQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    who.require(&LOOKERS)?;
    let width = query
        .map(|query| query.w)
        .ok()
        .filter(|width| WIDTHS.contains(width))
        .ok_or(Failure::bad_request("w is 320 or 1600"))?;
    let packet = find(&app, id).await?;
    let (actor, subject, now) = (
        who.actor(),
        format!("{}/{number}", packet.slug),
        app.config.ambient.now(),
    );
    app.db
        .write(move |tx| custody::audit(tx, now, &actor, "looked-at-preview", &subject))
        .await?;
    let _turn = app
        .preview_turns
        .acquire()
        .await
        .map_err(|error| Failure::internal(&error))?;
    let this = app.clone();
    let made = tokio::task::spawn_blocking(move || small(&this, &packet, number, width))
        .await
        .map_err(|error| Failure::internal(&error))?;
    let jpeg = made?;
    app.counters.previews.fetch_add(1, Ordering::Relaxed);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg")),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, max-age=3600"),
        ),
    ];
    Ok((headers, jpeg).into_response())
}

fn small(app: &App, packet: &PacketRow, number: u32, width: u32) -> Result<Vec<u8>, Failure> {
    let file = app
        .blobs
        .open(&Sha256Digest(packet.zip_sha256))
        .map_err(|error| Failure::from_io(&error))?;
    let source = ZipSource::open(&*file)
        .map_err(|_| Failure::new(ProblemCode::NotFound).detail("preview-undecodable"))?;
    let documents = detail::documents(&*file);
    let record = documents
        .record
        .ok_or(Failure::new(ProblemCode::NotFound))?;
    let item = record
        .items
        .iter()
        .find(|item| crate::review::summary::item_number(&item.path) == Some(number));
    let item = item.ok_or(Failure::new(ProblemCode::NotFound))?;
    let bytes = source
        .open(&item.path)
        .map_err(|_| Failure::new(ProblemCode::NotFound))?;
    let size = bytes.size().map_err(|error| Failure::from_io(&error))?;
    // By the digest of what is there, not of what the record says: another packet's cache must not be reached by a lie.
    let sha256 = digest(&*bytes, size)?;
    let item = ItemBytes {
        file: &*bytes,
        size,
        sha256,
        media_type: &item.media_type,
    };
    app.previews
        .jpeg(&item, width)
        .map_err(|none: NoPreview| Failure::new(ProblemCode::NotFound).detail(none.word()))
}

fn digest(
    file: &dyn fieldseal_packet::zipread::ReadAt,
    size: u64,
) -> Result<Sha256Digest, Failure> {
    let mut stretch = fieldseal_packet::zipread::Stretch::new(file, 0, size);
    Sha256Digest::of_reader(&mut stretch)
        .map(|(digest, _)| digest)
        .map_err(|error| Failure::from_io(&error))
}

/// Headers of everything that is the party's own bytes: never shown by our origin, only saved.
pub(super) fn attachment(
    name: &str,
    size: u64,
) -> Result<[(header::HeaderName, HeaderValue); 4], Failure> {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))
        .map_err(|error| Failure::internal(&error))?;
    Ok([
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/zip"),
        ),
        (header::CONTENT_DISPOSITION, disposition),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("sandbox; default-src 'none'"),
        ),
        (header::CONTENT_LENGTH, HeaderValue::from(size)),
    ])
}

/// The packet's zip, byte for byte.
#[utoipa::path(get, path = "/api/v1/review/packets/{id}/zip", params(("id" = String, Path)), responses((status = 200, content_type = "application/zip")))]
pub(super) async fn original(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
) -> Result<Response, Failure> {
    who.require(&LOOKERS)?;
    let packet = find(&app, id).await?;
    look(&app, &who, &packet, "zip", true).await?;
    let (blobs, digest) = (app.blobs.clone(), Sha256Digest(packet.zip_sha256));
    let file = tokio::task::spawn_blocking(move || blobs.open(&digest))
        .await
        .map_err(|error| Failure::internal(&error))?
        .map_err(|error| Failure::from_io(&error))?;
    let body = zip::packet_body(Arc::from(file));
    Ok((
        attachment(&format!("packet-{}.zip", packet.id), packet.zip_size)?,
        body,
    )
        .into_response())
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::NotLogged => {
                Self::new(ProblemCode::Conflict).detail("this packet is not in the log yet")
            }
            ExportError::Redaction(why) => Self::new(ProblemCode::BadRequest).detail(why),
            ExportError::Erased => Self::new(ProblemCode::NotFound)
                .status(axum::http::StatusCode::GONE)
                .detail("the bytes of this packet were erased by rule"),
            ExportError::Store(error) => error.into(),
            other => Self::internal(&other),
        }
    }
}

/// What was not admitted, newest first.
#[utoipa::path(get, path = "/api/v1/review/quarantine", responses((status = 200, body = Vec<QuarantineView>)))]
pub(super) async fn aside(
    State(app): State<Shared>,
    who: SignedIn,
) -> Result<Answer<Vec<QuarantineView>>, Failure> {
    who.require(&["reviewer", "supervisor", "administrator", "auditor"])?;
    let rows = app.db.read(|c| quarantine::newest(c, 500)).await?;
    let view = |row: quarantine::Quarantined| QuarantineView {
        id: row.id,
        device: Some(row.device),
        received_at: rfc3339(row.received_at),
        size: row.size,
        sha256: hex::encode(row.zip_sha256),
        reason: row.reason,
    };
    Ok(Answer(rows.into_iter().map(view).collect()))
}
