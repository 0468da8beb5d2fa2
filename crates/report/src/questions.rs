//! The six answers as labelled lines.

use crate::facts::{Facts, Language};
use crate::words::{self, Pair, fill, say};

/// One labelled answer, and how many lines it may take.
pub(crate) struct Answer {
    pub label: &'static str,
    pub text: String,
    pub most: usize,
}

/// Steps of custody that are written out.
const STEPS: usize = 9;
/// Challenge words that are written out.
const WORDS: usize = 3;
/// Voided items that are written out.
const VOIDED: usize = 6;

/// Puts words around values, for one reader.
struct Voice<'a> {
    facts: &'a Facts,
    language: Language,
}

/// The answers, question by question; a text without a label stands under them.
pub(crate) fn answers(facts: &Facts) -> [(Vec<Answer>, Option<&'static str>); 6] {
    let voice = Voice {
        facts,
        language: facts.language,
    };
    [
        (voice.environment(), Some(voice.say(words::CLAIMED))),
        (voice.making(), None),
        (voice.custody(), None),
        (voice.extraction(), None),
        (voice.changes(), None),
        (voice.verifying(), Some(voice.say(words::LIMITS))),
    ]
}

/// A moment as the report writes it: to the second, in the report's zone, which is named.
pub(crate) fn moment(facts: &Facts, millis: i64) -> String {
    moment_at(facts.utc_offset_minutes, millis)
}

/// The same for a zone that lies so far east of UTC.
pub(crate) fn moment_at(utc_offset_minutes: i32, millis: i64) -> String {
    let offset = i8::try_from(utc_offset_minutes / 60).unwrap_or(0);
    let Ok(time) = jiff::Timestamp::from_millisecond(millis) else {
        return "-".to_owned();
    };
    let local = jiff::tz::Offset::constant(offset.clamp(-25, 25)).to_datetime(time);
    let day = local.strftime("%Y-%m-%d %H:%M:%S");
    match offset {
        0 => format!("{day} UTC"),
        offset => format!("{day} UTC{offset:+}"),
    }
}

/// A bound, to the millisecond: a rounded one would say more, or less, than is proved.
pub(crate) fn bound(facts: &Facts, millis: i64) -> String {
    let text = moment(facts, millis);
    match text.rsplit_once(" UTC") {
        Some((day, zone)) => format!("{day}.{:03} UTC{zone}", millis.rem_euclid(1000)),
        None => text,
    }
}

impl Voice<'_> {
    fn say(&self, pair: Pair) -> &'static str {
        say(self.language, pair)
    }

    fn fill(&self, pair: Pair, values: &[&str]) -> String {
        fill(self.language, pair, values)
    }

    fn at(&self, millis: i64) -> String {
        moment(self.facts, millis)
    }

    fn answer(&self, label: Pair, parts: &[String], most: usize) -> Answer {
        let parts: Vec<&str> = parts
            .iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        Answer {
            label: self.say(label),
            text: parts.join(self.say(words::STOP)),
            most,
        }
    }

    /// Empty: whoever sits at the server itself.
    fn person<'b>(&self, name: &'b str) -> &'b str
    where
        'static: 'b,
    {
        match name {
            "" => self.say(words::ADMINISTRATOR),
            name => name,
        }
    }

    fn environment(&self) -> Vec<Answer> {
        let it = &self.facts.environment;
        let list = self.say(words::LIST);
        let or = |values: &[String], none: Pair| match values {
            [] => self.say(none).to_owned(),
            some => some.join(list),
        };
        let sources: Vec<String> = it
            .sources
            .iter()
            .zip(words::SOURCES)
            .filter(|(count, _)| **count > 0)
            .map(|(count, pair)| self.fill(pair, &[&count.to_string()]))
            .collect();
        let clock = match (it.clock_offset_ms, it.server_seen_at) {
            (Some((least, most)), Some(seen)) => {
                let offset = if least == most {
                    seconds(least)
                } else {
                    format!("{} ~ {}", seconds(least), seconds(most))
                };
                self.fill(words::CLOCK_OFFSET, &[&offset, &self.at(seen)])
            }
            _ => self.say(words::CLOCK_ALONE).to_owned(),
        };
        let zone = match it.zone.as_str() {
            "" => String::new(),
            zone => self.fill(words::ZONE, &[zone]),
        };
        let boots = match it.boots {
            0 | 1 => String::new(),
            more => self.fill(words::BOOTS, &[&more.to_string()]),
        };
        let fix = match &it.fix {
            Some((latitude, longitude, accuracy, provider)) => {
                let mut text = self.fill(
                    words::FIX,
                    &[latitude, longitude, &format!("{accuracy:.0}")],
                );
                if let Some(provider) = provider {
                    text.push_str(self.say(words::COMMA));
                    text.push_str(provider);
                }
                text
            }
            None => self.say(words::NO_FIX).to_owned(),
        };
        let (with, without) = it.positions;
        let positions = if with + without == 0 {
            String::new()
        } else {
            self.fill(words::POSITIONS, &[&with.to_string(), &without.to_string()])
        };
        let mock = match it.mock {
            0 => String::new(),
            some => self.fill(words::MOCK, &[&some.to_string()]),
        };
        vec![
            self.answer(
                words::DEVICE,
                &[it.device.clone(), or(&it.models, words::MODEL_UNKNOWN)],
                2,
            ),
            self.answer(
                words::SOFTWARE,
                &[or(&it.software, words::NOT_REPORTED), sources.join(list)],
                2,
            ),
            self.answer(words::CLOCK, &[clock, zone, boots], 2),
            self.answer(words::POSITION, &[fix, positions, mock], 2),
        ]
    }

    fn making(&self) -> Vec<Answer> {
        let it = &self.facts.making;
        let comma = self.say(words::COMMA);
        let mut officers: Vec<String> = it
            .officers
            .iter()
            .map(|officer| {
                let role = self.say(if officer.lead {
                    words::LEAD
                } else {
                    words::SECOND
                });
                let badge = self.fill(words::BADGE, &[&officer.badge]);
                let signed = self.say(words::signature(officer.signature));
                match self.language {
                    Language::Zh => format!("{}（{role}，{badge}，{signed}）", officer.name),
                    Language::En => format!("{} ({role}, {badge}, {signed})", officer.name),
                }
            })
            .collect();
        if officers.is_empty() {
            officers.push(self.say(words::NO_OFFICERS).to_owned());
        }
        officers.extend(it.team.as_ref().map(|team| self.fill(words::TEAM, &[team])));
        let device = self.say(words::signature(it.device));
        officers.push(self.fill(words::OF_DEVICE, &[device]));
        let party = it.party.as_ref().map_or_else(
            || self.say(words::NO_PARTY).to_owned(),
            |(presence, name, note)| {
                let parts = [name.as_deref(), Some(presence.as_str()), note.as_deref()];
                let parts: Vec<&str> = parts.into_iter().flatten().collect();
                parts.join(comma)
            },
        );
        let captured = it.captured.map_or(String::new(), |(first, last)| {
            if first == last {
                self.fill(words::CAPTURED, &[&self.at(first)])
            } else {
                self.fill(words::CAPTURED_FROM, &[&self.at(first), &self.at(last)])
            }
        });
        let closed = it.closed_at.map_or(String::new(), |at| {
            self.fill(words::CLOSED, &[&self.at(at)])
        });
        let mut by_tablet = [captured, closed]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(comma);
        if !by_tablet.is_empty() {
            by_tablet.push_str(self.say(words::DEVICE_CLOCK));
        }
        let logged = it
            .logged_at
            .map_or_else(|| self.say(words::NOT_YET).to_owned(), |at| self.at(at));
        let by_server = self.fill(words::SERVER_CLOCK, &[&self.at(it.received_at), &logged]);
        let after = it.sealed_after.map_or_else(
            || self.say(words::NO_LOWER).to_owned(),
            |at| self.fill(words::SEALED_AFTER, &[&bound(self.facts, at)]),
        );
        let before = it.logged_before.map_or_else(
            || self.say(words::NO_UPPER).to_owned(),
            |at| self.fill(words::LOGGED_BEFORE, &[&bound(self.facts, at)]),
        );
        vec![
            self.answer(words::OFFICERS, &officers, 3),
            self.answer(words::PARTY, &[party], 2),
            self.answer(words::CLAIMED_TIME, &[by_tablet, by_server], 4),
            self.answer(words::PROVED_TIME, &[after, before], 2),
            self.answer(words::PHOTOS_TIME, &[self.bounds(), self.challenges()], 4),
        ]
    }

    /// By when the photos were there. Said of several at once: what holds for all of them.
    fn bounds(&self) -> String {
        let items = &self.facts.items;
        let bounds: Vec<i64> = items
            .iter()
            .filter_map(|item| item.captured_before)
            .collect();
        let Some(latest) = bounds.iter().max() else {
            return self.say(words::NO_BOUND).to_owned();
        };
        let (bounded, all) = (bounds.len().to_string(), items.len().to_string());
        let text = [bounded.as_str(), &all, &bound(self.facts, *latest)];
        self.fill(words::BOUNDED, &text)
    }

    /// Which photos have a challenge word, and what follows if it can be seen.
    fn challenges(&self) -> String {
        let items = self.facts.items.iter();
        let with: Vec<(u32, &str, i64)> = items
            .filter_map(|item| {
                let (word, after) = item.challenge.as_ref()?;
                Some((item.number, word.as_str(), *after))
            })
            .collect();
        let Some(earliest) = with.iter().map(|(_, _, after)| *after).min() else {
            return String::new();
        };
        let list = self.say(words::LIST);
        let mut named: Vec<String> = with
            .iter()
            .take(WORDS)
            .map(|(number, word, _)| self.fill(words::WORD, &[&number.to_string(), word]))
            .collect();
        if with.len() > WORDS {
            named.push("…".to_owned());
        }
        let text = [named.join(list), bound(self.facts, earliest)];
        self.fill(words::CHALLENGED, &[&text[0], &text[1]])
    }

    fn custody(&self) -> Vec<Answer> {
        let it = &self.facts.custody;
        let whole = self.say(if it.whole {
            words::CHAIN_WHOLE
        } else {
            words::CHAIN_NOT_WHOLE
        });
        let tablet = self.fill(words::TABLET_LOG, &[&it.tablet_lines.to_string()]);
        let server = self.fill(words::SERVER_LOG, &[&it.server_lines.to_string()]);
        let mut answers = vec![
            self.answer(words::ON_TABLET, &[tablet, whole.to_owned()], 2),
            self.answer(words::ON_SERVER, &[server], 2),
        ];
        // The first and the last steps say most: how it began, and where it is now.
        let left_out = it.steps.len().saturating_sub(STEPS);
        let head = if left_out == 0 { STEPS } else { STEPS / 2 };
        let shown = it.steps.iter().take(head);
        let tail = it.steps.iter().skip(head + left_out);
        for (at, who, what) in shown.chain(tail) {
            let who = who.as_ref().map_or(String::new(), |who| {
                format!("{}{}", self.say(words::COMMA), self.person(who))
            });
            answers.push(Answer {
                label: if answers.len() == 2 {
                    self.say(words::STEPS)
                } else {
                    ""
                },
                text: format!("{}  {what}{who}", self.at(*at)),
                most: 1,
            });
        }
        if left_out > 0 {
            answers.push(Answer {
                label: "",
                text: self.fill(words::MORE_STEPS, &[&left_out.to_string()]),
                most: 1,
            });
        }
        answers
    }

    fn extraction(&self) -> Vec<Answer> {
        let (facts, it) = (self.facts, &self.facts.extraction);
        let by = self.person(&it.by);
        let leaf = it.leaf.map_or(String::new(), |(index, size)| {
            let (index, size) = (index.to_string(), size.to_string());
            let root = it.root.as_deref().unwrap_or("-");
            self.fill(words::LEAF, &[&index, &size, root])
        });
        let tokens = match it.tokens.as_slice() {
            [] => self.say(words::NO_TOKENS).to_owned(),
            some => self.fill(words::TOKENS, &[&some.join(self.say(words::LIST))]),
        };
        let exported = self.fill(words::EXPORTED_BY, &[&self.at(facts.made_at), by]);
        let size = it.zip_size.to_string();
        let zip = self.fill(words::ZIP_IS, &[&facts.packet, &size, &it.zip_sha256]);
        let digest = self.fill(words::DIGEST_IS, &[&facts.packet_digest]);
        vec![
            self.answer(words::EXPORTED, &[exported], 2),
            self.answer(words::ZIP, &[zip], 3),
            self.answer(words::QR, &[digest], 2),
            self.answer(words::LOG, &[leaf, tokens], 3),
        ]
    }

    fn changes(&self) -> Vec<Answer> {
        let (facts, it) = (self.facts, &self.facts.changes);
        let count = facts.items.len().to_string();
        let bytes = match (facts.items.is_empty(), it.items_ok) {
            (true, _) => self.say(words::NO_ITEMS).to_owned(),
            (false, true) => self.fill(words::ITEMS_OK, &[&count]),
            (false, false) => self.fill(words::ITEMS_NOT_OK, &[&count]),
        };
        let voided: Vec<(String, &String)> = facts
            .items
            .iter()
            .filter_map(|item| Some((item.number.to_string(), item.voided.as_ref()?)))
            .collect();
        let mut list: Vec<String> = voided
            .iter()
            .take(VOIDED)
            .map(|(number, reason)| self.fill(words::VOIDED_ITEM, &[number, reason]))
            .collect();
        if voided.len() > VOIDED {
            let more = (voided.len() - VOIDED).to_string();
            list.push(self.fill(words::VOIDED_MORE, &[&more]));
        }
        match list.last_mut() {
            Some(last) => last.push_str(self.say(words::KEPT)),
            None => list.push(self.say(words::NONE).to_owned()),
        }
        let reopened = match it.reopened {
            0 => String::new(),
            some => self.fill(words::REOPENED, &[&some.to_string()]),
        };
        let recovered = match it.recovered {
            0 => String::new(),
            some => self.fill(words::RECOVERED, &[&some.to_string()]),
        };
        let supplements = it.supplements.as_ref().map_or(String::new(), |other| {
            self.fill(words::SUPPLEMENTS, &[other])
        });
        let derived = self.fill(words::DERIVED, &[&it.derived.to_string()]);
        vec![
            self.answer(words::FIRST_BYTES, &[bytes], 2),
            self.answer(words::VOIDED, &list, 4),
            self.answer(
                words::OTHER_CHANGES,
                &[reopened, recovered, supplements, derived],
                3,
            ),
        ]
    }

    fn verifying(&self) -> Vec<Answer> {
        vec![
            self.answer(words::WITH_TOOLS, &[self.say(words::TOOLS).to_owned()], 3),
            self.answer(words::ON_PAPER, &[self.say(words::PAPER).to_owned()], 3),
        ]
    }
}

fn seconds(millis: i64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "clocks differ by less than 2^52 ms, and one place is shown"
    )]
    let seconds = millis as f64 / 1000.0;
    format!("{seconds:+.1}")
}
