//! The receipt 回执: the server's signed word that it durably holds a packet's bytes and has logged its seal.
//! Specification: `docs/spec/receipt.md`.

pub use crate::lines::BodyError;
use crate::lines::body;
use crate::{PacketId, Sha256Digest, Timestamp};

body! {
    /// What `<origin>/receipts` signs.
    Receipt = "receipt/v1" {
        /// The packet.
        "packet" => packet: PacketId,
        /// Packet digest: sha256 of the file `packet.seal`.
        "seal-sha256" => seal_sha256: Sha256Digest,
        /// sha256 of the zip as received.
        "zip-sha256" => zip_sha256: Sha256Digest,
        /// Its size, bytes.
        "zip-size" => zip_size: u64,
        /// Index of the seal's leaf in the log, from 0.
        "leaf-index" => leaf_index: u64,
        /// Server's clock.
        "received-at" => received_at: Timestamp,
        /// How many durable copies there are.
        "copies" => copies: u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "bureau.example/log/receipt/v1\n\
        packet 0192d3a0-8e7b-7c11-8a55-0123456789ab\n\
        seal-sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\n\
        zip-sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
        zip-size 1024\n\
        leaf-index 7\n\
        received-at 2026-11-23T02:05:04.000Z\n\
        copies 1\n";

    #[test]
    fn reads_and_writes_the_same_bytes() {
        assert_eq!(Receipt::parse(TEXT).unwrap().text(), TEXT);
    }

    #[test]
    fn one_spelling_only() {
        let cases = [
            (
                TEXT.replace("zip-size 1024", "zip-size 01024"),
                BodyError::Value("zip-size"),
            ),
            (TEXT.replace("copies 1\n", ""), BodyError::Missing("copies")),
            (format!("{TEXT}more x\n"), BodyError::Rest),
            (
                TEXT.replace("receipt/v1", "receipt/v2"),
                BodyError::FirstLine {
                    expected: "receipt/v1",
                },
            ),
            (
                TEXT.replace("leaf-index 7\n", "\nleaf-index 7\n"),
                BodyError::Missing("leaf-index"),
            ),
        ];
        for (text, error) in cases {
            assert_eq!(Receipt::parse(&text), Err(error), "{text}");
        }
    }
}
