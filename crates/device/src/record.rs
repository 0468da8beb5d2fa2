//! The record of a draft that is being closed: the described facts in their places, the items by digest.

use fieldseal_packet::record::{
    Item, Label, Officer, OfficerRole, PARTY_DRAWING, Party, Place, Record, SCHEMA, Supplements,
    Times, VOID_KIND,
};
use fieldseal_packet::{KeyName, PacketId, Sha256Digest};
use fieldseal_vault::captures::Capture;
use fieldseal_vault::drafts::Draft;
use fieldseal_vault::officers::OfficerRecord;
use serde_json::Value;

use crate::close::item_path;
use crate::draft::party;
use crate::drawing::{counting, is_drawing};
use crate::identity::Identity;
use crate::problem::Problem;

pub(crate) struct Input<'a> {
    pub identity: &'a Identity,
    pub draft: &'a Draft,
    pub items: &'a [Capture],
    /// Lead first.
    pub officers: &'a [OfficerRecord],
    pub void: Option<&'a str>,
    pub zone: String,
    pub supplements: Option<(PacketId, Option<Sha256Digest>)>,
}

pub(crate) fn make(input: &Input<'_>) -> Result<Record, Problem> {
    let mut facts = input.draft.facts.clone();
    let mut common = |id: &str| match facts.remove(id) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let best = input
        .items
        .iter()
        .filter_map(|item| item.context.fix.as_ref())
        .min_by(|a, b| a.accuracy_m.total_cmp(&b.accuracy_m));
    let place = Place {
        fix: best.cloned(),
        no_fix_reason: match best {
            Some(_) => None,
            None => input
                .items
                .iter()
                .rev()
                .find_map(|item| item.context.no_fix_reason.clone()),
        },
        address: common("address"),
        floor: common("floor"),
        unit: common("unit"),
        point: common("point"),
        ticket: common("ticket"),
        campaign: common("campaign"),
    };
    let (item_code, note) = (common("item_code"), common("note"));
    let times = || input.items.iter().map(|item| item.context.captured_at);
    Ok(Record {
        schema: SCHEMA.to_owned(),
        packet: input.draft.packet,
        kind: if input.void.is_some() {
            VOID_KIND.to_owned()
        } else {
            input.draft.kind.clone()
        },
        device: input.identity.key_name(),
        officers: input
            .officers
            .iter()
            .enumerate()
            .map(|(n, officer)| Officer {
                key: KeyName::officer(&input.identity.origin, &officer.id),
                role: if n == 0 {
                    OfficerRole::Lead
                } else {
                    OfficerRole::Second
                },
                name: officer.name.clone(),
                badge: officer.badge.clone(),
            })
            .collect(),
        team: input
            .officers
            .first()
            .and_then(|lead| lead.team.clone())
            .or_else(|| input.identity.team.clone()),
        place,
        time: Times {
            first_capture_at: times().min(),
            last_capture_at: times().max(),
            zone: input
                .items
                .last()
                .map_or_else(|| input.zone.clone(), |item| item.context.zone.clone()),
        },
        item_code,
        party: party(input.draft).map(|party| Party {
            presence: party.presence,
            name: party.name,
            note: party.note,
            drawing: counting(input.items).map(|(n, item)| item_path(n, item)),
        }),
        note,
        facts,
        items: input
            .items
            .iter()
            .enumerate()
            .map(|(n, item)| Item {
                path: item_path(n, item),
                sha256: item.sha256,
                size: item.size,
                media_type: item.media_type.clone(),
                capture_seq: item.capture_seq,
                shot: item.shot.clone(),
                captured_at: item.context.captured_at,
                voided: item.voided.as_ref().map(|voided| voided.reason.clone()),
                original_name: item.context.original_name.clone(),
                kind: is_drawing(item).then(|| PARTY_DRAWING.to_owned()),
                label: is_drawing(item).then(Label::of_party_drawing),
                follows: item.context.follows.clone(),
            })
            .collect(),
        supplements: input.supplements.map(|(packet, seal_sha256)| Supplements {
            packet,
            seal_sha256,
        }),
        void_reason: input.void.map(str::to_owned),
    })
}
