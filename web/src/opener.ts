// Starts the page: its other scripts stand in it compressed, each in an element of its own, and are run one after the
// other. The policy of the page names the hash of each, so that nothing else can be run this way.
import { fromBase64, unzipped } from './core/packed';

const PACKED = 'script[data-packed]';
const TOO_OLD = 'This page needs a browser that can decompress (DecompressionStream): any of 2023 or later.';

interface Maker {
  createPolicy(name: string, rules: { createScript: (text: string) => string }): { createScript(text: string): string };
}

async function open(): Promise<void> {
  // The one policy that the page allows; its name can be taken once, and is taken here.
  const maker = (window as { trustedTypes?: Maker }).trustedTypes;
  const policy = maker?.createPolicy('glassbert', { createScript: (text) => text });
  for (const element of document.querySelectorAll(PACKED)) {
    const text = new TextDecoder().decode(await unzipped(fromBase64(element.textContent ?? '')));
    const script = document.createElement('script');
    script.text = policy ? policy.createScript(text) : text;
    document.body.append(script); // and with that it has run, unless the policy forbids it
    script.remove();
  }
}

open().catch((error: unknown) => {
  const target = document.getElementById('page');
  if (target) target.textContent = 'DecompressionStream' in window ? String(error) : TOO_OLD;
});
