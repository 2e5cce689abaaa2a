import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// One script and one style sheet with fixed names: Python puts both inside every page. Nothing that changes from
// build to build (hashes, times, paths) may enter them, because the result is committed and rebuilt to compare.
export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    outDir: '../src/glassbert/show/static',
    emptyOutDir: true,
    cssCodeSplit: false,
    sourcemap: false,
    reportCompressedSize: false,
    lib: {
      entry: 'src/main.ts',
      formats: ['iife'],
      name: 'glassbertPage',
      fileName: () => 'page.js',
      cssFileName: 'page',
    },
  },
  test: { include: ['test/**/*.test.ts'], environment: 'node' },
});
