//! `/trust` and `/log`: the public side of the log. Entry bundles say who patrols when, so they need an auditor's account or a
//! pass.

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts as _, Query, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use fieldseal_packet::consistency::Consistency;
use fieldseal_tlog::merkle::prove_consistency;
use fieldseal_tlog::tile::TilePath;
use fieldseal_wire::ProblemCode;
use serde::Deserialize;

use super::body::Part;
use crate::access::reader::{self, Pass};
use crate::access::session::SignedIn;
use crate::app::Shared;
use crate::problem::Failure;
use crate::store::log::{self, Hashes};
use crate::store::{StoreError, custody};
use crate::witnesses;

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/trust", get(trust))
        .route("/log/checkpoint", get(checkpoint))
        .route("/log/consistency", get(consistency))
        .route("/log/tile/{*path}", get(tile))
}

/// The trust file.
async fn trust(State(app): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], app.trust.clone()).into_response()
}

async fn checkpoint(State(app): State<Shared>) -> Result<Response, Failure> {
    let bytes = read(&app, "checkpoint".to_owned()).await?;
    // With the lines of those who have cosigned it by now.
    let bytes = app
        .db
        .read(move |c| witnesses::with_cosignatures(c, bytes))
        .await?;
    Ok(([(header::CONTENT_TYPE, TEXT)], bytes).into_response())
}

/// Two sizes of the log.
#[derive(Deserialize)]
struct Between {
    from: u64,
    to: u64,
}

/// The proof that the larger tree continues the smaller. It says nothing but hashes, and only of what is signed.
async fn consistency(
    State(app): State<Shared>,
    between: Result<Query<Between>, QueryRejection>,
) -> Result<Response, Failure> {
    let Query(Between { from, to }) =
        between.map_err(|_| Failure::bad_request("two sizes, from and to"))?;
    let proof = app
        .db
        .read(move |c| {
            if from > to || to > log::head(c)?.size {
                return Ok(None);
            }
            let hashes = prove_consistency(from, to, &Hashes(c))
                .map_err(|_| StoreError::Malformed("tree"))?;
            Ok::<_, StoreError>(Some(Consistency {
                old_size: from,
                new_size: to,
                hashes,
            }))
        })
        .await?
        .ok_or(Failure::new(ProblemCode::NotFound))?;
    Ok(([(header::CONTENT_TYPE, TEXT)], proof.text()).into_response())
}

async fn tile(
    State(app): State<Shared>,
    Part(path): Part<String>,
    request: Request,
) -> Result<Response, Failure> {
    let path = TilePath::parse(&format!("tile/{path}"))
        .map_err(|_| Failure::new(ProblemCode::NotFound))?;
    if matches!(path, TilePath::Entries { .. }) {
        let actor = entry_reader(&app, request).await?;
        let (now, subject) = (app.config.ambient.now(), path.to_string());
        app.db
            .write(move |tx| custody::audit(tx, now, &actor, "read-entries", &subject))
            .await?;
    }
    // The parsed path is written back, so nothing but tiles can be named.
    let bytes = read(&app, path.to_string()).await?;
    let caching = HeaderValue::from_static("public, max-age=31536000, immutable");
    let private = HeaderValue::from_static("private, no-store");
    let is_hashes = matches!(path, TilePath::Hashes { .. });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        ),
        (
            header::CACHE_CONTROL,
            if is_hashes { caching } else { private },
        ),
    ];
    Ok((headers, bytes).into_response())
}

/// Who asks for leaves, as the audit trail names them: somebody with a pass, or an auditor at the console.
async fn entry_reader(app: &Shared, request: Request) -> Result<String, Failure> {
    let (mut parts, _) = request.into_parts();
    match reader::pass(&app.config.entry_readers, &parts.headers) {
        Pass::Of(reader) => return Ok(format!("reader/{}", reader.name)),
        Pass::Unknown => return Err(Failure::new(ProblemCode::Unauthenticated)),
        Pass::None => {}
    }
    let who = SignedIn::from_request_parts(&mut parts, app).await?;
    who.require(&["auditor"])?;
    Ok(who.actor())
}

async fn read(app: &Shared, name: String) -> Result<Vec<u8>, Failure> {
    let path = app.layout.log().join(name);
    let read = tokio::task::spawn_blocking(move || std::fs::read(path))
        .await
        .map_err(|error| Failure::internal(&error))?;
    match read {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::new(ProblemCode::NotFound))
        }
        Err(error) => Err(Failure::from_io(&error)),
    }
}
