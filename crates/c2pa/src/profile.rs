//! The one kind of detached manifest that we make and accept, and the reading of it. What is in it is only believed once `judge` has had the
//! signature checked; what is *not* in it (an exception from the hash, a second binding, a manifest within) is settled here.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::cbor::{self, Value};
use crate::jumbf::{self, Superbox};

/// Largest sidecar, in bytes; ours have some four thousand.
pub const MAX_SIDECAR: usize = 64 << 10;
/// Label of the assertion that names the packet.
pub const PACKET: &str = "fieldseal.packet";
/// Its schema.
pub const SCHEMA: &str = "c2pa-packet/1";
/// Label of the assertion that binds the bytes.
pub const BINDING: &str = "c2pa.hash.data";
/// Label of the assertion on how the photo came to be.
pub const ACTIONS: &str = "c2pa.actions.v2";

/// COSE header parameters: algorithm, certificate chain.
const ALG: i128 = 1;
const X5CHAIN: i128 = 33;
/// The algorithm ECDSA on P-256 with SHA-256.
const ES256: i128 = -7;

/// The packet that a photo belongs to, as the server that made the sidecar says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PacketClaim {
    /// [`SCHEMA`].
    pub schema: String,
    /// The deployment.
    pub origin: String,
    /// Packet's id.
    pub packet: String,
    /// Packet digest: sha256 of `packet.seal`, hex.
    pub seal_sha256: String,
    /// `data/items/0001.jpg`
    pub item: String,
    /// Of its bytes, hex, as the sealed record has it.
    pub item_sha256: String,
    /// What the device claims, and nobody vouches for.
    pub claimed: Claimed,
    /// When the sidecar was made, by the server's clock.
    pub made_at: String,
}

/// Claims of the device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// Always `device`.
    pub by: String,
    /// Its clock at the shutter, RFC 3339.
    pub captured_at: String,
    /// `camera`, `file-input` or `import`.
    pub source: String,
}

/// What a sidecar of the profile says, before anybody has looked at its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sidecar {
    /// The digest of the whole photo that it binds.
    pub sha256: [u8; 32],
    /// The packet that it names.
    pub packet: PacketClaim,
    /// The signer's certificate, DER.
    pub certificate: Vec<u8>,
}

/// Not a sidecar that we accept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotOfProfile {
    /// Above [`MAX_SIDECAR`].
    #[error("the sidecar is larger than {MAX_SIDECAR} bytes")]
    TooLarge,
    /// Its boxes.
    #[error(transparent)]
    Boxes(#[from] jumbf::NotStrict),
    /// Its CBOR.
    #[error(transparent)]
    Cbor(#[from] cbor::NotStrict),
    /// No store of one standard manifest with assertions, claim and signature.
    #[error("the sidecar is not one manifest with its assertions, claim and signature alone")]
    Manifest,
    /// An assertion too many, twice or missing.
    #[error("the sidecar's assertions are not the three of the profile: {0}")]
    Assertions(String),
    /// The hash leaves out a part of the photo: what stands there could be anything.
    #[error(
        "the sidecar excepts a part of the photo from its hash, so that it proves nothing of the photo"
    )]
    Exclusions,
    /// The hash assertion is of another form.
    #[error("the sidecar's hash is not a SHA-256 digest of the whole photo: {0}")]
    Binding(&'static str),
    /// The packet assertion does not read.
    #[error("the sidecar does not name its packet in a form that reads")]
    Packet,
    /// The signature's envelope is of another form.
    #[error("the sidecar's signature is not of the profile: {0}")]
    Signature(&'static str),
}

/// Reads a sidecar by the profile.
pub fn read(bytes: &[u8]) -> Result<Sidecar, NotOfProfile> {
    if bytes.len() > MAX_SIDECAR {
        return Err(NotOfProfile::TooLarge);
    }
    let store = Superbox::read(bytes)?;
    let manifest = match store.superboxes().as_deref() {
        Some([manifest]) if store.kind == *b"c2pa" && store.label == "c2pa" => *manifest,
        _ => return Err(NotOfProfile::Manifest),
    };
    let parts = manifest.superboxes().ok_or(NotOfProfile::Manifest)?;
    let part = |kind: &[u8; 4], label: &str| {
        parts
            .iter()
            .find(|part| part.kind == *kind && part.label == label)
            .ok_or(NotOfProfile::Manifest)
    };
    let assertions = part(b"c2as", "c2pa.assertions")?;
    part(b"c2cl", "c2pa.claim.v2")?
        .cbor()
        .map(Value::read)
        .ok_or(NotOfProfile::Manifest)??;
    let signature = part(b"c2cs", "c2pa.signature")?;
    // A standard manifest, not an update of one that is elsewhere; and nothing beside the three.
    if manifest.kind != *b"c2ma" || parts.len() != 3 {
        return Err(NotOfProfile::Manifest);
    }
    let assertions = assertions.superboxes().ok_or(NotOfProfile::Manifest)?;
    let mut labels: Vec<&str> = assertions.iter().map(|part| part.label).collect();
    labels.sort_unstable();
    if labels != [ACTIONS, BINDING, PACKET] {
        return Err(NotOfProfile::Assertions(labels.join(", ")));
    }
    let assertion = |label: &str| assertions.iter().find(|part| part.label == label);
    let binding = assertion(BINDING)
        .and_then(|part| part.cbor())
        .ok_or(NotOfProfile::Binding("no CBOR"))?;
    let sha256 = bound(&Value::read(binding)?)?;
    let packet = assertion(PACKET)
        .and_then(|part| part.json())
        .and_then(|json| serde_json::from_slice::<PacketClaim>(json).ok())
        .filter(|packet| packet.schema == SCHEMA)
        .ok_or(NotOfProfile::Packet)?;
    let envelope = signature.cbor().ok_or(NotOfProfile::Signature("no CBOR"))?;
    let certificate = signer(&Value::read(envelope)?)?;
    Ok(Sidecar {
        sha256,
        packet,
        certificate,
    })
}

/// The digest in a hash assertion that excepts nothing.
fn bound(assertion: &Value<'_>) -> Result<[u8; 32], NotOfProfile> {
    let Value::Map(entries) = assertion else {
        return Err(NotOfProfile::Binding("no map"));
    };
    let mut digest = Err(NotOfProfile::Binding("no hash"));
    let mut algorithm = Err(NotOfProfile::Binding("no algorithm"));
    for (key, value) in entries {
        match (key, value) {
            (Value::Text("exclusions"), Value::Array(ranges)) if ranges.is_empty() => {}
            (Value::Text("exclusions"), _) => return Err(NotOfProfile::Exclusions),
            (Value::Text("alg"), Value::Text("sha256")) => algorithm = Ok(()),
            (Value::Text("name"), Value::Text(_)) => {}
            (Value::Text("pad"), Value::Bytes(pad)) if pad.iter().all(|byte| *byte == 0) => {}
            (Value::Text("hash"), Value::Bytes(hash)) => {
                digest = <[u8; 32]>::try_from(*hash)
                    .map_err(|_| NotOfProfile::Binding("a digest of another length"));
            }
            _ => return Err(NotOfProfile::Binding("something else in it")),
        }
    }
    algorithm.and(digest)
}

/// The signer's certificate in a COSE_Sign1 with its content elsewhere. It is the only one, and so directly under the authority: of a longer chain the
/// library would not ask whether those in between may make certificates.
fn signer(envelope: &Value<'_>) -> Result<Vec<u8>, NotOfProfile> {
    let refused = NotOfProfile::Signature;
    let parts = match envelope {
        Value::Tag(18, parts) => parts.as_ref(),
        _ => return Err(refused("no COSE_Sign1")),
    };
    let (protected, unprotected) = match parts {
        Value::Array(parts) => match parts.as_slice() {
            [
                Value::Bytes(protected),
                Value::Map(unprotected),
                Value::Null,
                Value::Bytes(signature),
            ] if signature.len() == 64 => (Value::read(protected)?, unprotected),
            _ => return Err(refused("another form")),
        },
        _ => return Err(refused("another form")),
    };
    if protected.get_integer(ALG) != Some(&Value::Integer(ES256)) {
        return Err(refused("another algorithm than ES256"));
    }
    let is_padding = |(key, value): &(Value<'_>, Value<'_>)| matches!((key, value), (Value::Text("pad" | "pad2"), Value::Bytes(pad)) if pad.iter().all(|byte| *byte == 0));
    if !unprotected.iter().all(is_padding) {
        return Err(refused("something unprotected beside it"));
    }
    match protected.get_integer(X5CHAIN) {
        Some(Value::Bytes(certificate)) => Ok(certificate.to_vec()),
        Some(Value::Array(chain)) => match chain.as_slice() {
            [Value::Bytes(certificate)] => Ok(certificate.to_vec()),
            _ => Err(refused("not one certificate")),
        },
        _ => Err(refused("not one certificate")),
    }
}

/// SHA-256 of a photo, read to its end.
pub fn digest(photo: &mut dyn std::io::Read) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match photo.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
