import { mount } from 'svelte';
import 'uplot/dist/uPlot.min.css';
import './style/tokens.css';
import './style/base.css';
import './style/print.css';
import App from './App.svelte';
import { fromBase64, parseContainer, type NamedRecord } from './core/container';
import { probe } from './core/probe';

declare global {
  interface Window {
    glassbert: { probe: typeof probe };
  }
}

function read(): { record: NamedRecord | null; reason: string } {
  try {
    const text = document.getElementById('record')?.textContent ?? '';
    return { record: parseContainer(fromBase64(text)), reason: '' };
  } catch (error) {
    return { record: null, reason: error instanceof Error ? error.message : String(error) };
  }
}

const target = document.getElementById('page');
if (target) mount(App, { target, props: read() });
window.glassbert = { probe };
