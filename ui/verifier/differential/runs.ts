/** Several packets and exports in one run: each with a place among its device's that may contradict the others. */

import { hexDigestOf, utf8 } from '../src/bytes';
import { make } from './making';
import { kindOf } from './mutant';
import { Chance } from './random';
import { DEPLOYMENT, line } from './signing';

const CAPTURES = ['3-4', '5-6', '8', '1-2,9', '20-22', 'none', '18446744073709551614'];

/** The zips of a run, from its number alone. */
export function run(seed: number, n: number): Uint8Array[] {
  const chance = new Chance(seed * 5_000_011 + n);
  const zips: Uint8Array[] = [];
  const seals: string[] = ['0'.repeat(64)];
  const plain = { ...kindOf(chance), suite: chance.one(['plain', 'hardware'] as const), cms: false };
  for (let count = 2 + chance.below(4); count > 0; count -= 1) {
    const again = zips.length > 0 && chance.in(8) ? chance.one(zips) : null;
    if (again) {
      zips.push(again);
      continue;
    }
    const kind = { ...plain, exported: chance.in(3), beats: chance.below(4), rotated: plain.rotated && !chance.in(4) };
    zips.push(
      make(chance, kind, (stage, draft) => {
        if (stage === 'seal') {
          const seq = chance.one(['1', '1', '2', '2', '3', '4', '7', '18446744073709551615']);
          draft.sealText = draft.sealText.replace(/device-seq .*/, `device-seq ${seq}`).replace(/captures .*/, `captures ${chance.one(CAPTURES)}`);
          if (seq !== '1' || chance.in(4)) draft.sealText = draft.sealText.replace(/device-prev .*/, `device-prev ${chance.one(seals)}`);
          if (chance.in(6)) draft.signers = [chance.one([DEPLOYMENT.otherDevice, DEPLOYMENT.formerly, DEPLOYMENT.hardware]), ...draft.signers.slice(1)];
        } else if (stage === 'sealed') {
          const path = 'seal/packet.seal';
          let bytes = draft.files.get(path) ?? new Uint8Array();
          if (chance.in(5)) bytes = utf8(new TextDecoder().decode(bytes) + line(DEPLOYMENT.stranger, draft.sealText));
          if (chance.in(8)) bytes = utf8(new TextDecoder().decode(bytes).replace(/(— \S+\/device\/\S+ \S{20})./, '$1A'));
          draft.files.set(path, bytes);
          seals.push(hexDigestOf(bytes));
        }
      }),
    );
  }
  return zips;
}
