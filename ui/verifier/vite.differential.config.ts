import { defineConfig } from 'vite';

// What `cargo xtask differential` runs in Node: the maker of mutants, and the verifier in a worker.
export default defineConfig({
  ssr: { noExternal: true },
  build: {
    ssr: true,
    target: 'node20',
    outDir: '../../target/differential/programs',
    emptyOutDir: true,
    rollupOptions: { input: { main: 'differential/main.ts', worker: 'differential/worker.ts', verify: 'dev/verify.ts' }, output: { entryFileNames: '[name].mjs' } },
  },
});
