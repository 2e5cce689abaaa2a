// Light or dark: what the reader chose, else what the system prefers; paper is always light.
import type { Theme } from './color';
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
    const stops = [watch('(prefers-color-scheme: dark)', 'dark'), watch('print', 'printing')];
    return () => stops.forEach((stop) => stop());
  });
  $effect(() => {
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

/** A colour of src/style/tokens.css in the present theme, for what is drawn on a canvas. */
export function token(name: string): string {
  theme();
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
