//! Trust anchors: the file that `--trust` reads. Lines of a C2SP tlog-policy (`log`, `witness`, `group`, `quorum`), bare
//! vkeys, and PEM roots, each for one use. Everything else is an error: a misspelt anchor must not be passed over.
//! Specification: `docs/spec/trust.md`.

use crate::{KeyName, KeyRole};
use fieldseal_stamp::{Der, MAX_ROOTS};
use fieldseal_tlog::note::{KeySet, KeySetError, Vkey, VkeyError};

/// Largest trust file, bytes.
pub const MAX_TRUST: usize = 1 << 20;

/// Why a trust file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// Over [`MAX_TRUST`], or not UTF-8.
    #[error("the trust file is larger than {MAX_TRUST} bytes, or not UTF-8")]
    Form,
    /// A line that is none of those allowed.
    #[error("line {0} of the trust file is not a key, a policy line or a comment")]
    Line(usize),
    /// A key that can't be read.
    #[error("line {line} of the trust file holds a key that can't be read: {source}")]
    Key {
        /// From 1.
        line: usize,
        /// Why.
        source: VkeyError,
    },
    /// Two keys of one name and id.
    #[error(transparent)]
    Conflict(#[from] KeySetError),
    /// A PEM block that is no certificate by the rules of `docs/spec/time.md`.
    #[error("line {0} of the trust file ends a block that is not a certificate")]
    Root(usize),
    /// More roots than are looked at.
    #[error("the trust file has more than {MAX_ROOTS} certificates")]
    TooManyRoots,
    /// No key and no root.
    #[error("the trust file names nothing to trust")]
    Nothing,
}

/// What a root is trusted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RootUse {
    Timestamps,
    Cms,
    Attestation,
}

/// What is trusted.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Origins of the logs trusted: the names of their keys.
    pub origins: Vec<String>,
    /// Every key trusted, logs' included; what for is in its name.
    pub keys: KeySet,
    /// Witnesses' keys by their name in the policy.
    pub witnesses: Vec<(String, Vkey)>,
    /// `group` lines as they stand: name, then `all`, `any` or a number, then members.
    pub groups: Vec<Vec<String>>,
    /// Name on the `quorum` line; none for `none` or no such line.
    pub quorum: Option<String>,
    /// PEM certificates of timestamp authorities, as they stand.
    pub roots_pem: String,
    /// The same in DER.
    pub roots: Vec<Der>,
    /// PEM certificates for CMS signatures by tablets, as they stand.
    pub cms_roots_pem: String,
    /// The same in DER.
    pub cms_roots: Vec<Der>,
    /// Roots of makers of keys in hardware, DER.
    pub attestation_roots: Vec<Der>,
}

impl Trust {
    /// Reads a trust file.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let text = std::str::from_utf8(bytes)
            .ok()
            .filter(|text| text.len() <= MAX_TRUST)
            .ok_or(TrustError::Form)?;
        let mut trust = Self::default();
        let mut in_pem = false;
        let mut block = String::new();
        let mut root_use = RootUse::Timestamps;
        for (index, line) in text.lines().enumerate() {
            let number = index + 1;
            if line.starts_with("-----BEGIN CERTIFICATE-----") {
                in_pem = true;
            }
            if in_pem {
                block.push_str(line);
                block.push('\n');
                in_pem = !line.starts_with("-----END CERTIFICATE-----");
                if !in_pem {
                    trust.root(&std::mem::take(&mut block), root_use, number)?;
                }
                continue;
            }
            let line = line.trim_matches([' ', '\t']);
            match root_line(line) {
                Some(named) => root_use = named.ok_or(TrustError::Line(number))?,
                None => trust.policy_line(line, number)?,
            }
        }
        if in_pem {
            return Err(TrustError::Line(text.lines().count()));
        }
        // A file may be bare vkeys alone: a key that is named for none of the other roles is a log's, its name the origin.
        let bare: Vec<String> = trust.keys.iter().map(|key| key.name().to_owned()).collect();
        for name in bare.into_iter().filter(|name| !has_role(name)) {
            if !trust.knows_origin(&name) {
                trust.origins.push(name);
            }
        }
        if trust.keys.is_empty() && trust.roots_in_all() == 0 {
            return Err(TrustError::Nothing);
        }
        Ok(trust)
    }

    fn policy_line(&mut self, line: &str, number: usize) -> Result<(), TrustError> {
        let key = |text: &str| {
            Vkey::parse(text).map_err(|source| TrustError::Key {
                line: number,
                source,
            })
        };
        let words: Vec<&str> = line
            .split([' ', '\t'])
            .filter(|word| !word.is_empty())
            .collect();
        match words.as_slice() {
            [] => {}
            [first, ..] if first.starts_with('#') => {}
            ["log", vkey] | ["log", vkey, _] => {
                let vkey = key(vkey)?;
                self.origins.push(vkey.name().to_owned());
                self.keys.insert(vkey)?;
            }
            ["witness", name, vkey] | ["witness", name, vkey, _] => {
                self.witnesses.push(((*name).to_owned(), key(vkey)?));
            }
            ["group", name, rule, members @ ..] if !members.is_empty() => {
                let mut group = vec![(*name).to_owned(), (*rule).to_owned()];
                group.extend(members.iter().map(|member| (*member).to_owned()));
                self.groups.push(group);
            }
            ["quorum", "none"] => self.quorum = None,
            ["quorum", name] => self.quorum = Some((*name).to_owned()),
            [vkey] if vkey.contains('+') => {
                self.keys.insert(key(vkey)?)?;
            }
            _ => return Err(TrustError::Line(number)),
        }
        Ok(())
    }

    fn roots_in_all(&self) -> usize {
        self.roots.len() + self.cms_roots.len() + self.attestation_roots.len()
    }

    fn root(&mut self, block: &str, root_use: RootUse, number: usize) -> Result<(), TrustError> {
        let found = fieldseal_stamp::certificates_from_pem(block);
        let Some([der]) = found.as_deref() else {
            return Err(TrustError::Root(number));
        };
        if !fieldseal_stamp::is_certificate(der) {
            return Err(TrustError::Root(number));
        }
        if self.roots_in_all() == MAX_ROOTS {
            return Err(TrustError::TooManyRoots);
        }
        match root_use {
            RootUse::Timestamps => {
                self.roots_pem.push_str(block);
                self.roots.push(der.clone());
            }
            RootUse::Cms => {
                self.cms_roots_pem.push_str(block);
                self.cms_roots.push(der.clone());
            }
            RootUse::Attestation => self.attestation_roots.push(der.clone()),
        }
        Ok(())
    }

    /// Whether this origin's log is trusted.
    pub fn knows_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|known| known == origin)
    }

    /// The trusted keys of this origin in this role.
    pub fn role<'a>(&'a self, origin: &'a str, role: KeyRole) -> impl Iterator<Item = &'a Vkey> {
        self.keys.iter().filter(move |key| {
            KeyName::parse(origin, key.name()).is_ok_and(|name| name.role == role)
        })
    }

    /// The text of a trust file for one deployment without witnesses.
    pub fn text(origin: &str, log: &Vkey, others: &[&Vkey]) -> String {
        let mut text = format!("# Fieldseal trust anchors of {origin}\nlog {log}\nquorum none\n");
        for key in others {
            text.push_str(&format!("{key}\n"));
        }
        text
    }
}

/// What a `#root` line says the blocks after it are for; none for any other line, and nothing in it for a form that is wrong.
fn root_line(line: &str) -> Option<Option<RootUse>> {
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    if words.next() != Some("#root") {
        return None;
    }
    Some(match (words.next(), words.next()) {
        (Some("timestamps"), None) => Some(RootUse::Timestamps),
        (Some("cms"), None) => Some(RootUse::Cms),
        (Some("attestation"), None) => Some(RootUse::Attestation),
        _ => None,
    })
}

/// Whether a key's name ends as those of receipts, authority, decisions, devices and officers do.
fn has_role(name: &str) -> bool {
    let mut parts = name.rsplit('/');
    let (last, before) = (parts.next(), parts.next());
    matches!(last, Some("receipts" | "authority" | "decisions"))
        || matches!(before, Some("device" | "officer"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_tlog::note::{Ed25519Signer, Signer};

    #[test]
    fn reads_what_it_writes_and_refuses_the_rest() {
        let key = |name: &str| {
            Ed25519Signer::from_seed(name, &[name.len() as u8; 32])
                .unwrap()
                .vkey()
                .clone()
        };
        let text = Trust::text(
            "a.example/log",
            &key("a.example/log"),
            &[&key("a.example/log/receipts")],
        );
        let pem = include_str!("../tests/support/a-root.pem");
        let trust = Trust::parse(format!("{text}{pem}").as_bytes()).unwrap();
        assert_eq!(trust.roots.len(), 1);
        assert!(trust.knows_origin("a.example/log"));
        assert_eq!(trust.role("a.example/log", KeyRole::Receipts).count(), 1);
        assert_eq!(trust.role("a.example/log", KeyRole::Authority).count(), 0);
        assert_eq!(trust.roots_pem, pem);
        let odd = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
        assert!(matches!(
            Trust::parse(format!("{text}{odd}").as_bytes()),
            Err(TrustError::Root(7))
        ));
        let many = pem.repeat(MAX_ROOTS + 1);
        assert!(matches!(
            Trust::parse(many.as_bytes()),
            Err(TrustError::TooManyRoots)
        ));
        assert!(matches!(
            Trust::parse(b"quorum none\n"),
            Err(TrustError::Nothing)
        ));
        assert!(matches!(
            Trust::parse(format!("{text}lgo x\n").as_bytes()),
            Err(TrustError::Line(5))
        ));
        assert!(matches!(
            Trust::parse(format!("{text}a+b+c\n").as_bytes()),
            Err(TrustError::Key { line: 5, .. })
        ));
        assert!(Trust::parse(b"\xff").is_err());
        let bare = format!(
            "{}\n{}\n",
            key("a.example/log/authority"),
            key("a.example/log")
        );
        assert!(
            Trust::parse(bare.as_bytes())
                .unwrap()
                .knows_origin("a.example/log")
        );
        assert!(Trust::parse(pem.as_bytes()).unwrap().origins.is_empty());
        // Each root is for one use.
        let uses =
            format!("{pem}#root\tcms\n{pem}#root attestation\n{pem}{pem}#root timestamps\n{pem}");
        let trust = Trust::parse(uses.as_bytes()).unwrap();
        let counts = [
            trust.roots.len(),
            trust.cms_roots.len(),
            trust.attestation_roots.len(),
        ];
        assert_eq!(counts, [2, 1, 2]);
        assert_eq!(
            (trust.roots_pem, trust.cms_roots_pem),
            (pem.repeat(2), pem.to_owned())
        );
        for bad in ["#root", "#root tsa", "#root cms x"] {
            assert!(matches!(
                Trust::parse(format!("{text}{bad}\n{pem}").as_bytes()),
                Err(TrustError::Line(5))
            ));
        }
        assert!(Trust::parse(format!("{text}# root cms\n{pem}").as_bytes()).is_ok());
    }
}
