//! `/api/v1/uploads`

use super::support::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::Sha256Digest;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::ServerState;
use reqwest::{Method, StatusCode};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

#[tokio::test]
async fn says_what_it_can() {
    let site = Site::start().await;
    let response = site
        .request(Method::OPTIONS, "/api/v1/uploads")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        response.headers()["tus-extension"],
        "creation,checksum,termination,expiration"
    );
    assert_eq!(response.headers()["tus-checksum-algorithm"], "sha256");
}

#[tokio::test]
async fn resumes_at_the_byte_over_a_restart() {
    let mut site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    let location = site.create(&tablet, &packet).await;
    let response = site
        .patch(&tablet, &location, 0, &packet.zip[..1000])
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["upload-offset"], "1000");
    site.restart().await;
    tablet.token = site.token(&tablet.key).await.unwrap().token;
    assert_eq!(site.offset(&tablet, &location).await, Some(1000));
    // The created answer may have been lost: asking again gives the same upload.
    assert_eq!(site.create(&tablet, &packet).await, location);
    site.patch(&tablet, &location, 1000, &packet.zip[1000..])
        .send()
        .await
        .unwrap();
    assert_eq!(
        site.settled(&tablet, &packet).await.state,
        ServerState::Logged
    );
}

#[tokio::test]
async fn a_broken_connection_keeps_what_came() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    let location = site.create(&tablet, &packet).await;
    let address = site.running.as_ref().unwrap().addr();
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
        tablet.token,
        packet.zip.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&packet.zip[..3000]).await.unwrap();
    socket.flush().await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(socket);
    let mut offset = 0;
    for _ in 0..200 {
        offset = site.offset(&tablet, &location).await.unwrap();
        if offset > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(offset, 3000);
    site.upload(&tablet, &packet).await;
    assert_eq!(
        site.settled(&tablet, &packet).await.state,
        ServerState::Logged
    );
}

#[tokio::test]
async fn a_silent_holder_is_taken_over_from() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    let location = site.create(&tablet, &packet).await;
    let mut socket = tokio::net::TcpStream::connect(site.running.as_ref().unwrap().addr())
        .await
        .unwrap();
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n\
         Content-Type: application/offset+octet-stream\r\nContent-Length: {}\r\n\r\n",
        tablet.token,
        packet.zip.len()
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(&packet.zip[..100]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    // The connection stays open and silent; the tablet comes back on another.
    let refused = site
        .patch(&tablet, &location, 0, &packet.zip)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::CONFLICT);
    assert_eq!(refused.headers()["upload-offset"], "100");
    site.upload(&tablet, &packet).await;
    assert_eq!(
        site.settled(&tablet, &packet).await.state,
        ServerState::Logged
    );
    drop(socket);
}

#[tokio::test]
async fn wrong_offsets_and_checksums_change_nothing() {
    let site = Site::start().await;
    let mut tablet = site.tablet().await;
    let packet = tablet.seal();
    let location = site.create(&tablet, &packet).await;
    let wrong = site
        .patch(&tablet, &location, 5, b"x")
        .send()
        .await
        .unwrap();
    assert_eq!(problem(wrong).await.code, ProblemCode::Conflict);
    let (first, rest) = packet.zip.split_at(2000);
    let checksum = |bytes: &[u8]| format!("sha256 {}", STANDARD.encode(Sha256Digest::of(bytes).0));
    let response = site
        .patch(&tablet, &location, 0, first)
        .header("Upload-Checksum", checksum(b"other"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status().as_u16(), 460);
    assert_eq!(problem(response).await.code, ProblemCode::ChecksumMismatch);
    assert_eq!(site.offset(&tablet, &location).await, Some(0));
    for bad in ["md5 AAAA", "sha256", "sha256 AAAA"] {
        let response = site
            .patch(&tablet, &location, 0, first)
            .header("Upload-Checksum", bad)
            .send()
            .await
            .unwrap();
        assert_eq!(
            problem(response).await.code,
            ProblemCode::BadRequest,
            "{bad}"
        );
    }
    for (offset, bytes) in [(0, first), (2000, rest)] {
        let response = site
            .patch(&tablet, &location, offset, bytes)
            .header("Upload-Checksum", checksum(bytes))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
    assert_eq!(
        site.settled(&tablet, &packet).await.state,
        ServerState::Logged
    );
}

#[tokio::test]
async fn limits_are_kept() {
    let site = Site::start_with(|config| {
        config.limits.packet_size = 1 << 20;
        config.limits.uploads_per_device = 3;
    })
    .await;
    let mut tablet = site.device().await;
    let packet = tablet.seal_items(&[vec![1; 100]], |_| {});
    assert_eq!(
        problem(site.create_raw(&tablet, &packet, 2 << 20).await)
            .await
            .code,
        ProblemCode::TooLarge
    );
    assert_eq!(
        problem(site.create_raw(&tablet, &packet, 0).await)
            .await
            .code,
        ProblemCode::BadRequest
    );
    let response = site.create_raw(&tablet, &packet, 10).await;
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(
        problem(
            site.patch(&tablet, &location, 0, &[0; 11])
                .send()
                .await
                .unwrap()
        )
        .await
        .code,
        ProblemCode::TooLarge
    );
    // More than announced, without a length: found out as it comes.
    let stream = reqwest::Body::wrap_stream(futures_util::stream::iter([
        Ok::<_, std::io::Error>(vec![0_u8; 6]),
        Ok(vec![0; 6]),
    ]));
    let response = site
        .patch(&tablet, &location, 0, b"")
        .body(stream)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(response).await.code, ProblemCode::TooLarge);
    assert_eq!(site.offset(&tablet, &location).await, Some(0));
    let mut last = None;
    for length in 11..15 {
        last = Some(site.create_raw(&tablet, &packet, length).await);
    }
    assert_eq!(problem(last.unwrap()).await.code, ProblemCode::RateLimited);
    let no_version = site
        .request(Method::HEAD, &location)
        .bearer_auth(&tablet.token)
        .send()
        .await
        .unwrap();
    assert_eq!(no_version.status(), StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn each_sees_its_own_and_can_give_it_up() {
    let site = Site::start().await;
    let (mut one, other) = (site.device().await, site.device().await);
    let packet = one.seal();
    let location = site.create(&one, &packet).await;
    assert_eq!(site.offset(&other, &location).await, None);
    assert_eq!(
        site.patch(&other, &location, 0, b"x")
            .send()
            .await
            .unwrap()
            .status(),
        StatusCode::NOT_FOUND
    );
    let delete = |tablet: &Tablet| {
        site.request(Method::DELETE, &location)
            .bearer_auth(&tablet.token)
            .header("Tus-Resumable", "1.0.0")
    };
    assert_eq!(
        delete(&other).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        delete(&one).send().await.unwrap().status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(site.offset(&one, &location).await, None);
}

#[tokio::test]
async fn unfinished_uploads_expire() {
    let mut site =
        Site::start_with(|config| config.limits.upload_lifetime = Duration::from_secs(60)).await;
    let mut tablet = site.device().await;
    let packet = tablet.seal();
    let location = site.create(&tablet, &packet).await;
    site.patch(&tablet, &location, 0, &packet.zip[..100])
        .send()
        .await
        .unwrap();
    site.advance(Duration::from_secs(61));
    assert_eq!(site.offset(&tablet, &location).await, None);
    let uploads = site.config.layout().uploads();
    assert_eq!(std::fs::read_dir(&uploads).unwrap().count(), 1);
    site.restart().await;
    for _ in 0..200 {
        if std::fs::read_dir(&uploads).unwrap().count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the expired upload's file is still there");
}
