//! The answer of an authority taken apart: TimeStampResp, the CMS around the token (RFC 5652), and the token itself (RFC 3161, 2.4.2).

use crate::algorithm::{Algorithm, Digest, algorithm, oid};
use crate::der::{Element, Reader, integer, small, tag};
use crate::{MAX_CERTIFICATES, MAX_TOKEN, StampError, time};

/// A TimeStampResp that grants a token.
pub(crate) struct Response<'a> {
    pub token: Token<'a>,
}

/// A SignedData over a TSTInfo, with its one signer.
pub(crate) struct Token<'a> {
    /// The TSTInfo's bytes, which the message digest is of.
    pub content: &'a [u8],
    pub info: TstInfo<'a>,
    /// The certificates that came along, each as bytes.
    pub certificates: Vec<&'a [u8]>,
    pub signer: Signer<'a>,
}

/// What the authority says.
pub(crate) struct TstInfo<'a> {
    pub policy: &'a [u8],
    pub imprint: (Digest, &'a [u8]),
    pub serial: &'a [u8],
    /// Nanoseconds since 1970.
    pub time: i128,
    /// Microseconds.
    pub accuracy: Option<u64>,
    pub nonce: Option<&'a [u8]>,
    /// A GeneralName, with tag and length.
    pub authority: Option<&'a [u8]>,
}

/// A SignerInfo.
pub(crate) struct Signer<'a> {
    pub id: SignerId<'a>,
    pub digest: Digest,
    /// The signed attributes' content; their signature is over it as a SET.
    pub attributes: &'a [u8],
    pub message_digest: &'a [u8],
    pub certificate_ids: Vec<CertificateId<'a>>,
    pub signature_algorithm: Algorithm<'a>,
    pub signature: &'a [u8],
}

/// Which certificate a SignerInfo means.
pub(crate) enum SignerId<'a> {
    Named { issuer: &'a [u8], serial: &'a [u8] },
    KeyId(&'a [u8]),
}

impl<'a> SignerId<'a> {
    pub(crate) fn read(id: &Element<'a>) -> Result<Self, StampError> {
        match id.tag {
            tag::SEQUENCE => {
                let mut name = id.inside();
                let issuer = name.take(tag::SEQUENCE)?.whole;
                let serial = name.integer()?;
                name.end()?;
                Ok(Self::Named { issuer, serial })
            }
            found if found == tag::context_primitive(0) => Ok(Self::KeyId(id.content)),
            _ => Err(StampError::Malformed("signer's name")),
        }
    }
}

/// The first ESSCertID of a signingCertificate attribute: which certificate the signer says it signed with.
pub(crate) struct CertificateId<'a> {
    /// None is SHA-1, of the attribute's first version.
    pub digest: Option<Digest>,
    pub hash: &'a [u8],
    /// Issuer's name and serial number.
    pub named: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Response<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Result<Self, StampError> {
        if der.len() > MAX_TOKEN {
            return Err(StampError::Malformed("larger than 64 KiB"));
        }
        let mut outer = Reader::only(der, tag::SEQUENCE)?.inside();
        let mut status = outer.take(tag::SEQUENCE)?.inside();
        let code = small(status.integer()?)?;
        status.optional(tag::SEQUENCE)?;
        status.optional(tag::BIT_STRING)?;
        status.end()?;
        // 0 granted, 1 granted with changes.
        if code > 1 {
            return Err(StampError::NotGranted(code));
        }
        let mut content = outer.take(tag::SEQUENCE)?.inside();
        outer.end()?;
        if content.take(tag::OID)?.content != oid::SIGNED_DATA {
            return Err(StampError::Malformed("not signed data"));
        }
        let wrapped = content.take(tag::context(0))?.content;
        content.end()?;
        let token = Token::read(&Reader::only(wrapped, tag::SEQUENCE)?)?;
        Ok(Self { token })
    }
}

impl<'a> Token<'a> {
    fn read(signed: &Element<'a>) -> Result<Self, StampError> {
        let mut inside = signed.inside();
        if !(1..=5).contains(&small(inside.integer()?)?) {
            return Err(StampError::Malformed("version of the signed data"));
        }
        inside.take(tag::SET)?;
        let mut wrapped = inside.take(tag::SEQUENCE)?.inside();
        if wrapped.take(tag::OID)?.content != oid::TST_INFO {
            return Err(StampError::Malformed("not a timestamp token"));
        }
        let content = wrapped.take(tag::context(0))?.content;
        wrapped.end()?;
        let content = Reader::only(content, tag::OCTET_STRING)?.content;
        let certificates = match inside.optional(tag::context(0))? {
            Some(set) => certificates(&set)?,
            None => Vec::new(),
        };
        inside.optional(tag::context(1))?;
        let signers = inside.take(tag::SET)?;
        inside.end()?;
        let signer = Signer::read(&Reader::only(signers.content, tag::SEQUENCE)?)?;
        Ok(Self {
            info: TstInfo::read(content)?,
            content,
            certificates,
            signer,
        })
    }
}

pub(crate) fn certificates<'a>(set: &Element<'a>) -> Result<Vec<&'a [u8]>, StampError> {
    let mut found = Vec::new();
    let mut inside = set.inside();
    while !inside.is_empty() {
        let one = inside.any()?;
        // Attribute certificates and other kinds stand under other tags.
        if one.tag == tag::SEQUENCE {
            found.push(one.whole);
        }
        if found.len() > MAX_CERTIFICATES {
            return Err(StampError::Malformed("more than 16 certificates"));
        }
    }
    Ok(found)
}

impl<'a> TstInfo<'a> {
    fn read(der: &'a [u8]) -> Result<Self, StampError> {
        let mut inside = Reader::only(der, tag::SEQUENCE)?.inside();
        if inside.integer()? != [1] {
            return Err(StampError::Malformed("version of the token"));
        }
        let policy = inside.take(tag::OID)?.content;
        let mut imprint = inside.take(tag::SEQUENCE)?.inside();
        let digest = Digest::of(&algorithm(&mut imprint)?)?;
        let hashed = imprint.take(tag::OCTET_STRING)?.content;
        imprint.end()?;
        let serial = inside.integer()?;
        let time = time::generalized(inside.take(tag::GENERALIZED_TIME)?.content)?;
        let accuracy = inside.optional(tag::SEQUENCE)?;
        let accuracy = accuracy.map(|element| accuracy_of(&element)).transpose()?;
        inside.flag()?;
        let nonce = inside.optional(tag::INTEGER)?;
        let nonce = nonce.map(|element| integer(element.content)).transpose()?;
        let authority = match inside.optional(tag::context(0))? {
            Some(wrapped) => {
                let mut name = wrapped.inside();
                let whole = name.any()?.whole;
                name.end()?;
                Some(whole)
            }
            None => None,
        };
        if let Some(extensions) = inside.optional(tag::context(1))? {
            none_critical(&extensions)?;
        }
        inside.end()?;
        Ok(Self {
            policy,
            imprint: (digest, hashed),
            serial,
            time,
            accuracy,
            nonce,
            authority,
        })
    }
}

/// Seconds, milliseconds (1 to 999), microseconds (1 to 999), each if present; as microseconds. At most 2^32 seconds.
fn accuracy_of(element: &Element<'_>) -> Result<u64, StampError> {
    let error = StampError::Malformed("accuracy");
    let mut inside = element.inside();
    let mut part = |tag, most| match inside.optional(tag)? {
        Some(element) => match small(element.content)? {
            value if value <= most => Ok(value),
            _ => Err(error.clone()),
        },
        None => Ok(0),
    };
    let seconds = part(tag::INTEGER, u64::from(u32::MAX))?;
    let millis = part(tag::context_primitive(0), 999)?;
    let micros = part(tag::context_primitive(1), 999)?;
    inside.end()?;
    Ok(seconds * 1_000_000 + millis * 1000 + micros)
}

fn none_critical(extensions: &Element<'_>) -> Result<(), StampError> {
    let mut list = extensions.inside();
    while !list.is_empty() {
        let mut one = list.take(tag::SEQUENCE)?.inside();
        one.take(tag::OID)?;
        let critical = one.flag()?;
        one.take(tag::OCTET_STRING)?;
        one.end()?;
        if critical {
            return Err(StampError::Unsupported("critical extension"));
        }
    }
    Ok(())
}

impl<'a> Signer<'a> {
    fn read(element: &Element<'a>) -> Result<Self, StampError> {
        let mut inside = element.inside();
        if !matches!(small(inside.integer()?)?, 1 | 3) {
            return Err(StampError::Malformed("version of the signer"));
        }
        let id = SignerId::read(&inside.any()?)?;
        let digest = Digest::of(&algorithm(&mut inside)?)?;
        let attributes = inside.take(tag::context(0))?;
        let signature_algorithm = algorithm(&mut inside)?;
        let signature = inside.take(tag::OCTET_STRING)?.content;
        inside.optional(tag::context(1))?;
        inside.end()?;
        let (message_digest, certificate_ids) = attributes_of(&attributes)?;
        Ok(Self {
            id,
            digest,
            attributes: attributes.content,
            message_digest,
            certificate_ids,
            signature_algorithm,
            signature,
        })
    }
}

/// The signed attributes that count: content type, message digest, and the signer's certificate by either version.
fn attributes_of<'a>(set: &Element<'a>) -> Result<(&'a [u8], Vec<CertificateId<'a>>), StampError> {
    let mut seen: Vec<&[u8]> = Vec::new();
    let (mut content_type, mut message_digest, mut ids) = (None, None, Vec::new());
    let mut inside = set.inside();
    while !inside.is_empty() {
        let mut attribute = inside.take(tag::SEQUENCE)?.inside();
        let id = attribute.take(tag::OID)?.content;
        let values = attribute.take(tag::SET)?.content;
        attribute.end()?;
        if seen.contains(&id) {
            return Err(StampError::Malformed("a signed attribute twice"));
        }
        seen.push(id);
        match id {
            oid::CONTENT_TYPE => content_type = Some(Reader::only(values, tag::OID)?.content),
            oid::MESSAGE_DIGEST => {
                message_digest = Some(Reader::only(values, tag::OCTET_STRING)?.content);
            }
            oid::SIGNING_CERTIFICATE => ids.push(certificate_id(values, false)?),
            oid::SIGNING_CERTIFICATE_V2 => ids.push(certificate_id(values, true)?),
            _ => {}
        }
    }
    if content_type != Some(oid::TST_INFO) {
        return Err(StampError::Malformed("signed content type"));
    }
    let message_digest = message_digest.ok_or(StampError::Malformed("no message digest"))?;
    if ids.is_empty() {
        return Err(StampError::Malformed("no signing certificate"));
    }
    Ok((message_digest, ids))
}

/// SigningCertificate (RFC 2634) or SigningCertificateV2 (RFC 5035): the first certificate it names is the signer's.
fn certificate_id(values: &[u8], second_version: bool) -> Result<CertificateId<'_>, StampError> {
    let mut attribute = Reader::only(values, tag::SEQUENCE)?.inside();
    let mut list = attribute.take(tag::SEQUENCE)?.inside();
    attribute.optional(tag::SEQUENCE)?;
    attribute.end()?;
    let mut first = list.take(tag::SEQUENCE)?.inside();
    while !list.is_empty() {
        list.take(tag::SEQUENCE)?;
    }
    let digest = if second_version {
        match first.optional(tag::SEQUENCE)? {
            Some(named) => Some(Digest::of(&Algorithm::read(&named)?)?),
            None => Some(Digest::Sha256),
        }
    } else {
        None
    };
    let hash = first.take(tag::OCTET_STRING)?.content;
    let named = first.optional(tag::SEQUENCE)?;
    first.end()?;
    let named = named.map(|element| issuer_serial(&element)).transpose()?;
    Ok(CertificateId {
        digest,
        hash,
        named,
    })
}

/// One directoryName, and the serial number.
fn issuer_serial<'a>(element: &Element<'a>) -> Result<(&'a [u8], &'a [u8]), StampError> {
    let mut inside = element.inside();
    let names = inside.take(tag::SEQUENCE)?.content;
    let serial = inside.integer()?;
    inside.end()?;
    let name = Reader::only(names, tag::context(4))?.content;
    let issuer = Reader::only(name, tag::SEQUENCE)?.whole;
    Ok((issuer, serial))
}
