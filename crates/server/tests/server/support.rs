//! A server on a free port; beside it somebody signed in, a tablet in a few lines, and the way from it to the server.

mod console;
mod tablet;
mod ways;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fieldseal_server::admin::{self, Admin};
use fieldseal_server::ambient::{Clock, SystemClock};
use fieldseal_server::{Config, Running, Server};
use fieldseal_wire::{Problem, ProblemCode};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;
use tempfile::TempDir;

pub use console::*;
pub use tablet::*;
pub use ways::*;

pub const ORIGIN: &str = "test.example/log";
pub const HOUR: Duration = Duration::from_secs(3600);

/// The machine's clock, moved by hand.
pub struct MovableClock(pub AtomicI64);

impl Clock for MovableClock {
    fn now(&self) -> i64 {
        SystemClock.now() + self.0.load(Ordering::SeqCst)
    }
}

pub struct Site {
    pub folder: TempDir,
    pub config: Config,
    pub clock: Arc<MovableClock>,
    pub running: Option<Running>,
    /// Where the server is, when it is another process.
    pub base: Option<String>,
    pub http: reqwest::Client,
}

pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .build()
        .unwrap()
}

impl Site {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = TempDir::new().unwrap();
        let clock = Arc::new(MovableClock(AtomicI64::new(0)));
        let mut config = Config::new(folder.path().join("data"));
        config.ambient.clock = clock.clone();
        config.decoder = fieldseal_picture::Decoder::of_test("decoding::child");
        config.limits.sequencer_tick = Duration::from_millis(100);
        change(&mut config);
        admin::init(
            &config,
            &admin::Init {
                origin: Some(ORIGIN.to_owned()),
            },
        )
        .unwrap();
        let running = Server::start(config.clone(), "127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        Self {
            folder,
            config,
            clock,
            running: Some(running),
            base: None,
            http: http(),
        }
    }

    pub async fn stop(&mut self) {
        self.running.take().unwrap().stop().await.unwrap();
    }

    pub async fn restart(&mut self) {
        if self.running.is_some() {
            self.stop().await;
        }
        self.running = Some(
            Server::start(self.config.clone(), "127.0.0.1:0".parse().unwrap())
                .await
                .unwrap(),
        );
    }

    pub fn url(&self, path: &str) -> String {
        let base = self
            .base
            .clone()
            .unwrap_or_else(|| self.running.as_ref().unwrap().url());
        format!("{base}{path}")
    }

    pub fn admin(&self) -> Admin {
        Admin::open(&self.config).unwrap()
    }

    pub fn advance(&self, by: Duration) {
        self.clock
            .0
            .fetch_add(by.as_millis() as i64, Ordering::SeqCst);
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<T, Problem> {
        answer(
            self.request(Method::POST, path)
                .json(body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }
}

pub async fn answer<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    if response.status().is_success() {
        Ok(response.json().await.unwrap())
    } else {
        Err(problem(response).await)
    }
}

pub async fn problem(response: Response) -> Problem {
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let status = response.status().as_u16();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.status, status);
    problem
}

pub fn code_of<T>(result: Result<T, Problem>) -> ProblemCode {
    match result {
        Ok(_) => panic!("this should have been a problem"),
        Err(problem) => problem.code,
    }
}
