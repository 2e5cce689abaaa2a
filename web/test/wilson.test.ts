import { expect, test } from 'vitest';
import { wilson } from '../src/math/wilson';

test('wilson agrees with published values', () => {
  const [low, high] = wilson(81, 263);
  expect(low).toBeCloseTo(0.2553, 3);
  expect(high).toBeCloseTo(0.3662, 3);
  expect(wilson(0, 0)).toEqual([0, 1]);
  expect(wilson(5, 5)[1]).toBe(1);
});
