//! The time interval: good tokens at both ends, where they have to stand, and the tablet's clock beside them. Bad tokens: `tokens.rs`.

use super::*;
use crate::support::maker::{Asks, Authority};
use fieldseal_packet::Timestamp;

/// An export with tokens, and what is expected of it beside its codes.
pub(super) fn export(
    c: &mut Cases,
    name: &'static str,
    what: &'static str,
    codes: &[&str],
    also: &[&str],
    interval: (Option<&str>, Option<&str>),
    change: impl FnOnce(&mut Stamped),
) {
    let mut stamped = Stamped::new();
    change(&mut stamped);
    c.add(name, what, true, &[], codes, export_zip(stamped.export()));
    c.expect(also, interval);
}

pub(super) const T1: Option<&str> = Some("2026-11-23T01:30:29.000Z");
pub(super) const T2: Option<&str> = Some("2026-11-23T02:01:31.000Z");

pub(super) fn times(c: &mut Cases) {
    good(c);
    renewals(c);
    places(c);
    clocks(c);
}

fn good(c: &mut Cases) {
    let both = ["lower-bound-ok", "timestamp-ok"];
    export(
        c,
        "good-export-proved",
        "An export with a token at both ends, by an authority of the trust file: everything is proved.",
        &[],
        &both,
        (T1, T2),
        |_| {},
    );
    c.add(
        "good-packet-stamped",
        "The packet of that export alone: sealed after, and not yet logged.",
        true,
        &["log-inclusion-absent", "timestamp-absent"],
        &[],
        zip(&Stamped::new().packet()),
    );
    c.expect(&["lower-bound-ok"], (T1, None));
    c.add(
        "good-export-proved-no-trust",
        "The same export without trust anchors: nobody vouches for the authority.",
        false,
        &[],
        &[
            "trust-anchor-self-supplied",
            "lower-bound-authority-unknown",
            "timestamp-authority-unknown",
        ],
        export_zip(Stamped::new().export()),
    );
    export(
        c,
        "two-authorities",
        "Two authorities at both ends: the latest lower and the earliest upper bound count.",
        &[],
        &both,
        (
            Some("2026-11-23T01:30:34.000Z"),
            Some("2026-11-23T02:01:29.500Z"),
        ),
        |s| {
            let seen = beta().stamp(&Asks::at("20261123013035Z"), &seen_message());
            s.seen.push(("beta", seen));
            s.logged = Box::new(|text| {
                let mut early = Asks::at("20261123020129.5Z");
                early.accuracy = None;
                let first = alpha().stamp(&Asks::at(LOGGED), text);
                vec![("alpha", first), ("beta", beta().stamp(&early, text))]
            });
        },
    );
    export(
        c,
        "token-without-accuracy",
        "Tokens with a fraction and without accuracy: rounded outwards to the millisecond.",
        &[],
        &both,
        (
            Some("2026-11-23T01:30:30.000Z"),
            Some("2026-11-23T02:01:30.001Z"),
        ),
        |s| {
            let asks = |time: &str| Asks {
                accuracy: None,
                nonce: Some(5),
                ..Asks::at(time)
            };
            s.seen = vec![(
                "beta",
                beta().stamp(&asks("20261123013030.0009Z"), &seen_message()),
            )];
            s.logged = Box::new(move |text| {
                vec![("beta", beta().stamp(&asks("20261123020130.0000001Z"), text))]
            });
        },
    );
    export(
        c,
        "token-granted-with-changes",
        "The authority granted with changes, and names itself.",
        &[],
        &both,
        (T1, T2),
        |s| {
            let asks = Asks {
                status: 1,
                authority: Some("alpha test timestamps".to_owned()),
                ..Asks::at(SEEN)
            };
            s.seen = vec![("alpha", alpha().stamp(&asks, &seen_message()))];
        },
    );
    export(
        c,
        "token-by-way-of-another",
        "The signer's certificate is two steps from the root.",
        &[],
        &both,
        (T1, T2),
        |s| {
            let (authority, between) = alpha_between(|_| {});
            let asks = Asks {
                more: vec![between],
                ..Asks::at(SEEN)
            };
            s.seen = vec![("deep", authority.stamp(&asks, &seen_message()))];
        },
    );
    export(
        c,
        "authority-certificate-expired",
        "The authority's certificate was valid at the token's time and has expired since: the token stays good.",
        &[],
        &both,
        (T1, T2),
        |s| {
            let past = alpha_with(|says| says.not_after = "20261123013100Z".to_owned());
            s.seen = vec![("alpha", seen_by(&past))];
        },
    );
    export(
        c,
        "token-before-witness",
        "A line was added to the checkpoint after it had been stamped: the token covers the text alone.",
        &[],
        &both,
        (T1, T2),
        |s| {
            s.export = Box::new(|payload| {
                let path = "data/receipt/packet.tlog-proof";
                let mut proof = TlogProof::parse(&payload[path]).unwrap();
                proof.checkpoint = with_line(&proof.checkpoint, &key("witness.example/w", 5));
                payload.insert(
                    "data/receipt/checkpoint".to_owned(),
                    proof.checkpoint.clone(),
                );
                payload.insert(path.to_owned(), proof.to_bytes());
            });
        },
    );
}

/// Tokens over tokens.
fn renewals(c: &mut Cases) {
    let path = "data/receipt/checkpoint.alpha.renewed-1.tsr";
    let renewal = |by: fn() -> Authority, bytes: fn(&Files) -> Vec<u8>| {
        move |s: &mut Stamped| {
            s.export = Box::new(move |payload| {
                let over = bytes(payload);
                let token = by().stamp(&Asks::at("20261201000000Z"), &over);
                payload.insert(path.to_owned(), token);
            });
        }
    };
    let token = |payload: &Files| payload["data/receipt/checkpoint.alpha.tsr"].clone();
    let interval = (T1, T2);
    export(
        c,
        "token-renewed",
        "The token was renewed by another authority, over the whole of its file.",
        &[],
        &["timestamp-ok", "timestamp-renewed"],
        interval,
        renewal(beta, token),
    );
    export(
        c,
        "token-renewed-by-a-stranger",
        "The token was renewed by an authority that the trust file does not name.",
        &[],
        &["timestamp-ok", "timestamp-not-counted"],
        interval,
        renewal(stranger, token),
    );
    export(
        c,
        "token-renewal-of-another",
        "The renewal is over the checkpoint, not over the token that it is named for.",
        &["timestamp-invalid"],
        &["timestamp-ok"],
        interval,
        renewal(beta, |payload| text_of(&payload["data/receipt/checkpoint"])),
    );
    let late = "20261201000000Z";
    let short = || alpha_with(|says| says.not_after = "20261130235959Z".to_owned());
    export(
        c,
        "token-renewed-late",
        "The token was renewed after its authority's certificate had ended: that adds nothing.",
        &[],
        &["timestamp-ok", "timestamp-renewed-late"],
        interval,
        move |s| {
            s.logged =
                Box::new(move |text| vec![("alpha", short().stamp(&Asks::at(LOGGED), text))]);
            s.export = Box::new(move |payload| {
                let token = beta().stamp(&Asks::at(late), &token(payload));
                payload.insert(path.to_owned(), token);
            });
        },
    );
    export(
        c,
        "token-renewed-twice",
        "The renewal was renewed itself, in time; the first renewal came too late.",
        &[],
        &[
            "timestamp-ok",
            "timestamp-renewed-late",
            "timestamp-renewed",
        ],
        interval,
        move |s| {
            s.logged =
                Box::new(move |text| vec![("alpha", short().stamp(&Asks::at(LOGGED), text))]);
            s.export = Box::new(move |payload| {
                let first = beta().stamp(&Asks::at(late), &token(payload));
                let second = alpha().stamp(&Asks::at("20261202000000Z"), &first);
                payload.insert(path.to_owned(), first);
                let path = "data/receipt/checkpoint.alpha.renewed-2.tsr";
                payload.insert(path.to_owned(), second);
            });
        },
    );
    export(
        c,
        "token-renewed-of-a-stranger",
        "A token of an authority that nobody knows was renewed by one that is known: it counts no more than before.",
        &[],
        &["timestamp-ok", "timestamp-not-counted"],
        interval,
        |s| {
            s.logged = Box::new(|text| {
                let asks = Asks::at(LOGGED);
                let other = stranger().stamp(&asks, text);
                vec![("alpha", alpha().stamp(&asks, text)), ("beta", other)]
            });
            s.export = Box::new(|payload| {
                let token = alpha().stamp(
                    &Asks::at("20261201000000Z"),
                    &payload["data/receipt/checkpoint.beta.tsr"],
                );
                let path = "data/receipt/checkpoint.beta.renewed-1.tsr";
                payload.insert(path.to_owned(), token);
            });
        },
    );
    export(
        c,
        "token-renewal-alone",
        "A renewal of the number two without the first: no token.",
        &[],
        &["timestamp-ok"],
        interval,
        |s| {
            s.export = Box::new(|payload| {
                payload.insert(
                    "data/receipt/checkpoint.alpha.renewed-2.tsr".to_owned(),
                    b"no token".to_vec(),
                );
            });
        },
    );
}

fn places(c: &mut Cases) {
    export(
        c,
        "seen-token-differs",
        "The seen token is not the one that the seal names.",
        &["seen-token-mismatch"],
        &[],
        (None, T2),
        |s| {
            s.body = Box::new(|body| body.seen_tsr[0].1 = Sha256Digest::of(b"another token"));
        },
    );
    export(
        c,
        "seen-token-unnamed",
        "A token lies beside the seen checkpoint which the seal does not name.",
        &["seen-token-mismatch", "lower-bound-none"],
        &[],
        (None, T2),
        |s| s.body = Box::new(|body| body.seen_tsr.clear()),
    );
    export(
        c,
        "seen-token-without-checkpoint",
        "The seal names a token, and no checkpoint that it could be over.",
        &["seen-token-invalid"],
        &[],
        (None, T2),
        |s| {
            s.content.seen.clear();
            s.body = Box::new(|body| body.seen_checkpoint = None);
            s.export = Box::new(|payload| {
                payload.remove("data/receipt/consistency");
            });
        },
    );
    export(
        c,
        "seen-token-removed",
        "The seen token was taken out after sealing.",
        &["file-missing", "seen-token-mismatch"],
        &[],
        (None, T2),
        |s| {
            s.packet = Box::new(|files| {
                files.remove("seen/checkpoint.alpha.tsr");
            });
        },
    );
    export(
        c,
        "token-not-logged",
        "The token is right, but there is no proof that its checkpoint holds the seal.",
        &["log-inclusion-absent", "timestamp-not-logged"],
        &[],
        (T1, None),
        |s| {
            s.export = Box::new(|payload| {
                payload.remove("data/receipt/packet.tlog-proof");
            });
        },
    );
    export(
        c,
        "token-without-checkpoint",
        "There is a token, and no checkpoint that it could be over.",
        &["timestamp-invalid"],
        &[],
        (T1, None),
        |s| {
            s.export = Box::new(|payload| {
                payload.remove("data/receipt/checkpoint");
            });
        },
    );
    export(
        c,
        "token-of-another-name",
        "A file that is named almost like a token is none.",
        &["timestamp-absent"],
        &[],
        (T1, None),
        |s| {
            s.export = Box::new(|payload| {
                let token = payload.remove("data/receipt/checkpoint.alpha.tsr").unwrap();
                payload.insert("data/receipt/checkpoint.ALPHA.tsr".to_owned(), token);
            });
        },
    );
}

fn clocks(c: &mut Cases) {
    let both = ["lower-bound-ok", "timestamp-ok"];
    let with = |more: &'static str| [both[0], both[1], more];
    let closed = |time: &'static str| {
        move |s: &mut Stamped| {
            s.body = Box::new(move |body| body.closed_at = time.parse().unwrap());
        }
    };
    export(
        c,
        "clock-back-dated",
        "The tablet's clock was set back by a month: the tokens say when it was.",
        &[],
        &with("clock-outside-interval"),
        (T1, T2),
        closed("2026-10-23T01:42:57.000Z"),
    );
    export(
        c,
        "clock-ahead",
        "The tablet's clock was an hour ahead.",
        &[],
        &["clock-outside-interval", "clock-offset"],
        (T1, T2),
        closed("2026-11-23T02:42:57.000Z"),
    );
    export(
        c,
        "old-token-new-packet",
        "An old token was used again: the interval is wide, and that is all.",
        &[],
        &both,
        (Some("2026-01-02T00:00:29.000Z"), T2),
        |s| {
            let old = alpha().stamp(&Asks::at("20260102000030Z"), &seen_message());
            s.seen = vec![("alpha", old)];
        },
    );
    export(
        c,
        "interval-contradictory",
        "The token that was seen is later than the one on the checkpoint that holds the seal.",
        &["interval-contradictory"],
        &[],
        (None, None),
        |s| {
            let late = beta().stamp(&Asks::at("20261123023000Z"), &seen_message());
            s.seen = vec![("beta", late)];
        },
    );
    let first = |s: &mut Stamped, change: &dyn Fn(&mut fieldseal_packet::custody::Meta)| {
        for (meta, event) in &mut s.content.events {
            if matches!(event, Event::Party { .. } | Event::Closed { .. }) {
                change(meta);
            }
        }
    };
    export(
        c,
        "clock-jump",
        "The wall clock was set forward by an hour between two lines of the custody log.",
        &[],
        &with("clock-jump"),
        (T1, T2),
        |s| {
            first(s, &|meta| {
                meta.at = Timestamp::from_millis(meta.at.as_millis() + 3_600_000)
            })
        },
    );
    export(
        c,
        "clock-drift",
        "The wall clock was corrected by two seconds: not worth a word.",
        &[],
        &both,
        (T1, T2),
        |s| {
            first(s, &|meta| {
                meta.at = Timestamp::from_millis(meta.at.as_millis() + 2000)
            })
        },
    );
    export(
        c,
        "clock-restart",
        "The tablet was started anew between two lines of the custody log.",
        &[],
        &with("clock-restart"),
        (T1, T2),
        |s| {
            first(s, &|meta| {
                meta.boot_id = Some("4f2c9a1e-0000-4000-8000-000000000002".to_owned());
                meta.boot_ms = Some(5000);
            });
        },
    );
    export(
        c,
        "clock-offset",
        "The tablet's clock was two minutes from the server's when it was last asked.",
        &[],
        &with("clock-offset"),
        (T1, T2),
        |s| {
            for (_, event) in &mut s.content.events {
                if let Event::Captured(captured) = event {
                    captured.context.server_offset_ms = Some(-120_000);
                }
            }
        },
    );
}
