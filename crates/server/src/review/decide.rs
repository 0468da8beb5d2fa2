//! Decisions: signed by the server's decisions key, logged by salted digest, never overwritten.
//!
//! The note, the document and its salt, the custody line and the leaf-to-be are one transaction: a crash leaves either no decision or a whole one whose
//! leaf follows.

use fieldseal_packet::custody::Event;
use fieldseal_packet::entry::Decision as DecisionEntry;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::console::{Decision, DecisionRequest};
use serde::Serialize;

use super::words::decision_word;
use crate::access::session::SignedIn;
use crate::app::App;
use crate::problem::Failure;
use crate::signing::signed;
use crate::store::decisions::{self, DecisionRow};
use crate::store::packets;
use crate::store::{custody, log};

/// Longest reason, in characters.
const LONGEST_REASON: usize = 2000;

/// What the leaf's digest is of: kept beside it, and part of every export.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    packet: &'a str,
    seal_sha256: String,
    decision: &'static str,
    reason: Option<&'a str>,
    reviewer: Reviewer<'a>,
    decided_at: String,
}

#[derive(Serialize)]
struct Reviewer<'a> {
    account: &'a str,
    name: &'a str,
    role: &'a str,
}

/// Decides. Blocking. Gives the row.
pub fn decide(
    app: &App,
    slug: &str,
    request: &DecisionRequest,
    who: &SignedIn,
) -> Result<DecisionRow, Failure> {
    let reason = request
        .reason
        .as_deref()
        .map(str::trim)
        .filter(|reason| !reason.is_empty());
    if matches!(request.decision, Decision::Returned | Decision::Refused) && reason.is_none() {
        return Err(Failure::bad_request("returning or refusing needs a reason"));
    }
    if reason.is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(Failure::bad_request("the reason is too long"));
    }
    let salt = app.config.ambient.bytes::<32>()?;
    let decided_at = app.config.ambient.now();
    app.db.write_blocking(|tx| {
        let packet = packets::by_slug(tx, slug)?.ok_or(Failure::new(ProblemCode::NotFound))?;
        let seal = Sha256Digest(packet.seal_sha256);
        if request.packet_digest != seal.to_string() {
            return Err(Failure::new(ProblemCode::Conflict)
                .detail("the decision is about another packet digest"));
        }
        if packet
            .decision
            .as_deref()
            .is_some_and(|decision| decision != "legal-review")
        {
            return Err(
                Failure::new(ProblemCode::Conflict).detail("this packet has been decided on")
            );
        }
        if packet.leaf_index.is_none() {
            return Err(
                Failure::new(ProblemCode::Conflict).detail("this packet is not in the log yet")
            );
        }
        let at = Timestamp::from_millis(decided_at);
        let document = Document {
            schema: "decision/1",
            packet: &packet.id,
            seal_sha256: seal.to_string(),
            decision: decision_word(request.decision),
            reason,
            reviewer: Reviewer {
                account: &who.row.account,
                name: &who.row.name,
                role: &who.row.role,
            },
            decided_at: at.to_string(),
        };
        let mut document =
            serde_json::to_vec(&document).map_err(|error| Failure::internal(&error))?;
        document.push(b'\n');
        let document_sha256 = Sha256Digest::of(&[salt.as_slice(), &document].concat());
        let entry = DecisionEntry {
            origin: app.origin.clone(),
            packet: packet
                .id
                .parse()
                .map_err(|_| Failure::new(ProblemCode::Internal))?,
            seal_sha256: seal,
            document_sha256,
            decided_at: at,
        };
        let note = signed(&entry.text(), &app.keys.decisions)
            .map_err(|error| Failure::internal(&error))?;
        let row = DecisionRow {
            decision: decision_word(request.decision).to_owned(),
            reason: reason.map(str::to_owned),
            decided_at,
            account: who.row.account.clone(),
            reviewer: who.row.name.clone(),
            document,
            salt,
            note,
            leaf_index: None,
        };
        decisions::add(tx, &seal.0, &row, &Sha256Digest::of(&row.note).0)?;
        log::add_pending(tx, "decision", &row.note)?;
        let actor = who.actor();
        custody::append(
            tx,
            &seal,
            decided_at,
            Some(&actor),
            &Event::Decided {
                decision: row.decision.clone(),
                document_sha256,
            },
        )?;
        custody::audit(tx, decided_at, &actor, "decided", &packet.slug)?;
        Ok(row)
    })
}
