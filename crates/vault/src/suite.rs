//! The ciphers of originals: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over an AEAD in 64 KiB chunks, so that any
//! part can be read without the rest, and neither cutting, swapping nor ending early goes unnoticed.
//!
//! One data key serves one file and two streams, told apart by the nonce's prefix: the original's bytes and the trailer.
//! Keys are never used twice, so the prefix needs no randomness.

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use aes_gcm::Aes256Gcm;
use chacha20poly1305::XChaCha20Poly1305;

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

/// Which of a file's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Content = 0,
    Trailer = 1,
}

/// One stream of one file.
pub(crate) enum Cipher {
    Aes(Box<StreamBE32<Aes256Gcm>>),
    XChaCha(Box<StreamBE32<XChaCha20Poly1305>>),
}

impl Cipher {
    pub(crate) fn new(suite: Suite, key: &[u8; 32], part: Part) -> Self {
        match suite {
            Suite::Aes256Gcm => {
                let mut prefix = [0; 7];
                prefix[0] = part as u8;
                Self::Aes(Box::new(StreamBE32::new(key.into(), &prefix.into())))
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
            Self::Aes(stream) => stream.encrypt_in_place(n, last, header, chunk),
            Self::XChaCha(stream) => stream.encrypt_in_place(n, last, header, chunk),
        }
        .map_err(|_| NotAuthentic)
    }

    /// Decrypts chunk `n` where it lies. On an error the contents are wiped.
    pub(crate) fn open(
        &self,
        n: u64,
        last: bool,
        header: &[u8],
        chunk: &mut Vec<u8>,
    ) -> Result<(), NotAuthentic> {
        let opened = position(n).and_then(|n| {
            match self {
                Self::Aes(stream) => stream.decrypt_in_place(n, last, header, chunk),
                Self::XChaCha(stream) => stream.decrypt_in_place(n, last, header, chunk),
            }
            .map_err(|_| NotAuthentic)
        });
        if opened.is_err() {
            chunk.clear();
        }
        opened
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
