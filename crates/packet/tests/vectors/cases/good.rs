//! What is right, with and without trust anchors.

use super::*;

pub(super) fn good(c: &mut Cases) {
    c.files(
        "good-packet",
        "A packet as the tablet makes it, with the trust anchors.",
        &[],
        |_| {},
    );
    let packet = zip(&sealed(Content::new().bag()));
    c.add(
        "good-packet-no-trust",
        "The same without trust anchors: its own keys prove no anchor and no enrolment.",
        false,
        ALONE,
        &[
            "trust-anchor-self-supplied",
            "device-not-enrolled",
            "officer-not-enrolled",
            "officer-not-enrolled",
            "log-key-unknown",
        ],
        packet,
    );
    c.export(
        "good-export",
        "An export: packet, receipt, proof, server's custody log.",
        EXPORTED,
        &[],
        |_| {},
    );
    c.content(
        "seal-captures-without-items",
        "No photos, yet the seal names captures.",
        &["seal-captures-mismatch"],
        |content| {
            content.items.clear();
            content.record["items"] = json!([]);
            content
                .events
                .retain(|(_, event)| !matches!(event, Event::Captured(_)));
        },
    );
}
