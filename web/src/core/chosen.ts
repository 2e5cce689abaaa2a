// Which of several records of one view is shown: the one about the selected row; of those about no row, the picked one.
import type { Item } from './shelf';
import type { State } from './state';

/** null when a row is selected that none of them is about. */
export function chosenItem(items: readonly Item[], { row, pick }: Pick<State, 'row' | 'pick'>): Item | null {
  const about = items.find((item) => item.row !== null && item.row === row);
  if (about) return about;
  const free = items.filter((item) => item.row === null);
  if (free.length > 0) return free[Math.min(pick, free.length - 1)]!;
  return row === null ? (items[0] ?? null) : null;
}

/** What makes it the chosen one. */
export function choose(item: Item, items: readonly Item[], state: Pick<State, 'row' | 'pick'>): void {
  if (item.row !== null) state.row = item.row;
  else state.pick = items.filter((each) => each.row === null).indexOf(item);
}
