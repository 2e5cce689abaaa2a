import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const viz = (path: string) => fileURLToPath(new URL(`./node_modules/@viz-js/viz/${path}`, import.meta.url));

/** Takes the WebAssembly out of the text of the script: as a file of its own it survives HTML, and can be compressed. */
function apart(): Plugin {
  return {
    name: 'wasm-apart',
    transform(code, id) {
      if (!id.endsWith('/lib/backend.js')) return null;
      const start = code.indexOf("binaryDecode('") + 'binaryDecode('.length;
      let end = start + 1;
      while (code[end] !== "'") end += code[end] === '\\' ? 2 : 1;
      this.emitFile({ type: 'asset', fileName: 'graphviz.wasm', source: decoded(code.slice(start, end + 1)) });
      let rest = `${code.slice(0, start - 'binaryDecode('.length)}Module["wasm"]${code.slice(end + 2)}`;
      // It asks for nothing, neither for its own place nor for a second file.
      rest = once(rest, 'import.meta.url', '""');
      rest = once(rest, /readAsync=async url=>\{.*?\+response\.url\)\}/, 'readAsync=async()=>{throw new Error("not here")}');
      return { code: rest, map: null };
    },
  };
}

function once(code: string, what: string | RegExp, by: string): string {
  const parts = code.split(what);
  if (parts.length !== 2) throw new Error(`@viz-js/viz has changed: ${what} stands there ${parts.length - 1} times`);
  return parts.join(by);
}

/** The bytes of a string literal, one in each character, in which 256 is zero. */
function decoded(literal: string): Uint8Array {
  const text = new Function(`return ${literal}`)() as string;
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) & 255);
  if (!WebAssembly.validate(bytes)) throw new Error('@viz-js/viz has changed: its WebAssembly is not where it was');
  return bytes;
}

// The second script of show/static/: Graphviz, apart from the page's own because few pages need it. Built after page.js,
// which empties the folder.
export default defineConfig({
  plugins: [apart()],
  resolve: { alias: { 'viz-backend': viz('lib/backend.js'), viz: viz('src/viz.js') } },
  build: {
    target: 'es2022',
    outDir: '../src/glassbert/show/static',
    emptyOutDir: false,
    sourcemap: false,
    reportCompressedSize: false,
    lib: { entry: 'src/graphviz.ts', formats: ['iife'], name: 'glassbertGraphvizBundle', fileName: () => 'graphviz.js' },
  },
});
