//! `VERIFY.txt`: the literal commands with which anybody checks an export, with nothing of ours.

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_tlog::note::{Algorithm, Note, Vkey};

use super::Material;
use crate::store::packets::PacketRow;

/// DER of an Ed25519 SubjectPublicKeyInfo before its 32 bytes.
const ED25519_SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The file.
pub fn text(material: &Material, packet: &PacketRow) -> String {
    let id = &packet.id;
    let mut out = format!(
        "How to check this evidence with public tools alone\n\
         ==================================================\n\n\
         Packet   {id}\n\
         Digest   {seal}  (sha256 of seal/packet.seal in the packet)\n\
         Timestamp tokens: {tokens}\n\n\
         Run the commands in the folder that holds bagit.txt. Needed: sha256sum, unzip, openssl 3; bagit.py if you like. Each says\n\
         what is right or prints a digest that it found; none may complain.\n\n\
         W=$(mktemp -d)\n\n\
         1. Nothing was added, removed or changed in this folder\n\n\
         sha256sum -c --strict manifest-sha256.txt\n\
         sha256sum -c --strict tagmanifest-sha256.txt\n\
         {listed}\n\
         bagit.py --validate .\n\n\
         (The third compares the files that are here with those that are listed, which sha256sum does not do, and bagit.py only for data/.)\n\n\
         2. Nothing was changed in the packet since it was sealed\n\n\
         unzip -q data/packet-{id}.zip -d $W\n\
         cd $W/packet-{id}\n\
         sha256sum -c --strict manifest-sha256.txt\n\
         sha256sum -c --strict tagmanifest-sha256.txt\n\
         {listed_but_seal}\n\
         sha256sum seal/packet.seal          # {seal}\n\
         grep -F \"$(sha256sum tagmanifest-sha256.txt | cut -c-64)\" seal/packet.seal\n\
         cd -\n\n\
         The receipt is about these bytes:\n\n\
         grep -F \"$(sha256sum data/packet-{id}.zip | cut -c-64)\" data/receipt/receipt\n\
         grep -F \"$(sha256sum $W/packet-{id}/seal/packet.seal | cut -c-64)\" data/receipt/receipt\n\n",
        listed = listed("tagmanifest-sha256.txt"),
        // The second tag manifest is named by the seal alone; the CMS signature is of the first, and so in none.
        listed_but_seal = listed(
            "tagmanifest-sha256.txt seal/packet.seal $(ls tagmanifest-sm3.txt seal/tagmanifest.p7s 2>&-)"
        ),
        tokens = match (material.seen.len(), material.tokens.len()) {
            (0, 0) => "none".to_owned(),
            (seen, logged) => format!("{seen} named by the seal, {logged} on the log's checkpoint"),
        },
        seal = hex::encode(packet.seal_sha256),
    );
    let vkeys: Vec<Vkey> = material
        .keys
        .iter()
        .filter(|(name, _)| name.ends_with(".vkey"))
        .filter_map(|(_, bytes)| {
            std::str::from_utf8(bytes)
                .ok()
                .and_then(|line| Vkey::parse(line.trim_end()).ok())
        })
        .collect();
    if vkeys.iter().any(|key| key.algorithm() == Algorithm::Sm2) {
        out.push_str(&sm3(id));
    }
    out.push_str(
        "3. Who signed\n\n\
         A signed note is a text, an empty line, and lines of a name and base64: four bytes of key id, then the signature over the text\n\
         with its last newline. For each line of the seal, for receipt and checkpoint, for the enrolment of each key, and for decisions:\n\n",
    );
    let seal = format!("$W/packet-{id}/seal/packet.seal");
    for key in vkeys.iter().skip(4) {
        signature(&mut out, &seal, key);
    }
    out.push_str(&x509(material, id, &vkeys));
    for (file, index) in [("data/receipt/receipt", 1), ("data/receipt/checkpoint", 0)] {
        if let Some(key) = vkeys.get(index) {
            signature(&mut out, file, key);
        }
    }
    if let Some(authority) = vkeys.get(2) {
        for (name, _) in material
            .keys
            .iter()
            .filter(|(name, _)| name.ends_with(".entry"))
        {
            signature(&mut out, &format!("data/receipt/keys/{name}"), authority);
        }
    }
    for number in 1..=material.decisions.len() {
        let stem = format!("data/decisions/{number:04}");
        if let Some(decisions) = vkeys.get(3) {
            signature(&mut out, &format!("{stem}.note"), decisions);
        }
        let _ = writeln!(
            out,
            "grep -F \"$(cat {stem}.salt {stem}.json | sha256sum | cut -c-64)\" {stem}.note\n"
        );
    }
    for child in &material.children {
        let path = format!("data/derived/{}", child.name);
        if let Some(decisions) = vkeys.get(3) {
            signature(&mut out, &format!("{path}.note"), decisions);
        }
        let _ = writeln!(
            out,
            "grep -F \"$(sha256sum {path} | cut -c-64)\" {path}.note\n\
             grep -F \"$(sha256sum $W/packet-{id}/$(sed -n 's/^parent-path //p' {path}.note) | cut -c-64)\" {path}.note\n"
        );
    }
    out.push_str(&inclusion(material));
    out.push_str(&super::verify_time::section(
        material,
        &format!("$W/packet-{id}"),
    ));
    out.push_str(
        "6. What this proves, and what it does not\n\n\
         The seal: these bytes, by these keys. The receipt and the log: the server held them, and the seal stands in an append-only log.\n\
         The tokens: sealed after, logged before; the hours between may be many, if the tablet had no network.\n\
         Capture time, place and sensor values are what the device reported. Whose the keys are, the enrolment entries in\n\
         data/receipt/keys say, signed by the authority. The keys in the commands are those that came with this evidence: compare all of them\n\
         with what the deployment publishes at /trust, and with what you were given of it by another way.\n",
    );
    out
}

/// The command that compares the files that are here with those that the manifests list; `unlisted` are right to stand in none.
fn listed(unlisted: &str) -> String {
    format!(
        "find . -type f | cut -c3- | sort > $W/here; (printf '%s\\n' {unlisted}; cut -c67- manifest-sha256.txt tagmanifest-sha256.txt) | sort > $W/listed; diff $W/here $W/listed"
    )
}

/// The commands for the second pair of manifests: the same by SM3, and the seal's word for it.
fn sm3(id: &str) -> String {
    let mut out = format!(
        "The packet's SM3 manifests say the same as those of SHA-256:\n\ncd $W/packet-{id}\n"
    );
    for manifest in ["manifest-sm3.txt", "tagmanifest-sm3.txt"] {
        let _ = writeln!(
            out,
            "cut -c67- {manifest} | xargs -d '\\n' openssl dgst -sm3 -r | sed 's/ [*]/  /' | diff - {manifest}"
        );
    }
    out.push_str(
        "grep -F \"$(openssl dgst -sm3 -r tagmanifest-sm3.txt | cut -c-64)\" seal/packet.seal\ncd -\n\n",
    );
    out
}

fn signature(out: &mut String, file: &str, key: &Vkey) {
    let name = key.name();
    // The first digits of the base64 are the key's id: a log has two lines of one name while its key is rotated.
    let id = STANDARD.encode(key.key_id().to_be_bytes());
    let mark = format!("\u{2014} {name} {}", &id[..5]);
    let _ = writeln!(out, "# {name}");
    let _ = writeln!(out, "sed '/^$/,$d' {file} > $W/text");
    let (der, verify) = match key.algorithm() {
        Algorithm::Ed25519 => {
            let der = [ED25519_SPKI.as_slice(), key.material()].concat();
            (
                der,
                "openssl pkeyutl -verify -pubin -inkey $W/key.der -keyform DER -rawin -in $W/text -sigfile $W/sig",
            )
        }
        Algorithm::Sm2 => (
            key.material().to_vec(),
            "openssl pkeyutl -verify -pubin -inkey $W/key.der -keyform DER -rawin -digest sm3 -pkeyopt distid:1234567812345678 -in $W/text -sigfile $W/sig",
        ),
        _ => (
            key.material().to_vec(),
            "openssl dgst -sha256 -verify $W/key.der -keyform DER -signature $W/sig $W/text",
        ),
    };
    let _ = writeln!(
        out,
        "echo {} | base64 -d > $W/key.der",
        STANDARD.encode(der)
    );
    let _ = writeln!(
        out,
        "grep -F '{mark}' {file} | sed 's/.* //' | base64 -d | tail -c +5 > $W/sig"
    );
    let _ = writeln!(out, "{verify}\n");
}

/// What X.509 says of the tablet's key, where it says anything.
fn x509(material: &Material, id: &str, vkeys: &[Vkey]) -> String {
    let mut out = String::new();
    if material.cms && !material.cms_roots_pem.is_empty() {
        let _ = writeln!(
            out,
            "The tablet has signed the tag manifest by CMS, too:\n\n\
             openssl cms -verify -binary -inform DER -in $W/packet-{id}/seal/tagmanifest.p7s -content $W/packet-{id}/tagmanifest-sha256.txt -CAfile {} -out $W/manifest-as-signed\n",
            super::CMS_ROOTS
        );
    }
    for (name, _) in &material.beside {
        let stem = name
            .strip_prefix("attestation/")
            .and_then(|name| name.strip_suffix(".pem"));
        let Some(stem) = stem else { continue };
        let is_its = |key: &&Vkey| key.name().replace('/', "-").ends_with(&format!("-{stem}"));
        let Some(key) = vkeys.iter().find(is_its) else {
            continue;
        };
        let _ = writeln!(
            out,
            "Its maker vouches for the tablet's key: the certificate is of this key, and with the maker's root in maker.pem\n\
             (openssl verify -no_check_time -CAfile maker.pem -untrusted data/receipt/{name} data/receipt/{name}) leads to it:\n\n\
             echo {} | base64 -d > $W/key.der\n\
             openssl x509 -in data/receipt/{name} -pubkey -noout | openssl pkey -pubin -outform DER | cmp - $W/key.der\n",
            STANDARD.encode(key.material())
        );
    }
    out
}

fn inclusion(material: &Material) -> String {
    let size = Note::parse(&material.checkpoint)
        .ok()
        .and_then(|note| note.text.lines().nth(1).map(str::to_owned))
        .unwrap_or_default();
    format!(
        "4. The seal stands in the log\n\n\
         data/receipt/packet.tlog-proof is a C2SP tlog-proof: the leaf's index, the hashes of the audit path, and the signed checkpoint\n\
         (size {size}). Any client of that format checks it; the leaf is the file seal/packet.seal, its hash sha256(00 || file), a node's\n\
         sha256(01 || left || right). The log's key:\n\n\
         {}\n\n",
        material.log_vkey
    )
}
