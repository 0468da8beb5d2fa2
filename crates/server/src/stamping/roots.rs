//! The authorities' roots as this deployment hands them on: a file beside the trust file, so that whoever opens the data folder
//! (`fieldseal admin`) gives the same trust anchors as the server that was told the settings.

use std::fs;
use std::io;

use super::Authority;
use crate::config::Layout;
use crate::files;
use crate::signing::ServerKeys;

/// The certificates of a PEM text, DER. None when it doesn't read, or one of them is none that a trust file may hold.
pub fn read(pem: &str) -> Option<Vec<Vec<u8>>> {
    fieldseal_stamp::certificates_from_pem(pem).filter(|roots| {
        roots
            .iter()
            .all(|root| fieldseal_stamp::is_certificate(root))
    })
}

/// The trust file: the server's keys, the witnesses, the roots that were last configured, and those for tablets' keys.
pub fn trust(keys: &ServerKeys, layout: &Layout) -> io::Result<String> {
    let roots = match fs::read_to_string(layout.tsa_roots()) {
        Ok(roots) => roots,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let policy = crate::witnesses::policy::read(layout)?;
    let mut trust = keys.trust_file_with(&policy) + &roots;
    // Each root for one use: see `docs/spec/trust.md`.
    if let Some(cms) = &keys.cms {
        trust.push_str("#root cms\n");
        trust.push_str(&fieldseal_stamp::certificate_to_pem(&cms.certificate));
    }
    match fs::read_to_string(layout.attestation_roots()) {
        Ok(makers) => {
            trust.push_str("#root attestation\n");
            trust.push_str(&makers);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    Ok(trust)
}

/// Keeps what is configured, each certificate once, and brings the trust file up to date. Roots that are no longer configured go: packets
/// sealed meanwhile are checked by the trust file of their time.
pub fn keep(keys: &ServerKeys, layout: &Layout, authorities: &[Authority]) -> io::Result<String> {
    let mut known: Vec<Vec<u8>> = Vec::new();
    let mut text = String::new();
    for authority in authorities {
        for der in authority
            .roots_pem
            .as_deref()
            .and_then(read)
            .unwrap_or_default()
        {
            if !known.contains(&der) {
                text.push_str(&format!("# root of timestamp authority {}\n", authority.id));
                text.push_str(&fieldseal_stamp::certificate_to_pem(&der));
                known.push(der);
            }
        }
    }
    replace_if_other(&layout.tsa_roots(), &text)?;
    renew(keys, layout)
}

/// Brings the trust file up to date with the folder of keys.
pub fn renew(keys: &ServerKeys, layout: &Layout) -> io::Result<String> {
    let trust = trust(keys, layout)?;
    replace_if_other(&layout.trust(), &trust)?;
    Ok(trust)
}

fn replace_if_other(path: &std::path::Path, text: &str) -> io::Result<()> {
    match fs::read(path) {
        Ok(there) if there == text.as_bytes() => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && text.is_empty() => Ok(()),
        _ => files::replace(path, text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ambient::Ambient;
    use crate::config::Config;
    use fieldseal_dev_tsa::{Authority as DevAuthority, KeyKind};
    use fieldseal_packet::trust::Trust;

    #[test]
    fn roots_come_into_the_trust_file_and_go_again() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Config::new(folder.path()).layout();
        fs::create_dir_all(layout.keys()).unwrap();
        let keys = ServerKeys::make(&layout.keys(), "log.example", &Ambient::default()).unwrap();
        assert_eq!(keep(&keys, &layout, &[]).unwrap(), keys.trust_file());
        let certificate = |id: &str| {
            let folder = folder.path().join(id);
            let made = DevAuthority::at(&folder, id, KeyKind::P256, 10).unwrap();
            read(&made.root_pem().unwrap()).unwrap().remove(0)
        };
        let (one, two) = (certificate("one"), certificate("two"));
        let authority = |id: &str, der: &[u8]| Authority {
            id: id.to_owned(),
            url: String::new(),
            roots_pem: Some(fieldseal_stamp::certificate_to_pem(der)),
        };
        let three = [
            authority("a", &one),
            authority("b", &one),
            authority("c", &two),
        ];
        let kept = keep(&keys, &layout, &three).unwrap();
        assert_eq!(trust(&keys, &layout).unwrap(), kept);
        assert_eq!(fs::read_to_string(layout.trust()).unwrap(), kept);
        let parsed = Trust::parse(kept.as_bytes()).unwrap();
        assert_eq!(parsed.roots, [one, two]);
        assert!(read(&fieldseal_stamp::certificate_to_pem(b"none")).is_none());
        assert_eq!(keep(&keys, &layout, &[]).unwrap(), keys.trust_file());
    }
}
