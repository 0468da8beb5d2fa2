//! Starting, stopping, and what stands on every answer.

use super::support::*;
use fieldseal_server::{Config, Server, StartError, admin};
use fieldseal_wire::ProblemCode;
use reqwest::{Method, StatusCode};

/// The console's content policy, whole: no script but its own, nothing evaluated but WebAssembly (digests), no frames, no other host.
const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; \
                      worker-src 'self' blob:; \
                      style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; \
                      form-action 'self'; frame-ancestors 'none'";

#[tokio::test]
async fn a_port_in_use_and_a_folder_in_use_are_said_plainly() {
    let site = Site::start().await;
    let address = site.running.as_ref().unwrap().addr();
    let other = Config::new(site.folder.path().join("other"));
    let refused = Server::start(other.clone(), address).await.err().unwrap();
    assert!(matches!(refused, StartError::PortInUse(_)));
    assert!(!other.data.exists(), "a refused start leaves nothing");
    let refused = Server::start(site.config.clone(), "127.0.0.1:0".parse().unwrap())
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, StartError::Locked));
    let refused = Server::start(other, "0.0.0.0:0".parse().unwrap())
        .await
        .err()
        .unwrap();
    assert!(refused.to_string().contains("--behind-proxy"), "{refused}");
}

#[tokio::test]
async fn a_first_start_initialises_and_init_does_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::new(folder.path().join("data"));
    let running = Server::start(config.clone(), "127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    assert!(running.origin().starts_with("fieldseal.local/"));
    running.stop().await.unwrap();
    assert!(config.recovery_out.is_file());
    assert!(matches!(
        admin::init(&config, &admin::Init::default()),
        Err(admin::AdminError::AlreadyInitialised)
    ));
    let foreign = Config::new(folder.path().join("photos"));
    std::fs::create_dir(&foreign.data).unwrap();
    std::fs::write(foreign.data.join("a.jpg"), "x").unwrap();
    assert!(matches!(
        admin::init(&foreign, &admin::Init::default()),
        Err(admin::AdminError::FolderNotEmpty)
    ));
}

#[tokio::test]
async fn a_lost_or_damaged_database_never_costs_the_keys() {
    let mut site = Site::start().await;
    site.stop().await;
    let layout = site.config.layout();
    let key = std::fs::read(layout.keys().join("log")).unwrap();
    let start = async || {
        Server::start(site.config.clone(), "127.0.0.1:0".parse().unwrap())
            .await
            .err()
            .unwrap()
            .to_string()
    };
    std::fs::write(
        layout.database(),
        "this is no database, and long enough to be looked at",
    )
    .unwrap();
    assert!(
        start().await.contains("damaged or not a database"),
        "{}",
        start().await
    );
    std::fs::remove_file(layout.database()).unwrap();
    std::fs::remove_file(&site.config.recovery_out).unwrap();
    assert!(
        start().await.contains("holds keys but no deployment"),
        "{}",
        start().await
    );
    assert_eq!(std::fs::read(layout.keys().join("log")).unwrap(), key);
}

#[tokio::test]
async fn every_answer_has_the_headers_and_every_error_is_a_problem() {
    let site = Site::start().await;
    let cases = [
        (Method::GET, "/api/v1/nothing", ProblemCode::NotFound, 404),
        (Method::PUT, "/api/v1/session", ProblemCode::NotFound, 405),
        (Method::POST, "/nowhere", ProblemCode::NotFound, 405),
        (
            Method::GET,
            "/api/v1/review/packets",
            ProblemCode::Unauthenticated,
            401,
        ),
    ];
    for (method, path, code, status) in cases {
        let response = site.request(method, path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["content-security-policy"], POLICY);
        assert_eq!(problem(response).await.code, code, "{path}");
    }
    let large = "x".repeat(300 << 10);
    let response = site
        .request(Method::POST, "/api/v1/session")
        .header("content-type", "application/json")
        .body(large)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.status, 413);
    let response = site
        .request(Method::POST, "/api/v1/session")
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.status, 415);
    let response = site
        .request(Method::POST, "/api/v1/session")
        .header("content-type", "application/json")
        .body("{")
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.code, ProblemCode::BadRequest);
}

#[tokio::test]
async fn health_metrics_and_description() {
    let site = Site::start().await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            site.request(Method::GET, path)
                .send()
                .await
                .unwrap()
                .status(),
            StatusCode::OK
        );
    }
    let metrics = site
        .request(Method::GET, "/metrics")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(metrics.contains("fieldseal_log_size 0"), "{metrics}");
    let openapi: serde_json::Value = site
        .request(Method::GET, "/api/openapi.json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(openapi["paths"]["/api/v1/enrol"]["post"].is_object());
    assert!(openapi["components"]["schemas"]["PacketDetail"].is_object());
}

#[tokio::test]
async fn the_console_is_served_and_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let dist = folder.path().join("dist");
    std::fs::create_dir_all(dist.join("assets")).unwrap();
    std::fs::write(dist.join("index.html"), "<!doctype html>console").unwrap();
    std::fs::write(dist.join("assets/a.js"), "1").unwrap();
    std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let site = Site::start_with(|config| config.console_dir = Some(dist)).await;
    for path in ["/", "/packets/some-id"] {
        let response = site.request(Method::GET, path).send().await.unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "text/html; charset=utf-8"
        );
        assert!(response.text().await.unwrap().contains("console"));
    }
    assert_eq!(
        site.request(Method::GET, "/assets/a.js")
            .send()
            .await
            .unwrap()
            .headers()["content-type"],
        "text/javascript; charset=utf-8"
    );
    for path in ["/..%2fsecret.txt", "/%2e%2e/secret.txt", "/missing.js"] {
        let response = site.request(Method::GET, path).send().await.unwrap();
        assert_ne!(response.text().await.unwrap(), "secret", "{path}");
    }
}
