import { createHash } from 'node:crypto';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

const hashed = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Puts script and style into the page itself, and allows these two and nothing else. */
function oneFile(): Plugin {
  return {
    name: 'one-file',
    enforce: 'post',
    generateBundle(_, bundle) {
      const files = Object.values(bundle);
      const page = files.find((file) => file.fileName.endsWith('.html'));
      const script = files.filter((file) => file.type === 'chunk').map((file) => file.code).join('\n').replaceAll('</script', '<\\/script');
      const style = files.filter((file) => file.type === 'asset' && file.fileName.endsWith('.css')).map((file) => String((file as { source: unknown }).source)).join('\n');
      if (page?.type !== 'asset') throw new Error('there is no page');
      const policy = ["default-src 'none'", `script-src ${hashed(script)} 'wasm-unsafe-eval'`, `style-src ${hashed(style)}`, "img-src data:", "base-uri 'none'", "form-action 'none'"].join('; ');
      page.source = String(page.source)
        .replace(/\s*<(script|link)\b[^>]*>(<\/script>)?/g, '')
        .replace('POLICY', policy)
        .replace('</head>', () => `  <style>${style}</style>\n  </head>`)
        .replace('</body>', () => `  <script type="module">${script}</script>\n  </body>`);
      page.fileName = 'verify.html';
      for (const name of Object.keys(bundle)) if (bundle[name] !== page) Reflect.deleteProperty(bundle, name);
    },
  };
}

export default defineConfig({
  root: 'page',
  base: './',
  plugins: [svelte({ configFile: false }), oneFile()],
  build: {
    target: 'es2022',
    outDir: '../dist',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    cssCodeSplit: false,
    reportCompressedSize: false,
    rollupOptions: { input: 'page/verify.html', output: { inlineDynamicImports: true } },
  },
});
