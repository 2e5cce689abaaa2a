import { describe, expect, test } from 'vitest';
import { placeOf, ticksOf } from '../src/views/attention/scale';

describe('attention scale', () => {
  test('rises from 0 to 1 and is linear without contrast', () => {
    expect([0, 0.25, 1, 2, -1].map(placeOf(1))).toEqual([0, 0.25, 1, 1, 0]);
    expect(placeOf(2)(0.25)).toBe(0.5);
  });

  test.each([1, 1.5, 2, 4])('has ticks that do not touch at contrast %d', (contrast) => {
    const place = placeOf(contrast);
    const places = ticksOf(place).map(({ value }) => place(value));
    places.slice(1).forEach((value, i) => expect(value - places[i]!).toBeGreaterThan(0.15));
    expect(places[0]).toBe(0);
    expect(places[places.length - 1]).toBe(1);
  });
});
