//! The challenge word 现场码: a word that nobody could know before a timestamp token was there. Photographed in the scene, it lets a person see that
//! the photo was made later. Specification: `docs/spec/time.md`.

use crate::Sha256Digest;
use serde::{Deserialize, Serialize};

/// 64 characters that everybody can read, and that look unlike one another.
const CHARACTERS: [char; 64] = [
    '山', '水', '火', '土', '木', '金', '日', '月', '风', '云', '雨', '雪', '江', '河', '湖', '海',
    '花', '草', '树', '林', '石', '田', '路', '桥', '门', '窗', '车', '船', '马', '牛', '羊', '鸟',
    '鱼', '虎', '龙', '狗', '春', '夏', '秋', '冬', '东', '南', '西', '北', '天', '地', '星', '光',
    '红', '黄', '蓝', '绿', '白', '黑', '书', '笔', '茶', '米', '衣', '帽', '刀', '弓', '伞', '钟',
];
/// Digits and letters without I, L, O and U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// The word that a camera screen showed at the shutter, and the token that it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// As shown, such as `春山 7K3Q`.
    pub word: String,
    /// sha256 of the token file.
    pub token_sha256: Sha256Digest,
}

impl Challenge {
    /// Of a token file.
    pub fn of(token: &[u8]) -> Self {
        let token_sha256 = Sha256Digest::of(token);
        Self {
            word: word(&token_sha256),
            token_sha256,
        }
    }

    /// Whether the word is the one of that token.
    pub fn holds(&self) -> bool {
        self.word == word(&self.token_sha256)
    }
}

/// Two characters by the first two bytes, a space, four digits or letters by the next four: the low bits of each.
fn word(digest: &Sha256Digest) -> String {
    let (characters, letters) = digest.0.split_at(2);
    let characters = characters
        .iter()
        .map(|byte| CHARACTERS[usize::from(byte & 63)]);
    let letters = letters
        .iter()
        .take(4)
        .map(|byte| char::from(LETTERS[usize::from(byte & 31)]));
    characters.chain([' ']).chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_as_specified() {
        // sha256("abc") = ba7816bf8f01…
        let challenge = Challenge::of(b"abc");
        assert_eq!(challenge.word, "衣茶 PZF1");
        assert!(challenge.holds());
        let other = Challenge {
            token_sha256: Sha256Digest::of(b"abd"),
            ..challenge
        };
        assert!(!other.holds());
        let once: std::collections::BTreeSet<char> = CHARACTERS.into_iter().collect();
        assert_eq!(once.len(), 64);
    }
}
