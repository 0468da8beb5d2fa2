//! C2PA sidecars: for each photo of an export a detached manifest, signed under the deployment's own authority, which tools that know C2PA and nothing of
//! ours judge as trusted. A convenience beside the evidence: the seal, the manifests of the bag and the log stay the authority, and nothing rests on a
//! sidecar. Specification: `docs/spec/export.md`, *C2PA sidecars*.
//!
//! * [`profile`] reads a detached manifest by a strict profile, on [`jumbf`] and [`cbor`], and refuses everything else before the C2PA library sees a byte of
//!   it. This part has no dependencies to speak of, and is in every build.
//! * With the feature `sdk`: `authority` makes the deployment's authority and the signer's certificate, `sign` makes sidecars, `judge` judges them.
//!
//! Why a profile: a manifest says in a hash assertion which bytes it is bound to, and may except ranges, for the place where an *embedded* manifest stands.
//! Taken out of its picture and laid beside it, the same manifest still excepts that place, and whatever stands there now goes unnoticed: a changed picture
//! is judged trusted. So a detached manifest that excepts anything is refused here, and the digest that it binds is compared with one of our own making.

pub mod cbor;
pub mod jumbf;
pub mod profile;

#[cfg(feature = "sdk")]
pub mod authority;
#[cfg(feature = "sdk")]
pub mod certificate;
#[cfg(feature = "sdk")]
pub mod judge;
#[cfg(feature = "sdk")]
pub mod sign;

/// The library's settings: nothing is fetched (there is no HTTP client in it either), nothing is unpacked, no thumbnails.
#[cfg(feature = "sdk")]
const OFFLINE: &str = r#"{
    "verify": {"remote_manifest_fetch": false, "ocsp_fetch": false},
    "core": {"allowed_network_hosts": [], "decode_identity_assertions": false, "max_decompressed_manifest_size_in_mb": 1},
    "builder": {"thumbnail": {"enabled": false}}
}"#;

/// Media types of what gets a sidecar: still pictures whose C2PA binding is one digest over the whole file. HEIC and AVIF are bound box by box, with boxes
/// excepted, and get none.
pub const MEDIA_TYPES: [&str; 5] = [
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/tiff",
];

/// Whether a photo of this type gets a sidecar.
pub fn is_signable(media_type: &str) -> bool {
    MEDIA_TYPES.contains(&media_type)
}
