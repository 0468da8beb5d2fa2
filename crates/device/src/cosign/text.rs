//! The three texts that two tablets show each other as QR codes: an officer's card, a challenge, a signature.
//! Specification: `docs/spec/cosign.md`.

use fieldseal_packet::entry::{Enrolled, Rotated, SubjectKind};
use fieldseal_packet::seal::SealBody;
use fieldseal_packet::{KeyName, PacketId, Sha256Digest};
use fieldseal_tlog::note::{Note, SignatureLine, Vkey};
use fieldseal_vault::officers::OfficerRecord;

/// First line of an officer's card.
const CARD: &str = "fieldseal-officer/v1";
/// First line of a challenge.
const CHALLENGE: &str = "fieldseal-cosign/v1";
/// First line of an answer.
const ANSWER: &str = "fieldseal-cosigned/v1";
/// Longest text: what one QR code holds.
const MAX_TEXT: usize = 2900;
/// Most characters of a name, a badge, a team.
const MAX_WORD: usize = 64;
/// Most characters of a challenge's title.
const MAX_TITLE: usize = 48;

/// Which of the three a text is, if it can be read as one.
pub(crate) fn kind_of(text: &str) -> Option<&'static str> {
    match text.lines().next()? {
        CARD => Card::parse(text).map(|_| "officer"),
        CHALLENGE => Challenge::parse(text).map(|_| "challenge"),
        ANSWER => Answer::parse(text).map(|_| "cosignature"),
        _ => None,
    }
}

/// Takes `<key> <value>` lines one after the other.
struct Head<'a>(std::str::Lines<'a>);

impl<'a> Head<'a> {
    /// The lines after the first, and what follows the empty line.
    fn open(text: &'a str, first: &str) -> Option<(Self, &'a str)> {
        let (head, rest) = text
            .strip_prefix(first)?
            .strip_prefix('\n')?
            .split_once("\n\n")?;
        (text.len() <= MAX_TEXT).then_some((Self(head.lines()), rest))
    }

    fn value(&mut self, key: &str) -> Option<&'a str> {
        self.0.next()?.strip_prefix(key)?.strip_prefix(' ')
    }

    fn end(mut self) -> Option<()> {
        self.0.next().is_none().then_some(())
    }
}

/// A word that a person reads: one line, nothing hidden in it, not endless.
fn word(text: &str, most: usize) -> Option<String> {
    let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
    (fits && text.trim() == text).then(|| text.to_owned())
}

/// As a line of ours takes it.
fn shortened(text: &str, most: usize) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(most)
        .collect();
    clean.trim().to_owned()
}

/// Who an officer is, by the authority's word: shown once, so that another tablet can name them.
#[derive(Debug)]
pub(crate) struct Card {
    pub record: OfficerRecord,
    pub entry: Bound,
    pub note: Note,
}

/// What the authority says of an officer's key, at enrolment or as the one that took over.
#[derive(Debug)]
pub(crate) struct Bound {
    pub origin: String,
    pub subject: String,
    pub kind: SubjectKind,
    pub vkey: String,
}

impl Bound {
    fn parse(text: &str) -> Option<Self> {
        if let Ok(Enrolled {
            origin,
            subject,
            kind,
            vkey,
            ..
        }) = Enrolled::parse(text)
        {
            return Some(Self {
                origin,
                subject,
                kind,
                vkey,
            });
        }
        let Rotated {
            origin,
            subject,
            kind,
            vkey,
            ..
        } = Rotated::parse(text).ok()?;
        Some(Self {
            origin,
            subject,
            kind,
            vkey,
        })
    }
}

impl Card {
    /// Of an officer who is enrolled.
    pub fn text(record: &OfficerRecord) -> Option<String> {
        let entry = std::str::from_utf8(record.entry.as_deref()?).ok()?;
        let text = format!(
            "{CARD}\nname {}\nbadge {}\nteam {}\n\n{entry}",
            shortened(&record.name, MAX_WORD),
            shortened(&record.badge, MAX_WORD),
            shortened(record.team.as_deref().unwrap_or("-"), MAX_WORD),
        );
        (text.len() <= MAX_TEXT).then_some(text)
    }

    /// Reads one. Whose signature the entry carries is for the caller to check.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut head, entry) = Head::open(text, CARD)?;
        let name = word(head.value("name")?, MAX_WORD)?;
        let badge = word(head.value("badge")?, MAX_WORD).filter(|badge| !badge.is_empty())?;
        let team = word(head.value("team")?, MAX_WORD).filter(|team| team != "-");
        head.end()?;
        let note = Note::parse(entry.as_bytes()).ok()?;
        let bound = Bound::parse(&note.text)?;
        let id = bound
            .subject
            .strip_prefix(&bound.origin)?
            .strip_prefix("/officer/")?
            .to_owned();
        let fits = bound.kind == SubjectKind::Officer
            && KeyName::id_is_valid(&id)
            && Vkey::parse(&bound.vkey).ok()?.name() == bound.subject;
        fits.then(|| Self {
            record: OfficerRecord {
                id,
                badge,
                name,
                team,
                vkey: Some(bound.vkey.clone()),
                entry: Some(entry.as_bytes().to_vec()),
            },
            entry: bound,
            note,
        })
    }
}

/// What the second officer is asked to sign, and what to compare it with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// Name of the key that is asked.
    pub officer: String,
    /// How many photos and other items.
    pub items: u64,
    /// Over the thumbnails that the first tablet shows.
    pub thumbnails: Sha256Digest,
    /// Address or point, as described.
    pub title: Option<String>,
    /// The seal's text: what is signed.
    pub body: String,
}

impl Challenge {
    pub fn text(&self) -> String {
        format!(
            "{CHALLENGE}\nofficer {}\nitems {}\nthumbnails {}\ntitle {}\n\n{}",
            self.officer,
            self.items,
            self.thumbnails,
            shortened(self.title.as_deref().unwrap_or("-"), MAX_TITLE),
            self.body
        )
    }

    /// Reads one; the number of items is that of the captures which the body names.
    pub fn parse(text: &str) -> Option<Self> {
        let (mut head, body) = Head::open(text, CHALLENGE)?;
        let challenge = Self {
            officer: head.value("officer")?.to_owned(),
            items: head.value("items")?.parse().ok()?,
            thumbnails: head.value("thumbnails")?.parse().ok()?,
            title: word(head.value("title")?, MAX_TITLE).filter(|title| title != "-"),
            body: body.to_owned(),
        };
        head.end()?;
        (challenge.seal()?.captures.count() == challenge.items).then_some(challenge)
    }

    /// The body, taken apart.
    pub fn seal(&self) -> Option<SealBody> {
        SealBody::parse(&self.body).ok()
    }
}

/// The second officer's line, on its way back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub packet: PacketId,
    pub line: SignatureLine,
}

impl Answer {
    pub fn text(&self) -> String {
        format!("{ANSWER}\npacket {}\n\n{}\n", self.packet, self.line)
    }

    pub fn parse(text: &str) -> Option<Self> {
        let (mut head, line) = Head::open(text, ANSWER)?;
        let packet = head.value("packet")?.parse().ok()?;
        head.end()?;
        Some(Self {
            packet,
            line: SignatureLine::parse(line.strip_suffix('\n')?).ok()?,
        })
    }
}
