// Sets of labels, given and predicted: what is missing, what is too much, and how well each label is found.
import type { SetRows } from '../records';

export interface OfLabel {
  readonly number: number;
  readonly actual: number;
  readonly said: number;
  readonly hits: number;
  /** hits / said; NaN where the label is never said. */
  readonly precision: number;
  /** hits / actual; NaN where no row has the label. */
  readonly recall: number;
  /** 2 hits / (said + actual); NaN where both are 0. */
  readonly f1: number;
  readonly threshold: number;
}

/** Every label, the commonest first. */
export function ofLabels({ labels, actual, said, hits, threshold }: SetRows): OfLabel[] {
  return labels
    .map((_, number) => {
      const [a, s, h] = [actual.data[number]!, said.data[number]!, hits.data[number]!];
      const of = { number, actual: a, said: s, hits: h, threshold: threshold.data[number]! };
      return { ...of, precision: h / s, recall: h / a, f1: (2 * h) / (s + a) };
    })
    .sort((a, b) => b.actual - a.actual || a.number - b.number);
}

export interface Mistakes {
  readonly missing: number[];
  readonly extra: number[];
  readonly right: number[];
}

/** The labels of a row, by number: given and not said, said and not given, both. */
export function mistakes(sets: SetRows, row: number): Mistakes {
  const found: Mistakes = { missing: [], extra: [], right: [] };
  sets.labels.forEach((_, label) => {
    const at = row * sets.labels.length + label;
    const [given, said] = [sets.given.data[at]!, sets.predicted.data[at]!];
    if (given && said) found.right.push(label);
    else if (given) found.missing.push(label);
    else if (said) found.extra.push(label);
  });
  return found;
}

/** Rows with a wrong label, the most wrong first; with a label, those in which this one is wrong. */
export function rowsOf(sets: SetRows, label: number | null): number[] {
  const count = sets.labels.length;
  const wrong = (row: number) => {
    let sum = 0;
    for (let at = row * count; at < (row + 1) * count; at++) sum += Math.abs(sets.given.data[at]! - sets.predicted.data[at]!);
    return sum;
  };
  const rows = Array.from(sets.row.data, (_, row) => ({ row, wrong: wrong(row) })).filter(
    ({ row, wrong: sum }) =>
      sum > 0 && (label === null || sets.given.data[row * count + label] !== sets.predicted.data[row * count + label]),
  );
  return rows.sort((a, b) => b.wrong - a.wrong || a.row - b.row).map(({ row }) => row);
}
