//! One request to one authority, and whether what came back answers it.

use fieldseal_packet::Sha256Digest;
use fieldseal_stamp::{MAX_TOKEN, StampError};

use super::{Authority, roots};
use crate::ambient::{Millis, NoRandomness};
use crate::app::Shared;
use crate::outward::{Outward, OutwardError};
use crate::store::StoreError;

/// No token was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// The authority did not answer.
    #[error("the authority gave no answer")]
    Asked(#[from] OutwardError),
    /// Its answer is refused.
    #[error("the authority's answer is refused")]
    Answer(#[from] StampError),
    /// Its answer is good for no longer than the token that it was to renew.
    #[error("the authority's certificate ends no later than the one before")]
    NoLater,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No nonce could be made.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

/// A response that was checked.
pub struct Answered {
    /// DER.
    pub der: Vec<u8>,
    /// The authority's time; ours, when its roots are not known.
    pub at: Millis,
    /// When its certificate ends, if it was verified.
    pub good_until: Option<Millis>,
}

/// Asks for a stamp over these bytes.
pub async fn ask(
    app: &Shared,
    outward: &Outward,
    authority: &Authority,
    message: &[u8],
) -> Result<Answered, AskError> {
    let digest = Sha256Digest::of(message).0;
    let nonce = app.config.ambient.bytes::<16>()?;
    let der = outward
        .post(
            &authority.url,
            "application/timestamp-query",
            fieldseal_stamp::request(&digest, &nonce),
            MAX_TOKEN,
            app.config.stamping.patience,
        )
        .await?;
    fieldseal_stamp::check_response(&der, &digest, &nonce)?;
    let Some(pem) = &authority.roots_pem else {
        return Ok(Answered {
            der,
            at: app.config.ambient.now(),
            good_until: None,
        });
    };
    let stamp = fieldseal_stamp::verify(&der, message, &roots::read(pem).unwrap_or_default())?;
    Ok(Answered {
        der,
        at: stamp.time_ms,
        good_until: Some(stamp.signer.not_after_ms),
    })
}
