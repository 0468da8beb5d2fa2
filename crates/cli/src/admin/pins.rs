//! `fieldseal admin recover-pin`: answers a tablet whose officer has forgotten the PIN. The recovery key is read here, used, and
//! wiped; neither the tablet nor the running server ever sees it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::desk::{self, PinRequest};
use fieldseal_server::admin::Admin;
use fieldseal_vault::{RecoveryAsk, Secret, answer_recovery};
use serde_json::json;

use super::Answer;
use crate::qr;

#[derive(clap::Args)]
pub struct Args {
    /// File with the text that the tablet shows; - for stdin
    request: PathBuf,
    /// The recovery key that `fieldseal admin init` wrote. Left out, the request is shown and nothing is answered
    #[arg(long, value_name = "F", requires = "compare")]
    key: Option<PathBuf>,
    /// What the officer reads from the tablet's screen
    #[arg(long, value_name = "CODE", requires = "key")]
    compare: Option<String>,
    /// Write the answer to a new file as well
    #[arg(long, value_name = "F")]
    out: Option<PathBuf>,
    /// Write the answer's QR as a picture as well: a new file that ends in .svg or .png
    #[arg(long, value_name = "F")]
    qr: Option<PathBuf>,
}

pub(super) fn recover_pin(admin: &Admin, args: &Args) -> anyhow::Result<Answer> {
    let request = read(&args.request)?;
    let text = request.text();
    let whom = admin.check_pin_request(&request)?;
    let name = whom.name.as_deref().unwrap_or("-");
    let about = format!(
        "tablet   {}\nofficer  {name} ({}), badge {}\nasked    {} (the tablet's clock)\n",
        request.device,
        request.officer,
        whom.badge.as_deref().unwrap_or("-"),
        request.made_at,
    );
    let (Some(key), Some(typed)) = (&args.key, &args.compare) else {
        return Ok(Answer::new(
            format!(
                "{about}Make sure that it is this officer who asks, let the officer read the code on the screen to you, and answer with --key F --compare CODE\n"
            ),
            json!({"device": request.device, "officer": request.officer, "madeAt": request.made_at.to_string()}),
        ));
    };
    ensure!(
        desk::same_code(typed, &desk::compare(&text)),
        "this is not the code of this request: it was changed on its way, or is another one. Nothing was answered"
    );
    let unusable = "the request's keys can't be read";
    let ask = RecoveryAsk {
        vault: hex::decode(&request.vault)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .context(unusable)?,
        to: desk::bytes(&request.to).context(unusable)?,
        root: desk::bytes::<{ desk::SEALED }>(&request.root)
            .context(unusable)?
            .to_vec(),
    };
    let key = recovery_key(key)?;
    let root = answer_recovery(&key, &ask, &text, &random)
        .context("the recovery key does not open this vault")?;
    let note = String::from_utf8(admin.answer_pin_request(&request, &root)?)?;
    if let Some(out) = &args.out {
        ensure!(!out.exists(), "{} is there already", out.display());
        std::fs::write(out, &note)
            .with_context(|| format!("{} can't be written", out.display()))?;
    }
    if let Some(path) = &args.qr {
        qr::to_file(&note, path)?;
    }
    Ok(Answer::new(
        format!(
            "{about}\n{note}\nGive this to the tablet (scan, paste); it works there alone, once, with the PIN that the officer chose. The officer then needs a new signing key: fieldseal admin enrol-code officer {}\n",
            request.officer
        ),
        json!({"answer": note, "device": request.device, "officer": request.officer}),
    ))
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the layer that asks the machine"
)]
fn random(bytes: &mut [u8]) -> std::io::Result<()> {
    getrandom::fill(bytes).map_err(std::io::Error::other)
}

fn read(path: &Path) -> anyhow::Result<PinRequest> {
    let most = desk::MAX_TEXT as u64 + 64;
    let mut bytes = String::new();
    if path == Path::new("-") {
        std::io::stdin().take(most).read_to_string(&mut bytes)
    } else {
        std::fs::File::open(path)
            .with_context(|| format!("{} can't be read", path.display()))?
            .take(most)
            .read_to_string(&mut bytes)
    }
    .context("the request can't be read")?;
    // What was sent as a message often lost its last line's end.
    let text = format!("{}\n", bytes.trim().replace("\r\n", "\n"));
    PinRequest::parse(&text).context("this is no request of a tablet")
}

/// The private key in the file that `admin init` wrote.
pub fn recovery_key(file: &Path) -> anyhow::Result<Secret> {
    let unusable = || format!("{} is not a recovery key", file.display());
    let text = zeroize::Zeroizing::new(std::fs::read_to_string(file).with_context(unusable)?);
    let bytes = text
        .lines()
        .find_map(|line| line.strip_prefix("fieldseal-recovery-key/v1 "))
        .and_then(|line| STANDARD.decode(line.trim()).ok())
        .map(zeroize::Zeroizing::new)
        .with_context(unusable)?;
    let mut key = Secret::default();
    ensure!(bytes.len() == key.len(), unusable());
    key.copy_from_slice(&bytes);
    Ok(key)
}
