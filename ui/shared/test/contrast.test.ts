/** The tokens keep their contrast: a colour on the surface and on its own tint, in every theme. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/tokens.css', import.meta.url), 'utf8');

function theme(name: string): Record<string, string> {
  const block = (selector: RegExp): Record<string, string> => {
    const body = selector.exec(css)?.[1] ?? '';
    return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map((m) => [m[1] ?? '', m[2] ?? '']));
  };
  const light = block(/:root \{([^}]*)\}/);
  return name === 'light' ? light : { ...light, ...block(new RegExp(`data-theme='${name}'\\] \\{([^}]*)\\}`)) };
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => {
    const c = parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [hi = 0, lo = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (hi + 0.05) / (lo + 0.05);
}

const tones = ['accent', 'green', 'ochre', 'red', 'orange', 'blue', 'teal', 'plum', 'slate'];

describe.each(['light', 'dark', 'sun'])('%s', (name) => {
  const token = (key: string): string => {
    const value = theme(name)[key];
    if (!value) throw new Error(`no colour ${key}`);
    return value;
  };
  it.each(tones)('%s is read on the surface and on its tint', (tone) => {
    expect(contrast(token(tone), token('surface'))).toBeGreaterThanOrEqual(name === 'sun' ? 9.85 : 6.5);
    expect(contrast(token(tone), token(`${tone}-tint`))).toBeGreaterThanOrEqual(5.6);
  });
  it('ink, fills and controls', () => {
    for (const ground of ['bg', 'surface', 'fill']) expect(contrast(token('ink-2'), token(ground))).toBeGreaterThanOrEqual(7);
    expect(contrast(token('ink-3'), token('bg'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(token('ink-3'), token('fill'))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(token('border'), token('surface'))).toBeGreaterThanOrEqual(3);
    for (const tone of ['accent', 'red', 'orange', 'teal']) {
      expect(contrast(token(`on-${tone}`), token(tone))).toBeGreaterThanOrEqual(tone === 'accent' ? 8 : 6.5);
    }
  });
});
