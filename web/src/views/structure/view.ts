// What the parts of the structure view share: what is drawn, what is chosen, and the keys that move between items.
import type { Heat, Item, Plan, Structure } from '../../math/structure';

export interface View {
  readonly structure: Structure;
  readonly plan: Plan;
  readonly heat: Heat;
  /** The chosen item, by its node. */
  readonly chosen: number;
  /** The item that is, or holds, the selected layer; -1 where there is none. */
  readonly marked: number;
  /** The node whose numbers are shown for an item: of equal layers, that of the selected one. */
  shown(n: number): number;
  /** The item's part of the hottest, 0 to 1; NaN where it has none. */
  share(n: number): number;
  choose(n: number): void;
  toggle(n: number): void;
}

/** The item that a key leads to, having opened or closed one where that is the key's work; null for any other key. */
export function led(event: KeyboardEvent, view: View): number | null {
  const { items } = view.plan;
  const place = Math.max(items.findIndex(({ number }) => number === view.chosen), 0);
  const item = items[place]!;
  switch (event.key) {
    case 'ArrowDown':
      return (items[place + 1] ?? item).number;
    case 'ArrowUp':
      return (items[place - 1] ?? item).number;
    case 'Home':
      return items[0]!.number;
    case 'End':
      return items.at(-1)!.number;
    case 'ArrowRight':
      return inwards(item, items[place + 1], view);
    case 'ArrowLeft':
      return outwards(item, view);
    case 'Enter':
    case ' ':
      if (item.openable) view.toggle(item.number);
      return item.number;
    default:
      return null;
  }
}

function inwards(item: Item, next: Item | undefined, view: View): number {
  if (item.isFrame) return (next ?? item).number;
  if (item.openable) view.toggle(item.number);
  return item.number;
}

function outwards(item: Item, view: View): number {
  if (item.isFrame && item.openable) {
    view.toggle(item.number);
    return item.number;
  }
  return Math.max(item.parent, 0);
}
