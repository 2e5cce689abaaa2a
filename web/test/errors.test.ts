import { describe, expect, test } from 'vitest';
import { confusedPairs, predictedLabels, rowShares, rowTotals } from '../src/math/confusion';
import { select, type Selection } from '../src/math/select';
import { sliceOf } from '../src/math/virtual';
import type { Confusion, Examples } from '../src/records';

const examples: Examples = {
  row: { data: Int32Array.of(2, 3, 4, 5, 6), shape: [5] },
  text: ['Alpha', 'beta', 'ALPHA two', 'gamma', ''],
  length: { data: Int32Array.of(5, 4, 9, 5, 0), shape: [5] },
  true: { data: Int32Array.of(0, 1, 0, 1, 2), shape: [5] },
  predicted: { data: Int32Array.of(0, 0, 1, 1, 0), shape: [5] },
  confidence: { data: Float32Array.of(0.9, 0.6, 0.8, 0.7, 0.8), shape: [5] },
  total: 5,
};
const confusion: Confusion = {
  labels: ['a', 'b', 'c', 'd'],
  matrix: { data: Int32Array.of(1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0), shape: [4, 4] },
  examples,
};
const wanted: Selection = { preset: 'all', order: 'row', truth: null, predicted: null, find: '', within: [] };

describe('confusion', () => {
  test('shares are of the row, and 0 in an empty row', () => {
    expect(rowTotals(confusion)).toEqual([2, 2, 1, 0]);
    expect([...rowShares(confusion)]).toEqual([0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('pairs leave out the diagonal and what never happened, the largest first', () => {
    const pairs = confusedPairs(confusion, 9).map(({ truth, predicted }) => [truth, predicted]);
    expect(pairs).toEqual([[2, 0], [0, 1], [1, 0]]);
    expect(confusedPairs(confusion, 2)).toHaveLength(2);
  });

  test('knows which labels were ever predicted', () => {
    expect(predictedLabels(confusion)).toEqual([0, 1]);
  });
});

describe('select', () => {
  test('all, in the order of the file', () => {
    expect(select(examples, wanted)).toEqual([0, 1, 2, 3, 4]);
  });

  test('mistakes, the most confident first, ties in the order of the file', () => {
    expect(select(examples, { ...wanted, preset: 'mistakes', order: 'sure' })).toEqual([2, 4, 1]);
  });

  test('a cell, right answers too whatever the preset', () => {
    expect(select(examples, { ...wanted, preset: 'mistakes', truth: 0, predicted: 0 })).toEqual([0]);
    expect(select(examples, { ...wanted, truth: 0, predicted: 1 })).toEqual([2]);
  });

  test('only rows that every filter holds', () => {
    expect(select(examples, { ...wanted, within: [new Set([2, 4, 6])] })).toEqual([0, 2, 4]);
    expect(select(examples, { ...wanted, within: [new Set([2, 4, 6]), new Set([4, 5])] })).toEqual([2]);
    expect(select(examples, { ...wanted, preset: 'mistakes', within: [new Set([2, 3])] })).toEqual([1]);
  });

  test('the least confident first', () => {
    expect(select(examples, { ...wanted, order: 'unsure' })).toEqual([1, 3, 2, 4, 0]);
  });

  test('texts that hold what is looked for', () => {
    expect(select(examples, { ...wanted, find: 'alpha' })).toEqual([0, 2]);
    expect(select(examples, { ...wanted, find: '.*' })).toEqual([]);
  });
});

describe('sliceOf', () => {
  const heights = Array.from({ length: 1000 }, (_, i) => 20 + (i % 7) * 10);
  const starts = heights.map((_, i) => heights.slice(0, i).reduce((a, b) => a + b, 0));

  test.each([0, 1, 555.5, 12345, 49000])('at %d holds every row on screen and little else', (top) => {
    const slice = sliceOf(heights, top, 600);
    starts.forEach((start, i) => {
      const seen = start < top + 600 && start + heights[i]! > top;
      if (seen) expect(i >= slice.first && i < slice.end).toBe(true);
    });
    expect(slice.end - slice.first).toBeLessThan(45);
    expect(slice.above).toBe(starts[slice.first] ?? slice.total);
  });

  test('of nothing is nothing', () => {
    expect(sliceOf([], 0, 600)).toEqual({ first: 0, end: 0, above: 0, total: 0 });
  });

  test('beyond the end stays within the list', () => {
    const slice = sliceOf(heights, 1e6, 600);
    expect(slice.end).toBe(1000);
    expect(slice.first).toBeLessThanOrEqual(1000);
  });
});
