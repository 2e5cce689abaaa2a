import { describe, expect, it } from 'vitest';
import { between, coordinatesOf, extentOf, inside, nearest, neighbourOf, toScreen, towards, viewOf } from '../src/math/plane';
import { readRanges, writeRanges } from '../src/math/ranges';
import type { MapSketch } from '../src/records';
import { colorsOf, faintFirst, painterFor } from '../src/views/embeddings/dots';

const map = {
  low: { data: Float64Array.of(-1, 2), shape: [2] },
  high: { data: Float64Array.of(3, 4), shape: [2] },
  coordinates: { data: Uint16Array.of(0, 0, 65535, 65535, 13107, 32768), shape: [3, 2] },
  neighbour_low: { data: Uint16Array.of(1, 2, 0, 34464, 0, 1), shape: [3, 2] },
  neighbour_high: { data: Uint8Array.of(0, 0, 0, 1, 0, 0), shape: [3, 2] },
} as unknown as MapSketch;

describe('ranges', () => {
  it('are written short and read back', () => {
    for (const numbers of [[], [5], [3, 4, 5], [1, 3, 5], [9, 2, 3, 4, 11, 9]]) {
      const text = writeRanges(numbers);
      expect([...readRanges(text, 100)]).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    }
    expect(writeRanges([12, 3, 7, 4, 5, 6])).toBe('3-7.12');
  });

  it('ignore what is no range, and never go beyond the last row', () => {
    expect([...readRanges('x.3.-2.5-4.7-999999999.1e3', 9)]).toEqual([3, 7, 8, 9]);
  });
});

describe('plane', () => {
  it('reads quantised coordinates and neighbours beyond 65,535', () => {
    const read = coordinatesOf(map);
    [-1, 2, 3, 4, -0.2, 3].forEach((value, i) => expect(read[i]).toBeCloseTo(value, 4));
    expect(neighbourOf(map, 1, 1)).toBe(100_000);
  });

  it('keeps one scale for both axes, with y upwards', () => {
    const view = viewOf(extentOf([map]), { width: 200, height: 200 * extentOf([map]).tall }, { zoom: 1, panX: 0.5, panY: 0.5 });
    const [ax, ay, bx, by] = toScreen(Float32Array.of(0, 3, 1, 4), view) as unknown as [number, number, number, number];
    expect(bx - ax).toBeCloseTo(ay - by, 4);
    expect(ay).toBeCloseTo(50, 4);
    expect(view.scale).toBeCloseTo((200 / 2) * 0.94 / 2, 6);
  });

  it('gives a flat map a flat picture, and no map one that cannot be read', () => {
    expect(extentOf([map]).tall).toBeCloseTo(0.5, 6);
    const thin = { ...map, low: { data: Float64Array.of(0, 0), shape: [2] }, high: { data: Float64Array.of(10, 1), shape: [2] } };
    expect(extentOf([thin]).tall).toBe(0.5);
    const high = { ...map, low: { data: Float64Array.of(0, 0), shape: [2] }, high: { data: Float64Array.of(1, 10), shape: [2] } };
    expect(extentOf([high]).tall).toBe(1);
  });

  it('goes from one map to the next in a straight line', () => {
    const [from, to] = [Float32Array.of(0, 0), Float32Array.of(4, -2)];
    expect([...between(from, to, 0.25)]).toEqual([1, -0.5]);
    expect(between(from, to, 1)).toBe(to);
  });

  it('finds the nearest point within reach, and the nearest in a direction', () => {
    const points = Float32Array.of(0, 0, 10, 0, 6, 5, 0, 9);
    expect(nearest(points, 9, 1, 3)).toBe(1);
    expect(nearest(points, 9, 9, 3)).toBe(-1);
    expect(towards(points, 0, [0, 1])).toBe(2);
    expect(towards(points, 0, [1, 0])).toBe(3);
    expect(towards(points, 0, [-1, 0])).toBe(0);
  });

  it('knows what lies inside a line that crosses itself', () => {
    const points = Float32Array.of(1, 1, 5, 1, 9, 1);
    expect(inside(points, [0, 0, 4, 0, 4, 4, 0, 4])).toEqual([0]);
    expect(inside(points, [0, 0, 10, 0, 10, 4, 0, 4])).toEqual([0, 1, 2]);
    expect(inside(points, [0, 0])).toEqual([]);
  });
});

it('a browser without WebGL draws many dots on the plain canvas', () => {
  const canvas = { getContext: () => null } as unknown as HTMLCanvasElement;
  expect(painterFor(canvas, 100_000).kind).toBe('canvas');
});

describe('many dots', () => {
  it('are drawn faint ones first, each with its own colour', () => {
    const alpha = Float32Array.of(1, 0.2, 1, 0.2);
    const rgb = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    const order = faintFirst(alpha);
    expect([...order!]).toEqual([1, 3, 0, 2]);
    expect([...colorsOf({ rgb, alpha }, order)]).toEqual([4, 5, 6, 51, 10, 11, 12, 51, 1, 2, 3, 255, 7, 8, 9, 255]);
  });

  it('keep their own order where none is faint', () => {
    const alpha = Float32Array.of(1, 1);
    expect(faintFirst(alpha)).toBeNull();
    expect([...colorsOf({ rgb: Uint8Array.of(1, 2, 3, 4, 5, 6), alpha }, null)]).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
  });
});
