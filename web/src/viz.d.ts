// The two parts of @viz-js/viz that src/graphviz.ts puts together (see vite.graphviz.config.ts).
declare module 'viz-backend' {
  export default function Module(settings: { wasm: Uint8Array }): Promise<unknown>;
}
declare module 'viz' {
  export default class Viz {
    constructor(module: unknown);
    renderString(dot: string, options: { engine: string; format: string }): string;
  }
}
