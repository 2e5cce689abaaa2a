// Graphviz itself: a script of its own, which only a page with a graph carries. The WebAssembly stands beside it in an
// element of its own, compressed, and is read when the first graph is laid out.
import Module from 'viz-backend';
import Viz from 'viz';
import { fromBase64, unzipped } from './core/packed';

declare global {
  interface Window {
    /** Starts Graphviz; what it gives lays out DOT as the text of its `json0`. */
    glassbertGraphviz?: () => Promise<(dot: string) => string>;
  }
}

window.glassbertGraphviz = async () => {
  const packed = document.querySelector('script[data-graphviz]')?.textContent ?? '';
  const bytes = await unzipped(fromBase64(packed));
  const viz = new Viz(await Module({ wasm: new Uint8Array(bytes) }));
  return (dot) => viz.renderString(dot, { engine: 'dot', format: 'json0' });
};
