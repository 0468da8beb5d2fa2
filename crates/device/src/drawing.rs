//! What the party 当事人 draws on the screen in place of a signature: an item like any other, labelled as what it is. Specification:
//! `docs/spec/packet.md`, *The party's drawing*.
//!
//! At most one counts, and only while the party is recorded as present: an earlier one, or one whose party is recorded otherwise since, is voided and stays. A
//! crash between a new drawing and the voiding of the old one is mended when the draft is closed.

use std::io::Read;

use fieldseal_packet::custody::Event;
use fieldseal_packet::record::PARTY_DRAWING;
use fieldseal_packet::{PacketId, sniff};
use fieldseal_vault::captures::Capture;
use fieldseal_vault::{captures, custody, drafts};

use crate::api::{CaptureArgs, CaptureView};
use crate::core::{Core, lock};
use crate::draft::party;
use crate::problem::{Code, Problem};
use crate::session::packet_id;

/// Largest drawing, bytes: lines on white take some ten thousand.
const MAX_DRAWING: u64 = 2 << 20;
/// Why an earlier drawing is void.
const AGAIN: &str = "当事人重新书写 (drawn again)";
/// Why a drawing is void whose party is recorded otherwise since.
const OTHERWISE: &str = "当事人情况已改 (the party is recorded otherwise)";

/// Whether this item was drawn by the party.
pub(crate) fn is_drawing(item: &Capture) -> bool {
    item.context.source == PARTY_DRAWING
}

/// The drawing that counts, and its place among the items.
pub(crate) fn counting(items: &[Capture]) -> Option<(usize, &Capture)> {
    let mut items = items.iter().enumerate().rev();
    items.find(|(_, item)| is_drawing(item) && item.voided.is_none())
}

impl Core {
    /// Keeps a drawing as an item of an open draft whose party is present.
    pub(crate) fn capture_drawing(
        &self,
        args: &CaptureArgs,
        bytes: &mut dyn Read,
    ) -> Result<CaptureView, Problem> {
        let id = packet_id(args.draft.as_deref().unwrap_or_default())?;
        self.settle();
        self.read(|c| {
            let draft = drafts::get(c, id)?.ok_or(Code::NotFound)?;
            match draft.stage {
                drafts::Stage::Open => {}
                drafts::Stage::Closed => return Err(Code::DraftClosed.into()),
                drafts::Stage::Sealed => return Err(Code::NotFound.into()),
            }
            if is_present(&draft) {
                Ok(())
            } else {
                Err(Problem::from(Code::FactNotAllowed).with("field", "party"))
            }
        })?;
        let mut drawing = Vec::new();
        bytes
            .take(MAX_DRAWING + 1)
            .read_to_end(&mut drawing)
            .map_err(|error| Problem::because(Code::NotStored, error))?;
        if drawing.len() as u64 > MAX_DRAWING {
            return Err(Problem::from(Code::TooLarge).with("max_bytes", MAX_DRAWING));
        }
        if sniff(&drawing).media_type != "image/png" {
            return Err(Problem::from(Code::FactNotAllowed).with("field", "drawing"));
        }
        let args = CaptureArgs {
            shot: None,
            original_name: None,
            ..args.clone()
        };
        let view = self.store_capture(&args, &mut &drawing[..])?;
        // Durable from here on: nothing below may turn it into a failure.
        self.settle();
        if let Err(problem) = self.one_drawing(id) {
            tracing::warn!(
                code = problem.code().as_str(),
                "an earlier drawing is voided when the draft is closed"
            );
        }
        Ok(view)
    }

    /// Voids every drawing of an open draft but the one that counts.
    pub(crate) fn one_drawing(&self, id: PacketId) -> Result<(), Problem> {
        let _desk = lock(&self.desk);
        let meta = self.meta();
        self.write(|tx| {
            let open = drafts::get(tx, id)?.filter(|draft| draft.stage == drafts::Stage::Open);
            let Some(draft) = open else {
                return Ok(());
            };
            let items = captures::of_draft(tx, id)?;
            let present = is_present(&draft);
            let kept = counting(&items)
                .filter(|_| present)
                .map(|(_, item)| item.capture_seq);
            let reason = if present { AGAIN } else { OTHERWISE };
            for item in items
                .iter()
                .filter(|item| is_drawing(item) && item.voided.is_none())
                .filter(|item| Some(item.capture_seq) != kept)
            {
                captures::void(tx, item.capture_seq, reason, meta.at)?;
                let voided = Event::Voided {
                    capture_seq: item.capture_seq,
                    reason: reason.to_owned(),
                };
                custody::write(tx, id, &meta, &voided)?;
            }
            Ok(())
        })
    }
}

fn is_present(draft: &drafts::Draft) -> bool {
    party(draft).is_some_and(|party| party.presence == "present")
}
