//! An X.509 certificate (RFC 5280), as far as the paths that are judged here need it.

use crate::StampError;
use crate::algorithm::{Algorithm, PublicKey, algorithm, oid};
use crate::der::{Element, Reader, integer, small, tag, whole_bytes};
use crate::time;

/// What a certificate says, and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Certificate<'a> {
    /// All of it.
    pub whole: &'a [u8],
    tbs: &'a [u8],
    signature_algorithm: Algorithm<'a>,
    signature: &'a [u8],
    /// INTEGER's content.
    pub serial: &'a [u8],
    /// Names as they stand; they are compared byte by byte.
    pub issuer: &'a [u8],
    pub subject: &'a [u8],
    /// notBefore with tag and length.
    pub since: &'a [u8],
    not_before: i128,
    not_after: i128,
    /// SubjectPublicKeyInfo with tag and length.
    pub spki: &'a [u8],
    /// None when it is of a kind that isn't known here.
    pub key: Option<PublicKey<'a>>,
    extensions: Extensions<'a>,
}

#[derive(Debug, Clone, Default)]
struct Extensions<'a> {
    key_usage: Option<u8>,
    /// cA, and pathLenConstraint.
    authority: Option<(bool, Option<u64>)>,
    purposes: Vec<&'a [u8]>,
    purposes_critical: bool,
    key_id: Option<&'a [u8]>,
    /// GeneralNames, each with tag and length.
    names: Vec<&'a [u8]>,
    unknown_critical: bool,
}

/// What a path is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Timestamps,
    SignedData,
    /// extKeyUsage does not count.
    Any,
}

/// Bits of the first byte of keyUsage.
const DIGITAL_SIGNATURE: u8 = 0x80;
const NON_REPUDIATION: u8 = 0x40;
const KEY_CERT_SIGN: u8 = 0x04;

impl<'a> Certificate<'a> {
    /// Reads a certificate and nothing after it.
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, StampError> {
        let outer = Reader::only(der, tag::SEQUENCE)?;
        let mut inside = outer.inside();
        let tbs = inside.take(tag::SEQUENCE)?;
        let signature_algorithm = algorithm(&mut inside)?;
        let signature = whole_bytes(inside.take(tag::BIT_STRING)?.content)?;
        inside.end()?;

        let mut body = tbs.inside();
        let version = body.take(tag::context(0))?;
        if version.content != [tag::INTEGER, 1, 2] {
            return Err(StampError::Malformed("a certificate not of version 3"));
        }
        let serial = body.integer()?;
        if algorithm(&mut body)? != signature_algorithm {
            return Err(StampError::Malformed("two signature algorithms"));
        }
        let issuer = body.take(tag::SEQUENCE)?.whole;
        let mut validity = body.take(tag::SEQUENCE)?.inside();
        let since = validity.any()?;
        let not_before = time::bound(&since)?;
        let not_after = time::bound(&validity.any()?)?;
        validity.end()?;
        let subject = body.take(tag::SEQUENCE)?.whole;
        let spki = body.take(tag::SEQUENCE)?;
        let key = PublicKey::read(&spki)?;
        body.optional(tag::context_primitive(1))?;
        body.optional(tag::context_primitive(2))?;
        let extensions = match body.optional(tag::context(3))? {
            Some(wrapped) => Extensions::read(&Reader::only(wrapped.content, tag::SEQUENCE)?)?,
            None => Extensions::default(),
        };
        body.end()?;
        Ok(Self {
            whole: der,
            tbs: tbs.whole,
            signature_algorithm,
            signature,
            serial,
            issuer,
            subject,
            since: since.whole,
            not_before,
            not_after,
            spki: spki.whole,
            key,
            extensions,
        })
    }

    /// Both bounds belong to the validity.
    pub(crate) fn is_valid_at(&self, time: i128) -> bool {
        // A certificate is valid through the whole second that notAfter names.
        self.not_before <= time && time < self.not_after + time::SECOND
    }

    pub(crate) fn key_id(&self) -> Option<&'a [u8]> {
        self.extensions.key_id
    }

    /// The last moment, to the second.
    pub(crate) fn not_after(&self) -> i128 {
        self.not_after
    }

    /// The last common name in the subject, or the last of what else is text there; for people, so nothing is judged by it.
    pub(crate) fn common_name(&self) -> String {
        let mut texts: Vec<(bool, String)> = Vec::new();
        let Ok(name) = Reader::only(self.subject, tag::SEQUENCE) else {
            return String::new();
        };
        let mut sets = name.inside();
        while let Ok(set) = sets.take(tag::SET) {
            let mut pairs = set.inside();
            while let Ok(pair) = pairs.take(tag::SEQUENCE) {
                let mut pair = pair.inside();
                let (Ok(kind), Ok(value)) = (pair.take(tag::OID), pair.any()) else {
                    continue;
                };
                let text = String::from_utf8_lossy(value.content);
                let text: String = text.chars().filter(|c| !c.is_control()).take(128).collect();
                texts.push((kind.content == oid::COMMON_NAME, text));
            }
        }
        // A stable sort: the last of the best kind.
        texts.sort_by_key(|(common, _)| *common);
        texts.pop().map(|(_, text)| text).unwrap_or_default()
    }

    /// Whether this GeneralName, with tag and length, stands in subjectAltName.
    pub(crate) fn has_other_name(&self, name: &[u8]) -> bool {
        self.extensions.names.contains(&name)
    }

    /// A critical extension that isn't understood here forbids to rely on the certificate.
    pub(crate) fn is_understood(&self) -> bool {
        !self.extensions.unknown_critical
    }

    /// extKeyUsage is there, critical, and names timeStamping alone; keyUsage, if any, is for signatures and nothing else.
    pub(crate) fn is_for_timestamps(&self) -> bool {
        let signs_only = self.extensions.key_usage.is_none_or(|usage| {
            let signing = DIGITAL_SIGNATURE | NON_REPUDIATION;
            usage & signing != 0 && usage & !signing == 0
        });
        self.extensions.purposes == [oid::TIME_STAMPING]
            && self.extensions.purposes_critical
            && signs_only
    }

    /// extKeyUsage, if any, allows signed data, and so does keyUsage.
    pub(crate) fn is_for_signed_data(&self) -> bool {
        let signs = self
            .extensions
            .key_usage
            .is_none_or(|usage| usage & (DIGITAL_SIGNATURE | NON_REPUDIATION) != 0);
        signs && self.allows(Purpose::SignedData)
    }

    /// Whether extKeyUsage is absent, or allows this.
    fn allows(&self, purpose: Purpose) -> bool {
        let own = match purpose {
            Purpose::Timestamps => oid::TIME_STAMPING,
            Purpose::SignedData => oid::EMAIL_PROTECTION,
            Purpose::Any => return true,
        };
        let purposes = &self.extensions.purposes;
        let any = [own, oid::ANY_EXTENDED_KEY_USAGE];
        purposes.is_empty() || any.iter().any(|purpose| purposes.contains(purpose))
    }

    /// Whether it may issue a certificate for this with `between` further authorities between that one and this.
    pub(crate) fn may_issue(&self, between: usize, purpose: Purpose) -> bool {
        let Some((true, limit)) = self.extensions.authority else {
            return false;
        };
        limit.is_none_or(|limit| between as u64 <= limit)
            && self
                .extensions
                .key_usage
                .is_none_or(|usage| usage & KEY_CERT_SIGN != 0)
            && self.allows(purpose)
    }

    /// Whether `issuer`'s key has signed this certificate.
    pub(crate) fn is_signed_by(&self, issuer: &Certificate<'_>) -> Result<(), StampError> {
        issuer
            .key
            .ok_or(StampError::Unsupported("kind of key"))?
            .check(&self.signature_algorithm, None, self.tbs, self.signature)
    }
}

impl<'a> Extensions<'a> {
    fn read(list: &Element<'a>) -> Result<Self, StampError> {
        let mut found = Self::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        let mut list = list.inside();
        while !list.is_empty() {
            let mut extension = list.take(tag::SEQUENCE)?.inside();
            let id = extension.take(tag::OID)?.content;
            let critical = extension.flag()?;
            let value = extension.take(tag::OCTET_STRING)?.content;
            extension.end()?;
            if seen.contains(&id) {
                return Err(StampError::Malformed("an extension twice"));
            }
            seen.push(id);
            found.one(id, critical, value)?;
        }
        Ok(found)
    }

    fn one(&mut self, id: &[u8], critical: bool, value: &'a [u8]) -> Result<(), StampError> {
        match id {
            oid::KEY_USAGE => self.key_usage = Some(key_usage(value)?),
            oid::BASIC_CONSTRAINTS => {
                let mut inside = Reader::only(value, tag::SEQUENCE)?.inside();
                let authority = inside.flag()?;
                let limit = inside
                    .optional(tag::INTEGER)?
                    .map(|element| small(element.content))
                    .transpose()?;
                inside.end()?;
                self.authority = Some((authority, limit));
            }
            oid::EXTENDED_KEY_USAGE => {
                let mut inside = Reader::only(value, tag::SEQUENCE)?.inside();
                while !inside.is_empty() {
                    self.purposes.push(inside.take(tag::OID)?.content);
                }
                if self.purposes.is_empty() {
                    return Err(StampError::Malformed("an empty extKeyUsage"));
                }
                self.purposes_critical = critical;
            }
            oid::SUBJECT_KEY_ID => {
                self.key_id = Some(Reader::only(value, tag::OCTET_STRING)?.content);
            }
            oid::SUBJECT_ALT_NAME => {
                let mut inside = Reader::only(value, tag::SEQUENCE)?.inside();
                while !inside.is_empty() {
                    self.names.push(inside.any()?.whole);
                }
            }
            // No policy is asked for, so whatever it says is right.
            oid::CERTIFICATE_POLICIES => {}
            _ => self.unknown_critical |= critical,
        }
        Ok(())
    }
}

/// The first byte of keyUsage's bits; decipherOnly, in the second, shows as a bit that no signer may have.
fn key_usage(value: &[u8]) -> Result<u8, StampError> {
    let error = StampError::Malformed("not a keyUsage");
    match Reader::only(value, tag::BIT_STRING)?.content {
        [0..=7, first] => Ok(*first),
        // encipherOnly is the bit 0x01 of the first byte: decipherOnly is no better.
        [7, first, 0x80] => Ok(first | 0x01),
        _ => Err(error),
    }
}

/// An IssuerSerial (RFC 5035) or IssuerAndSerialNumber (RFC 5652) names this certificate.
pub(crate) fn is_named(
    certificate: &Certificate<'_>,
    issuer: &[u8],
    serial: &[u8],
) -> Result<bool, StampError> {
    Ok(certificate.issuer == issuer && certificate.serial == integer(serial)?)
}
