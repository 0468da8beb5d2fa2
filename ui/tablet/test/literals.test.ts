/** No words of the screen outside the catalogues: neither in the markup nor, in Chinese, anywhere in the code. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'svelte/compiler';
import { describe, expect, it } from 'vitest';

const roots = ['../src/', '../../shared/src/'].map((path) => new URL(path, import.meta.url).pathname);
const spoken = new Set(['alt', 'title', 'label', 'placeholder', 'aria-label', 'aria-description', 'text', 'sub', 'action']);
const letters = /\p{L}{2,}/u;
const han = /\p{Script=Han}/u;
/** The form of an enrolment code, shown as an example. */
const allowed = new Set(['fieldseal:enrol?…']);

interface Node {
  type: string;
  name?: string;
  data?: string;
  value?: unknown;
  [key: string]: unknown;
}

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

function texts(node: unknown, found: string[], inAttribute: string | null = null): string[] {
  if (Array.isArray(node)) for (const one of node) texts(one, found, inAttribute);
  if (!isNode(node)) return found;
  if (node.type === 'Attribute') return texts(node.value, found, node.name ?? '');
  if (node.type === 'Text' && (inAttribute === null || spoken.has(inAttribute))) {
    const words = (node.data ?? '').trim();
    if (letters.test(words) && !allowed.has(words)) found.push(words);
  }
  for (const [key, value] of Object.entries(node)) {
    if (key !== 'type' && key !== 'expression' && typeof value === 'object') texts(value, found, inAttribute);
  }
  return found;
}

/** Markup only: the fragment, not script or style. */
function spokenIn(source: string): string[] {
  const ast = parse(source, { modern: true });
  return texts(JSON.parse(JSON.stringify(ast.fragment.nodes)), []);
}

const withoutComments = (source: string): string => source.replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|^\s*\/\/.*$/gm, '');

describe.each(roots)('%s', (root) => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(svelte|ts)$/.test(name));

  it.each(files.filter((name) => name.endsWith('.svelte')))('%s says nothing of its own', (name) => {
    expect(spokenIn(readFileSync(join(root, name), 'utf8'))).toEqual([]);
  });
  it('holds Chinese in the catalogues alone', () => {
    const others = files.filter((name) => !/^i18n\/(zh|en)/.test(name) && name !== 'bindings.ts');
    expect(others.filter((name) => han.test(withoutComments(readFileSync(join(root, name), 'utf8'))))).toEqual([]);
  });
});

describe('the check itself', () => {
  it('sees words in markup and in what is read out', () => {
    expect(spokenIn('<p>Hello {name}</p><img alt="A photo" src="x" />')).toEqual(['Hello', 'A photo']);
    expect(spokenIn('{#if a}<b>封存</b>{/if}')).toEqual(['封存']);
    expect(spokenIn('<p class="big">{t("a.b")}</p>')).toEqual([]);
  });
});
