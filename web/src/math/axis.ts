// A common axis for scores: wide enough for every interval, no wider than the metric can be.
import { nice, scaleLinear, type Scale } from '../core/scales';
import type { Score } from '../records';

const BOUNDS = new Map<string, readonly [number, number]>([
  ['accuracy', [0, 1]],
  ['macro_f1', [0, 1]],
  ['mcc', [-1, 1]],
  ['pearson', [-1, 1]],
  ['spearman', [-1, 1]],
  ['f1', [0, 1]],
  ['precision', [0, 1]],
  ['recall', [0, 1]],
  ['micro_f1', [0, 1]],
  ['subset_accuracy', [0, 1]],
  ['mae', [0, Infinity]],
  ['rmse', [0, Infinity]],
  ['mse', [0, Infinity]],
]);

const PERCENT = 100;

/** The scale from scores to [0, width]; its domain holds every value and interval with some air. */
export function scoreScale(scores: readonly Score[], metric: string, width: number, percent = false): Scale {
  const values = scores.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  // Less than a tenth of the scale would make nothing look like something.
  const [floor, ceiling] = percent ? [0, PERCENT] : (BOUNDS.get(metric) ?? [-Infinity, Infinity]);
  const least = ceiling === Infinity ? highest / 10 || 1 : ceiling / 10; // errors have no end: a tenth of the largest
  const air = Math.max((highest - lowest) * 0.08, (least - (highest - lowest)) / 2);
  const [from, to] = nice([Math.max(lowest - air, floor), Math.min(highest + air, ceiling)], 5);
  return scaleLinear([Math.max(from, floor), Math.min(to, ceiling)], [0, width]);
}
