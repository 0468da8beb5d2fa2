import type { IconName } from './components/icons.ts';

/** A colour role of the tokens: `--<tone>` and `--<tone>-tint`. */
export type Tone = 'accent' | 'green' | 'ochre' | 'red' | 'orange' | 'blue' | 'teal' | 'plum' | 'slate';

/** States of a packet: icon, word and colour, never colour alone. */
export const states = {
  draft: { icon: 'pencil', tone: 'slate' },
  sealed: { icon: 'stamp', tone: 'accent' },
  queued: { icon: 'queued', tone: 'slate' },
  uploading: { icon: 'uploading', tone: 'blue' },
  received: { icon: 'tray', tone: 'teal' },
  logged: { icon: 'chain', tone: 'teal' },
  safe: { icon: 'chain', tone: 'teal' },
  accepted: { icon: 'ring-check', tone: 'green' },
  returned: { icon: 'undo', tone: 'orange' },
  refused: { icon: 'ban', tone: 'orange' },
  'legal-review': { icon: 'scale', tone: 'accent' },
  wedged: { icon: 'wrench', tone: 'plum' },
} as const satisfies Record<string, { icon: IconName; tone: Tone }>;

export type PacketState = keyof typeof states;
export const isPacketState = (state: string): state is PacketState => Object.hasOwn(states, state);

/** Verdicts differ by shape as well. `reported` is information, no verdict. */
export const verdicts = {
  verified: { icon: 'ring-check', tone: 'green' },
  'not-proved': { icon: 'question', tone: 'ochre' },
  failed: { icon: 'octagon', tone: 'red' },
  reported: { icon: 'info', tone: 'slate' },
} as const satisfies Record<string, { icon: IconName; tone: Tone }>;

export type Verdict = keyof typeof verdicts;
