// Curves of a lie detector: what random orders get, and the two numbers of DeYoung et al. 2020.
import type { NdArray } from '../core/container';

export interface Band {
  readonly low: number[];
  readonly mean: number[];
  readonly high: number[];
}

/** The lowest, mean and highest of R curves [R, P] at every point. */
export function bandOf({ data, shape }: NdArray<Float64Array>): Band {
  const [curves = 0, points = 0] = shape;
  const at = (p: number) => Array.from({ length: curves }, (_, r) => data[r * points + p]!);
  const over = (of: (values: number[]) => number) => Array.from({ length: points }, (_, p) => of(at(p)));
  return {
    low: over((values) => Math.min(...values)),
    mean: over((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    high: over((values) => Math.max(...values)),
  };
}

/** The mean drop of the prediction over a deletion curve. */
export function comprehensiveness(curve: ArrayLike<number>): number {
  return curve[0]! - meanAfterFirst(curve);
}

/** The mean gap to the prediction over an insertion curve. */
export function sufficiency(curve: ArrayLike<number>): number {
  return curve[curve.length - 1]! - meanAfterFirst(curve);
}

function meanAfterFirst(curve: ArrayLike<number>): number {
  const values = Array.from(curve).slice(Math.min(1, curve.length - 1));
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
