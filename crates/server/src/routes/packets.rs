//! What a tablet asks about its packets, and the newest checkpoint.

use axum::Json as Answer;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use fieldseal_packet::Sha256Digest;
use fieldseal_wire::console::Decision;
use fieldseal_wire::device::{
    DecisionNotice, PacketRef, PacketStatus, SeenCheckpoint, ServerState, StatusRequest,
    StatusResponse,
};
use rusqlite::Connection;

use super::body::Json;
use crate::ambient::rfc3339;
use crate::app::{Device, Shared};
use crate::problem::Failure;
use crate::review::words::decision_of;
use crate::store::packets::PacketRow;
use crate::store::{StoreError, decisions, log, packets, uploads};

/// Packets in one question.
const MOST: usize = 200;

/// The routes.
pub fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/packets/status", post(status))
        .route("/api/v1/checkpoint", get(checkpoint))
}

/// Where these packets are.
#[utoipa::path(post, path = "/api/v1/packets/status", request_body = StatusRequest, responses((status = 200, body = StatusResponse)))]
pub(super) async fn status(
    State(app): State<Shared>,
    Device(device): Device,
    Json(request): Json<StatusRequest>,
) -> Result<Answer<StatusResponse>, Failure> {
    if request.packets.len() > MOST {
        return Err(Failure::bad_request("at most 200 packets at once"));
    }
    let return_days = app.config.return_days;
    let packets = app
        .db
        .read(move |c| {
            request
                .packets
                .iter()
                .map(|packet| one(c, &device, packet, return_days))
                .collect::<Result<Vec<_>, StoreError>>()
        })
        .await?;
    Ok(Answer(StatusResponse {
        packets,
        server_time: rfc3339(app.config.ambient.now()),
        retention: app.config.retention,
    }))
}

fn one(
    connection: &Connection,
    device: &str,
    asked: &PacketRef,
    return_days: Option<u32>,
) -> Result<PacketStatus, StoreError> {
    let mut status = PacketStatus {
        id: asked.id.clone(),
        state: ServerState::Unknown,
        reason: None,
        receipt: None,
        proof: None,
        decisions: Vec::new(),
    };
    let Ok(seal) = asked.seal_sha256.parse::<Sha256Digest>() else {
        return Ok(status);
    };
    let here = packets::by_seal(connection, &seal.0)?.filter(|packet| packet.id == asked.id);
    // Its own, or carried here by it for another tablet.
    let mine = |packet: &PacketRow| {
        Ok::<_, StoreError>(
            packet.device == device || uploads::delivered(connection, device, &asked.id, &seal.0)?,
        )
    };
    if let Some(packet) = here
        && mine(&packet)?
    {
        status.state = ServerState::Received;
        if let (Some(receipt), Some(proof)) = (packet.receipt, packet.proof) {
            status.state = ServerState::Logged;
            status.receipt =
                Some(String::from_utf8(receipt).map_err(|_| StoreError::Malformed("receipt"))?);
            status.proof =
                Some(String::from_utf8(proof).map_err(|_| StoreError::Malformed("proof"))?);
        }
        for row in decisions::of_packet(connection, &seal.0)? {
            let decision = decision_of(&row.decision)?;
            let due = return_days.filter(|_| decision == Decision::Returned);
            status.decisions.push(DecisionNotice {
                decision,
                answer_by: due.map(|days| {
                    rfc3339(
                        row.decided_at
                            .saturating_add(i64::from(days) * 24 * 3_600_000),
                    )
                }),
                reason: row.reason,
                decided_at: rfc3339(row.decided_at),
                reviewer: Some(row.reviewer),
            });
        }
        return Ok(status);
    }
    // Not admitted, or on its way to it.
    if let Some(reason) = uploads::outcome(connection, device, &asked.id, &seal.0)? {
        status.state = ServerState::Quarantined;
        status.reason = Some(reason);
    } else if uploads::of_packet(connection, device, &asked.id, &seal.0)?
        .is_some_and(|upload| upload.state == "complete")
    {
        status.state = ServerState::Received;
    }
    Ok(status)
}

/// The newest published checkpoint.
#[utoipa::path(get, path = "/api/v1/checkpoint", responses((status = 200, body = SeenCheckpoint)))]
pub(super) async fn checkpoint(
    State(app): State<Shared>,
) -> Result<Answer<SeenCheckpoint>, Failure> {
    Ok(Answer(newest_checkpoint(&app).await?))
}

/// The newest published checkpoint, as a tablet keeps it.
pub(super) async fn newest_checkpoint(app: &Shared) -> Result<SeenCheckpoint, Failure> {
    let head = app.db.read(log::head).await?;
    // What is signed and not yet published is nobody's to see: the copy outside must come first.
    let published = head.size > 0 && head.published_size == head.size;
    let checkpoint = if published {
        String::from_utf8(head.checkpoint).ok()
    } else {
        let path = app.layout.log().join("checkpoint");
        tokio::task::spawn_blocking(move || std::fs::read_to_string(path).ok())
            .await
            .ok()
            .flatten()
    };
    Ok(SeenCheckpoint {
        checkpoint,
        tokens: Vec::new(),
    })
}
