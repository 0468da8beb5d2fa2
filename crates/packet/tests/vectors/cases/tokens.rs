//! Tokens that are wrong, or by nobody who is trusted: at either end of the interval, while the other end stands.

use super::times::{T1, T2, export};
use super::*;
use crate::support::maker::{Asks, Authority, CODE_SIGNING, TIME_STAMPING};

pub(super) fn tokens(c: &mut Cases) {
    ends(c);
    authorities(c);
    forms(c);
}

/// What a token does at either end. The other end stands, and where nothing is said of it, this one too.
pub(super) fn both_ends(
    c: &mut Cases,
    names: (&'static str, &'static str),
    what: (&'static str, &'static str),
    codes: (&[&str], &[&str]),
    token: impl Fn(&str, &[u8]) -> Vec<u8> + Clone + 'static,
) {
    let seen = token.clone();
    let bound = |codes: &[&str], bound| if codes.is_empty() { bound } else { None };
    let lower = bound(codes.0, T1);
    export(c, names.0, what.0, codes.0, &[], (lower, T2), |s| {
        s.seen = vec![("alpha", seen(SEEN, &seen_message()))];
    });
    let upper = bound(codes.1, T2);
    export(c, names.1, what.1, codes.1, &[], (T1, upper), |s| {
        s.logged = Box::new(move |text| vec![("alpha", token(LOGGED, text))]);
    });
}

const INVALID: (&[&str], &[&str]) = (&["seen-token-invalid"], &["timestamp-invalid"]);
const UNKNOWN: (&[&str], &[&str]) = (
    &["lower-bound-authority-unknown"],
    &["timestamp-authority-unknown"],
);
const UNSUPPORTED: (&[&str], &[&str]) = (&["lower-bound-unsupported"], &["timestamp-unsupported"]);

fn ends(c: &mut Cases) {
    both_ends(
        c,
        (
            "seen-token-of-another-checkpoint",
            "token-of-another-checkpoint",
        ),
        (
            "The seen token is over another checkpoint.",
            "The export's token is over another checkpoint.",
        ),
        INVALID,
        |time, _| alpha().stamp(&Asks::at(time), b"bureau.example/log\n9\nother\n"),
    );
    both_ends(
        c,
        ("seen-token-over-the-file", "token-over-the-file"),
        (
            "The seen token is over the checkpoint's text and one byte more.",
            "The export's token is over the checkpoint's text and one byte more.",
        ),
        INVALID,
        |time, text| alpha().stamp(&Asks::at(time), &[text, b"\n"].concat()),
    );
    both_ends(
        c,
        ("seen-token-signature", "token-signature"),
        (
            "One bit of the seen token's signature is changed.",
            "One bit of the token's signature is changed.",
        ),
        INVALID,
        |time, text| {
            let mut token = alpha().stamp(&Asks::at(time), text);
            *token.last_mut().unwrap() ^= 1;
            token
        },
    );
    both_ends(
        c,
        ("seen-token-time-changed", "token-time-changed"),
        (
            "The seen token's time is changed after it was signed.",
            "The token's time is changed after it was signed.",
        ),
        INVALID,
        |time, text| {
            let token = alpha().stamp(&Asks::at(time), text);
            patch(&token, time.as_bytes(), b"20261123015959Z")
        },
    );
    both_ends(
        c,
        ("seen-token-not-granted", "token-not-granted"),
        (
            "The authority had refused; its answer is kept as a token.",
            "The authority had refused; its answer lies beside the checkpoint.",
        ),
        INVALID,
        |time, text| {
            let asks = Asks {
                status: 2,
                ..Asks::at(time)
            };
            alpha().stamp(&asks, text)
        },
    );
    both_ends(
        c,
        ("seen-token-truncated", "token-truncated"),
        ("The seen token breaks off.", "The token breaks off."),
        INVALID,
        |time, text| {
            let token = alpha().stamp(&Asks::at(time), text);
            token[..token.len() - 40].to_vec()
        },
    );
    both_ends(
        c,
        ("seen-token-names-another", "token-names-another"),
        (
            "The seen token names another authority than the one that signed it.",
            "The token names another authority than the one that signed it.",
        ),
        INVALID,
        |time, text| {
            let asks = Asks {
                authority: Some("beta test timestamps".to_owned()),
                ..Asks::at(time)
            };
            alpha().stamp(&asks, text)
        },
    );
}

fn authorities(c: &mut Cases) {
    both_ends(
        c,
        ("seen-token-authority-unknown", "token-authority-unknown"),
        (
            "The seen token is by an authority that the trust file does not name.",
            "The export's token is by an authority that the trust file does not name.",
        ),
        UNKNOWN,
        |time, text| stranger().stamp(&Asks::at(time), text),
    );
    both_ends(
        c,
        ("seen-token-root-forged", "token-root-forged"),
        (
            "The seen token's root has the name of a trusted one and another key.",
            "The token's root has the name of a trusted one and another key.",
        ),
        UNKNOWN,
        |time, text| {
            let mut forged = Authority::new("stranger", crate::support::maker::Key::rsa());
            forged.signer.says.issuer = alpha().root_name;
            forged.signer.certificate = crate::support::maker::certificate(
                &forged.signer.says,
                &forged.signer.key,
                &forged.root_key,
            );
            forged.stamp(&Asks::at(time), text)
        },
    );
    both_ends(
        c,
        (
            "seen-token-without-certificate",
            "token-without-certificate",
        ),
        (
            "The signer's certificate is not in the seen token.",
            "The signer's certificate is not in the token.",
        ),
        UNKNOWN,
        |time, text| {
            let asks = Asks {
                with_signer: false,
                ..Asks::at(time)
            };
            alpha().stamp(&asks, text)
        },
    );
    let between = |change: fn(&mut crate::support::maker::Says)| {
        move |time: &str, text: &[u8]| {
            let (authority, between) = alpha_between(change);
            let asks = Asks {
                more: vec![between],
                ..Asks::at(time)
            };
            authority.stamp(&asks, text)
        }
    };
    both_ends(
        c,
        ("seen-token-path-broken", "token-path-broken"),
        (
            "The certificate between the seen token's signer and the root is no authority's.",
            "The certificate between the token's signer and the root is no authority's.",
        ),
        UNKNOWN,
        between(|says| says.authority = None),
    );
    both_ends(
        c,
        ("seen-token-path-expired", "token-path-expired"),
        (
            "The certificate between had expired at the seen token's time.",
            "The certificate between had expired at the token's time.",
        ),
        INVALID,
        between(|says| says.not_after = "20261122000000Z".to_owned()),
    );
    both_ends(
        c,
        ("seen-token-unsupported", "token-unsupported"),
        (
            "The seen token's certificate has a critical extension that nobody knows.",
            "The token's certificate has a critical extension that nobody knows.",
        ),
        UNSUPPORTED,
        |time, text| alpha_with(|says| says.odd_extension = true).stamp(&Asks::at(time), text),
    );
    both_ends(
        c,
        ("seen-token-certificate-past", "token-certificate-past"),
        (
            "The authority's certificate had expired at the seen token's time.",
            "The authority's certificate had expired at the token's time.",
        ),
        INVALID,
        |time, text| {
            alpha_with(|says| says.not_after = "20261122000000Z".to_owned())
                .stamp(&Asks::at(time), text)
        },
    );
    both_ends(
        c,
        ("seen-token-certificate-future", "token-certificate-future"),
        (
            "The authority's certificate was not valid yet at the seen token's time.",
            "The authority's certificate was not valid yet at the token's time.",
        ),
        INVALID,
        |time, text| {
            alpha_with(|says| says.not_before = "20261124000000Z".to_owned())
                .stamp(&Asks::at(time), text)
        },
    );
    both_ends(
        c,
        ("seen-token-wrong-purpose", "token-wrong-purpose"),
        (
            "The seen token's certificate is for signing code.",
            "The token's certificate is for signing code.",
        ),
        INVALID,
        |time, text| {
            alpha_with(|says| says.purposes = vec![CODE_SIGNING]).stamp(&Asks::at(time), text)
        },
    );
    both_ends(
        c,
        ("seen-token-two-purposes", "token-two-purposes"),
        (
            "The seen token's certificate is for timestamps and for signing code.",
            "The token's certificate is for timestamps and for signing code.",
        ),
        INVALID,
        |time, text| {
            alpha_with(|says| says.purposes = vec![TIME_STAMPING, CODE_SIGNING])
                .stamp(&Asks::at(time), text)
        },
    );
    both_ends(
        c,
        (
            "seen-token-purpose-not-critical",
            "token-purpose-not-critical",
        ),
        (
            "The purpose of the seen token's certificate is not marked critical.",
            "The purpose of the token's certificate is not marked critical.",
        ),
        INVALID,
        |time, text| alpha_with(|says| says.purposes_critical = false).stamp(&Asks::at(time), text),
    );
    export(
        c,
        "tokens-one-unknown",
        "Beside the known authority an unknown one: it is not counted, and the bounds stand.",
        &[],
        &["lower-bound-ok", "timestamp-ok", "timestamp-not-counted"],
        (T1, T2),
        |s| {
            s.seen.push(("other", seen_by(&stranger())));
            s.logged = Box::new(|text| {
                let asks = Asks::at(LOGGED);
                vec![
                    ("alpha", alpha().stamp(&asks, text)),
                    ("other", stranger().stamp(&asks, text)),
                ]
            });
        },
    );
    export(
        c,
        "tokens-one-wrong",
        "Beside a good token a wrong one: it is there, and it is not what it says.",
        &["seen-token-invalid", "timestamp-invalid"],
        &["lower-bound-ok", "timestamp-ok"],
        (T1, T2),
        |s| {
            let wrong = |text: &[u8]| beta().stamp(&Asks::at(SEEN), &text[1..]);
            s.seen.push(("beta", wrong(&seen_message())));
            s.logged = Box::new(move |text| {
                vec![
                    ("alpha", alpha().stamp(&Asks::at(LOGGED), text)),
                    ("beta", wrong(text)),
                ]
            });
        },
    );
}

fn forms(c: &mut Cases) {
    both_ends(
        c,
        ("seen-token-and-more", "token-and-more"),
        (
            "A byte follows the seen token.",
            "A byte follows the token.",
        ),
        INVALID,
        |time, text| {
            let mut token = alpha().stamp(&Asks::at(time), text);
            token.push(0);
            token
        },
    );
    both_ends(
        c,
        ("seen-token-too-large", "token-too-large"),
        (
            "The seen token is larger than 64 KiB.",
            "The token is larger than 64 KiB.",
        ),
        INVALID,
        |_, _| vec![0x30; 65_537],
    );
    both_ends(
        c,
        ("seen-token-not-der", "token-not-der"),
        (
            "The seen token's outermost length is written in BER: one byte longer than it need be.",
            "The token's outermost length is written in BER: one byte longer than it need be.",
        ),
        INVALID,
        |time, text| {
            let token = alpha().stamp(&Asks::at(time), text);
            assert_eq!(token[..2], [0x30, 0x82]);
            [&[0x30, 0x83, 0], &token[2..]].concat()
        },
    );
}
