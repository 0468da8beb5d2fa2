//! Keys that take over from others, and keys as hardware holds them (P-256), through enrolment, seal, log and export.

use std::sync::Arc;

use super::support::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::entry::Rotated;
use fieldseal_packet::findings::{Code, Level};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::{ZipSource, verify_export};
use fieldseal_server::rotation::proof_text;
use fieldseal_tlog::note::{Algorithm, Note, Signer};
use fieldseal_wire::device::{RotateRequest, RotatedKey};
use fieldseal_wire::{Problem, ProblemCode};
use reqwest::Method;

fn request(old: &dyn Signer, new: &dyn Signer) -> RotateRequest {
    let (old_vkey, vkey) = (old.vkey().to_string(), new.vkey().to_string());
    let text = proof_text(ORIGIN, &old_vkey, &vkey);
    let by = |key: &dyn Signer| STANDARD.encode(key.sign(text.as_bytes()).unwrap());
    RotateRequest {
        old_proof: by(old),
        proof: by(new),
        old_vkey,
        vkey,
        attestation: Vec::new(),
    }
}

async fn rotate(site: &Site, token: &str, request: &RotateRequest) -> Result<RotatedKey, Problem> {
    let request = site
        .request(Method::POST, "/api/v1/keys/rotate")
        .bearer_auth(token)
        .json(request);
    answer(request.send().await.unwrap()).await
}

/// What the console's export of a packet is found to be.
async fn found(site: &Site, packet: &Packet) -> Vec<Code> {
    let auditor = site.sign_in("auditor").await;
    let path = format!("/api/v1/review/packets/{}/export", packet.id);
    let answer = auditor.request(Method::GET, &path).send().await.unwrap();
    let bag = answer.bytes().await.unwrap().to_vec();
    let trust = Trust::parse(site.admin().trust().as_bytes()).unwrap();
    let report = verify_export(&ZipSource::open(&bag).unwrap(), Some(&trust));
    assert!(
        !report
            .findings
            .iter()
            .any(|f| f.code.level() == Level::Failed),
        "{:?}",
        report.findings
    );
    report.findings.iter().map(|finding| finding.code).collect()
}

fn all_known(codes: &[Code]) {
    for code in [
        Code::DeviceLineOk,
        Code::DeviceEnrolled,
        Code::TwoOfficersOk,
        Code::OfficerEnrolled,
        Code::LogInclusionOk,
        Code::ReceiptOk,
    ] {
        assert!(codes.contains(&code), "{code:?} is not among {codes:?}");
    }
    for code in [Code::DeviceNotEnrolled, Code::OfficerNotEnrolled] {
        assert!(!codes.contains(&code), "{codes:?}");
    }
}

#[tokio::test]
async fn keys_as_hardware_holds_them_go_the_whole_line() {
    let site = Site::start().await;
    let mut tablet = site.tablet_of(Algorithm::EcdsaP256).await;
    assert_eq!(tablet.key.vkey().algorithm(), Algorithm::EcdsaP256);
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let codes = found(&site, &packet).await;
    all_known(&codes);
    assert!(codes.contains(&Code::DeviceFirst), "{codes:?}");
}

#[tokio::test]
async fn a_tablet_and_an_officer_go_on_by_new_keys() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let first = tablet.seal();
    site.delivered(&tablet, &first).await;

    // The tablet's own key moves into hardware; the answer is lost and asked for again.
    let name = tablet.key.vkey().name().to_owned();
    let new = key_of(Algorithm::EcdsaP256, &name);
    let asked = request(&*tablet.key, &*new);
    let entry = rotate(&site, &tablet.token, &asked).await.unwrap().entry;
    assert_eq!(
        rotate(&site, &tablet.token, &asked).await.unwrap().entry,
        entry
    );
    let note = Note::parse(entry.as_bytes()).unwrap();
    let body = Rotated::parse(&note.text).unwrap();
    assert_eq!((body.old_vkey, body.vkey), (asked.old_vkey, asked.vkey));
    let old = std::mem::replace(&mut tablet.key, Arc::from(new));
    tablet.entry = entry.into_bytes();
    assert_eq!(
        code_of(site.token(&*old).await),
        ProblemCode::KeyNotAccepted
    );
    tablet.token = site.token(&*tablet.key).await.unwrap().token;

    // An officer's likewise, by the tablet on which it lies.
    let officer = tablet.officers[0].0.vkey().name().to_owned();
    let new = key_of(Algorithm::Ed25519, &officer);
    let asked = request(&*tablet.officers[0].0, &*new);
    rotate(&site, &tablet.token, &asked).await.unwrap();
    tablet.officers[0].0 = new;

    // The sequence goes on, and what was sealed before is as good as before.
    let second = tablet.seal();
    site.delivered(&tablet, &second).await;
    for packet in [&first, &second] {
        all_known(&found(&site, packet).await);
    }
    // One tablet in the list, not two.
    let devices = site.admin().devices().unwrap();
    assert_eq!(devices.len(), 1);
    assert_eq!(devices[0].key.vkey, tablet.key.vkey().to_string());
    assert_eq!(devices[0].packets, 2);

    // A revocation takes the old key with the new one.
    site.admin().revoke(&name, "stolen").unwrap();
    assert!(site.token(&*tablet.key).await.is_err());
    let third = key_of(Algorithm::Ed25519, &name);
    let asked = request(&*old, &*third);
    assert!(rotate(&site, &tablet.token, &asked).await.is_err());
}

#[tokio::test]
async fn who_may_not_hand_over_is_refused() {
    let site = Site::start().await;
    let (tablet, other) = (site.tablet().await, site.device().await);
    let name = tablet.key.vkey().name().to_owned();
    let (new, stranger) = (
        key_of(Algorithm::Ed25519, &name),
        key_of(Algorithm::Ed25519, &name),
    );
    let good = request(&*tablet.key, &*new);
    // By another tablet; by a key that nobody knows; signed for by the wrong keys; to another name; to itself.
    let elsewhere = rotate(&site, &other.token, &good).await;
    assert_eq!(code_of(elsewhere), ProblemCode::KeyNotAccepted);
    let foreign = key_of(Algorithm::Ed25519, other.key.vkey().name());
    let mut forged = good.clone();
    forged.old_proof.clone_from(&good.proof);
    for bad in [
        request(&*stranger, &*new),
        request(&*tablet.key, &*foreign),
        request(&*tablet.key, &*tablet.key),
        forged,
    ] {
        let refused = rotate(&site, &tablet.token, &bad).await;
        assert_eq!(code_of(refused), ProblemCode::KeyNotAccepted);
    }
    // A new key that was lost with its answer: the old one may name another, and the lost one is out.
    rotate(&site, &tablet.token, &good).await.unwrap();
    let third = key_of(Algorithm::Ed25519, &name);
    let again = request(&*tablet.key, &*third);
    rotate(&site, &tablet.token, &again).await.unwrap();
    assert!(site.token(&*third).await.is_ok());
    assert_eq!(
        code_of(site.token(&*new).await),
        ProblemCode::KeyNotAccepted
    );
    // And a key never comes back.
    let back = request(&*third, &*new);
    assert_eq!(
        code_of(rotate(&site, &tablet.token, &back).await),
        ProblemCode::Conflict
    );
}
