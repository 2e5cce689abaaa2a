import { defineConfig } from 'vite';

// The only script of show/static/ that stands uncompressed in a page: it unpacks and starts the others. Built after
// page.js, which empties the folder.
export default defineConfig({
  build: {
    target: 'es2022',
    outDir: '../src/glassbert/show/static',
    emptyOutDir: false,
    sourcemap: false,
    reportCompressedSize: false,
    lib: { entry: 'src/opener.ts', formats: ['iife'], name: 'glassbertOpener', fileName: () => 'opener.js' },
  },
});
