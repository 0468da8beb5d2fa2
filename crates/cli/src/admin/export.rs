//! `fieldseal admin export`: one packet, or many.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::ValueEnum;
use fieldseal_packet::Timestamp;
use fieldseal_server::admin::{Admin, Extent, Outcome, Redaction, Redactions};
use fieldseal_server::config::{Config, ReportLanguage};
use serde::Deserialize;
use serde_json::json;

use super::Answer;

/// Longest line in a file of ids.
const LONGEST_ID: usize = 256;
/// Largest file of ids, or of redactions.
const MOST_BYTES: u64 = 32 << 20;
/// Packets that are named in the answer for not having been exported.
const NAMED: usize = 1000;

#[derive(clap::Args)]
pub struct Args {
    /// Packet's id; or say --all, --since or --ids-from
    #[arg(required_unless_present_any = ["all", "since", "ids_from"])]
    id: Option<String>,
    /// Folder to write evidence-<id> into; for many packets also FILE.zip
    #[arg(long, visible_alias = "out", value_name = "DIR", default_value = ".")]
    to: PathBuf,
    /// Language of the report in it; left out: by the settings, Chinese unless they say otherwise
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// What to put in beside: `stamped` for copies of the photos with time, place, officers and packet code below them
    #[arg(long, value_enum, value_name = "WHAT")]
    with: Vec<With>,
    /// Redacted copies of photos beside the packet, areas blacked out: NUMBER:X,Y,WIDTH,HEIGHT, in pixels of the photo as it is looked at; several parted by ;
    #[arg(long, value_name = "AREAS", requires = "id", value_parser = Redaction::parse)]
    redact: Option<Redaction>,
    /// The same for many packets: a file with a packet a line, ID=AREAS. A packet that can't be redacted so is not exported, and named
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "redact"])]
    redactions: Option<PathBuf>,
    /// Every packet
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// Packets received since this day or moment (UTC): 2026-11-01 or 2026-11-01T08:00:00.000Z
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with_all = ["id", "all"])]
    since: Option<i64>,
    /// Packets received before this day or moment
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "since")]
    before: Option<i64>,
    /// Packets whose ids stand in this file, one a line; - reads stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = ["id", "all", "since"])]
    ids_from: Option<PathBuf>,
}

/// A report's language, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lang {
    /// Chinese
    Zh,
    /// English
    En,
    /// No report
    None,
}

/// What an export may hold beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum With {
    /// Stamped copies, as signed children
    Stamped,
}

impl Lang {
    /// As the server takes it.
    pub const fn report(self) -> Option<ReportLanguage> {
        match self {
            Self::Zh => Some(ReportLanguage::Zh),
            Self::En => Some(ReportLanguage::En),
            Self::None => None,
        }
    }
}

/// A moment, or the beginning of a day.
fn moment(text: &str) -> Result<i64, String> {
    let whole = match text.len() {
        10 => format!("{text}T00:00:00.000Z"),
        20 => format!("{}.000Z", text.trim_end_matches('Z')),
        _ => text.to_owned(),
    };
    whole
        .parse::<Timestamp>()
        .map(Timestamp::as_millis)
        .map_err(|_| "a day is written 2026-11-01, a moment 2026-11-01T08:00:00Z".to_owned())
}

/// Does it. Exit code 1 when a packet that was asked for could not be exported.
pub(super) fn run(admin: &Admin, config: &Config, args: &Args) -> anyhow::Result<Answer> {
    let extent = Extent {
        report: args.lang.map_or(config.report, Lang::report),
        stamped: args.with.contains(&With::Stamped),
    };
    if let Some(id) = &args.id {
        let redaction = args.redact.clone().unwrap_or_default();
        let path = admin.write_export_redacted(id, &args.to, extent, &redaction)?;
        return Ok(Answer::new(
            format!("{}\n", path.display()),
            json!({"path": path}),
        ));
    }
    let ids = match &args.ids_from {
        Some(file) => ids(file)?,
        None => admin.packets_received(
            args.since.unwrap_or(i64::MIN),
            args.before.unwrap_or(i64::MAX),
        )?,
    };
    let redactions = match &args.redactions {
        Some(file) => redactions(file)?,
        None => Redactions::default(),
    };
    if let Some(id) = redactions.beyond(&ids) {
        bail!("{id} is to be redacted, and is not among the packets to be exported");
    }
    let (mut exported, mut present, mut missing) = (0_u64, 0_u64, 0_u64);
    let mut named: Vec<(String, Outcome)> = Vec::new();
    admin.write_exports_redacted(
        &ids,
        &args.to,
        extent,
        &redactions,
        |id, outcome| match outcome {
            Outcome::Exported => exported += 1,
            Outcome::Present => present += 1,
            other => {
                missing += 1;
                if named.len() < NAMED {
                    named.push((id.to_owned(), other));
                }
            }
        },
    )?;
    let mut text: String = named
        .iter()
        .map(|(id, outcome)| format!("{id}  {}\n", outcome.word()))
        .collect();
    text.push_str(&format!(
        "{exported} exported, {present} there already, {missing} not exported: {}\n",
        args.to.display()
    ));
    let missed = named
        .iter()
        .map(|(id, outcome)| json!({"id": id, "why": outcome.word()}));
    let json = json!({"path": args.to, "exported": exported, "present": present, "missing": missing, "missed": missed.collect::<Vec<_>>()});
    let mut answer = Answer::new(text, json);
    if missing > 0 {
        answer.code = ExitCode::from(1);
    }
    Ok(answer)
}

/// The ids in a file: one a line, empty lines passed over.
fn ids(file: &Path) -> anyhow::Result<Vec<String>> {
    let reader: Box<dyn io::Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(
            std::fs::File::open(file)
                .with_context(|| format!("{} can't be read", file.display()))?,
        )
    };
    let mut ids = Vec::new();
    for line in whole(reader, file)?.lines() {
        let id = line.trim();
        if id.len() > LONGEST_ID {
            bail!("{} has a line that is no packet's id", file.display());
        }
        if !id.is_empty() {
            ids.push(id.to_owned());
        }
    }
    Ok(ids)
}

/// The text of a file that is not too long: a list that was cut would leave out packets, or what is to be hidden in them, unnoticed.
fn whole(from: impl io::Read, file: &Path) -> anyhow::Result<String> {
    let mut text = String::new();
    from.take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("{} can't be read as text", file.display()))?;
    if text.len() as u64 > MOST_BYTES {
        bail!("{} is longer than {MOST_BYTES} bytes", file.display());
    }
    Ok(text)
}

/// What is to be blacked out, by packet.
fn redactions(file: &Path) -> anyhow::Result<Redactions> {
    let opened =
        std::fs::File::open(file).with_context(|| format!("{} can't be read", file.display()))?;
    let text = whole(opened, file)?;
    Redactions::parse(&text)
        .with_context(|| format!("{} has a line that is not ID=AREAS", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_long_is_refused_and_not_cut() {
        let name = Path::new("list");
        let most = io::repeat(b' ').take(MOST_BYTES);
        assert_eq!(whole(most, name).unwrap().len() as u64, MOST_BYTES);
        assert!(whole(io::repeat(b' ').take(MOST_BYTES + 1), name).is_err());
        assert!(whole(&b"\xff"[..], name).is_err());
    }

    #[test]
    fn days_and_moments_are_told_from_anything_else() {
        assert_eq!(moment("1970-01-02"), Ok(86_400_000));
        assert_eq!(moment("1970-01-01T00:00:01Z"), Ok(1000));
        assert_eq!(moment("1970-01-01T00:00:01.500Z"), Ok(1500));
        for bad in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-11-01T08:00",
            "2026/11/01",
        ] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_stand_one_a_line() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a\n\n  b \r\nc").unwrap();
        assert_eq!(ids(file.path()).unwrap(), ["a", "b", "c"]);
        std::fs::write(file.path(), "x".repeat(300)).unwrap();
        assert!(ids(file.path()).is_err());
    }
}
