//! tus header values.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// What the device claims of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Packet id.
    pub packet: String,
    /// Packet digest.
    pub seal_sha256: [u8; 32],
}

/// Reads `Upload-Metadata`; keys that we don't know are ignored.
pub fn claim(header: &str) -> Option<Claim> {
    let (mut packet, mut seal) = (None, None);
    for pair in header.split(',') {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        let value = || {
            STANDARD
                .decode(value.trim())
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
        };
        match key {
            "packet" if packet.is_none() => packet = Some(value()?),
            "seal-sha256" if seal.is_none() => seal = Some(value()?),
            "packet" | "seal-sha256" => return None,
            _ => {}
        }
    }
    let packet: fieldseal_packet::PacketId = packet?.parse().ok()?;
    let seal: fieldseal_packet::Sha256Digest = seal?.parse().ok()?;
    Some(Claim {
        packet: packet.to_string(),
        seal_sha256: seal.0,
    })
}

/// Reads `Upload-Checksum`: `sha256 <base64>`.
pub fn checksum(header: &str) -> Option<[u8; 32]> {
    let (algorithm, value) = header.trim().split_once(' ')?;
    if algorithm != "sha256" {
        return None;
    }
    STANDARD.decode(value.trim()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims() {
        let id = "0192d3a0-8e7b-7c11-8a55-0123456789ab";
        let seal = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let header = format!(
            "filename eA==, packet {},seal-sha256 {}",
            STANDARD.encode(id),
            STANDARD.encode(seal)
        );
        assert_eq!(claim(&header).unwrap().packet, id);
        for bad in [
            "",
            "packet",
            "packet AAA",
            &header.replace("packet", "other"),
            &format!("{header},packet eA=="),
        ] {
            assert_eq!(claim(bad), None, "{bad}");
        }
    }

    #[test]
    fn checksums() {
        assert_eq!(
            checksum(&format!("sha256 {}", STANDARD.encode([7; 32]))),
            Some([7; 32])
        );
        assert_eq!(
            checksum(&format!("sha1 {}", STANDARD.encode([7; 20]))),
            None
        );
        assert_eq!(checksum("sha256 AAAA"), None);
        assert_eq!(checksum(""), None);
    }
}
