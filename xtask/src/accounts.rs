//! The first people of a server that runs from source: one reviewer for the console, two officers for this tablet, and
//! the one-time codes that enrol them. All of it by `fieldseal admin`, as an administrator would.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::build;
use crate::process::output;
use crate::progress::Progress;
use crate::run::Home;

const ACCOUNT: &str = "reviewer";
const TEAM: &str = "示范街道中队";
/// Name and badge of the officers that a first start makes up.
const OFFICERS: [(&str, &str); 2] = [("王建国", "沪执0110023"), ("李敏", "沪执0110047")];

/// The console's first account.
pub struct Reviewer {
    password: String,
}

/// What enrols this tablet and its officers.
pub struct Enrolment {
    /// The text that an enrolment QR holds.
    pub device: String,
    officers: Vec<(&'static str, String)>,
}

/// Makes the server's data and its reviewer, unless they are there.
pub fn reviewer(progress: &Progress, home: &Home) -> Result<Reviewer> {
    if let Ok(password) = fs::read_to_string(home.password()) {
        return Ok(Reviewer {
            password: password.trim().to_owned(),
        });
    }
    if !home.server().join("trust").is_file() {
        progress.say("making the server's keys and its first accounts");
        admin(home, &["init"])?;
    }
    // Made, given to the account, then kept under its name: a stop in between only makes another one the next time.
    let password = new_password()?;
    let made = home.password().with_extension("new");
    private_file(&made, &password)?;
    let file = made
        .to_str()
        .context("the data folder's name is not UTF-8")?;
    let name = "示范审核员";
    admin(
        home,
        &[
            "add-account",
            ACCOUNT,
            "--name",
            name,
            "--password-file",
            file,
        ],
    )?;
    fs::rename(&made, home.password()).context("the data folder can't be written")?;
    Ok(Reviewer { password })
}

/// One-time codes for this tablet and two officers; none once officers are on the tablet.
pub fn enrolment(home: &Home, url: &str) -> Result<Option<Enrolment>> {
    if home.has_officers() {
        return Ok(None);
    }
    let device = admin(
        home,
        &["enrol-code", "device", "--team", TEAM, "--url", url],
    )?;
    let known = admin(home, &["people"])?;
    let mut officers = Vec::new();
    for (name, badge) in OFFICERS {
        let person = known["people"]
            .as_array()
            .and_then(|people| people.iter().find(|person| person["badge"] == badge))
            .map(|person| text(person, "id"));
        let id = match person {
            Some(id) => id?,
            None => text(
                &admin(
                    home,
                    &[
                        "add-person",
                        "--name",
                        name,
                        "--badge",
                        badge,
                        "--team",
                        TEAM,
                    ],
                )?,
                "id",
            )?,
        };
        let code = admin(home, &["enrol-code", "officer", &id, "--url", url])?;
        officers.push((name, text(&code, "code")?));
    }
    Ok(Some(Enrolment {
        device: text(&device, "text")?,
        officers,
    }))
}

/// Tells whoever started this what there is.
pub fn introduce(url: &str, home: &Home, reviewer: &Reviewer, enrolment: Option<&Enrolment>) {
    println!(
        "\n  console   {url}/   account {ACCOUNT}   password {}",
        reviewer.password
    );
    if let Some(enrolment) = enrolment {
        println!(
            "  officers  the window asks for their codes; each chooses a PIN of six digits or more"
        );
        for (name, code) in &enrolment.officers {
            println!("            {name}   {code}");
        }
    }
    println!("  data      {}\n", home.folder().display());
}

fn admin(home: &Home, words: &[&str]) -> Result<Value> {
    let said = output(
        Command::new(build::PROGRAM)
            .arg("admin")
            .args(words)
            .arg("--json")
            .arg("--data")
            .arg(home.server()),
    )?;
    if !said.status.success() {
        let why = String::from_utf8_lossy(&said.stderr);
        bail!("fieldseal admin {}: {}", words[0], why.trim());
    }
    serde_json::from_slice(&said.stdout).context("fieldseal admin did not answer JSON")
}

fn text(value: &Value, field: &str) -> Result<String> {
    let text = value[field]
        .as_str()
        .with_context(|| format!("fieldseal admin gave no {field}"))?;
    Ok(text.to_owned())
}

/// 80 random bits in letters that are not mistaken for one another.
fn new_password() -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut random))
        .context("there is no randomness for a password")?;
    let letters = random.map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    Ok(groups.join("-"))
}

fn private_file(path: &Path, text: &str) -> Result<()> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| writeln!(file, "{text}"))
        .with_context(|| format!("{} could not be written", path.display()))
}
