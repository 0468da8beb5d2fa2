//! Looking points up in the encrypted database, against the same tables and the same queries on a plain SQLite: a view of the
//! map, the nearest three, and a search with two characters. Places are spread over a district, some streets denser than
//! others; each round asks from the same places, so that both sides do the same work.

use std::path::Path;
use std::sync::Arc;

use fieldseal_vault::registers::{self, Bounds, NewPoint};
use fieldseal_vault::{
    Birth, KdfParams, NewOfficer, PlainRegisters, Secret, StoreError, Vault, VaultConfig,
};

use super::measure::{Subject, interleaved, on_this_thread, typical};
use super::table::{Row, ms};

const GOAL: f64 = 2.0;
/// Questions of one kind in a round.
const ASKED: u32 = 300;
const WORDS: [&str; 8] = [
    "长寿", "安远", "昌平", "康定", "武定", "江宁", "西康", "余姚",
];

/// Repeatable numbers between 0 and 1.
struct Spread(u64);

impl Spread {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A place in the district; half of them in its denser part.
    fn place(&mut self) -> (f64, f64) {
        let side = if self.next() < 0.5 { 0.02 } else { 0.12 };
        (31.20 + self.next() * side, 121.40 + self.next() * side)
    }
}

struct Entry {
    number: String,
    address: String,
    line: String,
    place: (f64, f64),
}

fn entries(points: u32) -> Vec<Entry> {
    let mut spread = Spread(1);
    (0..points)
        .map(|n| {
            let place = spread.place();
            let word = WORDS[(spread.next() * WORDS.len() as f64) as usize % WORDS.len()];
            // Most addresses share no two characters with a question's.
            let other = char::from_u32(0x4e00 + (spread.next() * 8000.0) as u32).unwrap_or('路');
            let address = match n % 500 {
                0 => format!("{word}路{n}弄{}号", n % 97),
                _ => format!("{other}新路{n}弄{}号", n % 97),
            };
            let number = format!("JN-WJ-{n:06}");
            let line = format!(
                "{{\"number\":\"{number}\",\"address\":\"{address}\",\"lat\":\"{:.6}\",\"lon\":\"{:.6}\"}}",
                place.0, place.1
            );
            Entry {
                number,
                address,
                line,
                place,
            }
        })
        .collect()
}

fn vault(dir: &Path) -> anyhow::Result<Vault> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a measurement is the outermost layer"
    )]
    let random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(std::io::Error::other);
    let config = VaultConfig::new(Arc::new(random)).with_kdf(KdfParams::FOR_TESTS);
    let birth = Birth {
        officer: NewOfficer {
            id: "lead".to_owned(),
            badge: "1".to_owned(),
            name: "bench".to_owned(),
            team: None,
            pin: zeroize::Zeroizing::new("271828".to_owned()),
            seed: Secret::new([1; 32]),
        },
        device_seed: Secret::new([2; 32]),
        recovery_key: None,
        plain: serde_json::Value::Null,
    };
    Ok(Vault::create(dir, birth, config)?)
}

/// What is asked.
#[derive(Clone, Copy)]
enum Question {
    View,
    Nearest,
    Search,
}

/// Measures the three.
pub fn rows(rounds: u32, points: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let vault = vault(&dir.join("vault"))?;
    let mut plain = PlainRegisters::create(&dir.join("plain.db"))?;
    let entries = entries(points);
    macro_rules! fill {
        ($to:expr, $write:ident) => {
            $to.$write(|tx| {
                for entry in &entries {
                    let point = NewPoint {
                        number: &entry.number,
                        kind: Some("illegal-structure"),
                        done: false,
                        place: Some(entry.place),
                        words: &[&entry.address],
                        line: &entry.line,
                    };
                    registers::add_point(tx, &point)?;
                }
                Ok::<_, StoreError>(())
            })?
        };
    }
    fill!(vault, registers_write);
    fill!(plain, write);
    drop(entries);
    let mut rows = Vec::new();
    for (question, what) in [
        (Question::View, "a view of the map"),
        (Question::Nearest, "the nearest three"),
        (Question::Search, "a search with two characters"),
    ] {
        macro_rules! ask {
            ($on:expr, $read:ident) => {
                on_this_thread(|| {
                    let mut spread = Spread(7);
                    for n in 0..ASKED {
                        let from = spread.place();
                        $on.$read(|c| {
                            match question {
                                Question::View => {
                                    let bounds = Bounds {
                                        south: from.0 - 0.0015,
                                        west: from.1 - 0.0015,
                                        north: from.0 + 0.0015,
                                        east: from.1 + 0.0015,
                                    };
                                    registers::view(c, &bounds, "2026-11-23", 600)?;
                                }
                                Question::Nearest => {
                                    registers::nearest(c, from, None, 3)?;
                                }
                                Question::Search => {
                                    let word = WORDS[n as usize % WORDS.len()];
                                    registers::search(c, word, Some(from), (60, 2_000))?;
                                }
                            }
                            Ok::<_, StoreError>(())
                        })?;
                    }
                    Ok(())
                })
            };
        }
        let mut subjects: [Subject<'_>; 2] = [
            Box::new(|_| ask!(vault, registers_read)),
            Box::new(|_| ask!(plain, read)),
        ];
        interleaved(1, &mut subjects)?;
        let costs = interleaved(rounds, &mut subjects)?;
        drop(subjects);
        let [ours, theirs] =
            [0, 1].map(|n| costs.get(n).map(|cost| typical(cost)).unwrap_or_default());
        let each = |seconds: f64| ms(seconds / f64::from(ASKED));
        rows.push(
            Row::new(
                format!("{what} among {points} points, encrypted: CPU"),
                each(ours.cpu_s),
                format!("plain SQLite {}", each(theirs.cpu_s)),
                ours.cpu_s / theirs.cpu_s,
                Some(GOAL),
            )
            .note(format!("{ASKED} questions a round, one after another")),
        );
    }
    Ok(rows)
}
