import { describe, expect, test } from 'vitest';
import { isLogarithmic, scoreDomain, settingScale, settingTicks, tickText, type Trial } from '../src/math/trials';

const trial = (score: number | null, low: number | null = null, high: number | null = null): Trial => ({
  at: 0, number: 0, state: 'complete', settings: [], score, low, high, seconds: 1,
});

describe('axis of a setting', () => {
  test('equal ratios of a learning rate are equally far apart, and all values lie inside', () => {
    const scale = settingScale('learning_rate', [4e-5, 2e-4, 1e-3], 500);
    expect(scale(2e-4) - scale(4e-5)).toBeCloseTo(scale(1e-3) - scale(2e-4), 8);
    expect(scale(4e-5)).toBeGreaterThan(0);
    expect(scale(1e-3)).toBeLessThan(500);
  });

  test('layer decay is even, as is what reaches nothing', () => {
    const scale = settingScale('layer_decay', [0.7, 0.8, 1], 300);
    expect(scale(0.8) - scale(0.7)).toBeCloseTo((scale(1) - scale(0.8)) / 2, 8);
    expect(isLogarithmic('learning_rate', [0, 1])).toBe(false);
  });

  test('a single value lies in the middle', () => {
    for (const name of ['learning_rate', 'layer_decay']) {
      expect(settingScale(name, [0.5, 0.5], 100)(0.5)).toBeCloseTo(50, 8);
    }
  });

  test.each([['learning_rate', [4e-5, 1e-3]], ['learning_rate', [2e-4, 2.3e-4]], ['epochs', [1.5, 6]], ['layer_decay', [0.7, 1]]])(
    'ticks of %s %j are on the axis and leave room for their labels',
    (name, values) => {
      const scale = settingScale(name, values, 320);
      const ticks = settingTicks(name, values, scale);
      expect(ticks.length).toBeGreaterThan(1);
      ticks.forEach((tick, i) => {
        expect(scale(tick)).toBeGreaterThanOrEqual(0);
        expect(scale(tick)).toBeLessThanOrEqual(320);
        if (i > 0) expect(scale(tick) - scale(ticks[i - 1]!)).toBeGreaterThanOrEqual(44);
      });
    },
  );
});

test('ticks of rates are written in one form', () => {
  expect([5e-5, 1e-3, 0.002, 0.01, 3].map(tickText)).toEqual(['5e−5', '1e−3', '2e−3', '0.01', '3']);
});

test('scores lie inside their axis with their intervals, and none at all is an axis too', () => {
  const [low, high] = scoreDomain([trial(0.8, 0.7, 0.9), trial(null)], 'accuracy');
  expect(low).toBeLessThanOrEqual(0.7);
  expect(high).toBeGreaterThanOrEqual(0.9);
  expect(scoreDomain([trial(null)], 'accuracy')).toEqual([0, 1]);
});
