// Readings of a confusion matrix: shares of each true label, and the pairs most often mixed up.
import type { Confusion } from '../records';

/** Counts of true against predicted, whatever is counted. */
export type Counted = Pick<Confusion, 'labels' | 'matrix'>;

export interface Pair {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** Of all rows with this true label. */
  readonly share: number;
}

/** Number of rows with each true label. */
export function rowTotals(confusion: Counted): number[] {
  const size = confusion.labels.length;
  return confusion.labels.map((_, row) => {
    let sum = 0;
    for (let column = 0; column < size; column++) sum += confusion.matrix.data[row * size + column]!;
    return sum;
  });
}

/** [C, C] each count as a share of its row; 0 in a row without any. */
export function rowShares(confusion: Counted): Float32Array {
  const size = confusion.labels.length;
  const totals = rowTotals(confusion);
  return Float32Array.from(confusion.matrix.data, (count, cell) => {
    const total = totals[Math.floor(cell / size)]!;
    return total === 0 ? 0 : count / total;
  });
}

/** The off-diagonal cells that hold anything, largest count first. */
export function confusedPairs(confusion: Counted, most: number): Pair[] {
  const size = confusion.labels.length;
  const shares = rowShares(confusion);
  const pairs: Pair[] = [];
  confusion.matrix.data.forEach((count, cell) => {
    const truth = Math.floor(cell / size);
    const predicted = cell % size;
    if (count > 0 && truth !== predicted) pairs.push({ truth, predicted, count, share: shares[cell]! });
  });
  return pairs.sort((a, b) => b.count - a.count || b.share - a.share).slice(0, most);
}

/** The labels that were ever predicted. */
export function predictedLabels(confusion: Counted): number[] {
  const size = confusion.labels.length;
  return confusion.labels.map((_, column) => column).filter((column) => {
    for (let row = 0; row < size; row++) if (confusion.matrix.data[row * size + column]! > 0) return true;
    return false;
  });
}
