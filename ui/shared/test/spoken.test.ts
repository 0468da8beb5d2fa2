/** No words of a screen outside the catalogues, in any of the four parts; and that the finder finds a planted one. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { spokenIn } from './spoken.ts';

const CATALOGUE = /^i18n\/(zh|en)(-[a-z]+)?\.ts$/;

describe.each([
  ['tablet/src', 15],
  ['console/src', 15],
  ['shared/src', 15],
  ['verifier/page', 7],
] as const)('ui/%s', (part, least) => {
  const root = new URL(`../../${part}/`, import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(svelte|ts)$/.test(name));

  it('is all there to be looked at', () => {
    expect(files.length).toBeGreaterThan(least);
    expect(files.filter((name) => CATALOGUE.test(name)).length).toBeGreaterThanOrEqual(2);
  });
  it.each(files.filter((name) => !CATALOGUE.test(name)))('%s says nothing of its own', (name) => {
    expect(spokenIn(name, readFileSync(join(root, name), 'utf8'))).toEqual([]);
  });
});

describe('the finder', () => {
  const words = (source: string, name = 'Planted.svelte'): string[] => spokenIn(name, source).map((spoken) => spoken.words);

  it.each([
    ['a text', '<p>Hello {name}</p>', 'Hello'],
    ['a text in a block', '{#if a}{#each b as c}<b>封存</b>{/each}{/if}', '封存'],
    ['a text of one word', '<Chip>sealed</Chip>', 'sealed'],
    ['a text in a snippet', '{#snippet end()}<i>Saved</i>{/snippet}', 'Saved'],
    ['an attribute that is read out', '<img alt="a photo" src="x.png" />', 'a photo'],
    ['a part of such an attribute', '<button type="button" aria-label="close {name}"></button>', 'close'],
    ['an expression in it', "<input placeholder={empty ? 'address' : t('a')} />", 'address'],
    ['a hint', "<div title={`${n} photos`}></div>", 'photos'],
    ['a property of a component', '<Notice text="Nothing is lost." />', 'Nothing is lost.'],
    ['either end of a choice', "<p>{busy ? 'wait' : t('go')}</p>", 'wait'],
    ['a joined text', "<p>{t('a') + ' left'}</p>", 'left'],
    ['a property of a component in Chinese', '<Row label="地址" />', '地址'],
    ['the script of a component', '<script lang="ts">const hint: string = "还没有定位";</script>', '还没有定位'],
    ['a sentence in the script', "<script lang=\"ts\">let why = $state('No camera found');</script>", 'No camera found'],
    ['a label in the script', "<script lang=\"ts\">const tabs = [{ id: 'a', label: 'first' }];</script>", 'first'],
  ])('finds %s', (_, source, planted) => {
    expect(words(source)).toEqual([planted]);
  });
  it.each([
    ['a sentence', "export const why = 'The camera is busy';", 'The camera is busy'],
    ['Chinese', 'const map = { a: `共 ${n}` };', '共'],
    ['what is put on the page', "document.title = 'seal';", 'seal'],
    ['one word that begins like a sentence', "const said = ok ? 'Saved' : null;", 'Saved'],
  ])('finds %s in a file without markup', (_, source, planted) => {
    expect(words(source, 'planted.ts')).toEqual([planted]);
  });
  it('says where', () => {
    expect(spokenIn('Planted.svelte', '<p>\n  {a}\n</p>\n<p>Here</p>')).toEqual([{ line: 4, words: 'Here' }]);
  });
  it.each([
    ["<p class=\"big words\" data-testid=\"a b\">{t('camera.opening')}</p>"],
    ["<Icon name=\"camera\" /><Button look={next ? 'main' : 'plain'}>{t('go')}</Button>"],
    ['<style>p::after { content: "words here"; }</style>'],
    ['<!-- Words for who reads this. -->'],
    ["<script lang=\"ts\">import a from 'some where'; if (kind === 'Some thing') throw new Error('It is not so.');</script>"],
    ['<p>{n} · ± {m}</p>'],
  ])('lets %s pass', (source) => {
    expect(words(source)).toEqual([]);
  });
});
