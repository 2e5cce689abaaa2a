// The language of the interface: what the reader chose, else what the browser asks for.
import { state } from '../core/store.svelte';
import { isKey, translate, type Key, type Language } from './strings';

const preferred: Language = globalThis.navigator?.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';

export function language(): Language {
  return state.lang ?? preferred;
}

export function t(key: Key, values?: Record<string, string | number>): string {
  return translate(language(), key, values);
}

/** The name of something that comes from the run and may be known by a word of ours; else as it is. */
export function name(text: string): string {
  return isKey(text) ? t(text) : text.replaceAll('_', ' ');
}

/** Keep the document's `lang` equal; call once, inside the root component. */
export function announceLanguage(): void {
  $effect(() => {
    document.documentElement.lang = language() === 'zh' ? 'zh-CN' : 'en';
  });
}
