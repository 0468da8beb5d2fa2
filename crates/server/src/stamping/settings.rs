//! Which timestamp authorities are asked, and how often.

use std::time::Duration;

/// Timestamping. Without an authority nothing is stamped.
#[derive(Debug, Clone)]
pub struct Stamping {
    /// A new stamp at most once in this time, while the log grows.
    pub every: Duration,
    /// Who is asked. Each gets its own turn: one that fails holds nobody.
    pub authorities: Vec<Authority>,
    /// A token is renewed when its authority's certificate ends within this time.
    pub renew_before: Duration,
    /// How long one answer may take.
    pub patience: Duration,
    /// The first wait after a failure; it doubles up to `every`.
    pub first_wait: Duration,
}

impl Default for Stamping {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(300),
            authorities: Vec::new(),
            renew_before: Duration::from_secs(90 * 24 * 3600),
            patience: Duration::from_secs(30),
            first_wait: Duration::from_secs(5),
        }
    }
}

/// One timestamp authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// Names its tokens' files: 1 to 32 of `a-z 0-9 -`, beginning with a letter or digit.
    pub id: String,
    /// Where it takes requests.
    pub url: String,
    /// Its roots, PEM: what comes back is verified by them, and the trust file hands them on. None: it is only looked at for
    /// being an answer to the question.
    pub roots_pem: Option<String>,
}

/// The settings can't be followed. Said at start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StampingError {
    /// A misspelt id.
    #[error(
        "a timestamp authority's id is 1 to 32 of a-z, 0-9 and -, beginning with a letter or digit, not {0:?}"
    )]
    Id(String),
    /// Two of one id.
    #[error("two timestamp authorities have the id {0}")]
    Twice(String),
    /// Not an address.
    #[error("the address of timestamp authority {0} is not an http or https URL")]
    Url(String),
    /// Its roots don't read.
    #[error("the roots of timestamp authority {0} are not PEM certificates")]
    Roots(String),
    /// Too many.
    #[error("at most {MOST} timestamp authorities can be asked")]
    TooMany,
}

/// Most authorities: a seal names no more tokens.
pub const MOST: usize = fieldseal_packet::seal::MAX_TOKENS;

impl Stamping {
    /// Whether they can be followed.
    pub fn check(&self) -> Result<(), StampingError> {
        if self.authorities.len() > MOST {
            return Err(StampingError::TooMany);
        }
        for (n, authority) in self.authorities.iter().enumerate() {
            let id = || authority.id.clone();
            if !id_is_valid(&authority.id) {
                return Err(StampingError::Id(id()));
            }
            if self.authorities[..n]
                .iter()
                .any(|other| other.id == authority.id)
            {
                return Err(StampingError::Twice(id()));
            }
            let url = reqwest::Url::parse(&authority.url);
            if !url.is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
                return Err(StampingError::Url(id()));
            }
            if let Some(pem) = &authority.roots_pem
                && super::roots::read(pem).is_none_or(|roots| roots.is_empty())
            {
                return Err(StampingError::Roots(id()));
            }
        }
        Ok(())
    }
}

fn id_is_valid(id: &str) -> bool {
    (1..=32).contains(&id.len())
        && !id.starts_with('-')
        && id
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_settings_are_refused() {
        let one = |id: &str, url: &str| Authority {
            id: id.to_owned(),
            url: url.to_owned(),
            roots_pem: None,
        };
        let check = |authorities: &[Authority]| {
            Stamping {
                authorities: authorities.to_vec(),
                ..Stamping::default()
            }
            .check()
        };
        let good = one("tsa-a", "http://tsa.example/");
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(std::slice::from_ref(&good)), Ok(()));
        assert_eq!(
            check(&[good.clone(), good.clone()]),
            Err(StampingError::Twice("tsa-a".into()))
        );
        for id in ["", "-a", "A", "a.b", &"a".repeat(33)] {
            assert_eq!(
                check(&[one(id, "http://tsa.example/")]),
                Err(StampingError::Id(id.into()))
            );
        }
        for url in ["", "tsa.example", "ftp://tsa.example/"] {
            assert_eq!(check(&[one("a", url)]), Err(StampingError::Url("a".into())));
        }
        let roots = Authority {
            roots_pem: Some("none".into()),
            ..good
        };
        assert_eq!(check(&[roots]), Err(StampingError::Roots("tsa-a".into())));
    }
}
