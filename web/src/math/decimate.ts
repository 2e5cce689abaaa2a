// Long curves on few pixels, with every spike kept.

export interface Points {
  readonly x: number[];
  readonly y: (number | null)[];
}

/**
 * The first, lowest, highest and last point of every pixel column between `from` and `to`; a gap (NaN) stays a gap.
 * A curve of no more points than four per column is returned as it is.
 */
export function decimate(x: ArrayLike<number>, y: ArrayLike<number>, window: Window): Points {
  const { from, to, columns } = window;
  const inside: number[] = [];
  for (let i = 0; i < x.length; i++) if (x[i]! >= from && x[i]! <= to) inside.push(i);
  const kept = inside.length <= 4 * columns ? inside : keepExtremes(inside, x, y, window);
  return {
    x: kept.map((i) => x[i]!),
    y: kept.map((i) => (Number.isFinite(y[i]!) ? y[i]! : null)),
  };
}

export interface Window {
  readonly from: number;
  readonly to: number;
  readonly columns: number;
}

function keepExtremes(inside: number[], x: ArrayLike<number>, y: ArrayLike<number>, window: Window): number[] {
  const span = window.to - window.from || 1;
  const kept: number[] = [];
  let bucket: number[] = [];
  let current = -1;
  for (const i of inside) {
    const column = Math.min(window.columns - 1, Math.floor(((x[i]! - window.from) / span) * window.columns));
    if (column !== current) {
      kept.push(...extremes(bucket, y));
      bucket = [];
      current = column;
    }
    bucket.push(i);
  }
  kept.push(...extremes(bucket, y));
  return kept;
}

function extremes(bucket: number[], y: ArrayLike<number>): number[] {
  if (bucket.length <= 4) return bucket;
  const finite = bucket.filter((i) => Number.isFinite(y[i]!));
  const chosen = new Set([bucket[0]!, bucket[bucket.length - 1]!]);
  if (finite.length > 0) {
    chosen.add(finite.reduce((best, i) => (y[i]! < y[best]! ? i : best)));
    chosen.add(finite.reduce((best, i) => (y[i]! > y[best]! ? i : best)));
  }
  // One missing value is enough to keep the gap visible.
  const gap = bucket.find((i) => !Number.isFinite(y[i]!));
  if (gap !== undefined) chosen.add(gap);
  return [...chosen].sort((a, b) => a - b);
}
