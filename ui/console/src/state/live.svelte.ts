/** The polite live region: one sentence at a time, read out by screen readers. */

class Live {
  sentence = $state('');
}

export const live = new Live();

export function announce(sentence: string): void {
  live.sentence = sentence;
}
