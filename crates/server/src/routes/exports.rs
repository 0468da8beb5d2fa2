//! Exports: of one packet, and of all that a list shows. Each packet is written into custody and audit at its turn.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use fieldseal_report::Language;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::console::Queue;
use serde::Deserialize;

use super::body::Part;
use super::review::{LOOKERS, attachment, find};
use crate::access::session::SignedIn;
use crate::app::Shared;
use crate::export::bulk::{self, Order};
use crate::export::redacted::{Redaction, Redactions};
use crate::export::report::{Extent, Occasion};
use crate::export::zip;
use crate::problem::Failure;
use crate::review::list;
use crate::store::packets;

/// Bytes that are handed to the network at once.
const CHUNK: usize = 256 << 10;
/// Packets of one bulk export over the network; more by the command line.
const MOST: u32 = 10_000;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/review/packets/{id}/export", get(export))
        .route("/api/v1/review/exports", get(exports))
}

/// An export's query.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct ExportQuery {
    /// Of the report: `zh`, `en`, or `none` for no report. Left out: by the server's setting.
    lang: Option<String>,
    /// `true`: with stamped copies of the photos, as signed children.
    stamped: Option<bool>,
    /// Areas to be blacked out in redacted copies, as signed children: `NUMBER:X,Y,WIDTH,HEIGHT`, parted by semicolons, pixels of the photo as it is looked at.
    redact: Option<String>,
}

/// What was asked for.
fn extent(app: &Shared, lang: Option<&str>, stamped: Option<bool>) -> Result<Extent, Failure> {
    let report = match lang {
        None => app.config.report,
        Some("zh") => Some(Language::Zh),
        Some("en") => Some(Language::En),
        Some("none") => None,
        Some(_) => return Err(Failure::bad_request("lang is zh, en or none")),
    };
    Ok(Extent {
        report,
        stamped: stamped.unwrap_or(false),
    })
}

/// The export as a zip of its bag.
#[utoipa::path(get, path = "/api/v1/review/packets/{id}/export", params(("id" = String, Path), ExportQuery), responses((status = 200, content_type = "application/zip")))]
pub(super) async fn export(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
    query: Result<Query<ExportQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    who.require(&LOOKERS)?;
    let Query(query) =
        query.map_err(|_| Failure::bad_request("the query is not of the form described"))?;
    let extent = extent(&app, query.lang.as_deref(), query.stamped)?;
    let redaction = match query.redact.as_deref() {
        None => Redaction::default(),
        Some(text) => Redaction::parse(text).map_err(|_| {
            Failure::bad_request("redact is NUMBER:X,Y,WIDTH,HEIGHT, parted by semicolons")
        })?,
    };
    let packet = find(&app, id).await?;
    let (actor, at) = (who.actor(), app.config.ambient.now());
    let making = tokio::task::spawn_blocking(move || {
        let occasion = Occasion { actor: &actor, at };
        let (bag, file) = app
            .stock()
            .export_redacted(&packet, occasion, extent, &redaction)?;
        let file: zip::Packet = Arc::from(file);
        let layout = zip::layout(&bag, &*file).map_err(|error| Failure::from_io(&error))?;
        let headers = attachment(&format!("{}.zip", bag.folder), layout.total_size())?;
        Ok::<_, Failure>((headers, zip::body(bag, layout, file)))
    });
    Ok(making
        .await
        .map_err(|error| Failure::internal(&error))??
        .into_response())
}

/// A bulk export's query: the list's, and the language.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub(super) struct BulkQuery {
    /// `open` (default) or `done`.
    queue: Option<Queue>,
    /// One verdict only.
    verdict: Option<String>,
    /// Words that must occur.
    q: Option<String>,
    /// Of the reports: `zh`, `en` or `none`. Left out: by the server's setting.
    lang: Option<String>,
    /// `true`: with stamped copies of the photos, as signed children.
    stamped: Option<bool>,
    /// Areas to be blacked out in redacted copies: `ID=AREAS`, parted by `|`, the areas as of a single export. A packet that can't be redacted so is left out, and
    /// `index.txt` says it.
    redact: Option<String>,
}

/// The exports of all packets that the list with this query has, in one zip that is made while it is sent.
#[utoipa::path(get, path = "/api/v1/review/exports", params(BulkQuery), responses((status = 200, content_type = "application/zip"), (status = 409)))]
pub(super) async fn exports(
    State(app): State<Shared>,
    who: SignedIn,
    query: Result<Query<BulkQuery>, QueryRejection>,
) -> Result<Response, Failure> {
    who.require(&LOOKERS)?;
    let Query(query) =
        query.map_err(|_| Failure::bad_request("the query is not of the form described"))?;
    let extent = extent(&app, query.lang.as_deref(), query.stamped)?;
    let redactions =
        Redactions::parse(query.redact.as_deref().unwrap_or_default()).map_err(|_| {
            Failure::bad_request("redact is ID=NUMBER:X,Y,WIDTH,HEIGHT;…, packets parted by |")
        })?;
    let filter = list::filter(
        query.queue == Some(Queue::Done),
        query.verdict,
        query.q.as_deref(),
    );
    let turn = app.bulk_turns.clone().try_acquire_owned().map_err(|_| {
        Failure::new(ProblemCode::Conflict)
            .detail("another bulk export is being made; try again when it is done")
    })?;
    let ids = app
        .db
        .read(move |c| packets::slugs_matching(c, &filter, MOST + 1))
        .await?;
    if ids.len() > usize::try_from(MOST).unwrap_or(usize::MAX) {
        return Err(Failure::bad_request(
            "more than 10,000 packets: narrow the list, or use `fieldseal admin export`",
        ));
    }
    if redactions.beyond(&ids).is_some() {
        return Err(Failure::bad_request(
            "a packet that is to be redacted is not in this list",
        ));
    }
    let actor = who.actor();
    let body = zip::streamed(move |give| {
        let _turn = turn;
        let now = || app.config.ambient.now();
        let order = Order {
            actor: &actor,
            extent,
            redactions: &redactions,
            now: &now,
        };
        let mut out = io::BufWriter::with_capacity(CHUNK, Sent(give));
        let made = bulk::zip(&app.stock(), &order, &ids, &mut out, |_, _| {});
        if let Err(error) = made {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a bulk export was broken off"
            );
            // The answer has begun: only by breaking it off can it be told that it is not whole.
            give(Err(io::Error::other("broken off")));
        }
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/zip"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_static("attachment; filename=\"evidence.zip\""),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static("sandbox; default-src 'none'"),
        ),
    ];
    Ok((headers, body).into_response())
}

/// The answer as something to write to.
struct Sent<'a>(zip::Give<'a>);

impl io::Write for Sent<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.0)(Ok(Bytes::copy_from_slice(bytes))) {
            Ok(bytes.len())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
