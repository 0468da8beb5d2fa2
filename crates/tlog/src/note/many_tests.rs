use super::*;
use crate::note::{Ed25519Signer, P256Signer, Signer};
use proptest::prelude::*;

fn signer(seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed("k", &[seed; 32]).unwrap()
}

fn hash(parts: [&[u8]; 3]) -> Scalar {
    let hash = parts
        .iter()
        .fold(Sha512::new(), |hash, part| hash.chain_update(part));
    Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
}

/// A signature made by hand: the secret number, what of small order is added to the key and to the commitment.
fn crafted(secret: u64, key_torsion: usize, torsion: usize, message: &[u8]) -> ([u8; 32], Vec<u8>) {
    let (secret, nonce) = (Scalar::from(secret), Scalar::from(secret + 77));
    let key = (EdwardsPoint::mul_base(&secret) + EIGHT_TORSION[key_torsion]).compress();
    let commitment = (EdwardsPoint::mul_base(&nonce) + EIGHT_TORSION[torsion]).compress();
    let challenge = hash([commitment.as_bytes(), key.as_bytes(), message]);
    let response = nonce + challenge * secret;
    let signature = [commitment.to_bytes(), response.to_bytes()].concat();
    (key.to_bytes(), signature)
}

/// The answers, which must be those of each by itself.
fn same(signed: &[Signed<'_>]) -> Vec<Result<(), SignatureError>> {
    let answers = verify_each(signed);
    let alone: Vec<_> = signed.iter().map(Signed::check).collect();
    assert_eq!(answers, alone);
    answers
}

#[test]
fn products_by_a_table_are_the_products() {
    let largest = -Scalar::ONE;
    for width in [4, 5, 6, 7, 8, BASE_WIDTH] {
        let point = EdwardsPoint::mul_base(&Scalar::from(12_345u64)) + EIGHT_TORSION[1];
        let table = Multiples::of(point, width);
        let small = (0..600u64).map(Scalar::from);
        let near = (0..600u64).map(|n| largest - Scalar::from(n));
        let powers = (0..252).map(|bit| {
            let mut bytes = [0; 32];
            bytes[bit / 8] = 1 << (bit % 8);
            Scalar::from_bytes_mod_order(bytes)
        });
        let numbers: Vec<Scalar> = small.chain(near).chain(powers).collect();
        let (mut sums, mut rests) = (
            vec![EdwardsPoint::default(); numbers.len()],
            vec![point; numbers.len()],
        );
        table.add(&mut sums, &numbers);
        table.subtract(&mut rests, &numbers);
        for ((number, sum), rest) in numbers.iter().zip(sums).zip(rests) {
            // By the whole number, not by its rest: the point has a part of small order.
            assert_eq!((sum, rest), (point * number, point - point * number));
        }
    }
}

#[test]
fn one_wrong_signature_of_a_hundred_thousand_is_named() {
    const ALL: usize = 100_000;
    const WRONG: usize = 61_803;
    let signers: Vec<Ed25519Signer> = (1..=20).map(signer).collect();
    let made: Vec<(usize, Vec<u8>, Vec<u8>)> = (0..2_000usize)
        .map(|n| {
            let message = format!("text {n}\n").into_bytes();
            let signature = signers[n % 20].sign(&message).unwrap();
            (n % 20, message, signature)
        })
        .collect();
    let mut wrong = made[WRONG % made.len()].2.clone();
    wrong[40] ^= 1;
    let signed: Vec<Signed<'_>> = (0..ALL)
        .map(|n| {
            let (by, message, signature) = &made[n % made.len()];
            let signature = if n == WRONG { &wrong } else { signature };
            Signed {
                key: signers[*by].vkey(),
                message,
                signature,
            }
        })
        .collect();
    let refused: Vec<usize> = verify_each(&signed)
        .iter()
        .enumerate()
        .filter_map(|(n, answer)| answer.is_err().then_some(n))
        .collect();
    assert_eq!(refused, [WRONG]);
}

/// A commitment with a part of small order: a check with the cofactor accepts it, and a sum of equations does by chance.
#[test]
fn parts_of_small_order_are_judged_as_alone() {
    for key_torsion in 0..8 {
        let mut messages = Vec::new();
        let mut made = Vec::new();
        for torsion in 0..8 {
            for n in 0..16 {
                let message = format!("{torsion} {n}").into_bytes();
                made.push(crafted(5, key_torsion, torsion, &message));
                messages.push(message);
            }
        }
        let key = Vkey::ed25519("k", made[0].0).unwrap();
        let signed: Vec<Signed<'_>> = made
            .iter()
            .zip(&messages)
            .map(|((_, signature), message)| Signed {
                key: &key,
                message,
                signature,
            })
            .collect();
        assert!(width_for(signed.len()).is_some(), "the table is not in use");
        let answers = same(&signed);
        let good = answers.iter().filter(|answer| answer.is_ok()).count();
        if key_torsion == 0 {
            // Those whose commitment is clean, and no other.
            assert!(answers[..16].iter().all(Result::is_ok));
            assert_eq!(good, 16);
        } else {
            // The challenge decides whether the key's part of small order falls away.
            assert!(good > 0 && good < signed.len());
        }
    }
}

#[test]
fn commitments_of_small_order_and_large_numbers_are_refused() {
    let secret = Scalar::from(9u64);
    let key = EdwardsPoint::mul_base(&secret).compress();
    let vkey = Vkey::ed25519("k", key.to_bytes()).unwrap();
    let mut made: Vec<Vec<u8>> = EIGHT_TORSION
        .iter()
        .map(|point| {
            let commitment = point.compress();
            let challenge = hash([commitment.as_bytes(), key.as_bytes(), b"m"]);
            [commitment.to_bytes(), (challenge * secret).to_bytes()].concat()
        })
        .collect();
    // S plus the order: the same number, in another encoding.
    let (_, mut large) = crafted(9, 0, 0, b"m");
    let order = (-Scalar::ONE).to_bytes();
    let mut carry = 1u16;
    for (byte, order) in large[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    made.extend([large, vec![0; 64], vec![0; 63], Vec::new(), vec![0xff; 64]]);
    let signed: Vec<Signed<'_>> = made
        .iter()
        .map(|signature| Signed {
            key: &vkey,
            message: b"m",
            signature,
        })
        .collect();
    assert!(same(&signed).iter().all(Result::is_err));
}

#[test]
fn other_kinds_of_keys_are_asked_one_by_one() {
    let other = P256Signer::from_scalar("p", &[3; 32]).unwrap();
    let (ours, right) = (signer(1), other.sign(b"m\n").unwrap());
    let ed = ours.sign(b"m\n").unwrap();
    let of = |key, signature| Signed {
        key,
        message: b"m\n",
        signature,
    };
    let mut signed = vec![
        of(other.vkey(), &right[..]),
        of(other.vkey(), &ed),
        of(ours.vkey(), &right),
    ];
    signed.extend((0..50).map(|_| of(ours.vkey(), &ed)));
    let answers = same(&signed);
    assert_eq!(answers.iter().filter(|answer| answer.is_err()).count(), 2);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_changed_the_answers_are_those_of_each_alone(
        changes in prop::collection::vec((0usize..40, 0usize..64, any::<u8>()), 0..12),
        many in 1usize..40,
    ) {
        let signers = [signer(1), signer(2)];
        let messages: Vec<Vec<u8>> = (0..many).map(|n| vec![n as u8; n]).collect();
        let mut signatures: Vec<Vec<u8>> = messages
            .iter()
            .enumerate()
            .map(|(n, message)| signers[n % 2].sign(message).unwrap())
            .collect();
        for (which, at, with) in changes {
            signatures[which % many][at] ^= with;
        }
        let signed: Vec<Signed<'_>> = messages
            .iter()
            .zip(&signatures)
            .enumerate()
            .map(|(n, (message, signature))| Signed { key: signers[n % 2].vkey(), message, signature })
            .collect();
        same(&signed);
    }
}
