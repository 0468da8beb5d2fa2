//! The ciphers of originals: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over an AEAD in 64 KiB chunks, so that any
//! part can be read without the rest, and neither cutting, swapping nor ending early goes unnoticed.
//!
//! One data key serves one capture and up to three streams, told apart by the nonce's prefix: the original's bytes, the trailer,
//! and the journal of a recording.
//! Keys are never used twice, so the prefix needs no randomness.
//!
//! AES-GCM is ring's: a quarter of the CPU time of the portable one, which cost as much as hashing and writing together. Its
//! key schedule can't be wiped after use; it lives as long as one file is open, in a process that holds the vault's keys
//! anyway. The other suite has no such difference and stays portable.

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::XChaCha20Poly1305;
use ring::aead;

/// Plain bytes in a chunk; only the last may be shorter.
pub(crate) const CHUNK: usize = 1 << CHUNK_LOG2;
/// As written in a segment's header.
pub(crate) const CHUNK_LOG2: u8 = 16;
/// What the AEAD adds to each chunk.
pub(crate) const TAG: usize = 16;

/// A cipher for originals, as the suite byte of a segment names it. Byte 3 is reserved for SM4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suite {
    /// Byte 1: AES-256-GCM, where the CPU has instructions for it.
    Aes256Gcm,
    /// Byte 2: XChaCha20-Poly1305, where it has not.
    XChaCha20Poly1305,
}

/// A suite byte that this program can't read: reserved, or of a later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cipher suite {0} is not supported")]
pub struct UnsupportedSuite(pub u8);

/// A chunk that is not what was sealed, or one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a chunk is not authentic")]
pub(crate) struct NotAuthentic;

impl Suite {
    /// The byte in a segment's header.
    pub fn byte(self) -> u8 {
        match self {
            Self::Aes256Gcm => 1,
            Self::XChaCha20Poly1305 => 2,
        }
    }

    /// From the byte in a segment's header.
    pub fn from_byte(byte: u8) -> Result<Self, UnsupportedSuite> {
        match byte {
            1 => Ok(Self::Aes256Gcm),
            2 => Ok(Self::XChaCha20Poly1305),
            other => Err(UnsupportedSuite(other)),
        }
    }

    /// The faster of the two on this CPU: AES in hardware is nearly free beside hashing, in software it is slow and
    /// leaks through the cache.
    pub fn by_cpu() -> Self {
        #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
        let has_aes = std::arch::is_x86_feature_detected!("aes")
            && std::arch::is_x86_feature_detected!("pclmulqdq");
        #[cfg(target_arch = "aarch64")]
        let has_aes = std::arch::is_aarch64_feature_detected!("aes")
            && std::arch::is_aarch64_feature_detected!("pmull");
        #[cfg(not(any(target_arch = "x86_64", target_arch = "x86", target_arch = "aarch64")))]
        let has_aes = false;
        if has_aes {
            Self::Aes256Gcm
        } else {
            Self::XChaCha20Poly1305
        }
    }
}

/// Which of a capture's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Content = 0,
    Trailer = 1,
    /// A recording's journal, beside its segment.
    Journal = 2,
}

/// One stream of one file.
pub(crate) enum Cipher {
    Aes(Box<GcmStream>),
    XChaCha(Box<StreamBE32<XChaCha20Poly1305>>),
}

impl Cipher {
    pub(crate) fn new(suite: Suite, key: &[u8; 32], part: Part) -> Self {
        match suite {
            Suite::Aes256Gcm => {
                let mut prefix = [0; 7];
                prefix[0] = part as u8;
                Self::Aes(Box::new(GcmStream::new(key, prefix)))
            }
            Suite::XChaCha20Poly1305 => {
                let mut prefix = [0; 19];
                prefix[0] = part as u8;
                Self::XChaCha(Box::new(StreamBE32::new(key.into(), &prefix.into())))
            }
        }
    }

    /// Encrypts chunk `n` where it lies; it grows by [`TAG`].
    pub(crate) fn seal(
        &self,
        n: u64,
        last: bool,
        header: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), NotAuthentic> {
        let n = position(n)?;
        match self {
            Self::Aes(stream) => stream.seal(n, last, header, chunk),
            Self::XChaCha(stream) => stream
                .encrypt_in_place(n, last, header, chunk)
                .map_err(|_| NotAuthentic),
        }
    }

    /// Decrypts chunk `n` where it lies. On an error the contents are wiped.
    pub(crate) fn open(
        &self,
        n: u64,
        last: bool,
        header: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), NotAuthentic> {
        let opened = position(n).and_then(|n| match self {
            Self::Aes(stream) => stream.open(n, last, header, chunk),
            Self::XChaCha(stream) => stream
                .decrypt_in_place(n, last, header, chunk)
                .map_err(|_| NotAuthentic),
        });
        if opened.is_err() {
            chunk.clear();
        }
        opened
    }
}

/// STREAM over ring's AES-256-GCM. A chunk's nonce: the prefix, its number in 32 bits, 1 for the last or 0.
pub(crate) struct GcmStream {
    key: aead::LessSafeKey,
    prefix: [u8; 7],
}

impl GcmStream {
    fn new(key: &[u8; 32], prefix: [u8; 7]) -> Self {
        // A key of the right length can't be refused, so the array's type stands for the check.
        let key = match aead::UnboundKey::new(&aead::AES_256_GCM, key) {
            Ok(key) => aead::LessSafeKey::new(key),
            Err(ring::error::Unspecified) => unreachable!("32 bytes are a key"),
        };
        Self { key, prefix }
    }

    fn nonce(&self, n: u32, last: bool) -> aead::Nonce {
        let mut nonce = [0; 12];
        nonce[..7].copy_from_slice(&self.prefix);
        nonce[7..11].copy_from_slice(&n.to_be_bytes());
        nonce[11] = u8::from(last);
        aead::Nonce::assume_unique_for_key(nonce)
    }

    fn seal(
        &self,
        n: u32,
        last: bool,
        header: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), NotAuthentic> {
        self.key
            .seal_in_place_append_tag(self.nonce(n, last), aead::Aad::from(header), chunk)
            .map_err(|_| NotAuthentic)
    }

    fn open(
        &self,
        n: u32,
        last: bool,
        header: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), NotAuthentic> {
        let length = self
            .key
            .open_in_place(self.nonce(n, last), aead::Aad::from(header), chunk)
            .map_err(|_| NotAuthentic)?
            .len();
        chunk.truncate(length);
        Ok(())
    }
}

/// STREAM counts in 32 bits, and its last value is not used.
fn position(n: u64) -> Result<u32, NotAuthentic> {
    u32::try_from(n)
        .ok()
        .filter(|n| *n < u32::MAX)
        .ok_or(NotAuthentic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_suites_are_unsupported() {
        assert_eq!(Suite::from_byte(3), Err(UnsupportedSuite(3)));
        for suite in [Suite::Aes256Gcm, Suite::XChaCha20Poly1305] {
            assert_eq!(Suite::from_byte(suite.byte()), Ok(suite));
        }
    }

    /// Files of the first version were written by the portable implementation: the bytes are the same.
    #[test]
    fn aes_gcm_is_the_stream_of_the_format() {
        let header = b"header";
        for (n, last, size) in [(0, false, CHUNK), (7, true, 100), (3, true, 0)] {
            let plain = vec![0xa5; size];
            for part in [Part::Content, Part::Trailer] {
                let mut prefix = [0; 7];
                prefix[0] = part as u8;
                let portable: StreamBE32<aes_gcm::Aes256Gcm> =
                    StreamBE32::new(&[9; 32].into(), &prefix.into());
                let mut expected = plain.clone();
                portable
                    .encrypt_in_place(n, last, header, &mut expected)
                    .unwrap();
                let ours = Cipher::new(Suite::Aes256Gcm, &[9; 32], part);
                let mut sealed = plain.clone();
                ours.seal(u64::from(n), last, header, &mut sealed).unwrap();
                assert_eq!(sealed, expected);
                ours.open(u64::from(n), last, header, &mut sealed).unwrap();
                assert_eq!(sealed, plain);
            }
        }
    }

    #[test]
    fn position_part_and_end_are_bound() {
        for suite in [Suite::Aes256Gcm, Suite::XChaCha20Poly1305] {
            let content = Cipher::new(suite, &[7; 32], Part::Content);
            let trailer = Cipher::new(suite, &[7; 32], Part::Trailer);
            let mut sealed = b"light".to_vec();
            content.seal(1, false, b"h", &mut sealed).unwrap();
            let open = |cipher: &Cipher, n, last, header: &[u8]| {
                let mut chunk = sealed.clone();
                cipher.open(n, last, header, &mut chunk).map(|()| chunk)
            };
            assert_eq!(open(&content, 1, false, b"h"), Ok(b"light".to_vec()));
            assert_eq!(open(&content, 0, false, b"h"), Err(NotAuthentic));
            assert_eq!(open(&content, 1, true, b"h"), Err(NotAuthentic));
            assert_eq!(open(&content, 1, false, b"H"), Err(NotAuthentic));
            assert_eq!(open(&trailer, 1, false, b"h"), Err(NotAuthentic));
            assert_eq!(
                open(&content, u64::from(u32::MAX), false, b"h"),
                Err(NotAuthentic)
            );
        }
    }
}
