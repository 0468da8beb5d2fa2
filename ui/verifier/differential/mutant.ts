/** A mutant from its number alone: a kind of packet or export, and one to three mutations. */

import { type Kind, make } from './making';
import { MUTATIONS, type Mutation, OUTER } from './mutating';
import { FEATURES, FEATURES_OUTER } from './mutating-features';
import { LOGGED, SEEN } from './mutating-tokens';
import { Chance } from './random';

export interface Mutant {
  n: number;
  kind: Kind;
  trust: 'given' | 'none' | 'other' | 'witnessed';
  mutations: Mutation[];
}

/** A packet or an export with what either may have. */
export function kindOf(chance: Chance): Kind {
  const exported = chance.below(5) < 2;
  const authorities = (): Kind['seenTokens'] => chance.one<Kind['seenTokens']>([[], [], ['alpha'], ['beta'], ['gamma'], ['alpha', 'beta'], ['beta', 'gamma']]);
  return {
    exported,
    suite: chance.one(['plain', 'plain', 'hardware', 'hardware', 'national'] as const),
    rotated: chance.in(6),
    revoked: chance.in(3) ? chance.one(['before', 'after', 'unplaced'] as const) : 'never',
    decided: chance.in(3),
    cosigned: chance.in(4),
    seen: chance.in(6) ? null : chance.one([3, 3, 3, 2, 1]),
    seenTokens: authorities(),
    loggedTokens: authorities(),
    renewed: chance.in(2),
    drawn: chance.in(4),
    challenged: chance.in(2),
    cms: chance.in(3),
    beats: chance.one([0, 0, 1, 2, 3]),
    children: chance.one([0, 0, 1, 2, 3]),
    attested: chance.in(3),
    logRotated: chance.in(5),
    continued: chance.in(5),
  };
}

export function mutant(seed: number, n: number): Mutant {
  const chance = new Chance(seed * 1_000_003 + n);
  const kind = kindOf(chance);
  const { exported } = kind;
  const trust = chance.below(10) < 7 ? 'given' : chance.one(['none', 'other', 'witnessed'] as const);
  const from = exported && !chance.in(3) ? OUTER : MUTATIONS;
  const stamped = kind.seen !== null && kind.seenTokens.length > 0 ? SEEN : [];
  const special = [...stamped, ...(exported && kind.loggedTokens.length > 0 ? LOGGED : []), ...(exported ? FEATURES_OUTER : []), ...FEATURES];
  const count = chance.one([1, 1, 1, 2, 3]);
  return { n, kind, trust, mutations: Array.from({ length: count }, () => chance.one(chance.in(3) ? special : from)) };
}

/** The bytes, with these of its mutations. */
export function made(seed: number, { n, kind, mutations }: Mutant): Uint8Array {
  const chance = new Chance(seed * 7_000_003 + n);
  return make(chance, kind, (stage, draft) => {
    for (const mutation of mutations) {
      if (mutation.stage !== stage) continue;
      // Its own chance, so that leaving another mutation out does not change what this one does.
      draft.chance = new Chance(seed * 7_000_003 + n * 31 + mutations.indexOf(mutation));
      mutation.change(draft);
    }
  });
}
