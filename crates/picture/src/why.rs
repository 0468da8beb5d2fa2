//! Why there is no preview.

/// A reason, with a stable word for databases and screens. No reason ever touches the evidence: the original is kept as it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum NoPreview {
    /// No bytes at all.
    #[error("the file is empty")]
    Empty,
    /// More bytes or more pixels than are looked at.
    #[error("the picture is too large")]
    TooLarge,
    /// Not a kind of picture that is decoded here (HEIC, video, a document).
    #[error("the format is not decoded here")]
    UnknownFormat,
    /// Cut, damaged, or not what it says.
    #[error("the picture can't be decoded")]
    Broken,
    /// The decoder's time was up.
    #[error("decoding took too long")]
    TooLong,
    /// The decoder asked for more memory than it gets.
    #[error("decoding needs too much memory")]
    Memory,
    /// The decoder died, or answered something that is no preview.
    #[error("the decoder was stopped")]
    Stopped,
    /// No decoder can be started in this program or on this machine.
    #[error("there is no decoder here")]
    NoDecoder,
    /// The original's own bytes could not be read.
    #[error("the original can't be read")]
    Unreadable,
}

impl NoPreview {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Empty,
        Self::TooLarge,
        Self::UnknownFormat,
        Self::Broken,
        Self::TooLong,
        Self::Memory,
        Self::Stopped,
        Self::NoDecoder,
        Self::Unreadable,
    ];

    /// The stable word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLarge => "too-large",
            Self::UnknownFormat => "unsupported-format",
            Self::Broken => "not-decodable",
            Self::TooLong => "took-too-long",
            Self::Memory => "memory",
            Self::Stopped => "decoder-stopped",
            Self::NoDecoder => "no-decoder",
            Self::Unreadable => "unreadable",
        }
    }

    /// Whether it says something about this moment and this machine rather than about the picture: worth another try later.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::NoDecoder | Self::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> =
            NoPreview::ALL.iter().map(|why| why.word()).collect();
        assert_eq!(words.len(), NoPreview::ALL.len());
    }
}
