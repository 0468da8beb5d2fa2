//! The leaves of the log other than the seal itself: signed notes of at most 16 KiB, without names or addresses.
//! Specification: `docs/spec/log.md`.

pub use crate::lines::BodyError;
use crate::lines::{body, words};
use crate::{PacketId, Sha256Digest, Timestamp};
use fieldseal_tlog::merkle::Hash;

/// Largest leaf, bytes.
pub const MAX_LEAF: usize = 16 * 1024;

words! {
    /// Whose key.
    SubjectKind {
        /// A tablet's.
        Device = "device",
        /// An officer's.
        Officer = "officer",
    }
}

body! {
    /// 登记: binds a key to a device or an officer. Signed by the authority.
    Enrolled = "enrolled/v1" {
        /// Whose.
        "kind" => kind: SubjectKind,
        /// The key's name.
        "subject" => subject: String,
        /// The key, a C2SP vkey of that name.
        "vkey" => vkey: String,
        /// Server's clock.
        "enrolled-at" => enrolled_at: Timestamp,
    }
}

body! {
    /// A key takes over from another of the same name. Signed by the authority.
    Rotated = "rotated/v1" {
        /// Whose.
        "kind" => kind: SubjectKind,
        /// Both keys' name.
        "subject" => subject: String,
        /// The key that ends.
        "old-vkey" => old_vkey: String,
        /// The key that begins.
        "vkey" => vkey: String,
        /// Server's clock.
        "rotated-at" => rotated_at: Timestamp,
    }
}

words! {
    /// Whose key a [`LogRotated`] is of.
    LogKind {
        /// The log's.
        Log = "log",
    }
}

body! {
    /// The log's key is taken over from by another one. Signed by the old key and by the authority.
    LogRotated = "rotated/v1" {
        /// Always the log's.
        "kind" => kind: LogKind,
        /// Both keys' name: the origin.
        "subject" => subject: String,
        /// The key that ends.
        "old-vkey" => old_vkey: String,
        /// The key that begins.
        "vkey" => vkey: String,
        /// Server's clock.
        "rotated-at" => rotated_at: Timestamp,
    }
}

body! {
    /// The first leaf of a log that takes the place of one that was closed. Signed by the authority, and by the old one's where its
    /// key is in hand.
    Continued = "continued/v1" {
        /// Origin of the log that was closed.
        "old-origin" => old_origin: String,
        /// Leaves under its newest known checkpoint.
        "old-size" => old_size: u64,
        /// Root of that.
        "old-root" => old_root: Hash,
        /// Server's clock.
        "continued-at" => continued_at: Timestamp,
    }
}

body! {
    /// A key is no longer to be believed. Signed by the authority.
    Revoked = "revoked/v1" {
        /// The key's name.
        "subject" => subject: String,
        /// The key.
        "vkey" => vkey: String,
        /// A stable word: `lost`, `stolen`, `left`, `compromised`, `other`.
        "reason" => reason: String,
        /// Server's clock.
        "revoked-at" => revoked_at: Timestamp,
    }
}

body! {
    /// A key's owner has stopped using it, in good order. Signed by the authority.
    Retired = "retired/v1" {
        /// The key's name.
        "subject" => subject: String,
        /// The key.
        "vkey" => vkey: String,
        /// Server's clock.
        "retired-at" => retired_at: Timestamp,
    }
}

body! {
    /// A reviewer's decision, by digest. Signed by the server's decisions key.
    Decision = "decision/v1" {
        /// The packet decided on.
        "packet" => packet: PacketId,
        /// Its packet digest.
        "seal-sha256" => seal_sha256: Sha256Digest,
        /// sha256 of a 32-byte salt followed by the decision document.
        "document-sha256" => document_sha256: Sha256Digest,
        /// Server's clock.
        "decided-at" => decided_at: Timestamp,
    }
}

body! {
    /// A tablet was here and had got this far. Signed by the device.
    Heartbeat = "heartbeat/v1" {
        /// The device key's name.
        "device" => device: String,
        /// Last sealed packet's sequence number, 0 before the first.
        "device-seq" => device_seq: u64,
        /// Last capture's sequence number, 0 before the first.
        "capture-seq" => capture_seq: u64,
        /// Link of that capture in the device's capture chain.
        "capture-link" => capture_link: Sha256Digest,
        /// Device's clock.
        "at" => at: Timestamp,
    }
}

body! {
    /// A packet's bytes were erased by rule; its leaf stays. Signed by the authority.
    Tombstone = "tombstone/v1" {
        /// The packet.
        "packet" => packet: PacketId,
        /// Its packet digest.
        "seal-sha256" => seal_sha256: Sha256Digest,
        /// sha256 of the zip that was erased.
        "zip-sha256" => zip_sha256: Sha256Digest,
        /// A stable word: `retention`, `court-order`, `erasure-request`.
        "reason" => reason: String,
        /// Server's clock.
        "erased-at" => erased_at: Timestamp,
    }
}

body! {
    /// Bytes that could not be admitted, kept aside. Signed by the receipts key.
    Quarantined = "quarantined/v1" {
        /// sha256 of the bytes.
        "sha256" => sha256: Sha256Digest,
        /// Their size.
        "size" => size: u64,
        /// A stable word, listed in `docs/spec/findings.md`.
        "reason" => reason: String,
        /// Server's clock.
        "received-at" => received_at: Timestamp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_body_reads_what_it_writes() {
        let at: Timestamp = "2026-11-23T02:05:04.000Z".parse().unwrap();
        let origin = "bureau.example/log".to_owned();
        let digest = Sha256Digest::of(b"x");
        let packet = PacketId::from_parts(at, &[1; 10]);
        let enrolled = Enrolled {
            origin: origin.clone(),
            kind: SubjectKind::Officer,
            subject: format!("{origin}/officer/o1"),
            vkey: "v+1+x".into(),
            enrolled_at: at,
        };
        assert_eq!(Enrolled::parse(&enrolled.text()), Ok(enrolled));
        let rotated = LogRotated {
            origin: origin.clone(),
            kind: LogKind::Log,
            subject: origin.clone(),
            old_vkey: "v+1+x".into(),
            vkey: "v+2+x".into(),
            rotated_at: at,
        };
        assert!(Rotated::parse(&rotated.text()).is_err());
        assert_eq!(LogRotated::parse(&rotated.text()), Ok(rotated));
        let continued = Continued {
            origin: origin.clone(),
            old_origin: "bureau.example/old".into(),
            old_size: 7,
            old_root: [7; 32],
            continued_at: at,
        };
        assert_eq!(Continued::parse(&continued.text()), Ok(continued));
        let beat = Heartbeat {
            origin: origin.clone(),
            device: format!("{origin}/device/d1"),
            device_seq: 0,
            capture_seq: 3,
            capture_link: digest,
            at,
        };
        assert_eq!(Heartbeat::parse(&beat.text()), Ok(beat));
        let decision = Decision {
            origin,
            packet,
            seal_sha256: digest,
            document_sha256: digest,
            decided_at: at,
        };
        assert_eq!(Decision::parse(&decision.text()), Ok(decision.clone()));
        assert!(Quarantined::parse(&decision.text()).is_err());
    }
}
