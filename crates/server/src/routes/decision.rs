//! `POST /api/v1/review/packets/{id}/decision`.

use std::time::Duration;

use axum::Json as Answer;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use fieldseal_packet::Sha256Digest;
use fieldseal_wire::console::{DecisionRequest, DecisionView};

use super::body::{Json, Part};
use crate::access::session::SignedIn;
use crate::app::Shared;
use crate::problem::Failure;
use crate::review::{decide, detail};
use crate::store::log;

/// How long the answer waits for the log.
const PATIENCE: Duration = Duration::from_secs(15);

/// The route.
pub fn routes() -> Router<Shared> {
    Router::new().route("/api/v1/review/packets/{id}/decision", post(post_decision))
}

/// Decides on a packet.
#[utoipa::path(post, path = "/api/v1/review/packets/{id}/decision", params(("id" = String, Path)), request_body = DecisionRequest,
    responses((status = 200, body = DecisionView)))]
pub(super) async fn post_decision(
    State(app): State<Shared>,
    who: SignedIn,
    Part(id): Part<String>,
    Json(request): Json<DecisionRequest>,
) -> Result<Answer<DecisionView>, Failure> {
    who.require(&["reviewer", "supervisor"])?;
    let this = app.clone();
    let deciding = tokio::task::spawn_blocking(move || decide::decide(&this, &id, &request, &who));
    let mut row = deciding
        .await
        .map_err(|error| Failure::internal(&error))??;
    // Durable already; the leaf's index is worth a short wait.
    app.sequencer.settle(PATIENCE).await;
    let note = Sha256Digest::of(&row.note).0;
    row.leaf_index = app.db.read(move |c| log::leaf_index(c, &note)).await?;
    Ok(Answer(detail::decision_view(&row)?))
}
