// The state of the page while it is open: one object that every view reads and writes, mirrored in the address.
import { fromHash, toHash, type State } from './state';

export const state: State = $state(fromHash(globalThis.location?.hash ?? ''));

/** Keep state and address equal from now on; call once, inside the root component. */
export function mirrorState(): void {
  $effect(() => {
    const hash = toHash(state);
    if (hash === location.hash.replace(/^#/, '')) return;
    try {
      history.replaceState(null, '', `${location.href.replace(/#.*$/, '')}${hash ? `#${hash}` : ''}`);
    } catch {
      // A notebook's iframe (srcdoc) may forbid it; the page then works without an address.
    }
  });
  $effect(() => {
    const follow = () => Object.assign(state, fromHash(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  });
}
