import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseContainer } from '../src/core/container';
import { edgesByMass } from '../src/math/edges';
import { cellsOf, poolMax } from '../src/math/pool';
import { headWeights, softmaxInPlace } from '../src/math/softmax';
import { axesOf, bare, mostlyIdeographs, unitsOf, unitWeights } from '../src/math/units';
import type { AttentionRecord } from '../src/records';

const file = readFileSync(new URL('./fixtures/planted.gbr', import.meta.url));
const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
const record = parseContainer(buffer).value as AttentionRecord;
const golden = JSON.parse(readFileSync(new URL('./fixtures/planted.json', import.meta.url), 'utf8')) as number[][][][];
const all = { words: false, special: true, side: 'all' } as const;

describe('headWeights', () => {
  test('equals Python for every layer and head', () => {
    golden.forEach((heads, layer) =>
      heads.forEach((rows, head) => {
        const weights = headWeights(record, layer, head);
        rows.flat().forEach((expected, i) => expect(Math.abs(weights[i]! - expected)).toBeLessThan(1e-6));
      }),
    );
  });

  test('rows sum to 1', () => {
    const weights = headWeights(record, 1, 2);
    for (let i = 0; i < 7; i++) {
      expect(weights.subarray(i * 7, i * 7 + 7).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    }
  });

  test('softmax survives huge scores', () => {
    const row = Float32Array.of(1e30, 1e30, -1e30);
    softmaxInPlace(row);
    expect([...row]).toEqual([0.5, 0.5, 0]);
  });
});

describe('units', () => {
  test('are the tokens', () => {
    expect(unitsOf(record, false).map((unit) => unit.label)).toEqual(record.tokens);
  });

  test('merge the subwords of a word, but not two texts', () => {
    const labels = unitsOf(record, true).map((unit) => unit.label);
    expect(labels).toEqual(['[CLS]', 'unusual', '晴', '[SEP]', 'yes', '[SEP]']);
  });

  test('merging keeps the sum of every row', () => {
    const axes = axesOf(record, { ...all, words: true });
    const merged = unitWeights(headWeights(record, 0, 1), 7, axes);
    for (let i = 0; i < 6; i++) {
      expect(merged.subarray(i * 6, i * 6 + 6).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    }
  });

  test('merging takes the mean over rows and the sum over columns', () => {
    const weights = headWeights(record, 0, 1);
    const merged = unitWeights(weights, 7, axesOf(record, { ...all, words: true }));
    const into = (row: number) => weights[row * 7 + 1]! + weights[row * 7 + 2]!;
    expect(merged[1 * 6 + 1]).toBeCloseTo((into(1) + into(2)) / 2, 6);
    expect(merged[0 * 6 + 1]).toBeCloseTo(into(0), 6);
  });

  test('can leave out special tokens and look from one text to the other', () => {
    const axes = axesOf(record, { words: true, special: false, side: 'across' });
    expect(axes.rows.map((unit) => unit.label)).toEqual(['unusual', '晴']);
    expect(axes.columns.map((unit) => unit.label)).toEqual(['yes']);
    const back = axesOf(record, { words: false, special: false, side: 'back' });
    expect(back.rows.map((unit) => unit.label)).toEqual(['yes']);
    expect(unitWeights(headWeights(record, 0, 0), 7, back)).toHaveLength(3);
  });

  test('lose the mark of their tokenizer, but never everything', () => {
    expect(['##ing', 'Ġthe', '▁the', '##', 'a'].map(bare)).toEqual(['ing', 'the', 'the', '##', 'a']);
  });

  test('know Chinese when they see it', () => {
    const unit = (label: string) => ({ label, tokens: [0], special: false, segment: 0 });
    expect(mostlyIdeographs(['晴', '天', 'a'].map(unit))).toBe(true);
    expect(mostlyIdeographs(['a', 'b', '天'].map(unit))).toBe(false);
  });
});

describe('edgesByMass', () => {
  const weights = Float32Array.of(0.5, 0.3, 0.2, 0.1, 0.1, 0.8);

  test('keeps the fewest and largest that reach the mass', () => {
    const kept = edgesByMass(weights, 2, 3, 0.75).map(({ from, to }) => [from, to]);
    expect(kept).toEqual([[0, 0], [0, 1], [1, 2]]);
  });

  test('keeps all at mass 1 and no zeros', () => {
    expect(edgesByMass(weights, 2, 3, 1)).toHaveLength(6);
    expect(edgesByMass(Float32Array.of(1, 0, 0, 1), 2, 2, 1)).toHaveLength(2);
  });
});

describe('poolMax', () => {
  const matrix = Float32Array.from({ length: 35 }, (_, i) => Math.abs(Math.sin(i * 1.3)));

  test.each([[3, 2], [5, 7], [4, 7], [1, 1], [10, 14], [13, 9]])('to %i x %i pixels shows the highest under each', (h, w) => {
    const pooled = poolMax(matrix, [5, 7], [h, w]);
    for (let q = 0; q < h; q++) {
      for (let p = 0; p < w; p++) {
        const [top, bottom] = cellsOf(q, 5, h);
        const [left, right] = cellsOf(p, 7, w);
        let highest = 0;
        for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) highest = Math.max(highest, matrix[i * 7 + j]!);
        expect(pooled[q * w + p]).toBe(highest);
      }
    }
  });

  test('never loses the largest value', () => {
    const highest = Math.max(...matrix);
    for (const pixels of [1, 2, 3, 4, 6, 8]) expect(Math.max(...poolMax(matrix, [5, 7], [pixels, pixels]))).toBe(highest);
  });

  test('every cell lies under some pixel', () => {
    for (const pixels of [1, 3, 7, 20]) {
      const seen = new Set<number>();
      for (let p = 0; p < pixels; p++) {
        const [first, end] = cellsOf(p, 7, pixels);
        for (let cell = first; cell < end; cell++) seen.add(cell);
      }
      expect(seen.size).toBe(7);
    }
  });
});
