//! Packets that belong together: a supplement and the packet that it completes, each on the other's screen.

use fieldseal_packet::record::Record;
use fieldseal_wire::console::RelatedView;
use rusqlite::Connection;

use super::list;
use crate::store::packets::PacketRow;
use crate::store::{StoreError, completes, decisions};

/// What belongs with this packet; `record` is its own, where it reads.
pub(super) fn of(
    connection: &Connection,
    packet: &PacketRow,
    record: Option<&Record>,
) -> Result<Vec<RelatedView>, StoreError> {
    let mut related = Vec::new();
    if let Some(id) = completes::completed(connection, &packet.seal_sha256)? {
        let named = record.and_then(|record| record.supplements.as_ref());
        let found = completes::of_id(connection, &id)?;
        if found.is_empty() {
            related.push(RelatedView {
                relation: "completes".to_owned(),
                id,
                packet: None,
                reason: None,
                same_seal: None,
            });
        }
        for other in &found {
            let same_seal = named
                .and_then(|named| named.seal_sha256)
                .map(|seal| seal.0 == other.seal_sha256);
            related.push(view(connection, "completes", other, same_seal)?);
        }
    }
    for other in &completes::completing(connection, &packet.id)? {
        related.push(view(connection, "completed-by", other, None)?);
    }
    Ok(related)
}

fn view(
    connection: &Connection,
    relation: &str,
    other: &PacketRow,
    same_seal: Option<bool>,
) -> Result<RelatedView, StoreError> {
    let decided = decisions::of_packet(connection, &other.seal_sha256)?;
    Ok(RelatedView {
        relation: relation.to_owned(),
        id: other.slug.clone(),
        packet: Some(list::row(other)?),
        reason: decided.last().and_then(|last| last.reason.clone()),
        same_seal,
    })
}
