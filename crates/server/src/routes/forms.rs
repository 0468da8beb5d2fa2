//! `/api/v1/forms`: which kinds there are, for tablets.

use axum::Json as Answer;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use fieldseal_packet::Sha256Digest;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::forms::FormList;

use crate::app::{Device, Shared};
use crate::forms;
use crate::problem::Failure;
use crate::store::forms as stored;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/forms", get(list))
        .route("/api/v1/forms/{sha256}", get(one))
}

/// The newest form of each kind, and the retired kinds.
#[utoipa::path(get, path = "/api/v1/forms", responses((status = 200, body = FormList)))]
pub(super) async fn list(
    State(app): State<Shared>,
    Device(_): Device,
) -> Result<Answer<FormList>, Failure> {
    let forms = app.db.read(forms::list).await?;
    Ok(Answer(FormList { forms }))
}

/// A form's bytes.
#[utoipa::path(get, path = "/api/v1/forms/{sha256}", params(("sha256" = String, Path)), responses((status = 200, content_type = "application/json")))]
pub(super) async fn one(
    State(app): State<Shared>,
    Device(_): Device,
    Path(sha256): Path<String>,
) -> Result<Response, Failure> {
    let not_here = || Failure::new(ProblemCode::NotFound);
    let digest: Sha256Digest = sha256.parse().map_err(|_| not_here())?;
    let bytes = app.db.read(move |c| stored::bytes(c, &digest.0)).await?;
    let bytes = bytes.ok_or_else(not_here)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}
