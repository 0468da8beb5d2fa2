//! The signed child 派生件: the note beside a stamped, annotated or redacted copy of an item. It names the parent by digest, the tool
//! and the steps, so that nobody takes the copy for the original. Specification: `docs/spec/export.md`.

pub use crate::lines::BodyError;
use crate::lines::{LineValue, Lines};
use crate::{KeyName, KeyRole, PacketId, Sha256Digest, Timestamp};

/// Where children stand in an export.
pub const FOLDER: &str = "data/derived/";
/// What a child's note is called: the child's name with this behind it.
pub const NOTE: &str = ".note";
/// Largest note, bytes.
pub const MAX_NOTE: usize = 16 * 1024;
/// Most steps.
pub const MAX_STEPS: usize = 64;
/// Longest file name, bytes.
const MAX_NAME: usize = 128;
/// Longest word for the kind, bytes.
const MAX_KIND: usize = 32;

/// Kind of a copy with time, place, officers and packet code drawn beside the picture 水印.
pub const STAMPED: &str = "stamped";
/// Kind of a copy with something drawn over the picture.
pub const ANNOTATED: &str = "annotated";
/// Kind of a copy in which something was made unreadable.
pub const REDACTED: &str = "redacted";

/// What the maker of a child signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// `<origin>` of the deployment.
    pub origin: String,
    /// The packet of the parent.
    pub packet: PacketId,
    /// Its packet digest.
    pub seal_sha256: Sha256Digest,
    /// The parent's path in the packet.
    pub parent_path: String,
    /// Of the parent's bytes.
    pub parent_sha256: Sha256Digest,
    /// The child's file name.
    pub child: String,
    /// Of the child's bytes.
    pub child_sha256: Sha256Digest,
    /// Of the child, bytes.
    pub child_size: u64,
    /// [`STAMPED`], [`ANNOTATED`], [`REDACTED`], or another word.
    pub kind: String,
    /// Program and version.
    pub tool: String,
    /// What was done, in order.
    pub steps: Vec<String>,
    /// The maker's clock.
    pub made_at: Timestamp,
    /// Name of the device's or officer's key that signs; or the account for which the server signs.
    pub maker: String,
}

impl Derived {
    /// Type and version, as the first line ends.
    pub const KIND: &'static str = "derived/v1";

    /// The text that is signed.
    pub fn text(&self) -> String {
        let mut lines = vec![
            ("packet", self.packet.write()),
            ("seal-sha256", self.seal_sha256.write()),
            ("parent-path", self.parent_path.clone()),
            ("parent-sha256", self.parent_sha256.write()),
            ("child", self.child.clone()),
            ("child-sha256", self.child_sha256.write()),
            ("child-size", self.child_size.write()),
            ("kind", self.kind.clone()),
            ("tool", self.tool.clone()),
        ];
        lines.extend(self.steps.iter().map(|step| ("step", step.clone())));
        lines.extend([
            ("made-at", self.made_at.write()),
            ("maker", self.maker.clone()),
        ]);
        let mut text = format!("{}/{}\n", self.origin, Self::KIND);
        for (key, value) in lines {
            text.push_str(&format!("{key} {value}\n"));
        }
        text
    }

    /// Reads the text that was signed.
    pub fn parse(text: &str) -> Result<Self, BodyError> {
        let (origin, mut lines) = Lines::open(text, Self::KIND)?;
        let packet = lines.value("packet")?;
        let seal_sha256 = lines.value("seal-sha256")?;
        let parent_path = lines.value("parent-path")?;
        let parent_sha256 = lines.value("parent-sha256")?;
        let child = lines.text("child")?;
        if !name_is_valid(child) {
            return Err(BodyError::Value("child"));
        }
        let child_sha256 = lines.value("child-sha256")?;
        let child_size = lines.value("child-size")?;
        let kind = lines.text("kind")?;
        let letters = kind.bytes().all(is_name_byte) && !kind.contains('.');
        if !(1..=MAX_KIND).contains(&kind.len()) || !letters {
            return Err(BodyError::Value("kind"));
        }
        let tool = lines.value("tool")?;
        let mut steps = vec![lines.value("step")?];
        while let Some(step) = lines.optional_text("step") {
            steps.push(String::read(step).ok_or(BodyError::Value("step"))?);
            if steps.len() > MAX_STEPS {
                return Err(BodyError::Rest);
            }
        }
        let body = Self {
            origin,
            packet,
            seal_sha256,
            parent_path,
            parent_sha256,
            child: child.to_owned(),
            child_sha256,
            child_size,
            kind: kind.to_owned(),
            tool,
            steps,
            made_at: lines.value("made-at")?,
            maker: lines.value("maker")?,
        };
        lines.end()?;
        Ok(body)
    }

    /// Whose lines count, and the name that they have: the device's or officer's own, or the server's decisions key.
    pub fn signer(&self) -> (KeyRole, String) {
        match KeyName::parse(&self.origin, &self.maker) {
            Ok(KeyName {
                role: role @ (KeyRole::Device | KeyRole::Officer),
                ..
            }) => (role, self.maker.clone()),
            _ => (KeyRole::Decisions, format!("{}/decisions", self.origin)),
        }
    }

    /// Where the child's note stands in an export.
    pub fn note_path(&self) -> String {
        format!("{FOLDER}{}{NOTE}", self.child)
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
}

/// Whether a child may have this file name.
pub fn name_is_valid(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len())
        && name.bytes().all(is_name_byte)
        && !name.starts_with(['.', '-'])
        && !name.ends_with(NOTE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived() -> Derived {
        Derived {
            origin: "bureau.example/log".to_owned(),
            packet: "0192d3a0-8e7b-7c11-8a55-0123456789ab".parse().unwrap(),
            seal_sha256: Sha256Digest::of(b"seal"),
            parent_path: "data/items/0001.jpg".to_owned(),
            parent_sha256: Sha256Digest::of(b"parent"),
            child: "0001-stamped.jpg".to_owned(),
            child_sha256: Sha256Digest::of(b"child"),
            child_size: 5,
            kind: STAMPED.to_owned(),
            tool: "fieldseal-server 0.1.0".to_owned(),
            steps: vec!["decoded".to_owned(), "已加水印".to_owned()],
            made_at: "2026-11-24T03:10:00.000Z".parse().unwrap(),
            maker: "account/zhou".to_owned(),
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let body = derived();
        assert_eq!(Derived::parse(&body.text()), Ok(body.clone()));
        assert_eq!(body.note_path(), "data/derived/0001-stamped.jpg.note");
    }

    #[test]
    fn one_spelling_only() {
        let text = derived().text();
        let many = "step x\n".repeat(MAX_STEPS);
        for (bad, error) in [
            (
                text.replace("kind stamped", "kind Stamped"),
                BodyError::Value("kind"),
            ),
            (
                text.replace("kind stamped", "kind a.b"),
                BodyError::Value("kind"),
            ),
            (
                text.replace("child 0001", "child ../0001"),
                BodyError::Value("child"),
            ),
            (
                text.replace("stamped.jpg", "stamped.note"),
                BodyError::Value("child"),
            ),
            (
                text.replace("child-size 5", "child-size 05"),
                BodyError::Value("child-size"),
            ),
            (
                text.replace("step decoded\nstep 已加水印\n", ""),
                BodyError::Missing("step"),
            ),
            (
                text.replace("step decoded", "step  decoded"),
                BodyError::Value("step"),
            ),
            (
                text.replace("step decoded\n", &format!("step decoded\n{many}")),
                BodyError::Rest,
            ),
            (format!("{text}more x\n"), BodyError::Rest),
        ] {
            assert_eq!(Derived::parse(&bad), Err(error), "{bad}");
        }
    }

    #[test]
    fn a_note_of_the_most_and_longest_lines_that_is_too_large_is_for_the_reader_to_refuse() {
        let mut body = derived();
        body.steps = vec!["x".repeat(1024); MAX_STEPS];
        assert!(body.text().len() > MAX_NOTE);
    }

    #[test]
    fn the_maker_says_whose_line_counts() {
        let mut body = derived();
        assert_eq!(
            body.signer(),
            (
                KeyRole::Decisions,
                "bureau.example/log/decisions".to_owned()
            )
        );
        for (maker, role) in [
            ("bureau.example/log/device/t-0001", KeyRole::Device),
            ("bureau.example/log/officer/o-0001", KeyRole::Officer),
        ] {
            body.maker = maker.to_owned();
            assert_eq!(body.signer(), (role, maker.to_owned()));
        }
        for other in [
            "bureau.example/log/authority",
            "bureau.example/log/device/T",
            "other.example/log/device/t-1",
        ] {
            body.maker = other.to_owned();
            assert_eq!(body.signer().0, KeyRole::Decisions, "{other}");
        }
    }
}
