/** Keys of a deployment that exists nowhere, and notes signed by them. */

import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { digestOf, hex, joined, toBase64, utf8 } from '../src/bytes';

export interface Signer {
  name: string;
  id: Uint8Array;
  vkey: string;
  sign(text: string): Uint8Array;
}

function signer(name: string, material: Uint8Array, id: Uint8Array, sign: (text: string) => Uint8Array): Signer {
  return { name, id, vkey: `${name}+${hex(id)}+${toBase64(material)}`, sign };
}

export function edSigner(name: string, seed: number, type = 1): Signer {
  const secret = new Uint8Array(32).fill(seed);
  const material = joined(Uint8Array.of(type), ed25519.getPublicKey(secret));
  const id = digestOf(joined(utf8(name), Uint8Array.of(10), material)).subarray(0, 4);
  return signer(name, material, id, (text) => {
    if (type !== 4) return ed25519.sign(utf8(text), secret);
    const time = Uint8Array.of(0, 0, 0, 0, 0x69, 0, 0, 0);
    return joined(time, ed25519.sign(utf8(`cosignature/v1\ntime ${String(0x69000000)}\n${text}`), secret));
  });
}

export const SPKI = Uint8Array.from([0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00]);

export function p256Signer(name: string, seed: number): Signer {
  const secret = new Uint8Array(32).fill(seed);
  const spki = joined(SPKI, p256.getPublicKey(secret, false));
  return signer(name, joined(Uint8Array.of(2), spki), digestOf(spki).subarray(0, 4), (text) => p256.sign(utf8(text), secret, { format: 'der', lowS: false, prehash: true }));
}

export const line = (by: Signer, text: string): string => `— ${by.name} ${toBase64(joined(by.id, by.sign(text)))}\n`;
export const note = (text: string, ...by: Signer[]): string => `${text}\n${by.map((one) => line(one, text)).join('')}`;

export const ORIGIN = 'bureau.example/log';

/** Whoever signs anything in a mutant. */
export const DEPLOYMENT = {
  log: edSigner(ORIGIN, 11),
  receipts: edSigner(`${ORIGIN}/receipts`, 12),
  authority: edSigner(`${ORIGIN}/authority`, 13),
  decisions: edSigner(`${ORIGIN}/decisions`, 14),
  device: edSigner(`${ORIGIN}/device/t-0001`, 15),
  hardware: p256Signer(`${ORIGIN}/device/t-0001`, 16),
  first: edSigner(`${ORIGIN}/officer/o-0001`, 17),
  second: edSigner(`${ORIGIN}/officer/o-0002`, 18),
  stranger: edSigner('elsewhere.example/x', 19),
  otherDevice: edSigner(`${ORIGIN}/device/t-0002`, 20),
  witness: edSigner('witness.example/w', 21, 4),
};

export const TRUST = `log ${DEPLOYMENT.log.vkey}\nwitness w ${DEPLOYMENT.witness.vkey}\nquorum none\n${[DEPLOYMENT.receipts, DEPLOYMENT.authority, DEPLOYMENT.decisions].map(({ vkey }) => `${vkey}\n`).join('')}`;
export const TRUST_WITNESSED = TRUST.replace('quorum none', 'quorum w');
export const TRUST_OTHER = `log ${edSigner('other.example/log', 22).vkey}\nquorum none\n`;
