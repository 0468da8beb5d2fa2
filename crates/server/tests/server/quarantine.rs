//! What is not admitted is kept, and let in when its key is enrolled.

use super::support::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_server::admin::{NewDevice, NewPerson};
use fieldseal_tlog::note::Signer as _;
use fieldseal_wire::console::QuarantineView;
use fieldseal_wire::device::*;
use reqwest::Method;

#[tokio::test]
async fn everything_else_is_kept_aside_and_shown() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let good = tablet.seal();
    let mut doubled = zip(
        "packet-x",
        &[("a".into(), b"1".to_vec()), ("a".into(), b"2".to_vec())],
    );
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (b"no zip at all".to_vec(), "zip-malformed"),
        (good.zip[..good.zip.len() / 2].to_vec(), "zip-malformed"),
        (
            zip("packet-x", &[("data/a".into(), b"1".to_vec())]),
            "seal-missing",
        ),
        (
            zip(
                "packet-x",
                &[("seal/packet.seal".into(), b"nonsense".to_vec())],
            ),
            "seal-malformed",
        ),
        (
            zip("packet-x", &[("../a".into(), b"1".to_vec())]),
            "zip-name-unsafe",
        ),
        (std::mem::take(&mut doubled), "zip-name-duplicate"),
    ];
    for (index, (bytes, reason)) in cases.iter().enumerate() {
        let claimed = Packet {
            id: good.id.clone(),
            zip: bytes.clone(),
            seal: Vec::new(),
            digest: Sha256Digest::of(&[index as u8]),
        };
        let status = site.delivered(&tablet, &claimed).await;
        assert_eq!(
            (status.state, status.reason.as_deref()),
            (ServerState::Quarantined, Some(*reason))
        );
    }
    let console = site.sign_in("reviewer").await;
    let rows: Vec<QuarantineView> = console.get("/api/v1/review/quarantine").await.unwrap();
    assert_eq!(rows.len(), cases.len());
    let report = site.admin().fsck().unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    assert!(site.admin().packets().unwrap().is_empty());
}

#[tokio::test]
async fn a_packet_of_a_key_enrolled_later_is_let_in() {
    let site = Site::start().await;
    let carrier = site.tablet().await;
    // A tablet that has sealed before its own enrolment reached the server; another carries its packet.
    let code = site
        .admin()
        .device_code(&NewDevice::default(), HOUR)
        .unwrap();
    let own = key(&format!("{ORIGIN}/device/{}", code.id));
    let mut early = site.device().await;
    early.key = std::sync::Arc::new(own);
    let packet = early.seal();
    let status = site.delivered(&carrier, &packet).await;
    assert_eq!(
        (status.state, status.reason.as_deref()),
        (ServerState::Quarantined, Some("device-not-enrolled"))
    );
    let response = site
        .request(Method::POST, "/api/v1/enrol")
        .json(&enrol_request(&code.code, &early.key))
        .send()
        .await
        .unwrap();
    let _: Enrolled = answer(response).await.unwrap();
    let mut status = site.status(&carrier, &packet).await;
    for _ in 0..500 {
        if status.state == ServerState::Logged {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        status = site.status(&carrier, &packet).await;
    }
    super::packets::is_safe(&site, &packet, &status);
    early.token = site.token(&early.key).await.unwrap().token;
    assert_eq!(
        site.status(&early, &packet).await.state,
        ServerState::Logged
    );
    assert!(early.key.vkey().name().ends_with(&code.id));
    let console = site.sign_in("reviewer").await;
    let rows: Vec<QuarantineView> = console.get("/api/v1/review/quarantine").await.unwrap();
    assert!(rows.is_empty());
    let report = site.admin().fsck().unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
}

#[tokio::test]
async fn an_upload_that_is_another_packet_than_announced_says_so() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let (sent, announced) = (tablet.seal(), tablet.seal());
    let mislabelled = Packet {
        id: announced.id.clone(),
        zip: sent.zip.clone(),
        seal: announced.seal.clone(),
        digest: announced.digest,
    };
    let status = site.delivered(&tablet, &mislabelled).await;
    assert_eq!(
        (status.state, status.reason.as_deref()),
        (ServerState::Quarantined, Some("claim-differs"))
    );
    // The packet that did come is here nevertheless, and the one announced can still come.
    assert_eq!(
        site.settled(&tablet, &sent).await.state,
        ServerState::Logged
    );
    site.upload(&tablet, &announced).await;
    for _ in 0..500 {
        if site.status(&tablet, &announced).await.state == ServerState::Logged {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the announced packet was not admitted");
}

#[tokio::test]
async fn an_officer_enrolled_after_the_packet_proves_it_then() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let person = site
        .admin()
        .add_person(&NewPerson {
            name: "丙".into(),
            badge: "03".into(),
            team: None,
        })
        .unwrap();
    let late = key(&format!("{ORIGIN}/officer/{person}"));
    tablet.officers[1] = (Box::new(late), "丙".into(), "03".into());
    let packet = tablet.seal();
    site.delivered(&tablet, &packet).await;
    let console = site.sign_in("reviewer").await;
    let says = async |code: &str| {
        for _ in 0..500 {
            let findings = console.detail(&packet.id).await.findings;
            if findings
                .iter()
                .any(|finding| finding.code == code && finding.subject.ends_with(&person))
            {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        false
    };
    assert!(says("officer-key-unknown").await);
    let code = site.admin().officer_code(&person, HOUR).unwrap();
    let request = enrol_request(&code.code, &tablet.officers[1].0);
    let response = site
        .request(Method::POST, "/api/v1/enrol")
        .bearer_auth(&tablet.token)
        .json(&request)
        .send()
        .await
        .unwrap();
    let _: Enrolled = answer(response).await.unwrap();
    assert!(says("officer-enrolled").await);
}
