import { scaleLinear as linear, scaleLog as logarithmic } from 'd3-scale';
import { describe, expect, test } from 'vitest';
import { nice, scaleLinear, scaleLog, type Ends, type Scale } from '../src/core/scales';

/** Numbers from 0 to 1, the same at every run. */
function draws(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

function ends(draw: () => number, positive: boolean): Ends {
  const size = 10 ** (12 * draw() - 6);
  const low = positive ? size : size * (draw() - 0.5);
  return [low, positive ? low * 10 ** (8 * draw() ** 2 + 1e-3) : low + size * (0.01 + draw())];
}

const near = (found: number, wanted: number, whole: number) => expect(Math.abs(found - wanted)).toBeLessThanOrEqual(1e-9 * whole);

function same(ours: Scale, theirs: { (value: number): number; invert(place: number): number; ticks(count: number): number[] }, [low, high]: Ends, [from, to]: Ends) {
  for (const share of [-0.2, 0, 0.3, 0.77, 1, 1.4]) {
    const value = low + share * (high - low);
    if (value > 0 || low <= 0) near(ours(value), theirs(value), Math.abs(to - from));
    const place = from + share * (to - from);
    near(ours.invert(place), theirs.invert(place), Math.abs(theirs.invert(place)) + high - low);
  }
  for (const count of [2, 3, 4, 5, 6, 10]) {
    const [found, wanted] = [ours.ticks(count), theirs.ticks(count)];
    expect(found.length).toBe(wanted.length);
    found.forEach((tick, i) => near(tick, wanted[i]!, Math.abs(wanted[i]!)));
  }
}

describe('scales mean what those of d3-scale mean', () => {
  const draw = draws(7);
  const ranges: Ends[] = [[0, 600], [220, 0], [8, 592]];

  test('linear', () => {
    for (let i = 0; i < 300; i++) {
      const [domain, range] = [ends(draw, false), ranges[i % 3]!];
      same(scaleLinear(domain, range), linear([...domain], [...range]), domain, range);
    }
  });

  test('logarithmic', () => {
    for (let i = 0; i < 300; i++) {
      const [domain, range] = [ends(draw, true), ranges[i % 3]!];
      same(scaleLog(domain, range), logarithmic([...domain], [...range]), domain, range);
    }
  });

  test('widened to ticks', () => {
    for (let i = 0; i < 300; i++) {
      const domain = ends(draw, i % 2 === 0);
      const wanted = linear([...domain], [0, 1]).nice(5).domain();
      nice(domain, 5).forEach((end, k) => near(end, wanted[k]!, wanted[1]! - wanted[0]!));
    }
  });
});

describe('domains without an extent', () => {
  test('put their value in the middle, as those of d3-scale do', () => {
    expect([scaleLinear([3, 3], [0, 10])(3), scaleLog([3, 3], [0, 10])(3)]).toEqual([5, 5]);
    expect(linear([3, 3], [0, 10])(3)).toBe(5);
    expect(scaleLinear([3, 3], [0, 10]).ticks(5)).toEqual([3]);
    expect(nice([3, 3], 5)).toEqual([3, 3]);
  });

  test('of no number have no place and no ticks', () => {
    expect(scaleLinear([NaN, 1], [0, 10])(0.5)).toBeNaN();
    expect(scaleLinear([NaN, 1], [0, 10]).ticks(5)).toEqual([]);
    expect(nice([NaN, 1], 5)).toEqual([NaN, 1]);
  });
});
