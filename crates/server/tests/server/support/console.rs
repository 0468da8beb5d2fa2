//! Somebody signed in at the console.

use std::time::Duration;

use fieldseal_server::admin::NewAccount;
use fieldseal_wire::Problem;
use fieldseal_wire::console::{DecisionRequest, DecisionView, PacketDetail, PacketPage, Session};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{Site, answer};

impl Site {
    pub async fn sign_in(&self, role: &str) -> Console<'_> {
        let account = format!("{role}-1");
        let new = NewAccount {
            account: account.clone(),
            name: "王法制".into(),
            role: role.into(),
            password: "correct horse battery".into(),
        };
        self.admin().add_account(&new).unwrap();
        let body = json!({"account": account, "password": "correct horse battery"});
        let response = self
            .request(Method::POST, "/api/v1/session")
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let cookie = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let session: Session = response.json().await.unwrap();
        Console {
            site: self,
            cookie,
            csrf: session.csrf,
        }
    }
}

/// Somebody signed in.
pub struct Console<'a> {
    pub site: &'a Site,
    pub cookie: String,
    pub csrf: String,
}

impl Console<'_> {
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.site
            .request(method, path)
            .header("cookie", &self.cookie)
            .header("x-fieldseal-csrf", &self.csrf)
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        answer(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<T, Problem> {
        let sent = self.request(Method::POST, path).json(body).send();
        answer(sent.await.unwrap()).await
    }

    pub async fn list(&self, query: &str) -> PacketPage {
        self.get(&format!("/api/v1/review/packets?{query}"))
            .await
            .unwrap()
    }

    pub async fn detail(&self, id: &str) -> PacketDetail {
        self.get(&format!("/api/v1/review/packets/{id}"))
            .await
            .unwrap()
    }

    /// When pictures have been made of so many items. They are made beside the intake.
    pub async fn with_pictures(&self, id: &str, items: usize) -> PacketDetail {
        for _ in 0..3000 {
            let detail = self.detail(id).await;
            if detail
                .items
                .iter()
                .filter(|item| item.width.is_some())
                .count()
                >= items
            {
                return detail;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the pictures are not made");
    }

    pub async fn decide(
        &self,
        id: &str,
        request: &DecisionRequest,
    ) -> Result<DecisionView, Problem> {
        answer(
            self.request(
                Method::POST,
                &format!("/api/v1/review/packets/{id}/decision"),
            )
            .json(request)
            .send()
            .await
            .unwrap(),
        )
        .await
    }
}
