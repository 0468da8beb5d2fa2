//! Checking packets and exports with nothing of ours: sha256sum, bagit.py, OpenSSL, Go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{Outcome, bagit, check, go_check, openssl, run, sha256sum};

/// SubjectPublicKeyInfo of an Ed25519 key is this and the raw key (RFC 8410).
const ED25519_SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// Unpacks a zip with Python's reader into `into` and gives the one top folder.
pub fn unpack(zip: &Path, into: &Path) -> Result<PathBuf> {
    check(
        Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(zip)
            .arg(into),
    )?;
    let mut folders = fs::read_dir(into)?.map(|entry| entry.map(|entry| entry.path()));
    match (folders.next(), folders.next()) {
        (Some(folder), None) => Ok(folder?),
        _ => bail!("{} has not one top folder", zip.display()),
    }
}

/// `sha256sum -c --strict` over both manifests.
pub fn sums_hold(bag: &Path) -> Result<()> {
    for manifest in ["manifest-sha256.txt", "tagmanifest-sha256.txt"] {
        check(sha256sum(bag)?.args(["-c", "--strict", "--quiet", manifest]))?;
    }
    Ok(())
}

/// `bagit.py --validate`.
pub fn bag_validates(bag: &Path) -> Result<Outcome> {
    run(bagit()?.args(["--validate", "--quiet"]).arg(bag))
}

/// A signature line as a stranger takes it apart: name, key id, signature.
struct Line {
    name: String,
    id: String,
    signature: Vec<u8>,
}

fn lines(note: &str) -> Result<(String, Vec<Line>)> {
    let (text, lines) = note
        .rsplit_once("\n\n")
        .context("a note has an empty line")?;
    let line = |line: &str| -> Result<Line> {
        let rest = line.strip_prefix("— ").context("a signature line")?;
        let (name, encoded) = rest.split_once(' ').context("a signature line")?;
        let bytes = STANDARD.decode(encoded)?;
        let (id, signature) = bytes.split_at_checked(4).context("a key id")?;
        let id = id.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Line {
            name: name.to_owned(),
            id,
            signature: signature.to_vec(),
        })
    };
    Ok((
        format!("{text}\n"),
        lines.lines().map(line).collect::<Result<_>>()?,
    ))
}

/// Verifies every line of a packet's seal by OpenSSL with the keys in `seal/keys`, and gives the names in order.
pub fn openssl_verifies_the_seal(packet: &Path) -> Result<Vec<String>> {
    let scratch = tempfile::tempdir()?;
    let (text, lines) = lines(&fs::read_to_string(packet.join("seal/packet.seal"))?)?;
    let message = scratch.path().join("text");
    fs::write(&message, text)?;
    let mut names = Vec::new();
    for line in lines {
        let key = vkey(packet, &line).with_context(|| format!("no key of {}", line.name))?;
        openssl_verifies(&key, &line.signature, &message, scratch.path())?.accepted()?;
        // The same with one bit of the signature turned, so that this test can fail.
        let mut bent = line.signature.clone();
        if let Some(last) = bent.last_mut() {
            *last ^= 1;
        }
        openssl_verifies(&key, &bent, &message, scratch.path())?.refused()?;
        names.push(line.name);
    }
    Ok(names)
}

/// Type byte and key of the vkey with the line's name and id.
fn vkey(packet: &Path, line: &Line) -> Result<Vec<u8>> {
    for file in fs::read_dir(packet.join("seal/keys"))? {
        let path = file?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "vkey")
        {
            for key in fs::read_to_string(&path)?.lines() {
                if let Some(encoded) = key.strip_prefix(&format!("{}+{}+", line.name, line.id)) {
                    return Ok(STANDARD.decode(encoded)?);
                }
            }
        }
    }
    bail!("seal/keys holds no vkey {}+{}", line.name, line.id)
}

fn openssl_verifies(
    vkey: &[u8],
    signature: &[u8],
    message: &Path,
    scratch: &Path,
) -> Result<Outcome> {
    let (public, sig) = (scratch.join("key.der"), scratch.join("signature"));
    fs::write(&sig, signature)?;
    let mut command = openssl()?;
    match vkey.split_first() {
        Some((1, key)) => {
            fs::write(&public, [ED25519_SPKI.as_slice(), key].concat())?;
            command
                .args([
                    "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER", "-inkey",
                ])
                .arg(&public);
            command.arg("-sigfile").arg(&sig).arg("-in").arg(message);
        }
        Some((2, key)) => {
            fs::write(&public, key)?;
            command
                .args(["dgst", "-sha256", "-keyform", "DER", "-verify"])
                .arg(&public);
            command.arg("-signature").arg(&sig).arg(message);
        }
        _ => bail!("a key of a type that OpenSSL is not asked about"),
    }
    run(&mut command)
}

/// Checks an export's receipt, checkpoint and inclusion proof by Go, with the keys of a trust file. `packet` is the export's
/// packet, unpacked.
pub fn go_verifies_the_log(export: &Path, packet: &Path, trust: &Path) -> Result<()> {
    let trust = fs::read_to_string(trust)?;
    let log = trust
        .lines()
        .find_map(|line| line.strip_prefix("log "))
        .context("the trust file names a log")?;
    let origin = log.split('+').next().context("a vkey has a name")?;
    let receipts = trust
        .lines()
        .find(|line| line.starts_with(&format!("{origin}/receipts+")))
        .context("a receipts key")?;
    let given = export.join("data/receipt");
    check(
        go_check()?
            .args(["note", receipts])
            .arg(given.join("receipt")),
    )?;
    check(
        go_check()?
            .args(["checkpoint", log])
            .arg(given.join("checkpoint")),
    )?;
    let proof = given.join("packet.tlog-proof");
    check(
        go_check()?
            .args(["inclusion", log])
            .arg(&proof)
            .arg(packet.join("seal/packet.seal")),
    )?;
    run(go_check()?
        .args(["inclusion", log])
        .arg(&proof)
        .arg(packet.join("bagit.txt")))?
    .refused()
}

/// Runs the lines of VERIFY.txt that are commands, in the folder that holds bagit.txt as it says.
pub fn run_verify_txt(evidence: &Path) -> Result<Outcome> {
    let scratch = tempfile::tempdir()?;
    let text = fs::read_to_string(evidence.join("data/VERIFY.txt"))?;
    let commands = [
        "sha256sum ",
        "bagit.py ",
        "unzip ",
        "cd ",
        "cut ",
        "grep ",
        "sed ",
        "echo ",
        "openssl ",
        "find ",
        "W=",
    ];
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| commands.iter().any(|start| line.starts_with(start)))
        .collect();
    for command in ["sha256sum", "bagit.py", "openssl"] {
        if !lines.iter().any(|line| line.starts_with(command)) {
            bail!("VERIFY.txt names no {command}");
        }
    }
    let script = format!("set -e -o pipefail\n{}\n", lines.join("\n"));
    let validator = PathBuf::from(bagit()?.get_program());
    let mut path = std::ffi::OsString::from(validator.parent().context("bagit.py's folder")?);
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    run(Command::new("bash")
        .args(["-c", &script])
        .current_dir(evidence)
        .env("PATH", path)
        .env("TMPDIR", scratch.path()))
}
