//! What a tablet asks about its packets, and the newest checkpoint.

use axum::Json as Answer;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use base64::{Engine as _, engine::general_purpose::STANDARD};
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
use crate::log::publish::newest_published;
use crate::problem::Failure;
use crate::review::words::decision_of;
use crate::store::packets::PacketRow;
use crate::store::{StoreError, decisions, log, packets, stamps, uploads};

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
        upload_within_hours: app.config.upload_within_hours,
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

/// The newest stamped checkpoint, and the newest of all.
#[utoipa::path(get, path = "/api/v1/checkpoint", responses((status = 200, body = SeenCheckpoint)))]
pub(super) async fn checkpoint(
    State(app): State<Shared>,
) -> Result<Answer<SeenCheckpoint>, Failure> {
    Ok(Answer(newest_checkpoint(&app).await?))
}

/// What a tablet keeps: the newest stamped checkpoint with its first tokens, and the newest of all.
pub(super) async fn newest_checkpoint(app: &Shared) -> Result<SeenCheckpoint, Failure> {
    let this = app.clone();
    let read = tokio::task::spawn_blocking(move || {
        let newest = newest_published(&this.db, &this.layout.log())?;
        let stamped = this.db.read_blocking(stamps::newest_stamped)?;
        let rotations = this.db.read_blocking(log::rotations)?;
        Ok::<_, StoreError>((newest, stamped, rotations))
    });
    let (newest, stamped, rotations) = read.await.map_err(|error| Failure::internal(&error))??;
    let newest = newest.and_then(|bytes| String::from_utf8(bytes).ok());
    let rotations: Vec<String> = rotations
        .into_iter()
        .filter_map(|note| String::from_utf8(note).ok())
        .collect();
    let Some(stamped) = stamped else {
        return Ok(SeenCheckpoint {
            checkpoint: newest,
            tokens: Vec::new(),
            newest: None,
            rotations,
        });
    };
    let checkpoint = String::from_utf8(stamped.checkpoint).ok();
    let first = stamped.tokens.into_iter().filter(|token| token.n == 0);
    Ok(SeenCheckpoint {
        tokens: first
            .map(|token| (token.authority, STANDARD.encode(token.der)))
            .collect(),
        newest: newest.filter(|newest| Some(newest) != checkpoint.as_ref()),
        checkpoint,
        rotations,
    })
}
