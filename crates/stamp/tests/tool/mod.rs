//! The tool that has the second opinion, and what both sorts of tokens are over.

use std::path::Path;
use std::process::{Command, Stdio};

use fieldseal_stamp::certificate_to_pem;

pub const MESSAGE: &[u8] = b"bureau.example/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

pub fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .env_remove("OPENSSL_CONF")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("openssl is installed")
        .success()
}

/// What `openssl ts -verify` says of a token, at a time of its own choice or at the one given.
pub fn openssl_accepts(tsr: &[u8], message: &[u8], roots: &[Vec<u8>], at: Option<i64>) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let pem: String = roots.iter().map(|root| certificate_to_pem(root)).collect();
    for (name, bytes) in [
        ("tsr", tsr),
        ("message", message),
        ("roots.pem", pem.as_bytes()),
    ] {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let mut arguments = vec![
        "ts",
        "-verify",
        "-data",
        "message",
        "-in",
        "tsr",
        "-CAfile",
        "roots.pem",
    ];
    let at = at.map(|at| at.to_string());
    arguments.extend(at.iter().flat_map(|at| ["-attime", at.as_str()]));
    openssl(folder.path(), &arguments)
}
