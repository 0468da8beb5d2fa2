//! `/api/v1/session` and `/api/v1/review`

use super::support::*;
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::{ZipSource, verify_export};
use fieldseal_wire::ProblemCode;
use fieldseal_wire::console::{Decision, DecisionRequest, Session};
use fieldseal_wire::device::ServerState;
use reqwest::{Method, StatusCode};
use serde_json::json;
use std::time::Duration;

async fn with_packet() -> (Site, Tablet, Packet) {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal_items(&[jpeg(10), b"not a picture".to_vec(), Vec::new()], |_| {});
    assert_eq!(
        site.delivered(&tablet, &packet).await.state,
        ServerState::Logged
    );
    (site, tablet, packet)
}

fn request(decision: Decision, reason: Option<&str>, packet: &Packet) -> DecisionRequest {
    DecisionRequest {
        decision,
        reason: reason.map(str::to_owned),
        packet_digest: packet.digest.to_string(),
    }
}

#[tokio::test]
async fn sessions_need_password_cookie_and_second_secret() {
    let site = Site::start().await;
    let console = site.sign_in("reviewer").await;
    let session: Session = console.get("/api/v1/session").await.unwrap();
    assert_eq!(
        (
            session.name.as_str(),
            session.role.as_str(),
            session.origin.as_str()
        ),
        ("王法制", "reviewer", ORIGIN)
    );
    let without = site
        .request(Method::DELETE, "/api/v1/session")
        .header("cookie", &console.cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(without).await.code, ProblemCode::Forbidden);
    assert_eq!(
        console
            .request(Method::DELETE, "/api/v1/session")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        code_of(console.get::<Session>("/api/v1/session").await),
        ProblemCode::Unauthenticated
    );
    let late = site.sign_in("reviewer").await;
    let closed = site.sign_in("auditor").await;
    site.admin().disable_account("auditor-1").unwrap();
    assert_eq!(
        code_of(closed.get::<Session>("/api/v1/session").await),
        ProblemCode::Unauthenticated
    );
    site.advance(Duration::from_secs(9 * 3600));
    assert_eq!(
        code_of(late.get::<Session>("/api/v1/session").await),
        ProblemCode::Unauthenticated
    );
}

#[tokio::test]
async fn wrong_passwords_make_wait() {
    let site = Site::start().await;
    site.sign_in("reviewer").await;
    let try_with = async |password: &str| {
        let response = site
            .request(Method::POST, "/api/v1/session")
            .json(&json!({"account": "reviewer-1", "password": password}))
            .send()
            .await
            .unwrap();
        response.status()
    };
    for _ in 0..5 {
        assert_eq!(try_with("wrong password").await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        try_with("correct horse battery").await,
        StatusCode::TOO_MANY_REQUESTS
    );
    site.advance(Duration::from_secs(2));
    assert_eq!(try_with("correct horse battery").await, StatusCode::OK);
}

#[tokio::test]
async fn the_list_filters_and_the_detail_is_in_the_forms_words() {
    let (site, _tablet, packet) = with_packet().await;
    let console = site.sign_in("reviewer").await;
    let page = console.list("queue=open").await;
    assert_eq!((page.total, page.counts.all, page.packets.len()), (1, 1, 1));
    let row = &page.packets[0];
    assert_eq!(
        (row.id.as_str(), row.title.as_str(), row.items),
        (packet.id.as_str(), "示例路1号", 3)
    );
    assert_eq!(
        (row.officers.as_slice(), row.kind_name.zh.as_str()),
        (["甲".to_owned(), "乙".to_owned()].as_slice(), "户外广告")
    );
    assert_eq!(row.previews, [1]);
    for (query, total) in [
        ("q=示例路", 1),
        ("q=p-7 甲", 1),
        ("q=nowhere", 0),
        ("queue=done", 0),
        ("verdict=failed", 0),
        ("page=3", 1),
    ] {
        assert_eq!(console.list(query).await.total, total, "{query}");
    }
    let detail = console.with_pictures(&packet.id, 1).await;
    assert_eq!(detail.packet_digest, packet.digest.to_string());
    let width = detail
        .fields
        .iter()
        .find(|field| field.id == "width_m")
        .unwrap();
    assert_eq!(
        (width.label.zh.as_str(), width.value.en.as_str()),
        ("宽", "3.5 m")
    );
    assert_eq!(detail.items[0].shot.as_ref().unwrap().zh, "全景");
    assert_eq!(
        (detail.items[0].width, detail.items[0].preview),
        (Some(640), true)
    );
    assert_eq!(
        detail.items[1].preview_problem.as_deref(),
        Some("preview-media-type")
    );
    assert!(!detail.items[2].preview);
    assert_eq!(
        detail.place.as_ref().unwrap().address.as_deref(),
        Some("示例路1号")
    );
    let server: Vec<_> = detail
        .custody
        .iter()
        .filter(|line| line.log == "server")
        .map(|line| line.event.as_str())
        .collect();
    assert_eq!(server, ["received", "logged", "looked-at"]);
    assert_eq!(
        detail
            .custody
            .iter()
            .filter(|line| line.log == "tablet")
            .count(),
        6
    );
    assert!(
        detail
            .findings
            .iter()
            .all(|finding| !finding.text.zh.is_empty() && !finding.text.en.is_empty())
    );
    // A look again within minutes is the same look.
    assert_eq!(
        console.detail(&packet.id).await.custody.len(),
        detail.custody.len()
    );
}

#[tokio::test]
async fn previews_are_ours_and_originals_are_attachments() {
    let (site, _tablet, packet) = with_packet().await;
    let console = site.sign_in("reviewer").await;
    let base = format!("/api/v1/review/packets/{}", packet.id);
    for width in [320, 1600] {
        let response = console
            .request(Method::GET, &format!("{base}/items/1/preview?w={width}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers()["content-type"], "image/jpeg");
        let picture = image::load_from_memory(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(picture.width(), width.min(640));
    }
    let missing = [
        ("items/2/preview?w=320", 404),
        ("items/9/preview?w=320", 404),
        ("items/1/preview?w=500", 400),
        ("items/x/preview?w=320", 404),
    ];
    for (path, status) in missing {
        assert_eq!(
            problem(
                console
                    .request(Method::GET, &format!("{base}/{path}"))
                    .send()
                    .await
                    .unwrap()
            )
            .await
            .status,
            status,
            "{path}"
        );
    }
    let response = console
        .request(Method::GET, &format!("{base}/zip"))
        .send()
        .await
        .unwrap();
    assert!(
        response.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    assert!(
        response.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("sandbox")
    );
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.bytes().await.unwrap(), packet.zip);
}

#[tokio::test]
async fn a_photo_cut_in_its_head_is_evidence_without_a_picture() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let cut = jpeg(9)[..500].to_vec();
    let packet = tablet.seal_items(&[cut, jpeg(8)], |_| {});
    site.delivered(&tablet, &packet).await;
    let console = site.sign_in("reviewer").await;
    for _ in 0..3000 {
        let first = console.detail(&packet.id).await.items.remove(0);
        if first.preview_problem.is_some() {
            assert_eq!(
                (first.preview, first.preview_problem.as_deref()),
                (false, Some("preview-undecodable"))
            );
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..3000 {
        if console.list("queue=open").await.packets[0].previews == [2] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the list still names a picture that can't be made");
}

#[tokio::test]
async fn roles_see_what_is_theirs() {
    let (site, _tablet, packet) = with_packet().await;
    for (role, may_look) in [
        ("administrator", false),
        ("dispatcher", false),
        ("auditor", true),
        ("supervisor", true),
    ] {
        let console = site.sign_in(role).await;
        let status = console
            .request(
                Method::GET,
                &format!("/api/v1/review/packets/{}", packet.id),
            )
            .send()
            .await
            .unwrap()
            .status();
        assert_eq!(status.is_success(), may_look, "{role}");
    }
    let auditor = site.sign_in("auditor").await;
    assert_eq!(
        code_of(
            auditor
                .decide(&packet.id, &request(Decision::Accepted, None, &packet))
                .await
        ),
        ProblemCode::Forbidden
    );
}

#[tokio::test]
async fn decisions_are_signed_logged_and_never_overwritten() {
    let (site, tablet, packet) = with_packet().await;
    let console = site.sign_in("reviewer").await;
    let no_reason = console
        .decide(
            &packet.id,
            &request(Decision::Returned, Some("  "), &packet),
        )
        .await;
    assert_eq!(code_of(no_reason), ProblemCode::BadRequest);
    let mut other = request(Decision::Accepted, None, &packet);
    other.packet_digest = "0".repeat(64);
    assert_eq!(
        code_of(console.decide(&packet.id, &other).await),
        ProblemCode::Conflict
    );
    let review = console
        .decide(&packet.id, &request(Decision::LegalReview, None, &packet))
        .await
        .unwrap();
    let returned = console
        .decide(
            &packet.id,
            &request(Decision::Returned, Some("缺全景照片"), &packet),
        )
        .await
        .unwrap();
    assert_eq!((review.leaf_index, returned.leaf_index), (Some(4), Some(5)));
    let again = console
        .decide(&packet.id, &request(Decision::Accepted, None, &packet))
        .await;
    assert_eq!(code_of(again), ProblemCode::Conflict);
    let status = site.status(&tablet, &packet).await;
    let told: Vec<_> = status
        .decisions
        .iter()
        .map(|notice| (notice.decision, notice.reason.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Decision::LegalReview, None),
            (Decision::Returned, Some("缺全景照片"))
        ]
    );
    assert_eq!(console.list("queue=done").await.total, 1);
    assert_eq!(console.list("queue=open").await.total, 0);
    assert_eq!(console.detail(&packet.id).await.decisions.len(), 2);
}

#[tokio::test]
async fn an_export_verifies_as_zip_and_as_folder() {
    let (site, _tablet, packet) = with_packet().await;
    let console = site.sign_in("reviewer").await;
    console
        .decide(
            &packet.id,
            &request(Decision::Accepted, Some("齐全"), &packet),
        )
        .await
        .unwrap();
    let response = console
        .request(
            Method::GET,
            &format!("/api/v1/review/packets/{}/export", packet.id),
        )
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let zip = response.bytes().await.unwrap().to_vec();
    let source = ZipSource::open(&zip).unwrap();
    assert_eq!(source.folder, format!("evidence-{}", packet.id));
    let trust = Trust::parse(site.admin().trust().as_bytes()).unwrap();
    let report = verify_export(&source, Some(&trust));
    let bad: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.code.level().word() == "failed")
        .collect();
    assert!(bad.is_empty(), "{bad:?}");
    let codes: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.code.word())
        .collect();
    for code in [
        "log-inclusion-ok",
        "receipt-ok",
        "decision-ok",
        "trust-anchor-ok",
        "two-officers-ok",
    ] {
        assert!(codes.contains(&code), "{code} is not among {codes:?}");
    }
    let folder = site
        .admin()
        .write_export(&packet.id, site.folder.path())
        .unwrap();
    assert_eq!(
        std::fs::read(folder.join(format!("data/packet-{}.zip", packet.id))).unwrap(),
        packet.zip
    );
    let text = std::fs::read_to_string(folder.join("data/VERIFY.txt")).unwrap();
    assert!(text.contains("Timestamp tokens: none"));
    check_by_hand(&folder, &text);
    assert!(
        site.admin()
            .write_export(&packet.id, site.folder.path())
            .is_err(),
        "nothing is overwritten"
    );
}

/// Runs the commands of VERIFY.txt as they stand, where the tools are there.
fn check_by_hand(folder: &std::path::Path, text: &str) {
    let has = |tool: &str| {
        std::process::Command::new("sh")
            .args(["-c", &format!("command -v {tool}")])
            .output()
            .is_ok_and(|out| out.status.success())
    };
    if !has("openssl") || !has("unzip") || !has("sha256sum") {
        return;
    }
    let commands: Vec<String> = text
        .lines()
        .filter(|line| {
            [
                "sha256sum ",
                "unzip ",
                "cd ",
                "sed ",
                "echo ",
                "grep ",
                "openssl ",
                "find ",
                "W=",
            ]
            .iter()
            .any(|start| line.starts_with(start))
        })
        .map(str::to_owned)
        .collect();
    let script = format!("set -e\n{}\n", commands.join("\n"));
    let out = std::process::Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .output()
        .unwrap();
    let (said, errors) = (
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr),
    );
    assert!(out.status.success(), "{script}\n{said}\n{errors}");
    assert_eq!(
        said.matches("Signature Verified Successfully").count(),
        // Three lines of the seal, receipt, checkpoint, three enrolments, and the decision.
        9,
        "{said}"
    );
}
