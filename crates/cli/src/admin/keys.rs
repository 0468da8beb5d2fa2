//! `fieldseal admin cms-ca`, `attestation-roots` and `log-key`: the deployment's own keys, and the roots it trusts for others'.

use std::path::Path;

use anyhow::Context as _;
use clap::Subcommand;
use fieldseal_server::admin::Admin;
use serde_json::json;

use super::Answer;

#[derive(Subcommand)]
pub enum LogKeyStep {
    /// Make the next key, and log that it takes over
    Rotate,
    /// Let the next key sign alone
    Finish,
}

/// Said after each change of what a running server has in memory.
const RESTART: &str = "restart the server: it takes this up at its next start. The trust file has changed: hand it out anew (`fieldseal admin trust-page`)";

pub(super) fn cms_authority(admin: &mut Admin) -> anyhow::Result<Answer> {
    let pem = admin.make_cms_authority()?;
    Ok(Answer::new(
        format!("{pem}{RESTART}\n"),
        json!({"certificate": pem, "trustSha256": admin.trust_sha256()}),
    ))
}

pub(super) fn attestation_roots(admin: &mut Admin, file: &Path) -> anyhow::Result<Answer> {
    let pem = std::fs::read_to_string(file)
        .with_context(|| format!("{} can't be read", file.display()))?;
    let count = admin.set_attestation_roots(&pem)?;
    Ok(Answer::new(
        format!("{count} roots\n{RESTART}\n"),
        json!({"roots": count, "trustSha256": admin.trust_sha256()}),
    ))
}

pub(super) fn log_key(admin: &mut Admin, step: &LogKeyStep) -> anyhow::Result<Answer> {
    let (key, said) = match step {
        LogKeyStep::Rotate => (
            admin.rotate_log_key()?,
            "takes over; give it to the witnesses, and finish when all have it",
        ),
        LogKeyStep::Finish => (admin.end_log_key()?, "signs alone"),
    };
    Ok(Answer::new(
        format!("{key}\n{said}\n{RESTART}\n"),
        json!({"logKey": key.to_string(), "trustSha256": admin.trust_sha256()}),
    ))
}
