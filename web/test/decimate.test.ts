import { describe, expect, test } from 'vitest';
import { decimate } from '../src/math/decimate';
import { panelsOf, stepsOf, valueAt, valuesOf } from '../src/math/panels';
import type { Curves, Series } from '../src/records';

function series(name: string, step: number[], value: number[]): Series {
  return {
    name,
    step: { data: Int32Array.from(step), shape: [step.length] },
    value: { data: Float64Array.from(value), shape: [value.length] },
  };
}

describe('decimate', () => {
  const x = Array.from({ length: 5000 }, (_, i) => i);
  const y = x.map((i) => (i === 1234 ? 99 : i === 4321 ? -99 : Math.sin(i)));

  test('returns a short curve as it is', () => {
    const short = decimate([1, 2, 3], [4, 5, 6], { from: 0, to: 10, columns: 100 });
    expect(short).toEqual({ x: [1, 2, 3], y: [4, 5, 6] });
  });

  test('keeps every spike of a long one', () => {
    const points = decimate(x, y, { from: 0, to: 4999, columns: 50 });
    expect(points.x.length).toBeLessThanOrEqual(200);
    expect(points.y).toContain(99);
    expect(points.y).toContain(-99);
  });

  test('keeps the lowest and highest of every column, and the order', () => {
    const columns = 37;
    const points = decimate(x, y, { from: 0, to: 4999, columns });
    expect([...points.x].sort((a, b) => a - b)).toEqual(points.x);
    const column = (i: number) => Math.min(columns - 1, Math.floor((i / 4999) * columns));
    for (let c = 0; c < columns; c++) {
      const whole = x.filter((i) => column(i) === c).map((i) => y[i]!);
      const kept = points.x.filter((i) => column(i) === c).map((i) => y[i]!);
      expect(Math.min(...kept)).toBe(Math.min(...whole));
      expect(Math.max(...kept)).toBe(Math.max(...whole));
    }
  });

  test('leaves out what is not on show', () => {
    const points = decimate(x, y, { from: 100, to: 110, columns: 500 });
    expect(points.x).toEqual([100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110]);
  });

  test('keeps a gap a gap', () => {
    expect(decimate([1, 2, 3], [1, NaN, 3], { from: 0, to: 4, columns: 9 }).y).toEqual([1, null, 3]);
    const holed = y.map((value, i) => (i === 2500 ? NaN : value));
    expect(decimate(x, holed, { from: 0, to: 4999, columns: 50 }).y).toContain(null);
  });
});

describe('panels', () => {
  const curves: Curves = {
    series: [
      series('tokens_per_second', [1, 2], [10, 11]),
      series('loss', [1, 2, 3], [3, 2, 1]),
      series('validation_accuracy', [2], [0.5]),
      series('validation_loss', [2], [2.5]),
      series('odd', [], []),
    ],
    best_step: 2,
    total_steps: 3,
    resumed: { data: new Int32Array(), shape: [0] },
  };

  test('put training and validation of one measure together, the loss first', () => {
    const panels = panelsOf(curves);
    expect(panels.map((panel) => panel.name)).toEqual(['loss', 'accuracy', 'tokens_per_second']);
    expect(panels[0]!.training?.name).toBe('loss');
    expect(panels[0]!.validation?.name).toBe('validation_loss');
  });

  test('leave out a loss that is that of masked words alone', () => {
    const names = (...all: (readonly [string, number[]])[]) =>
      panelsOf({ ...curves, series: all.map(([name, values]) => series(name, [1, 2], values)) }).map((panel) => panel.name);
    expect(names(['mlm_loss', [3, NaN]], ['loss', [3.000001, NaN]])).toEqual(['mlm_loss']);
    expect(names(['mlm_loss', [3, 2]], ['loss', [3, 1]])).toEqual(['mlm_loss', 'loss']);
    expect(names(['mlm_loss', [3, 2]], ['nsp_loss', [0, 0]], ['loss', [3, 2]])).toEqual(['mlm_loss', 'nsp_loss', 'loss']);
  });

  test('know the first and the last step', () => {
    expect(stepsOf(curves)).toEqual([1, 3]);
  });

  test('hold all values between two steps', () => {
    const [low, high] = valuesOf([curves.series[1]!], 1, 2);
    expect(low).toBeLessThan(2);
    expect(high).toBeGreaterThan(3);
    expect(low).toBeGreaterThan(1);
  });

  test('open a flat curve, and one without any value', () => {
    const [low, high] = valuesOf([series('flat', [1, 2], [5, 5])], 1, 2);
    expect(low).toBeLessThan(5);
    expect(high).toBeGreaterThan(5);
    expect(valuesOf([series('zero', [1, 2], [0, 0])], 1, 2)).toEqual([0, 1]);
    expect(valuesOf([series('none', [1], [NaN])], 1, 1)).toEqual([0, 1]);
  });

  test('read the value at or before a step', () => {
    const loss = curves.series[1]!;
    expect(valueAt(loss, 2.9)).toEqual({ step: 2, value: 2 });
    expect(valueAt(loss, 99)).toEqual({ step: 3, value: 1 });
    expect(valueAt(loss, 0).value).toBeNaN();
  });
});
