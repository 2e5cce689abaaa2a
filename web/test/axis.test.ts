import { describe, expect, test } from 'vitest';
import { scoreScale } from '../src/math/axis';

describe('score axis', () => {
  const of = (value: number, low: number | null, high: number | null) => ({ metric: 'accuracy', value, low, high });

  test('holds every value and interval, within what the metric can be', () => {
    const scale = scoreScale([of(0.9, 0.88, 0.92), of(0.5, null, null)], 'accuracy', 100);
    expect(scale(0.5)).toBeGreaterThanOrEqual(0);
    expect(scale(0.92)).toBeLessThanOrEqual(100);
    expect(scoreScale([of(1, 1, 1)], 'accuracy', 100).domain()[1]).toBe(1);
  });

  test('of percentages goes as far as a hundred', () => {
    const [low, high] = scoreScale([of(0.9, 0.4, 1.6), of(99, null, null)], 'f1', 100, true).domain() as [number, number];
    expect([low, high]).toEqual([0, 100]);
    const near = scoreScale([of(50, 49.9, 50.1)], 'f1', 100, true).domain() as [number, number];
    expect(near[1] - near[0]).toBeGreaterThan(9);
  });

  test('does not stretch a hair over the whole width', () => {
    const [low, high] = scoreScale([of(0.9, 0.8999, 0.9001)], 'accuracy', 100).domain() as [number, number];
    expect(high - low).toBeGreaterThan(0.09);
  });
});
