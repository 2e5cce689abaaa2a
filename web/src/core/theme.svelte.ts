// Light or dark: what the reader chose, else what the system prefers; paper is always light.
import { flushSync } from 'svelte';
import type { Theme } from './color';
import { measureAll } from './measure';
import { state } from './store.svelte';

const system = $state({ dark: false, printing: false });

export function theme(): Theme {
  if (system.printing) return 'light';
  return state.theme ?? (system.dark ? 'dark' : 'light');
}

export function isPrinting(): boolean {
  return system.printing;
}

/** Follow the system and the printer; call once, inside the root component. */
export function followSystem(): void {
  $effect(() => {
    const stops = [watch('(prefers-color-scheme: dark)', 'dark'), watch('print', 'printing'), watchPrinter()];
    return () => stops.forEach((stop) => stop());
  });
  // Before any other effect: whatever draws on a canvas reads the colours of the document.
  $effect.pre(() => {
    document.documentElement.dataset['theme'] = theme();
  });
}

function watch(media: string, name: 'dark' | 'printing'): () => void {
  const query = matchMedia(media);
  const follow = () => {
    system[name] = query.matches;
  };
  follow();
  query.addEventListener('change', follow);
  return () => query.removeEventListener('change', follow);
}

/** Everything is drawn anew for paper before the printer looks at it, and for the screen afterwards. */
function watchPrinter(): () => void {
  const turn = (printing: boolean) => () => {
    document.documentElement.toggleAttribute('data-printing', printing);
    system.printing = printing;
    flushSync();
    measureAll();
    flushSync();
  };
  const [before, after] = [turn(true), turn(false)];
  addEventListener('beforeprint', before);
  addEventListener('afterprint', after);
  return () => {
    removeEventListener('beforeprint', before);
    removeEventListener('afterprint', after);
  };
}

/** A colour of src/style/tokens.css in the present theme, for what is drawn on a canvas. */
export function token(name: string): string {
  theme();
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
