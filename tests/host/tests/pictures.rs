//! Odd pictures from the shutter to the reviewer's screen: evidence all of them, byte for byte, whatever their previews come to; and decoders that a
//! picture has taken over.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod kit;
mod samples;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldseal_device::ImageKind;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::findings::Level;
use fieldseal_picture::{CHILD_VARIABLE, Decoder, Limits};
use kit::{Bureau, Tablet, codes, eventually};
use samples::{SECRET, Sample, Shown};
use serde_json::{Value, json};

fn planted() -> bool {
    std::env::var_os(CHILD_VARIABLE).is_some()
}

#[test]
fn child_that_aborts() {
    if planted() {
        std::process::abort();
    }
}

#[test]
fn child_that_hangs() {
    if planted() {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

#[test]
fn child_that_eats_memory() {
    if planted() {
        let _ = fieldseal_picture::confine::confine(32 << 20, 10);
        let mut eaten = Vec::new();
        loop {
            eaten.push(vec![1_u8; 1 << 20]);
        }
    }
}

/// Everything that is logged in this process, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The items as the reviewer's screen gets them, once there is something to say about each picture; and the small previews.
fn reviewed(bureau: &Bureau, packet: &str) -> Vec<(Value, Option<Vec<u8>>)> {
    let http = bureau.reviewer();
    let path = format!("/api/v1/review/packets/{packet}");
    let mut items = Vec::new();
    eventually("the server's pictures", || {
        let detail: Value = serde_json::from_slice(&http.bytes(&path).1).unwrap();
        items = detail["items"].as_array().unwrap().clone();
        items
            .iter()
            .all(|item| !item["width"].is_null() || !item["preview_problem"].is_null())
    });
    items
        .into_iter()
        .map(|item| {
            let number = &item["number"];
            let (status, jpeg) = http.bytes(&format!("{path}/items/{number}/preview?w=320"));
            let jpeg = (status == 200).then_some(jpeg);
            (item, jpeg)
        })
        .collect()
}

/// From the shutter to the server, and what the screens there get.
fn through(bureau: &Bureau, tablet: &Tablet, samples: &[Sample]) -> Vec<Vec<u8>> {
    let draft = tablet.draft();
    for sample in samples {
        let captured = tablet.capture(Some(&draft), &sample.bytes);
        let digest = Sha256Digest::of(&sample.bytes).to_string();
        assert_eq!(captured.sha256, digest, "{}", sample.what);
    }
    let photos = tablet.previews_done(&draft);
    assert_eq!(photos.len(), samples.len());
    let mut thumbs = Vec::new();
    for (sample, photo) in samples.iter().zip(&photos) {
        let what = &sample.what;
        let seq = photo["captureSeq"].as_u64().unwrap();
        let problem = photo["previewProblem"].as_str();
        match sample.shown {
            Shown::As(width, height) => {
                assert_eq!(problem, None, "{what}");
                assert_eq!(
                    (&photo["width"], &photo["height"]),
                    (&json!(width), &json!(height)),
                    "{what}"
                );
            }
            Shown::No(why) => assert_eq!(problem, Some(why), "{what}"),
            Shown::Either => assert!(
                matches!(problem, None | Some("not-decodable" | "unsupported-format")),
                "{what}: {problem:?}"
            ),
        }
        let thumb = tablet.engine.image(ImageKind::Thumb, seq);
        assert_eq!(thumb.is_ok(), problem.is_none(), "{what}");
        thumbs.push(thumb.unwrap_or_default());
    }
    tablet.seal(&draft);
    tablet.wait_for(&draft, "safe");
    let report = tablet.verified(&draft, &bureau.trust());
    assert_eq!(codes(&report, Level::Failed), Vec::<&str>::new());
    let items = reviewed(bureau, &draft);
    assert_eq!(items.len(), samples.len());
    for ((sample, photo), (item, jpeg)) in samples.iter().zip(&photos).zip(&items) {
        let what = &sample.what;
        let digest = Sha256Digest::of(&sample.bytes).to_string();
        assert_eq!(item["sha256"], digest, "{what}");
        // Both ends say the same of the same bytes.
        assert_eq!(
            item["preview_problem"].is_null(),
            photo["previewProblem"].is_null(),
            "{what}: {item}"
        );
        assert_eq!(jpeg.is_some(), photo["previewProblem"].is_null(), "{what}");
        assert_eq!(
            (&item["width"], &item["height"]),
            (&photo["width"], &photo["height"]),
            "{what}"
        );
    }
    thumbs
}

/// The colours of a preview at three corners.
fn at_corners(jpeg: &[u8]) -> [[u8; 3]; 3] {
    let shown = image::load_from_memory(jpeg).unwrap().into_rgb8();
    let (right, bottom) = (shown.width() - 10, shown.height() - 10);
    [(9, 9), (right, 9), (9, bottom)].map(|(x, y)| shown.get_pixel(x, y).0)
}

#[test]
fn odd_pictures_are_evidence_and_shown_as_far_as_can_be() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    let mut samples = samples::lying_exif();
    samples.extend(samples::animated());
    samples.extend(samples::polyglots());
    samples.extend(samples::others());
    samples.extend(samples::cut());
    through(&bureau, &tablet, &samples);
    let turned: Vec<_> = (1..=8).map(samples::turned).collect();
    for (turn, thumb) in (1..=8).zip(through(&bureau, &tablet, &turned)) {
        let upright = |colour: [u8; 3]| match colour {
            [red, green, blue] if red > 200 && green > 200 && blue > 200 => 'w',
            [red, ..] if red > 150 => 'r',
            [_, green, _] if green > 150 => 'g',
            [_, _, blue] if blue > 150 => 'b',
            _ => '?',
        };
        let seen = at_corners(&thumb).map(upright);
        // Top left, top right, bottom left, by the standard's own words for each value.
        let wanted = match turn {
            1 => ['r', 'g', 'b'],
            2 => ['g', 'r', 'w'],
            3 => ['w', 'b', 'g'],
            4 => ['b', 'w', 'r'],
            5 => ['r', 'b', 'g'],
            6 => ['b', 'r', 'w'],
            7 => ['w', 'g', 'b'],
            _ => ['g', 'w', 'r'],
        };
        assert_eq!(seen, wanted, "orientation {turn}");
    }
    let inks = through(&bureau, &tablet, &[samples::four_inks()]);
    let [[red, green, blue], ..] = at_corners(&inks[0]);
    assert!(
        red < 60 && green > 180 && blue > 180,
        "cyan is {red} {green} {blue}"
    );
    let log = log.0.lock().unwrap();
    let told = String::from_utf8_lossy(&log);
    assert!(told.len() > 100, "nothing was logged at all");
    assert!(!told.contains(SECRET) && !told.contains("1826:01:01"));
}

#[test]
fn a_photo_of_60_mb_goes_the_whole_way() {
    let bureau = Bureau::open();
    let tablet = bureau.tablet("t1");
    through(&bureau, &tablet, &[samples::vast_photo()]);
}

/// The decoder at both ends dies, hangs or eats memory at every picture: captures, seal, upload and receipt go on, and both ends say why there is no preview.
#[test]
fn a_decoder_that_is_taken_over_harms_nothing() {
    for (child, device_word, server_word) in [
        (
            "child_that_aborts",
            "decoder-stopped",
            "preview-decoder-stopped",
        ),
        ("child_that_hangs", "took-too-long", "preview-took-too-long"),
        ("child_that_eats_memory", "memory", "preview-memory"),
    ] {
        let planted = Decoder::of_test(child).within(Limits {
            wait: Duration::from_secs(2),
            ..Limits::default()
        });
        let bureau = Bureau::open_with(|config| config.decoder = planted.clone());
        let tablet = bureau
            .tablet("t1")
            .restart_with(|config| config.decoder = planted);
        tablet.unlock();
        tablet.on_duty();
        let draft = tablet.draft();
        tablet.capture(Some(&draft), &kit::jpeg(1));
        tablet.capture(Some(&draft), &kit::jpeg(2));
        for photo in tablet.previews_done(&draft) {
            assert_eq!(photo["previewProblem"], device_word, "{child}");
        }
        tablet.seal(&draft);
        tablet.wait_for(&draft, "safe");
        let report = tablet.verified(&draft, &bureau.trust());
        assert_eq!(codes(&report, Level::Failed), Vec::<&str>::new());
        for (item, jpeg) in reviewed(&bureau, &draft) {
            assert_eq!(item["preview_problem"], server_word, "{child}");
            assert_eq!(jpeg, None);
        }
        // The next one finds everything as it was.
        let next = tablet.draft();
        tablet.capture(Some(&next), &kit::jpeg(3));
    }
}
