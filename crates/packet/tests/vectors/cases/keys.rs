//! What X.509 says of a tablet's key: CMS signatures, and makers' certificates.

use super::*;
use crate::support::maker::{Key, Says, certificate};
use fieldseal_packet::bag::CMS;
use fieldseal_stamp::certificate_to_pem;

pub(super) fn cms(c: &mut Cases) {
    let (_, authority, name) = cms_authority();
    let says = device_says(&name);
    let good = cms_files(&says, &authority);
    let mut case = |name, what, codes: &[&str], also: &[&str], files: &Files| {
        c.add(name, what, true, ALONE, codes, zip(files));
        if !also.is_empty() {
            c.expect(also, (None, None));
        }
    };
    case(
        "good-cms",
        "A tablet with a certificate adds a CMS signature over the tag manifest.",
        &[],
        &["cms-ok"],
        &good,
    );
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut files = good.clone();
        change(files.get_mut(CMS).unwrap());
        files
    };
    case(
        "cms-altered",
        "One bit of the CMS signature is changed.",
        &["cms-invalid"],
        &[],
        &changed(&|cms| *cms.last_mut().unwrap() ^= 1),
    );
    case(
        "cms-not-der",
        "The CMS signature is something else.",
        &["cms-invalid"],
        &[],
        &changed(&|cms| *cms = b"-----BEGIN CMS-----\n".to_vec()),
    );
    case(
        "cms-followed",
        "Something follows the CMS signature.",
        &["cms-invalid"],
        &[],
        &changed(&|cms| cms.push(0)),
    );
    case(
        "cms-too-large",
        "The CMS signature is larger than 64 KiB.",
        &["cms-invalid"],
        &[],
        &changed(&|cms| cms.resize(64 * 1024 + 1, 0)),
    );
    case(
        "cms-other-digest",
        "The CMS signature says that it is over a digest that is not checked here.",
        &[],
        &["cms-not-checked"],
        &changed(&|cms| {
            let sha256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
            let sha512 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03];
            *cms = patch(cms, &sha256, &sha512);
        }),
    );
    let device = device_certified_key();
    let own = certificate(&says, &device, &authority);
    let with = |cms: Vec<u8>| {
        let mut files = good.clone();
        files.insert(CMS.to_owned(), cms);
        files
    };
    let manifest = Sha256Digest::of(&good[TAGMANIFEST]);
    case(
        "cms-of-another-manifest",
        "The CMS signature is over another tag manifest.",
        &["cms-invalid"],
        &[],
        &with(cms_over(&Sha256Digest::of(b"another"), &own, &device)),
    );
    let other = Key::p256("another tablet");
    let others = certificate(&says, &other, &authority);
    case(
        "cms-by-another-tablet",
        "The CMS signature is good, and by the certified key of another tablet.",
        &["cms-signer-unknown"],
        &[],
        &with(cms_over(&manifest, &others, &other)),
    );
    case(
        "cms-by-another-key",
        "The CMS signature names the tablet's certificate and is by another key.",
        &["cms-invalid"],
        &[],
        &with(cms_over(&manifest, &own, &other)),
    );
    case(
        "cms-unknown-authority",
        "The tablet's certificate is by an authority that nobody trusts.",
        &["cms-signer-unknown"],
        &[],
        &cms_files(&says, &Key::p256("stranger")),
    );
    let timestamps = beta();
    let by_timestamps = Says {
        issuer: timestamps.root_name.clone(),
        ..says.clone()
    };
    case(
        "cms-by-a-timestamp-root",
        "The tablet's certificate is by a root that is trusted for timestamps alone.",
        &["cms-signer-unknown"],
        &[],
        &cms_files(&by_timestamps, &timestamps.root_key),
    );
    let late = Says {
        not_before: "20261201000000Z".to_owned(),
        ..says.clone()
    };
    case(
        "cms-before-certificate",
        "The tablet's certificate is younger than the seal.",
        &["cms-signer-unknown"],
        &[],
        &cms_files(&late, &authority),
    );
    let purpose = Says {
        purposes: vec![crate::support::maker::CODE_SIGNING],
        ..says.clone()
    };
    case(
        "cms-other-purpose",
        "The tablet's certificate is for something else.",
        &["cms-signer-unknown"],
        &[],
        &cms_files(&purpose, &authority),
    );
    let mut ed25519 = sealed(Content::new().bag());
    ed25519.insert(CMS.to_owned(), {
        let manifest = Sha256Digest::of(&ed25519[TAGMANIFEST]);
        cms_over(&manifest, &own, &device)
    });
    case(
        "cms-beside-ed25519",
        "A good CMS signature by a certified key, beside the line of a tablet whose key is another.",
        &["cms-signer-unknown"],
        &[],
        &ed25519,
    );
}

pub(super) fn attestations(c: &mut Cases) {
    let path = "data/receipt/attestation/device-t-0001.pem";
    let files = p256_files();
    let mut case = |name, what, codes: &[&str], also: &[&str], pem: String| {
        let mut payload = export_payload(&zip(&files), &files[SEAL]);
        payload.insert(path.to_owned(), pem.into_bytes());
        c.add(name, what, true, EXPORTED, codes, export_zip(payload));
        if !also.is_empty() {
            c.expect(also, (None, None));
        }
    };
    let pem =
        |chain: &[Vec<u8>]| -> String { chain.iter().map(|der| certificate_to_pem(der)).collect() };
    let chain = maker_chain(|_| {}, |_| {});
    let (root, _) = maker_root();
    case(
        "good-attestation",
        "The maker's certificates lead from the tablet's key to a root that is trusted.",
        &[],
        &["attestation-ok"],
        pem(&chain),
    );
    case(
        "good-attestation-with-root",
        "The maker's root is at the chain's end, and something follows it.",
        &[],
        &["attestation-ok"],
        pem(&[
            chain[0].clone(),
            chain[1].clone(),
            root.clone(),
            chain[0].clone(),
        ]),
    );
    case(
        "attestation-incomplete",
        "The certificate between the key's and the root is left out.",
        &[],
        &["attestation-root-unknown"],
        pem(&chain[..1]),
    );
    let stranger = Key::p256("another maker");
    let own = Says {
        issuer: "another maker".to_owned(),
        authority: None,
        ..Says::root("key in hardware")
    };
    case(
        "attestation-unknown-maker",
        "The chain leads to a maker whom nobody trusts.",
        &[],
        &["attestation-root-unknown"],
        pem(&[
            certificate(&own, &device_certified_key(), &stranger),
            certificate(&Says::root("another maker"), &stranger, &stranger),
        ]),
    );
    let (_, cms_key, cms_name) = cms_authority();
    case(
        "attestation-by-the-deployment",
        "The deployment's own authority vouches for the key: it is trusted for CMS, not for hardware.",
        &[],
        &["attestation-root-unknown"],
        pem(&[certificate(
            &device_says(&cms_name),
            &device_certified_key(),
            &cms_key,
        )]),
    );
    let (_, middle) = (&root, Key::p256("maker between"));
    let of_another = certificate(
        &Says {
            issuer: "maker between".to_owned(),
            authority: None,
            ..Says::root("key in hardware")
        },
        &Key::p256("another key"),
        &middle,
    );
    case(
        "attestation-of-another-key",
        "The chain is of another key than the tablet's.",
        &["attestation-invalid"],
        &[],
        pem(&[of_another, chain[1].clone()]),
    );
    case(
        "attestation-broken",
        "The second certificate has not issued the first.",
        &["attestation-invalid"],
        &[],
        pem(&[chain[0].clone(), root.clone()]),
    );
    let forged = certificate(
        &Says {
            issuer: "maker between".to_owned(),
            authority: None,
            ..Says::root("key in hardware")
        },
        &device_certified_key(),
        &stranger,
    );
    case(
        "attestation-forged",
        "The first certificate names the second as its issuer, and is signed by somebody else.",
        &["attestation-invalid"],
        &[],
        pem(&[forged, chain[1].clone()]),
    );
    case(
        "attestation-no-authority",
        "The certificate between may not issue any.",
        &["attestation-invalid"],
        &[],
        pem(&maker_chain(|_| {}, |says| says.authority = None)),
    );
    case(
        "attestation-expired",
        "A certificate had ended when the key was enrolled.",
        &["attestation-invalid"],
        &[],
        pem(&maker_chain(
            |_| {},
            |says| says.not_after = "20261121000000Z".to_owned(),
        )),
    );
    case(
        "attestation-ended-since",
        "A certificate was good when the key was enrolled, and had ended when the packet was sealed.",
        &[],
        &["attestation-ok"],
        pem(&maker_chain(
            |says| says.not_after = "20261122120000Z".to_owned(),
            |_| {},
        )),
    );
    case(
        "attestation-odd-extension",
        "A certificate has a critical extension that nobody knows.",
        &[],
        &["attestation-root-unknown"],
        pem(&maker_chain(|says| says.odd_extension = true, |_| {})),
    );
    case(
        "attestation-empty",
        "There is no certificate in the file.",
        &["attestation-invalid"],
        &[],
        "nothing\n".to_owned(),
    );
    case(
        "attestation-too-many",
        "There are nine certificates.",
        &["attestation-invalid"],
        &[],
        pem(&vec![chain[0].clone(); 9]),
    );
    case(
        "attestation-open-block",
        "The last block is not ended.",
        &["attestation-invalid"],
        &[],
        pem(&chain) + "-----BEGIN CERTIFICATE-----\n",
    );
}
