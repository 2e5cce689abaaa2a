import { describe, expect, test } from 'vitest';
import { contentsOf, plain, readSlice, rowsOf, writeSlice } from '../src/math/slices';
import type { SlicingRecord, SliceTable } from '../src/records';

const words: SlicingRecord = {
  kind: 'column', name: 'source',
  bin: { data: Int32Array.of(0, 1, 0, 2), shape: [4] },
  value: ['mail', 'web', ''],
  low: { data: Float64Array.of(NaN, NaN, NaN), shape: [3] },
  high: { data: Float64Array.of(NaN, NaN, NaN), shape: [3] },
};
const parts: SlicingRecord = {
  kind: 'length', name: '',
  bin: { data: Int32Array.of(1, 1, 0, 1), shape: [4] },
  value: ['', ''],
  low: { data: Float64Array.of(0, 5), shape: [2] },
  high: { data: Float64Array.of(4, 9), shape: [2] },
};
const table = {
  row: { data: Int32Array.of(12, 15, 17, 40), shape: [4] },
  slicings: [words, parts],
} as unknown as SliceTable;

describe('slices', () => {
  test('hold the rows of their bin, and each row once', () => {
    expect(rowsOf(table, { slicing: 0, bin: 0 })).toEqual(new Set([12, 17]));
    expect(rowsOf(table, { slicing: 1, bin: 1 })).toEqual(new Set([12, 15, 40]));
    const all = [0, 1, 2].flatMap((bin) => [...rowsOf(table, { slicing: 0, bin })]);
    expect(all.sort((a, b) => a - b)).toEqual([12, 15, 17, 40]);
  });

  test.each([{ slicing: 0, bin: 2 }, { slicing: 1, bin: 0 }])('survive the address: %o', (place) => {
    expect(readSlice(writeSlice(place), table)).toEqual(place);
  });

  test.each(['', '0', '0.', '0.3', '2.0', '-1.0', '0.0.0', '1e0.0', '__proto__.0', '99999999.0'])(
    'that do not exist are none: %s',
    (text) => expect(readSlice(text, table)).toBeNull(),
  );

  test('without a table are none', () => expect(readSlice('0.0', null)).toBeNull());

  test('say what they hold', () => {
    expect(contentsOf(words, 1)).toEqual({ value: 'web' });
    expect(contentsOf(words, 2)).toBe('empty');
    expect(contentsOf(parts, 0)).toEqual({ low: 0, high: 4 });
  });

  test.each([[12, '12'], [0.25, '0.25'], [-3, '−3'], [1 / 3, '0.3333'], [1.5e12, '1500000000000'], [2.5e-9, '2.5e−9']])(
    'write %d as %s',
    (value, text) => expect(plain(value)).toBe(text),
  );
});
