//! What the formats cost, without disk and peers: a packet's check against its bare hash, signatures, inclusion proofs.

use std::hint::black_box;
use std::io::{self, Cursor, Read};

use anyhow::{Context as _, ensure};
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::bag::{BagInput, PROFILE, PayloadFile, assemble};
use fieldseal_packet::findings::Code;
use fieldseal_packet::verify::{Inputs, verify_zip};
use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, prove_inclusion, root_at, verify_inclusion};
use fieldseal_tlog::note::{Ed25519Signer, Signer as _};

use super::measure::{self, Subject, interleaved, typical};
use super::table::{Row, ms};

/// Three rows without goals.
pub fn rows(rounds: u32, size_mib: u64) -> anyhow::Result<Vec<Row>> {
    Ok(vec![
        verifying(rounds, size_mib)?,
        signatures(rounds)?,
        inclusion(rounds)?,
    ])
}

fn compare(
    rounds: u32,
    (what, mut subject): (&str, impl FnMut()),
    (against, mut yardstick): (&str, impl FnMut()),
) -> anyhow::Result<Row> {
    let mut subjects: [Subject<'_>; 2] = [
        Box::new(|_| {
            measure::on_this_thread(|| {
                subject();
                Ok(())
            })
        }),
        Box::new(|_| {
            measure::on_this_thread(|| {
                yardstick();
                Ok(())
            })
        }),
    ];
    let costs = interleaved(rounds, &mut subjects)?;
    let [ours, theirs] = [0, 1].map(|n| costs.get(n).map_or(0.0, |cost| typical(cost).cpu_s));
    Ok(Row::new(
        what,
        ms(ours),
        format!("{against} {}", ms(theirs)),
        ours / theirs,
        None,
    ))
}

/// A stored packet's zip, every byte checked, against the bare SHA-256 of the same bytes.
fn verifying(rounds: u32, size_mib: u64) -> anyhow::Result<Row> {
    let zip = packet_zip(size_mib << 20)?;
    let report = verify_zip(&zip, &Inputs::default()).report;
    // Unsealed, so not a good packet; but read to the last byte and in order.
    ensure!(
        report
            .findings
            .iter()
            .any(|finding| finding.code == Code::FilesOk),
        "the packet made here is not whole"
    );
    let verify = || drop(black_box(verify_zip(black_box(&zip), &Inputs::default())));
    let hash = || {
        let _ = black_box(Sha256Digest::of(black_box(&zip)));
    };
    compare(
        rounds,
        ("check all of a stored packet in place", verify),
        ("one sha256 of it", hash),
    )
}

fn packet_zip(size: u64) -> anyhow::Result<Vec<u8>> {
    let item: Vec<u8> = (0..size)
        .map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8)
        .collect();
    let path = "data/items/0001.bin".to_owned();
    let payload = [PayloadFile {
        path: path.clone(),
        size,
        sha256: Sha256Digest::of(&item),
    }];
    let at = "2026-01-01T00:00:00.000Z".parse().context("a fixed time")?;
    let bag = assemble(&BagInput {
        id: "bench",
        profile: PROFILE,
        at,
        payload: &payload,
        tags: &[],
    });
    let mut files = bag.files;
    files.push((path, item));
    let entry = |(path, bytes): &(String, Vec<u8>)| LayoutEntry {
        path: format!("packet-bench/{path}"),
        size: bytes.len() as u64,
        crc32: crc32fast::hash(bytes),
    };
    let layout = Layout::new(&files.iter().map(entry).collect::<Vec<_>>())?;
    let open = |index: usize, offset: u64| -> io::Result<Box<dyn Read + '_>> {
        let content = files
            .get(index)
            .and_then(|(_, bytes)| bytes.get(usize::try_from(offset).ok()?..));
        Ok(Box::new(Cursor::new(
            content.ok_or(io::ErrorKind::UnexpectedEof)?,
        )))
    };
    let mut zip = Vec::new();
    layout.reader(0, open).read_to_end(&mut zip)?;
    Ok(zip)
}

/// A seal's line verified against one signed.
fn signatures(rounds: u32) -> anyhow::Result<Row> {
    const LINES: usize = 200;
    let signer = Ed25519Signer::from_seed("bench", &[7; 32])?;
    let text = "a line of the length that seals have\n".repeat(12);
    let signature = signer.sign(text.as_bytes())?;
    signer.vkey().verify(text.as_bytes(), &signature)?;
    let verify = || {
        for _ in 0..LINES {
            let _ = black_box(signer.vkey().verify(black_box(text.as_bytes()), &signature));
        }
    };
    let sign = || {
        for _ in 0..LINES {
            let _ = black_box(signer.sign(black_box(text.as_bytes())));
        }
    };
    compare(
        rounds,
        ("verify 200 Ed25519 lines", verify),
        ("signing them", sign),
    )
}

/// Proving and verifying inclusion against appending.
fn inclusion(rounds: u32) -> anyhow::Result<Row> {
    const LEAVES: u64 = 20_000;
    const PROOFS: u64 = 1_000;
    let tree: MemoryTree = (0..LEAVES).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    let root = root_at(LEAVES, &tree)?;
    let check = |index: u64| -> anyhow::Result<()> {
        let proof = prove_inclusion(index, LEAVES, &tree)?;
        Ok(verify_inclusion(
            &leaf_hash(&index.to_be_bytes()),
            index,
            LEAVES,
            &proof,
            &root,
        )?)
    };
    check(LEAVES / 3)?;
    let prove = || (0..PROOFS).for_each(|n| drop(black_box(check(n * (LEAVES / PROOFS)))));
    let append = || {
        drop(black_box(
            (0..LEAVES)
                .map(|n| leaf_hash(&n.to_be_bytes()))
                .collect::<MemoryTree>(),
        ))
    };
    compare(
        rounds,
        ("prove and verify 1,000 of 20,000 leaves", prove),
        ("appending the 20,000", append),
    )
}
