// Writes src/findings.ts from the table in docs/spec/findings.md: the verifier knows no other list of codes.
import { readFileSync, writeFileSync } from 'node:fs';

const spec = readFileSync(new URL('../../../docs/spec/findings.md', import.meta.url), 'utf8');
const codes = [];
let level = '';
for (const line of spec.slice(spec.indexOf('## Codes')).split('\n')) {
  level = /^### ([a-z-]+):/.exec(line)?.[1] ?? level;
  const [, code, zh, en] = /^\| `([a-z0-9-]+)` \| (.*) \| (.*) \|$/.exec(line) ?? [];
  if (code) codes.push(`  ${JSON.stringify(code)}: { level: ${JSON.stringify(level)}, zh: ${JSON.stringify(zh)}, en: ${JSON.stringify(en)} },`);
}
const made = `// Made from docs/spec/findings.md by dev/findings.mjs.

export const FINDINGS = {
${codes.join('\n')}
} as const;
`;
if (process.argv.includes('--print')) process.stdout.write(made);
else writeFileSync(new URL('../src/findings.ts', import.meta.url), made);
