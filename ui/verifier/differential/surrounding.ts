/** What the server puts around a packet: receipt, proofs, keys, its custody log, decisions, tokens. */

import { digestOf, hex, hexDigestOf, joined, utf8 } from '../src/bytes';
import { checkpointOf, LOGGED_AT, revoked, textOf, whoOf } from './contents';
import { beatsOf, beatTokens, NEXT_LOG, surroundings } from './features';
import { chained, type Draft, ID, type Kind } from './making';
import { DEPLOYMENT, note, ORIGIN } from './signing';
import { asks, AUTHORITIES, stamp } from './stamping';
import { consistency, inclusion, spelt } from './tree';

const AT = '2026-11-23T01:00:00.000Z';

/** Receipt, proofs, keys, custody log and decisions around the zip. */
export function surround(draft: Draft, kind: Kind, before: Uint8Array[]): void {
  const seal = draft.files.get('seal/packet.seal') ?? new Uint8Array();
  const who = whoOf(kind);
  const beats = beatsOf(kind, who.device);
  const index = before.length + beats.length;
  const leaves = [...before, ...beats, seal, utf8('another leaf')];
  const revocation = utf8(revoked(who.second));
  if (kind.revoked === 'after') leaves.push(revocation);
  const logs = kind.logRotated ? [...(kind.cosigned ? [DEPLOYMENT.log] : []), NEXT_LOG] : [DEPLOYMENT.log];
  const checkpoint = checkpointOf(leaves, ...logs, ...(kind.cosigned ? [DEPLOYMENT.witness] : []));
  const proof = (n: number): Uint8Array => utf8(`c2sp.org/tlog-proof@v1\nindex ${String(n)}\n${spelt(inclusion(n, leaves))}\n${checkpoint}`);
  const zip = hexDigestOf(draft.zip);
  draft.outer.set(`data/packet-${ID}.zip`, draft.zip);
  draft.outer.set(
    'data/receipt/receipt',
    utf8(note(`${ORIGIN}/receipt/v1\npacket ${ID}\nseal-sha256 ${hexDigestOf(seal)}\nzip-sha256 ${zip}\nzip-size ${String(draft.zip.length)}\nleaf-index ${String(index)}\nreceived-at ${AT}\ncopies 1\n`, DEPLOYMENT.receipts)),
  );
  draft.outer.set('data/receipt/packet.tlog-proof', proof(index));
  draft.outer.set('data/receipt/checkpoint', utf8(checkpoint));
  for (const id of kind.loggedTokens) draft.outer.set(`data/receipt/checkpoint.${id}.tsr`, stamp(AUTHORITIES[id], asks(LOGGED_AT), textOf(utf8(checkpoint))));
  const [renewed] = kind.renewed ? kind.loggedTokens : [];
  if (renewed !== undefined) draft.outer.set(`data/receipt/checkpoint.${renewed}.renewed-1.tsr`, stamp(AUTHORITIES.beta, asks('20261201000000Z'), draft.outer.get(`data/receipt/checkpoint.${renewed}.tsr`) ?? new Uint8Array()));
  if (kind.seen !== null) draft.outer.set('data/receipt/consistency', utf8(`${String(kind.seen)} ${String(leaves.length)}\n${kind.seen === 0 ? '' : spelt(consistency(kind.seen, leaves))}`));
  draft.outer.set('data/receipt/keys/server.vkey', utf8([DEPLOYMENT.log, DEPLOYMENT.receipts, DEPLOYMENT.authority, DEPLOYMENT.decisions].map(({ vkey }) => `${vkey}\n`).join('')));
  if (kind.revoked !== 'never') {
    draft.outer.set('data/receipt/keys/officer-o-0002.revoked', revocation);
    const at = leaves.findIndex((leaf) => hex(digestOf(leaf)) === hex(digestOf(revocation)));
    if (at >= 0 && kind.revoked !== 'unplaced') draft.outer.set('data/receipt/keys/officer-o-0002.revoked.tlog-proof', proof(at));
  }
  const after = [`{"n":0,"prev":"","at":"${AT}","event":"received","zip_sha256":"${zip}","zip_size":${String(draft.zip.length)}}`, `{"n":0,"prev":"","at":"${AT}","event":"logged","leaf_index":${String(index)}}`];
  if (kind.decided) {
    const [document, salt] = [utf8('{"schema":"decision/1","decision":"accepted"}'), new Uint8Array(32).fill(7)];
    const bound = hexDigestOf(joined(salt, document));
    draft.outer.set('data/decisions/1.note', utf8(note(`${ORIGIN}/decision/v1\npacket ${ID}\nseal-sha256 ${hexDigestOf(seal)}\ndocument-sha256 ${bound}\ndecided-at ${AT}\n`, DEPLOYMENT.decisions)));
    draft.outer.set('data/decisions/1.json', document);
    draft.outer.set('data/decisions/1.salt', salt);
    after.push(`{"n":0,"prev":"","at":"${AT}","event":"decided","decision":"accepted","document_sha256":"${bound}"}`);
  }
  surroundings(draft, kind, who);
  for (const [n, beat] of beats.entries()) {
    const at = before.length + n;
    draft.outer.set(`data/receipt/heartbeats/${String(at)}.note`, beat);
    draft.outer.set(`data/receipt/heartbeats/${String(at)}.tlog-proof`, proof(at));
    beatTokens(kind, at, textOf(utf8(checkpoint)), draft.outer);
  }
  if (kind.continued) {
    draft.outer.set('data/receipt/log/continued', leaves[0] ?? new Uint8Array());
    draft.outer.set('data/receipt/log/continued.tlog-proof', proof(0));
  }
  draft.outer.set('data/custody-after.log', utf8(chained(after, hexDigestOf(seal))));
}
