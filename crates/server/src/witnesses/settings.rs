//! Which witnesses are asked, and how many of them a reader of exports is to ask for.

use std::time::Duration;

use fieldseal_tlog::note::{Algorithm, Vkey};

/// Most witnesses that are asked.
const MAX_WITNESSES: usize = 16;

/// Witnesses. The default asks nobody.
#[derive(Debug, Clone)]
pub struct Witnessing {
    /// Who is asked.
    pub witnesses: Vec<Peer>,
    /// How many cosignatures the trust file asks for; none: all of them. 0: none, they are told of only.
    pub quorum: Option<u32>,
    /// How long a witness is left alone after it has answered.
    pub every: Duration,
    /// How long one request may take.
    pub patience: Duration,
}

/// A witness as it is configured.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its name in the policy: a word.
    pub name: String,
    /// What `/add-checkpoint` follows.
    pub url: String,
    /// Its cosignature key.
    pub vkey: Vkey,
}

/// The settings can't be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WitnessingError {
    /// Too many.
    #[error("more than {MAX_WITNESSES} witnesses")]
    TooMany,
    /// Not a word, or used twice.
    #[error(
        "a witness's name is 1 to 32 of a-z, 0-9 and dash, each once, and neither `none` nor `witnesses`"
    )]
    Name,
    /// A key that signs something else.
    #[error("a witness's key is one of cosignatures (type 0x04), each another")]
    Key,
    /// More than there are.
    #[error("the quorum asks for more witnesses than there are")]
    Quorum,
}

impl Default for Witnessing {
    fn default() -> Self {
        Self {
            witnesses: Vec::new(),
            quorum: None,
            every: Duration::from_secs(10),
            patience: Duration::from_secs(20),
        }
    }
}

impl Witnessing {
    /// Whether this can be meant.
    pub fn check(&self) -> Result<(), WitnessingError> {
        if self.witnesses.len() > MAX_WITNESSES {
            return Err(WitnessingError::TooMany);
        }
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        for (index, witness) in self.witnesses.iter().enumerate() {
            let name = &witness.name;
            let word = (1..=32).contains(&name.len()) && name.bytes().all(plain);
            let before = &self.witnesses[..index];
            if !word
                || ["none", "witnesses"].contains(&name.as_str())
                || before.iter().any(|other| other.name == *name)
            {
                return Err(WitnessingError::Name);
            }
            if witness.vkey.algorithm() != Algorithm::Cosignature
                || before
                    .iter()
                    .any(|other| other.vkey.material() == witness.vkey.material())
            {
                return Err(WitnessingError::Key);
            }
        }
        if self.enough() as usize > self.witnesses.len() {
            return Err(WitnessingError::Quorum);
        }
        Ok(())
    }

    /// How many cosignatures are asked for.
    pub fn enough(&self) -> u32 {
        let all = u32::try_from(self.witnesses.len()).unwrap_or(u32::MAX);
        self.quorum.unwrap_or(all)
    }

    /// The lines of a C2SP `tlog-policy` that say so.
    pub fn policy(&self) -> String {
        let mut text = String::new();
        for witness in &self.witnesses {
            text.push_str(&format!("witness {} {}\n", witness.name, witness.vkey));
        }
        if self.enough() == 0 {
            text.push_str("quorum none\n");
        } else {
            let names: Vec<&str> = self.witnesses.iter().map(|w| w.name.as_str()).collect();
            text.push_str(&format!(
                "group witnesses {} {}\nquorum witnesses\n",
                self.enough(),
                names.join(" ")
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::trust::Trust;
    use fieldseal_tlog::note::CosignatureSigner;

    fn peer(name: &str, seed: u8) -> Peer {
        let signer = CosignatureSigner::from_seed("witness.example", &[seed; 32]).unwrap();
        Peer {
            name: name.to_owned(),
            url: "http://127.0.0.1:1".to_owned(),
            vkey: signer.vkey().clone(),
        }
    }

    #[test]
    fn the_policy_says_how_many_are_asked_for() {
        let mut settings = Witnessing {
            witnesses: vec![peer("w1", 1), peer("w2", 2)],
            ..Witnessing::default()
        };
        settings.check().unwrap();
        assert_eq!(settings.enough(), 2);
        let trust = Trust::parse(settings.policy().as_bytes());
        assert!(trust.is_err(), "no key to trust yet");
        assert!(
            settings
                .policy()
                .contains("group witnesses 2 w1 w2\nquorum witnesses\n")
        );
        settings.quorum = Some(0);
        assert!(settings.policy().ends_with("quorum none\n"));
        assert_eq!(Witnessing::default().policy(), "quorum none\n");
    }

    #[test]
    fn what_cant_be_meant_is_refused() {
        let with = |witnesses: Vec<Peer>, quorum| {
            Witnessing {
                witnesses,
                quorum,
                ..Witnessing::default()
            }
            .check()
        };
        assert_eq!(
            with(vec![peer("w1", 1), peer("w1", 2)], None),
            Err(WitnessingError::Name)
        );
        assert_eq!(with(vec![peer("W 1", 1)], None), Err(WitnessingError::Name));
        assert_eq!(
            with(vec![peer("w1", 1), peer("w2", 1)], None),
            Err(WitnessingError::Key)
        );
        assert_eq!(
            with(vec![peer("w1", 1)], Some(2)),
            Err(WitnessingError::Quorum)
        );
    }
}
