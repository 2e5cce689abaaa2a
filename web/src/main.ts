import { mount } from 'svelte';
import 'uplot/dist/uPlot.min.css';
import './style/tokens.css';
import './style/base.css';
import './style/print.css';
import App from './App.svelte';
import { probe } from './core/probe';
import { readShelf } from './core/shelf';

declare global {
  interface Window {
    glassbert: { probe: typeof probe };
  }
}

const target = document.getElementById('page');
// The title is written by show/page.py; what stands behind its last point is our own name.
const title = document.title.replace(/ · glassbert$/, '');
if (target) mount(App, { target, props: { items: readShelf(document), title } });
window.glassbert = { probe };
