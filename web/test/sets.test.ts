import { describe, expect, it } from 'vitest';
import { mistakes, ofLabels, rowsOf } from '../src/math/sets';
import type { SetRows } from '../src/records';

// three labels, four rows
const GIVEN = [1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0];
const SAID = [1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0];
const sets = {
  labels: ['a', 'b', 'c'],
  actual: { data: Int32Array.of(2, 2, 1), shape: [3] },
  said: { data: Int32Array.of(2, 2, 1), shape: [3] },
  hits: { data: Int32Array.of(2, 1, 0), shape: [3] },
  threshold: { data: Float64Array.of(0.5, 0.4, NaN), shape: [3] },
  row: { data: Int32Array.of(2, 3, 4, 5), shape: [4] },
  given: { data: Uint8Array.from(GIVEN), shape: [4, 3] },
  predicted: { data: Uint8Array.from(SAID), shape: [4, 3] },
  total: 4,
} as unknown as SetRows;

describe('sets of labels', () => {
  it('say what is missing and what is too much', () => {
    expect(mistakes(sets, 0)).toEqual({ missing: [2], extra: [1], right: [0] });
    expect(mistakes(sets, 1)).toEqual({ missing: [], extra: [], right: [1] });
    expect(mistakes(sets, 3)).toEqual({ missing: [1], extra: [], right: [0] });
  });

  it('are listed with the most wrong labels first, without the rows that are right', () => {
    expect(rowsOf(sets, null)).toEqual([0, 2, 3]);
    expect(rowsOf(sets, 2)).toEqual([0, 2]);
    expect(rowsOf(sets, 0)).toEqual([]);
  });

  it('count every label, and leave undefined what has no rows', () => {
    const [first, , last] = ofLabels(sets);
    expect(first).toMatchObject({ number: 0, precision: 1, recall: 1, f1: 1, threshold: 0.5 });
    expect(last).toMatchObject({ number: 2, precision: 0, recall: 0, f1: 0 });
    const never = { ...sets, actual: { data: Int32Array.of(0, 2, 1) }, said: { data: Int32Array.of(0, 2, 1) }, hits: { data: Int32Array.of(0, 1, 0) } };
    const unseen = ofLabels(never as unknown as SetRows).find(({ number }) => number === 0)!;
    expect([unseen.precision, unseen.recall, unseen.f1]).toEqual([NaN, NaN, NaN]);
  });
});
