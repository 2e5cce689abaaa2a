import { describe, expect, it } from 'vitest';
import { picked } from '../src/math/changed';
import type { ChangedRow } from '../src/records';

const row = (number: number, better: boolean, text: string): ChangedRow => ({
  better, row: number, row_second: null, text, label: 'Good', first: 'bad', second: 'good',
});
const ROWS = [row(1, true, 'A warm film'), row(2, false, 'A cold film'), row(3, true, '冷')];
const numbers = (found: ChangedRow[]) => found.map((each) => each.row);

describe('rows that changed', () => {
  it('are those of a kind', () => {
    expect(numbers(picked(ROWS, 'all', ''))).toEqual([1, 2, 3]);
    expect(numbers(picked(ROWS, 'better', ''))).toEqual([1, 3]);
    expect(numbers(picked(ROWS, 'worse', ''))).toEqual([2]);
  });

  it('hold every word that is looked for, whatever its case', () => {
    expect(numbers(picked(ROWS, 'all', ' FILM  warm'))).toEqual([1]);
    expect(numbers(picked(ROWS, 'all', 'good'))).toEqual([1, 2, 3]);
    expect(numbers(picked(ROWS, 'worse', '冷'))).toEqual([]);
  });
});
