import { describe, expect, test } from 'vitest';
import { choose, chosenItem } from '../src/core/chosen';
import type { Item } from '../src/core/shelf';

const item = (row: number | null): Item => ({ kind: 'AttentionRecord', row, title: '', open: () => null });
const [five, seventeen, one, two] = [item(5), item(17), item(null), item(null)];

describe('of several records of a view', () => {
  test('the one about the selected row is shown', () => {
    expect(chosenItem([five, seventeen], { row: 17, pick: 0 })).toBe(seventeen);
    expect(chosenItem([one, seventeen], { row: 17, pick: 0 })).toBe(seventeen);
  });
  test('none is shown for a row that none is about', () => {
    expect(chosenItem([five, seventeen], { row: 6, pick: 0 })).toBeNull();
  });
  test('the first is shown as long as no row is selected', () => {
    expect(chosenItem([five, seventeen], { row: null, pick: 9 })).toBe(five);
    expect(chosenItem([], { row: null, pick: 0 })).toBeNull();
  });
  test('those about no row are picked by their place, and the last stands for what is beyond', () => {
    expect(chosenItem([one, two], { row: 6, pick: 1 })).toBe(two);
    expect(chosenItem([one, two], { row: null, pick: 99 })).toBe(two);
  });
  test('choosing one makes it the chosen', () => {
    const items = [one, five, two];
    for (const each of items) {
      const state = { row: null, pick: 0 };
      choose(each, items, state);
      expect(chosenItem(items, state)).toBe(each);
    }
  });
});
