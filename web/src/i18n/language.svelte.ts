// The language of the interface: what the reader chose, else what the browser asks for.
import { state } from '../core/store.svelte';
import { reasonIn } from './reasons';
import { nameIn, translate, type Key, type Language } from './strings';

const preferred: Language = globalThis.navigator?.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';

export function language(): Language {
  return state.lang ?? preferred;
}

export function t(key: Key, values?: Record<string, string | number>): string {
  return translate(language(), key, values);
}

/** `nameIn` the language of the interface. */
export function name(text: string): string {
  return nameIn(language(), text);
}

/** `reasonIn` the language of the interface. */
export function reason(text: string): string {
  return reasonIn(language(), text);
}

/** Keep the document's `lang` equal; call once, inside the root component. */
export function announceLanguage(): void {
  $effect(() => {
    document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
  });
}
