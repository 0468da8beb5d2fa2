#![allow(dead_code, reason = "each test file uses its part")]

//! A deployment with its authority, what a forger makes of its signer, and mutants.

use std::io::Cursor;

use c2pa::assertions::DataHash;
use c2pa::{Builder, Context, Reader, SigningAlg, ValidationState, create_signer};
use fieldseal_c2pa::authority::{
    Authority, CLAIM_SIGNING, Credentials, make_authority, make_signer,
};
use fieldseal_c2pa::judge::{Judge, Refused};
use fieldseal_c2pa::profile::{self, Claimed, PacketClaim, SCHEMA};
use fieldseal_c2pa::sign::{Photo, SidecarSigner};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose};
use serde_json::json;
use zeroize::Zeroizing;

pub const PHOTO: &[u8] = include_bytes!("../fixtures/photo.jpg");
pub const OTHER: &[u8] = include_bytes!("../fixtures/other.jpg");
pub const YEAR: i64 = 365 * 24 * 3600;
/// New Year of 2024. The library looks at the system's clock, so what is made then must still be good when this runs.
pub const NOW: i64 = 1_704_067_200;

pub fn photo(bytes: &[u8]) -> Photo<'static> {
    let sha256 = profile::digest(&mut &*bytes).unwrap();
    Photo {
        media_type: "image/jpeg",
        sha256,
        packet: PacketClaim {
            schema: SCHEMA.to_owned(),
            origin: "log.example".to_owned(),
            packet: "01a20610-b158-7031-b233-343536373839".to_owned(),
            seal_sha256: "ab".repeat(32),
            item: "data/items/0001.jpg".to_owned(),
            item_sha256: hex::encode(sha256),
            claimed: Claimed {
                by: "device".to_owned(),
                captured_at: "2026-11-23T08:00:00.000Z".to_owned(),
                source: "camera".to_owned(),
            },
            made_at: "2026-11-23T10:00:00.000Z".to_owned(),
        },
    }
}

pub struct Deployment {
    pub authority: Authority,
    pub credentials: Credentials,
}

impl Deployment {
    pub fn new() -> Self {
        let authority = make_authority("log.example", NOW).unwrap();
        let credentials = make_signer("log.example", &authority, NOW).unwrap();
        Self {
            authority,
            credentials,
        }
    }

    pub fn signer(&self) -> SidecarSigner {
        SidecarSigner::new(&self.credentials).unwrap()
    }

    pub fn sidecar(&self, bytes: &[u8]) -> Vec<u8> {
        self.signer().sidecar(&photo(bytes), NOW).unwrap()
    }

    pub fn judge(&self, sidecar: &[u8], bytes: &[u8]) -> Result<PacketClaim, Refused> {
        Judge::new(&self.authority.certificate)
            .unwrap()
            .judge(sidecar, Cursor::new(bytes), NOW)
    }

    fn trusting(&self) -> Context {
        let mut context = Context::new();
        context.settings_mut().trust.trust_anchors = Some(self.authority.certificate.clone());
        context
    }

    /// The library alone.
    pub fn naive(&self, sidecar: &[u8], bytes: &[u8]) -> ValidationState {
        Reader::from_context(self.trusting())
            .with_manifest_data_and_stream(sidecar, "image/jpeg", Cursor::new(bytes))
            .map_or(ValidationState::Invalid, |reader| reader.validation_state())
    }

    fn builder(&self, credentials: &Credentials, further: &[(&str, &str)]) -> Builder {
        let signer = create_signer::from_keys(
            credentials.certificate.as_bytes(),
            credentials.key.as_bytes(),
            SigningAlg::Es256,
            None,
        )
        .unwrap();
        let mut assertions = vec![
            json!({"label": profile::ACTIONS, "created": true, "data": {"actions": [{
                "action": "c2pa.created",
                "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
            }]}}),
            json!({"label": profile::PACKET, "kind": "Json", "data": photo(PHOTO).packet}),
        ];
        assertions.extend(further.iter().map(|(label, data)| {
            let data: serde_json::Value = serde_json::from_str(data).unwrap();
            json!({"label": label, "kind": "Json", "data": data})
        }));
        Builder::from_context(self.trusting().with_signer(signer))
            .with_definition(json!({
                "format": "image/jpeg",
                "claim_generator_info": [{"name": "test"}],
                "assertions": assertions,
            }))
            .unwrap()
    }

    /// A detached manifest with this hash assertion, signed as ours are.
    pub fn with_hash(&self, hash: &DataHash, further: &[(&str, &str)]) -> Vec<u8> {
        self.detached(&self.credentials, hash, further)
    }

    /// A sidecar of the profile by other credentials.
    pub fn signed_by(&self, credentials: &Credentials) -> Vec<u8> {
        let mut hash = DataHash::new("whole photo", "sha256");
        hash.set_hash(photo(PHOTO).sha256.to_vec());
        self.detached(credentials, &hash, &[])
    }

    fn detached(
        &self,
        credentials: &Credentials,
        hash: &DataHash,
        further: &[(&str, &str)],
    ) -> Vec<u8> {
        let mut builder = self.builder(credentials, further);
        builder.set_no_embed(true);
        builder.add_assertion(DataHash::LABEL, hash).unwrap();
        builder.sign_embeddable("application/c2pa").unwrap()
    }

    /// An honest picture with its manifest embedded: the manifest, and the picture.
    pub fn embedded(&self, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let mut builder = self.builder(&self.credentials, &[]);
        let mut made = Cursor::new(Vec::new());
        let signer = create_signer::from_keys(
            self.credentials.certificate.as_bytes(),
            self.credentials.key.as_bytes(),
            SigningAlg::Es256,
            None,
        )
        .unwrap();
        let manifest = builder
            .sign(&*signer, "image/jpeg", &mut Cursor::new(bytes), &mut made)
            .unwrap();
        (manifest, made.into_inner())
    }

    /// The range that an embedded manifest excepts from its hash.
    pub fn excepted(&self, manifest: &[u8], embedded: &[u8]) -> (usize, usize) {
        let reader = Reader::from_context(self.trusting())
            .with_manifest_data_and_stream(manifest, "image/jpeg", Cursor::new(embedded))
            .unwrap();
        assert_eq!(reader.validation_state(), ValidationState::Trusted);
        let report: serde_json::Value = serde_json::from_str(&reader.detailed_json()).unwrap();
        let manifest = report["manifests"].as_object().unwrap().values().next();
        let range = &manifest.unwrap()["assertion_store"]["c2pa.hash.data"]["exclusions"][0];
        let number = |name: &str| usize::try_from(range[name].as_u64().unwrap()).unwrap();
        (number("start"), number("length"))
    }

    /// A certificate for mail under the deployment's authority.
    pub fn for_mail(&self) -> Credentials {
        let uses = ExtendedKeyUsagePurpose::EmailProtection;
        certified(&self.authority.certificate, &self.authority.key, uses)
    }

    /// A certificate for claims that is made by the server's signer, and the signer's own after it.
    pub fn made_by_the_signer(&self) -> Credentials {
        let uses = ExtendedKeyUsagePurpose::Other(CLAIM_SIGNING.to_vec());
        let mut made = certified(&self.credentials.certificate, &self.credentials.key, uses);
        made.certificate.push_str(&self.credentials.certificate);
        made
    }
}

fn certified(issuer: &str, issuer_key: &str, uses: ExtendedKeyUsagePurpose) -> Credentials {
    let key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::default();
    parameters
        .distinguished_name
        .push(DnType::OrganizationName, "made");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![uses];
    parameters.use_authority_key_identifier_extension = true;
    let issuer = Issuer::from_ca_cert_pem(issuer, KeyPair::from_pem(issuer_key).unwrap()).unwrap();
    Credentials {
        certificate: parameters.signed_by(&key, &issuer).unwrap().pem(),
        key: Zeroizing::new(key.serialize_pem()),
    }
}

/// A seeded source of numbers (SplitMix64): the same mutants every time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap()
    }

    /// One to three changes: bytes, cuts, repeats, pieces of another, sizes of boxes.
    pub fn mutant(&mut self, good: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(3) {
            let place = self.below(bytes.len());
            let length = self.below(64.min(bytes.len() - place).max(1));
            match self.below(7) {
                0 => {
                    if let Some(byte) = bytes.get_mut(place) {
                        *byte ^= 1 << (self.next() % 8);
                    }
                }
                1 => bytes.truncate(place),
                2 => drop(bytes.drain(place..place + length)),
                3 => {
                    let piece = bytes[place..place + length].to_vec();
                    bytes.splice(place..place, piece);
                }
                4 => {
                    let from = place.min(other.len());
                    let until = (from + length).min(other.len());
                    let room = (bytes.len() - place).min(until - from);
                    bytes[place..place + room].copy_from_slice(&other[from..from + room]);
                }
                5 => {
                    // The size of some box.
                    let names: Vec<usize> = (4..bytes.len().saturating_sub(4))
                        .filter(|at| {
                            matches!(
                                &bytes[*at..at + 4],
                                b"jumb" | b"jumd" | b"cbor" | b"json" | b"c2sh"
                            )
                        })
                        .collect();
                    if let Some(at) = names.get(self.below(names.len())) {
                        let size = [0, 1, 7, 8, 9, 0x7fff_ffff, u32::MAX][self.below(7)];
                        bytes[at - 4..*at].copy_from_slice(&u32::to_be_bytes(size));
                    }
                }
                _ => {
                    let byte = u8::try_from(self.next() % 256).unwrap();
                    bytes.insert(place, byte);
                }
            }
        }
        bytes
    }
}
