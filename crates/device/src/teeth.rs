//! Planted faults, for one purpose: the fault campaign (`cargo xtask faults teeth`) must find each of them, or it proves nothing.
//! Without the feature `teeth`, which no shipped binary has, nothing here is compiled in.
//!
//! Here: `reclaim-on-2xx`, where the server has acknowledged a packet's last byte. The vault's and the outbox's own are theirs.

use fieldseal_packet::PacketId;

use crate::core::Core;

/// With the fault, the answer to the last byte is taken for a verified receipt, and the originals go.
#[cfg(feature = "teeth")]
pub(crate) fn last_byte_was_taken(core: &Core, packet: PacketId) {
    if std::env::var("FIELDSEAL_TOOTH").as_deref() != Ok("reclaim-on-2xx") {
        return;
    }
    let now = core.platform.now();
    let _ = core.vault().and_then(|vault| {
        vault.outbox_write(|tx| {
            Ok::<_, crate::problem::Problem>(fieldseal_vault::outbox::set_receipt(
                tx,
                packet,
                b"",
                b"",
                Some(now),
            )?)
        })?;
        // The rule would look at the receipt once more.
        Ok(vault.reclaim(packet, now)?)
    });
}

/// No faults are planted.
#[cfg(not(feature = "teeth"))]
#[inline(always)]
pub(crate) const fn last_byte_was_taken(_core: &Core, _packet: PacketId) {}
