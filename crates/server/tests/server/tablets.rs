//! What the administrator does with tablets at the console.

use super::support::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_server::store::{Db, custody};
use fieldseal_tlog::note::Signer as _;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::tablets::{
    AlarmsSeen, CodeView, TabletEnded, TabletList, TabletOfficer, TabletView,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const URL: &str = "https://evidence.example";

fn id_of(tablet: &Tablet) -> String {
    let name = tablet.key.vkey().name();
    name.rsplit('/').next().unwrap().to_owned()
}

/// How often this was noted of the account `administrator-1`.
fn audited(site: &Site, action: &str, subject: &str) -> bool {
    let db = Db::open(&site.config.layout().database(), false).unwrap();
    db.read_blocking(|c| custody::seen_since(c, "account/administrator-1", action, subject, 0))
        .unwrap()
}

async fn tablet(console: &Console<'_>, id: &str) -> TabletView {
    let list: TabletList = console.get("/api/v1/admin/devices").await.unwrap();
    list.devices.into_iter().find(|row| row.id == id).unwrap()
}

#[tokio::test]
async fn the_administrator_and_nobody_else() {
    let site = Site::start().await;
    let id = id_of(&site.device().await);
    let asks: [(Method, String, Value); 7] = [
        (Method::GET, "devices".into(), Value::Null),
        (Method::GET, "people".into(), Value::Null),
        (Method::POST, "codes".into(), json!({"url": URL})),
        (Method::POST, format!("devices/{id}/retire"), Value::Null),
        (
            Method::POST,
            format!("devices/{id}/revoke"),
            json!({"reason": "stolen"}),
        ),
        (
            Method::POST,
            format!("devices/{id}/replace"),
            json!({"url": URL}),
        ),
        (
            Method::POST,
            format!("devices/{id}/alarms/seen"),
            Value::Null,
        ),
    ];
    for role in ["reviewer", "supervisor", "dispatcher", "auditor"] {
        let other = site.sign_in(role).await;
        for (method, path, body) in &asks {
            let path = format!("/api/v1/admin/{path}");
            let refused = other.request(method.clone(), &path).json(body).send();
            let code = problem(refused.await.unwrap()).await.code;
            assert_eq!(code, ProblemCode::Forbidden, "{role} {path}");
        }
    }
    let administrator = site.sign_in("administrator").await;
    for (method, path, body) in &asks {
        let path = format!("/api/v1/admin/{path}");
        let nobody = site.request(method.clone(), &path).json(body).send().await;
        assert_eq!(
            problem(nobody.unwrap()).await.code,
            ProblemCode::Unauthenticated
        );
        if *method == Method::POST {
            let forged = site
                .request(method.clone(), &path)
                .header("cookie", &administrator.cookie)
                .json(body)
                .send()
                .await
                .unwrap();
            assert_eq!(problem(forged).await.code, ProblemCode::Forbidden, "{path}");
        }
    }
    let row = tablet(&administrator, &id).await;
    assert_eq!((row.status.as_str(), row.ended_at), ("active", None));
}

#[tokio::test]
async fn a_code_of_the_console_lets_a_tablet_and_its_officer_in() {
    let site = Site::start().await;
    let administrator = site.sign_in("administrator").await;
    let person = fieldseal_server::admin::NewPerson {
        name: "甲".into(),
        badge: "01".into(),
        team: Some("一队".into()),
    };
    let officer = site.admin().add_person(&person).unwrap();
    let code: CodeView = administrator
        .post(
            "/api/v1/admin/codes",
            &json!({"url": URL, "team": " 一队 "}),
        )
        .await
        .unwrap();
    let trust = Sha256Digest::of(site.admin().trust().as_bytes());
    assert_eq!(
        code.text,
        format!(
            "fieldseal:enrol?u=https%3A%2F%2Fevidence.example&c={}&t={trust}",
            code.code
        )
    );
    assert!(audited(&site, "made-code", &code.id));
    let (key, _) = site.enrol(&code.code, None).await.unwrap();
    let row = tablet(&administrator, &code.id).await;
    assert_eq!(
        (row.team.as_deref(), row.status.as_str()),
        (Some("一队"), "active")
    );
    assert!(row.officers.is_empty());
    assert_eq!(
        code_of(site.enrol(&code.code, None).await),
        ProblemCode::CodeInvalid,
        "once"
    );

    let people: Vec<TabletOfficer> = administrator.get("/api/v1/admin/people").await.unwrap();
    assert_eq!(people[0].name.as_deref(), Some("甲"));
    let code: CodeView = administrator
        .post(
            "/api/v1/admin/codes",
            &json!({"url": URL, "officer": officer}),
        )
        .await
        .unwrap();
    assert_eq!(code.id, officer);
    let token = site.token(&key).await.unwrap().token;
    site.enrol(&code.code, Some(&token)).await.unwrap();
    let id = key.vkey().name().rsplit('/').next().unwrap().to_owned();
    let on_it = tablet(&administrator, &id).await.officers;
    assert_eq!(on_it[0].name.as_deref(), Some("甲"));

    for bad in [
        json!({"url": "http://evidence.example"}),
        json!({"url": "https://evidence.example@evil.example"}),
        json!({"url": URL, "team": "队".repeat(65)}),
        json!({}),
    ] {
        let refused = administrator
            .post::<CodeView>("/api/v1/admin/codes", &bad)
            .await;
        assert_eq!(code_of(refused), ProblemCode::BadRequest, "{bad}");
    }
    let unknown = json!({"url": URL, "officer": "o-nobody"});
    let refused = administrator
        .post::<CodeView>("/api/v1/admin/codes", &unknown)
        .await;
    assert_eq!(code_of(refused), ProblemCode::NotFound);
}

#[tokio::test]
async fn a_stolen_tablet_is_revoked_in_one_step_with_the_officers_on_it() {
    let site = Site::start().await;
    let administrator = site.sign_in("administrator").await;
    let (mut stolen, kept) = (site.tablet().await, site.device().await);
    let packet = stolen.seal();
    site.delivered(&stolen, &packet).await;
    let (id, name) = (id_of(&stolen), stolen.key.vkey().name().to_owned());
    let path = format!("/api/v1/admin/devices/{id}/revoke");
    let bored = administrator
        .post::<TabletEnded>(&path, &json!({"reason": "bored"}))
        .await;
    assert_eq!(code_of(bored), ProblemCode::BadRequest);
    let ended: TabletEnded = administrator
        .post(&path, &json!({"reason": "stolen"}))
        .await
        .unwrap();
    assert_eq!((ended.keys, ended.packets_missing), (3, 0));
    assert!(site.token(&stolen.key).await.is_err());
    assert!(site.token(&kept.key).await.is_ok());
    let row = tablet(&administrator, &id).await;
    assert_eq!(row.status, "revoked");
    assert!(row.officers.is_empty() && row.ended_at.is_some());
    assert!(audited(&site, "revoked", &name));
    for key in site.admin().keys().unwrap() {
        let gone = key.name == name || key.on_device.as_deref() == Some(&name);
        assert_eq!(key.status == "revoked", gone, "{}", key.name);
        assert_eq!(audited(&site, "revoked", &key.name), gone);
    }
    // Said once; and never taken back.
    for (path, body) in [
        (path, json!({"reason": "lost"})),
        (format!("/api/v1/admin/devices/{id}/retire"), Value::Null),
    ] {
        let again = administrator.post::<TabletEnded>(&path, &body).await;
        assert_eq!(code_of(again), ProblemCode::Conflict, "{path}");
    }
    let unknown = administrator
        .post::<TabletEnded>(
            "/api/v1/admin/devices/d-nobody/revoke",
            &json!({"reason": "lost"}),
        )
        .await;
    assert_eq!(code_of(unknown), ProblemCode::NotFound);
}

#[tokio::test]
async fn a_tablet_is_retired_or_replaced_and_the_list_says_by_whom() {
    let site = Site::start().await;
    let administrator = site.sign_in("administrator").await;
    let (worn, lost) = (site.tablet().await, site.tablet().await);
    let ended: TabletEnded = administrator
        .post(
            &format!("/api/v1/admin/devices/{}/retire", id_of(&worn)),
            &Value::Null,
        )
        .await
        .unwrap();
    assert_eq!(ended.keys, 3);
    assert!(audited(&site, "retired", worn.key.vkey().name()));
    assert_eq!(
        tablet(&administrator, &id_of(&worn)).await.status,
        "retired"
    );
    let again: TabletEnded = administrator
        .post(
            &format!("/api/v1/admin/devices/{}/retire", id_of(&worn)),
            &Value::Null,
        )
        .await
        .unwrap();
    assert_eq!(again.keys, 0, "as it was");

    for (old, reason, status) in [(&worn, None, "retired"), (&lost, Some("lost"), "revoked")] {
        let path = format!("/api/v1/admin/devices/{}/replace", id_of(old));
        let code: CodeView = administrator
            .post(&path, &json!({"url": URL, "reason": reason}))
            .await
            .unwrap();
        assert!(audited(&site, "replaced", old.key.vkey().name()));
        site.enrol(&code.code, None).await.unwrap();
        let row = tablet(&administrator, &id_of(old)).await;
        assert_eq!(
            (row.status.as_str(), row.replaced_by.as_deref()),
            (status, Some(code.id.as_str()))
        );
        let new = tablet(&administrator, &code.id).await;
        assert_eq!(new.replaces, Some(id_of(old)));
    }
    let path = "/api/v1/admin/devices/d-nobody/alarms/seen";
    let nobody = administrator.post::<AlarmsSeen>(path, &Value::Null).await;
    assert_eq!(code_of(nobody), ProblemCode::NotFound);
    let path = format!("/api/v1/admin/devices/{}/alarms/seen", id_of(&worn));
    let seen: AlarmsSeen = administrator.post(&path, &Value::Null).await.unwrap();
    assert_eq!(seen.seen, 0);
    assert!(audited(&site, "looked-at-alarms", worn.key.vkey().name()));
    let described = site
        .request(Method::GET, "/api/openapi.json")
        .send()
        .await
        .unwrap();
    assert_eq!(described.status(), StatusCode::OK);
    let described: Value = described.json().await.unwrap();
    for path in ["devices", "people", "codes", "devices/{id}/revoke"] {
        assert!(described["paths"][format!("/api/v1/admin/{path}")].is_object());
    }
}
