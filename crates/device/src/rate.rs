//! How fast bytes went lately, and how long the rest may take: a moving average with its spread, so that what is told is a
//! range, or that it is not known.

use fieldseal_packet::PacketId;

/// Weight of the newest chunk.
const NEWEST: f64 = 0.25;
/// Chunks before anything is told of the time left.
const LEAST_CHUNKS: u32 = 3;
/// A spread of this share of the average and more says nothing.
const MOST_SPREAD: f64 = 0.8;

/// Moving average over the chunks that were acknowledged.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    /// The packet being sent.
    pub packet: Option<PacketId>,
    chunks: u32,
    bytes_per_s: f64,
    /// Moving average of how far chunks were from the average, bytes per second.
    spread: f64,
}

/// Seconds, from and to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    pub least_s: f64,
    pub most_s: f64,
}

impl Rate {
    /// A chunk went through. The link is the same for every packet, so the average goes on.
    pub fn sent(&mut self, packet: PacketId, bytes: u64, took_ms: u64) {
        let now = bytes as f64 * 1000.0 / took_ms.max(1) as f64;
        self.packet = Some(packet);
        self.chunks = self.chunks.saturating_add(1);
        if self.chunks == 1 {
            (self.bytes_per_s, self.spread) = (now, 0.0);
            return;
        }
        let off = (now - self.bytes_per_s).abs();
        self.bytes_per_s += NEWEST * (now - self.bytes_per_s);
        self.spread += NEWEST * (off - self.spread);
    }

    /// The link broke: what was measured before says little of what comes.
    pub fn broke(&mut self) {
        *self = Self::default();
    }

    /// Bytes per second, once a chunk went through.
    pub fn bytes_per_s(&self) -> Option<f64> {
        (self.chunks > 0).then_some(self.bytes_per_s)
    }

    /// How long so many bytes may take; none while it can't be told.
    pub fn left(&self, bytes: u64) -> Option<Span> {
        let share = self.spread / self.bytes_per_s;
        if self.chunks < LEAST_CHUNKS || !share.is_finite() || share > MOST_SPREAD {
            return None;
        }
        Some(Span {
            least_s: bytes as f64 / (self.bytes_per_s * (1.0 + share)),
            most_s: bytes as f64 / (self.bytes_per_s * (1.0 - share)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::Timestamp;

    fn packet() -> PacketId {
        PacketId::from_parts(Timestamp::from_millis(1), &[1; 10])
    }

    #[test]
    fn nothing_is_told_before_it_is_known() {
        let mut rate = Rate::default();
        assert_eq!((rate.bytes_per_s(), rate.left(1)), (None, None));
        rate.sent(packet(), 1_000_000, 1000);
        assert_eq!(rate.bytes_per_s(), Some(1_000_000.0));
        assert_eq!(rate.left(1), None);
        rate.sent(packet(), 1_000_000, 1000);
        rate.sent(packet(), 1_000_000, 1000);
        let left = rate.left(10_000_000).unwrap();
        assert_eq!((left.least_s, left.most_s), (10.0, 10.0));
        rate.broke();
        assert_eq!(rate, Rate::default());
    }

    #[test]
    fn an_uneven_link_gives_a_range_and_a_wild_one_none() {
        let mut rate = Rate::default();
        for n in 0..20 {
            rate.sent(packet(), 1_000_000, if n % 2 == 0 { 800 } else { 1200 });
        }
        let left = rate.left(60_000_000).unwrap();
        assert!(left.least_s < 60.0 && left.most_s > 60.0, "{left:?}");
        assert!(left.most_s < 4.0 * left.least_s, "{left:?}");
        for n in 0..20 {
            rate.sent(packet(), 1_000_000, if n % 2 == 0 { 1 } else { 60_000 });
        }
        assert_eq!(rate.left(60_000_000), None);
    }

    #[test]
    fn an_answer_in_no_time_is_no_division_by_zero() {
        let mut rate = Rate::default();
        for _ in 0..5 {
            rate.sent(packet(), 0, 0);
        }
        assert_eq!(rate.bytes_per_s(), Some(0.0));
        assert_eq!(rate.left(10), None);
    }
}
