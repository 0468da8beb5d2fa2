//! `/api/v1/enrol`

use super::support::*;
use fieldseal_server::admin::{NewDevice, NewPerson};
use fieldseal_tlog::note::{Note, Signer as _};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::*;
use reqwest::Method;
use std::time::Duration;

#[tokio::test]
async fn a_code_enrols_once_and_the_entry_is_a_leaf() {
    let site = Site::start().await;
    let code = site
        .admin()
        .device_code(
            &NewDevice {
                team: Some("一队".into()),
            },
            HOUR,
        )
        .unwrap();
    let subject: EnrolSubject = site
        .post(
            "/api/v1/enrol/lookup",
            &EnrolLookup {
                code: code.code.to_lowercase().replace('-', " "),
            },
        )
        .await
        .unwrap();
    assert_eq!(
        (subject.kind, subject.id.as_str(), subject.team.as_deref()),
        (EnrolKind::Device, code.id.as_str(), Some("一队"))
    );
    let (key, enrolled) = site.enrol(&code.code, None).await.unwrap();
    assert_eq!(enrolled.trust, site.admin().trust());
    assert!(enrolled.recovery_key.is_some());
    let note = Note::parse(enrolled.entry.as_bytes()).unwrap();
    assert!(note.text.contains(&key.vkey().to_string()));
    let trust = fieldseal_packet::trust::Trust::parse(enrolled.trust.as_bytes()).unwrap();
    let name = format!("{ORIGIN}/authority");
    let authority = trust.keys.named(&name).next().unwrap();
    note.verify_by(authority).unwrap();
    // When the answer was lost, the same key asks again and gets the same entry; another key does not.
    let again = site
        .request(Method::POST, "/api/v1/enrol")
        .json(&enrol_request(&code.code, &key))
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer::<Enrolled>(again).await.unwrap().entry,
        enrolled.entry
    );
    let used = site.enrol(&code.code, None).await.map(|_| ());
    assert_eq!(code_of(used), ProblemCode::CodeInvalid);
    assert_eq!(site.admin().fsck().unwrap().leaves, 1);
}

#[tokio::test]
async fn unknown_used_and_expired_codes_are_one_answer() {
    let site = Site::start().await;
    let (used, expired) = (
        site.admin()
            .device_code(&NewDevice::default(), HOUR)
            .unwrap(),
        site.admin()
            .device_code(&NewDevice::default(), Duration::from_secs(60))
            .unwrap(),
    );
    site.enrol(&used.code, None).await.unwrap();
    site.advance(Duration::from_secs(61));
    let mut answers = Vec::new();
    for code in [
        used.code.as_str(),
        &expired.code,
        "00000-00000-00000-00000",
        "",
    ] {
        let response = site
            .request(Method::POST, "/api/v1/enrol/lookup")
            .json(&EnrolLookup { code: code.into() })
            .send()
            .await
            .unwrap();
        answers.push((response.status(), response.text().await.unwrap()));
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn guessing_is_braked() {
    let site = Site::start().await;
    let mut codes = Vec::new();
    for guess in 0..12 {
        let lookup: Result<EnrolSubject, _> = site
            .post(
                "/api/v1/enrol/lookup",
                &EnrolLookup {
                    code: format!("guess{guess}"),
                },
            )
            .await;
        codes.push(code_of(lookup));
    }
    assert_eq!(
        (codes[0], codes[11]),
        (ProblemCode::CodeInvalid, ProblemCode::RateLimited)
    );
    site.advance(Duration::from_secs(11 * 60));
    let good = site
        .admin()
        .device_code(&NewDevice::default(), HOUR)
        .unwrap();
    site.enrol(&good.code, None).await.unwrap();
}

#[tokio::test]
async fn an_officer_needs_the_tablets_token_and_proof_of_the_key() {
    let site = Site::start().await;
    let tablet = site.device().await;
    let person = site
        .admin()
        .add_person(&NewPerson {
            name: "甲".into(),
            badge: "1".into(),
            team: None,
        })
        .unwrap();
    let code = site.admin().officer_code(&person, HOUR).unwrap();
    assert_eq!(
        code_of(site.enrol(&code.code, None).await.map(|_| ())),
        ProblemCode::Unauthenticated
    );
    // A proof by another key.
    let (one, other) = (
        key(&format!("{ORIGIN}/officer/{person}")),
        key(&format!("{ORIGIN}/officer/{person}")),
    );
    let mut forged = enrol_request(&code.code, &one);
    forged.vkey = other.vkey().to_string();
    let response = site
        .request(Method::POST, "/api/v1/enrol")
        .bearer_auth(&tablet.token)
        .json(&forged)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.code, ProblemCode::KeyNotAccepted);
    // A name that the code is not for.
    let misnamed = enrol_request(&code.code, &key(&format!("{ORIGIN}/officer/o-other")));
    let response = site
        .request(Method::POST, "/api/v1/enrol")
        .bearer_auth(&tablet.token)
        .json(&misnamed)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.code, ProblemCode::KeyNotAccepted);
    // None of which used the code up; a second code gives the same officer a key on another tablet.
    site.enrol(&code.code, Some(&tablet.token)).await.unwrap();
    let again = site.admin().officer_code(&person, HOUR).unwrap();
    site.enrol(&again.code, Some(&site.device().await.token))
        .await
        .unwrap();
}
