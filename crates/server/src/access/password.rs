//! Console passwords: Argon2id with 19 MiB and two passes (OWASP's figures), as PHC strings. Length is the only rule: composition rules and forced
//! rotation make passwords worse (NIST SP 800-63B, ASVS 5).

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::ambient::{Ambient, NoRandomness};
use crate::store::accounts::Account;

/// Fewest characters.
pub const SHORTEST: usize = 10;
/// Most bytes.
pub const LONGEST: usize = 256;
/// Failures after which the account makes its caller wait.
const FREE_FAILURES: u32 = 4;
/// Longest wait, in milliseconds.
const LONGEST_WAIT_MS: i64 = 15 * 60 * 1000;

/// A password can't be taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has at least {SHORTEST} characters and at most {LONGEST} bytes")]
    Length,
    /// No entropy for the salt.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The hash function refused its parameters.
    #[error("the password could not be hashed")]
    Hash,
}

/// Hashes a new password.
pub fn hash(password: &str, ambient: &Ambient) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST || password.len() > LONGEST {
        return Err(PasswordError::Length);
    }
    let salt = ambient.bytes::<16>()?;
    let hash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether this is the account's password. An account that does not exist costs the same time.
pub fn is_right(password: &str, account: Option<&Account>) -> bool {
    // Argon2id of a password that nobody can type, made once with the same parameters.
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    if password.len() > LONGEST {
        return false;
    }
    let stored = account.map_or(NOBODY, |account| account.password.as_str());
    let right = PasswordHash::new(stored).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    });
    right && account.is_some()
}

/// How long an account waits after so many failures in a row: 1 s, 2 s, 4 s … after the first four.
pub fn wait_ms(failures: u32) -> i64 {
    if failures <= FREE_FAILURES {
        return 0;
    }
    let doublings = (failures - FREE_FAILURES - 1).min(20);
    (1000_i64 << doublings).min(LONGEST_WAIT_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_and_wrong() {
        let ambient = Ambient::default();
        let password = hash("correct horse battery", &ambient).unwrap();
        let account = Account {
            account: "a".into(),
            name: "A".into(),
            role: "reviewer".into(),
            password,
            failures: 0,
            blocked_until: 0,
        };
        assert!(is_right("correct horse battery", Some(&account)));
        assert!(!is_right("correct horse batterx", Some(&account)));
        assert!(!is_right("correct horse battery", None));
        assert!(matches!(
            hash("short", &ambient),
            Err(PasswordError::Length)
        ));
    }

    #[test]
    fn waits_double_and_end() {
        assert_eq!(
            (
                wait_ms(0),
                wait_ms(4),
                wait_ms(5),
                wait_ms(6),
                wait_ms(1000)
            ),
            (0, 0, 1000, 2000, LONGEST_WAIT_MS)
        );
    }
}
