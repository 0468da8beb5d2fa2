//! The part of `VERIFY.txt` about time: the commands by which `openssl` checks each timestamp token, and reads its time.

use std::fmt::Write as _;

use super::{Material, ROOTS};

/// The section; says what is missing where there is nothing to check.
pub fn section(material: &Material, folder: &str) -> String {
    let mut out = String::from("5. When: sealed after, logged before\n\n");
    if material.seen.is_empty() && material.tokens.is_empty() {
        out.push_str("There are no timestamp tokens with this evidence: its times are the device's and the server's word.\n\n");
        return out;
    }
    out.push_str(
        "A timestamp token (RFC 3161) is an authority's word that it had seen the text of a checkpoint at the time that it names. The seal names\n\
         tokens by their digests, so it was made after their times; and it stands in the checkpoint above, which was stamped after that.\n",
    );
    if material.roots_pem.is_empty() {
        out.push_str(
            "The server that made this export knows no roots of the authorities: get them from the authorities, as roots.pem, and check with\n\
             openssl ts -verify -data TEXT -in TOKEN -CAfile roots.pem, where TEXT is a checkpoint up to its first empty line.\n\n",
        );
        return out;
    }
    let _ = write!(
        out,
        "{ROOTS} holds the authorities' roots that came with this evidence: compare them with those of the deployment's\n\
         trust file, and with what the authorities publish. Once an authority's certificate has expired, openssl asks for the time at which it\n\
         shall judge: add -attime and the seconds since 1970 of the token's own time (date -u +%s -d 'TIME'). The token stays good.\n\n",
    );
    if !material.seen.is_empty() {
        out.push_str("Sealed after these times (less the accuracy that is named beside them):\n\n");
        let _ = writeln!(out, "sed '/^$/,$d' {folder}/seen/checkpoint > $W/text");
        for (id, digest) in &material.seen {
            let token = format!("{folder}/seen/checkpoint.{id}.tsr");
            let _ = writeln!(
                out,
                "grep -F \"seen-tsr {id} $(sha256sum {token} | cut -c-64)\" {folder}/seal/packet.seal    # {digest}"
            );
            verified(&mut out, &token);
        }
    }
    if !material.tokens.is_empty() {
        out.push_str("Logged before these times (and the accuracy that is named beside them):\n\n");
        out.push_str("sed '/^$/,$d' data/receipt/checkpoint > $W/text\n");
        for token in &material.tokens {
            let path = format!("data/receipt/checkpoint.{}.tsr", token.stem());
            match token.n {
                0 => verified(&mut out, &path),
                // A renewal is over the answer of the number before.
                n => {
                    let before = match n {
                        1 => token.authority.clone(),
                        n => format!("{}.renewed-{}", token.authority, n - 1),
                    };
                    let _ = writeln!(
                        out,
                        "# {path} says that checkpoint.{before}.tsr was there while its certificate was good\n\
                         openssl ts -verify -data data/receipt/checkpoint.{before}.tsr -in {path} -CAfile {ROOTS}\n"
                    );
                }
            }
        }
    }
    out
}

fn verified(out: &mut String, token: &str) {
    let _ = writeln!(
        out,
        "openssl ts -verify -data $W/text -in {token} -CAfile {ROOTS}\n\
         openssl ts -reply -in {token} -text | grep -E '^(Time stamp|Accuracy)'\n"
    );
}
