//! Sidecars made and judged, and the forgeries that they are to withstand. A *naive* reader here is the C2PA library alone, as any tool would use it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use c2pa::assertions::DataHash;
use c2pa::{HashRange, ValidationState};
use fieldseal_c2pa::authority::{AuthorityError, make_authority, make_signer};
use fieldseal_c2pa::judge::{AnchorError, Judge, Refused};
use fieldseal_c2pa::profile::{self, NotOfProfile};
use fieldseal_c2pa::sign::{SidecarSigner, SignError, SignerError};
use support::{Deployment, NOW, OTHER, PHOTO, Random, YEAR, photo};

#[test]
fn a_sidecar_is_trusted_under_the_deployments_authority() {
    let deployment = Deployment::new();
    let sidecar = deployment.sidecar(PHOTO);
    let claim = deployment.judge(&sidecar, PHOTO).unwrap();
    assert_eq!(claim, photo(PHOTO).packet);
    assert_eq!(deployment.naive(&sidecar, PHOTO), ValidationState::Trusted);
    assert!(sidecar.len() < 8 << 10, "{} bytes", sidecar.len());
    // The media type is said, not looked at: the digest binds any bytes.
    for media_type in fieldseal_c2pa::MEDIA_TYPES {
        let mut photo = photo(OTHER);
        photo.media_type = media_type;
        let sidecar = deployment.signer().sidecar(&photo, NOW).unwrap();
        assert!(deployment.judge(&sidecar, OTHER).is_ok(), "{media_type}");
    }
}

#[test]
fn other_bytes_are_refused() {
    let deployment = Deployment::new();
    let sidecar = deployment.sidecar(PHOTO);
    let mut changed = PHOTO.to_vec();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    for bytes in [OTHER, &changed, &PHOTO[..PHOTO.len() - 1], &[]] {
        assert!(matches!(
            deployment.judge(&sidecar, bytes),
            Err(Refused::OtherPhoto)
        ));
        assert_eq!(deployment.naive(&sidecar, bytes), ValidationState::Invalid);
    }
}

#[test]
fn another_authority_is_refused() {
    let (deployment, other) = (Deployment::new(), Deployment::new());
    let sidecar = deployment.sidecar(PHOTO);
    let Err(Refused::NotTrusted(codes)) = other.judge(&sidecar, PHOTO) else {
        panic!("a stranger's sidecar was trusted");
    };
    assert_eq!(codes, ["signingCredential.untrusted"]);
    assert_eq!(other.naive(&sidecar, PHOTO), ValidationState::Valid);
}

#[test]
fn a_certificate_that_has_ended_is_refused() {
    let deployment = Deployment::new();
    let sidecar = deployment.sidecar(PHOTO);
    let judge = Judge::new(&deployment.authority.certificate).unwrap();
    let at = |now| judge.judge(&sidecar, Cursor::new(PHOTO), now);
    let ends = deployment.signer().ends();
    assert!(ends > NOW + 14 * YEAR);
    assert!(at(ends).is_ok());
    assert!(matches!(at(ends + 1), Err(Refused::Time)));
    assert!(matches!(at(NOW - YEAR), Err(Refused::Time)));
    // Nor is anything signed by it.
    assert!(matches!(
        deployment.signer().sidecar(&photo(PHOTO), ends + 1),
        Err(SignError::Time)
    ));
    // One that the system's clock says has ended: the library will not sign by it at all.
    let old = make_authority("log.example", NOW - 40 * YEAR).unwrap();
    let ended = make_signer("log.example", &old, NOW - 40 * YEAR).unwrap();
    let signer = SidecarSigner::new(&ended).unwrap();
    assert!(matches!(
        signer.sidecar(&photo(PHOTO), NOW - 40 * YEAR),
        Err(SignError::Library(_))
    ));
}

/// The forgery: a manifest excepts the place where it is embedded. Taken out, and the place filled with another picture, a naive reader trusts the whole.
#[test]
fn the_forgery_that_a_naive_reader_trusts_is_refused() {
    let deployment = Deployment::new();
    let (manifest, embedded) = deployment.embedded(PHOTO);
    let (start, length) = deployment.excepted(&manifest, &embedded);
    // Another picture's segments, from behind its first two bytes to its end, in the place of the manifest: that is what viewers show.
    let mut forged = embedded.clone();
    let place = &mut forged[start..start + length];
    place.fill(0);
    place[..OTHER.len() - 2].copy_from_slice(&OTHER[2..]);
    assert_ne!(forged, embedded);
    assert_eq!(
        deployment.naive(&manifest, &forged),
        ValidationState::Trusted,
        "the naive reader no longer falls for it: tell FACTS"
    );
    for bytes in [&forged, &embedded] {
        assert!(matches!(
            deployment.judge(&manifest, bytes),
            Err(Refused::Profile(
                NotOfProfile::Exclusions | NotOfProfile::Assertions(_)
            ))
        ));
    }
}

/// The same with a manifest that has the very assertions of the profile, so that the exception alone is what it is refused for.
#[test]
fn a_signed_exception_is_refused_for_itself() {
    let deployment = Deployment::new();
    let mut hash = DataHash::new("whole photo", "sha256");
    hash.add_exclusion(HashRange::new(2, 100));
    hash.gen_hash_from_stream(&mut Cursor::new(PHOTO)).unwrap();
    let sidecar = deployment.with_hash(&hash, &[]);
    let mut changed = PHOTO.to_vec();
    changed[2..102].fill(0x20);
    assert_eq!(
        deployment.naive(&sidecar, &changed),
        ValidationState::Trusted
    );
    for bytes in [PHOTO, &changed] {
        assert!(matches!(
            deployment.judge(&sidecar, bytes),
            Err(Refused::Profile(NotOfProfile::Exclusions))
        ));
    }
    // An empty list excepts nothing.
    let mut hash = DataHash::new("whole photo", "sha256");
    hash.exclusions = Some(Vec::new());
    hash.set_hash(photo(PHOTO).sha256.to_vec());
    let sidecar = deployment.with_hash(&hash, &[]);
    assert!(deployment.judge(&sidecar, PHOTO).is_ok());
}

#[test]
fn other_bindings_and_further_assertions_are_refused() {
    let deployment = Deployment::new();
    let whole = || {
        let mut hash = DataHash::new("whole photo", "sha256");
        hash.set_hash(photo(PHOTO).sha256.to_vec());
        hash
    };
    let sidecar = deployment.with_hash(&whole(), &[("org.example.more", "{}")]);
    assert_eq!(deployment.naive(&sidecar, PHOTO), ValidationState::Trusted);
    assert!(matches!(
        deployment.judge(&sidecar, PHOTO),
        Err(Refused::Profile(NotOfProfile::Assertions(_)))
    ));
    let mut hash = DataHash::new("whole photo", "sha512");
    hash.gen_hash_from_stream(&mut Cursor::new(PHOTO)).unwrap();
    let sidecar = deployment.with_hash(&hash, &[]);
    assert_eq!(deployment.naive(&sidecar, PHOTO), ValidationState::Trusted);
    assert!(matches!(
        deployment.judge(&sidecar, PHOTO),
        Err(Refused::Profile(NotOfProfile::Binding(_)))
    ));
}

#[test]
fn a_certificate_for_other_uses_is_refused() {
    let deployment = Deployment::new();
    let mail = deployment.for_mail();
    assert!(matches!(SidecarSigner::new(&mail), Err(SignerError::Use)));
    let sidecar = deployment.signed_by(&mail);
    // The library takes it: certificates for mail were in use before there were any for claims.
    assert_eq!(deployment.naive(&sidecar, PHOTO), ValidationState::Trusted);
    assert!(matches!(
        deployment.judge(&sidecar, PHOTO),
        Err(Refused::Use)
    ));
}

/// A signer is no authority, but it has a key: what it certifies must not be believed.
#[test]
fn a_certificate_made_by_a_signer_is_refused() {
    let deployment = Deployment::new();
    let sidecar = deployment.signed_by(&deployment.made_by_the_signer());
    assert!(matches!(
        deployment.judge(&sidecar, PHOTO),
        Err(Refused::Profile(NotOfProfile::Signature(_)))
    ));
}

#[test]
fn every_changed_byte_is_refused() {
    let deployment = Deployment::new();
    let sidecar = deployment.sidecar(PHOTO);
    let mut accepted = Vec::new();
    for place in 0..sidecar.len() {
        for flip in [0x01, 0x80] {
            let mut changed = sidecar.clone();
            changed[place] ^= flip;
            if deployment.judge(&changed, PHOTO).is_ok() {
                accepted.push(place);
            }
        }
    }
    assert_eq!(accepted, Vec::<usize>::new());
}

/// Whole mutants: nothing panics, nothing is accepted but what says the very same.
#[test]
fn mutants_are_refused() {
    let deployment = Deployment::new();
    let sidecars = [deployment.sidecar(PHOTO), deployment.sidecar(OTHER)];
    let mut random = Random::new(0x0c2a);
    for round in 0..4000 {
        let good = &sidecars[round % 2];
        let mutant = random.mutant(good, &sidecars[(round + 1) % 2]);
        let judged = catch_unwind(AssertUnwindSafe(|| {
            deployment.judge(&mutant, [PHOTO, OTHER][round % 2])
        }));
        match judged {
            Err(_) => panic!("round {round} panicked: {}", hex::encode(&mutant)),
            Ok(Ok(_)) => assert!(sidecars.contains(&mutant), "round {round} was accepted"),
            Ok(Err(_)) => {}
        }
    }
}

#[test]
fn sizes_have_a_limit() {
    let deployment = Deployment::new();
    let mut large = deployment.sidecar(PHOTO);
    large.resize(profile::MAX_SIDECAR + 1, 0);
    assert!(matches!(
        deployment.judge(&large, PHOTO),
        Err(Refused::Profile(NotOfProfile::TooLarge))
    ));
    assert!(matches!(
        deployment.judge(&[], PHOTO),
        Err(Refused::Profile(NotOfProfile::Boxes(_)))
    ));
}

#[test]
fn only_authorities_anchor() {
    let deployment = Deployment::new();
    assert!(matches!(
        Judge::new(&deployment.credentials.certificate),
        Err(AnchorError::NoAuthority)
    ));
    for nothing in ["", "nothing", &*deployment.authority.key] {
        assert!(matches!(
            Judge::new(nothing),
            Err(AnchorError::Certificates)
        ));
    }
    // Two deployments' authorities in one file.
    let other = Deployment::new();
    let both = format!(
        "{}{}",
        deployment.authority.certificate, other.authority.certificate
    );
    let judge = Judge::new(&both).unwrap();
    for from in [&deployment, &other] {
        let sidecar = from.sidecar(PHOTO);
        assert!(judge.judge(&sidecar, Cursor::new(PHOTO), NOW).is_ok());
    }
}

#[test]
fn keys_and_certificates_must_fit() {
    let (deployment, other) = (Deployment::new(), Deployment::new());
    let mut mixed = Deployment::new();
    mixed.authority.key = other.authority.key.clone();
    assert!(matches!(
        make_signer("log.example", &mixed.authority, NOW),
        Err(AuthorityError::OtherKey)
    ));
    let mut credentials = deployment.credentials;
    credentials.key = other.credentials.key;
    assert!(matches!(
        SidecarSigner::new(&credentials),
        Err(SignerError::OtherKey)
    ));
    let late = make_authority("log.example", NOW - 25 * YEAR).unwrap();
    let short = make_signer("log.example", &late, NOW).unwrap();
    assert!(SidecarSigner::new(&short).unwrap().ends() < NOW + 6 * YEAR);
}

#[test]
fn films_and_box_formats_get_none() {
    let deployment = Deployment::new();
    for media_type in ["video/mp4", "image/heic", "image/avif", "application/pdf"] {
        let mut film = photo(PHOTO);
        film.media_type = media_type;
        assert!(matches!(
            deployment.signer().sidecar(&film, NOW),
            Err(SignError::MediaType)
        ));
    }
}
