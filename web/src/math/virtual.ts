// Which rows of a long list are on screen, when rows differ in height.

export interface Slice {
  readonly first: number;
  readonly end: number;
  /** Height of everything above the slice and of the whole list, in CSS pixels. */
  readonly above: number;
  readonly total: number;
}

/** The rows [first, end) that touch [top, top + height), with `spare` more rows on either side. */
export function sliceOf(heights: ArrayLike<number>, top: number, height: number, spare = 3): Slice {
  const starts = [0];
  for (let i = 0; i < heights.length; i++) starts.push(starts[i]! + heights[i]!);
  const total = starts[heights.length]!;
  const firstSeen = upperBound(starts, top) - 1;
  const endSeen = lowerBound(starts, top + height);
  const first = clamp(firstSeen - spare, 0, heights.length);
  const end = clamp(endSeen + spare, first, heights.length);
  return { first, end, above: starts[first]!, total };
}

function upperBound(sorted: number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function lowerBound(sorted: number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
