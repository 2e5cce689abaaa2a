import { describe, expect, test } from 'vitest';
import { outlines } from '../src/math/landscape';
import type { LandscapeRecord } from '../src/records';

type Square = readonly [x: number, y: number, size: number];

/** A landscape of which only the ground matters. */
function ground(squares: readonly Square[], span: readonly [number, number] = [4, 4]): LandscapeRecord {
  const numbers = new Map<string, number>();
  const points: number[] = [];
  const number = (x: number, y: number) => {
    const key = `${x} ${y}`;
    if (!numbers.has(key)) {
      numbers.set(key, numbers.size);
      points.push(x, y);
    }
    return numbers.get(key)!;
  };
  const cells = squares.flatMap(([x, y, size]) => [number(x, y), number(x, y + size), number(x + size, y), number(x + size, y + size)]);
  number(span[0] / 2, span[1] / 2 + 0.25); // measured, and the corner of no cell
  return {
    points: { data: new Float64Array(points), shape: [points.length / 2, 2] },
    cells: { data: new Int32Array(cells), shape: [squares.length, 4] },
  } as unknown as LandscapeRecord;
}

/** Squares of 2, the first halved, and its last quarter halved again. */
const MIXED: readonly Square[] = [
  [2, 0, 2], [0, 2, 2], [2, 2, 2],
  [0, 0, 1], [0, 1, 1], [1, 0, 1],
  [1, 1, 0.5], [1, 1.5, 0.5], [1.5, 1, 0.5], [1.5, 1.5, 0.5],
];

describe('outlines', () => {
  test('leave no gap: every edge is walked once in each direction, or once along the frame', () => {
    const record = ground(MIXED);
    const walked = new Map<string, number>();
    for (const ring of outlines(record)) {
      ring.forEach((from, i) => {
        const key = `${from} ${ring[(i + 1) % ring.length]}`;
        walked.set(key, (walked.get(key) ?? 0) + 1);
      });
    }
    const at = (point: number) => [record.points.data[2 * point]!, record.points.data[2 * point + 1]!] as const;
    for (const [key, count] of walked) {
      expect(count).toBe(1);
      const [a, b] = key.split(' ').map(Number) as [number, number];
      const [[ax, ay], [bx, by]] = [at(a), at(b)];
      const onFrame = (ax === bx && (ax === 0 || ax === 4)) || (ay === by && (ay === 0 || ay === 4));
      expect(walked.has(`${b} ${a}`)).toBe(!onFrame);
    }
  });

  test('of equal cells are their corners alone', () => {
    const rings = outlines(ground([[0, 0, 2], [0, 2, 2], [2, 0, 2], [2, 2, 2]]));
    expect(rings.map((ring) => ring.length)).toEqual([4, 4, 4, 4]);
  });

  test('have the finer corners on the edge of a coarse cell, in order', () => {
    const record = ground(MIXED);
    const names = (ring: number[]) => ring.map((point) => [...record.points.data.subarray(2 * point, 2 * point + 2)].join(','));
    expect(names(outlines(record)[0]!)).toEqual(['2,0', '2,1', '2,1.5', '2,2', '4,2', '4,0']);
  });
});
