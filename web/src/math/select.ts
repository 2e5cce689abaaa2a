// Which examples the list shows, and in which order.
import type { Examples } from '../records';

export type Preset = 'all' | 'mistakes';
export type Order = 'sure' | 'unsure' | 'row';

export interface Selection {
  readonly preset: Preset;
  readonly order: Order;
  /** A cell of the confusion matrix: true and predicted label. */
  readonly truth: number | null;
  readonly predicted: number | null;
  readonly find: string;
  /** Only rows with these numbers in the file. */
  readonly within: readonly ReadonlySet<number>[];
}

/** Indices into the examples; ties keep the order of the file. */
export function select(examples: Examples, selection: Selection): number[] {
  const { true: truth, predicted, confidence, row } = examples;
  const find = selection.find.toLowerCase();
  const chosen = examples.text.map((_, i) => i).filter((i) => {
    if (selection.truth !== null && truth.data[i] !== selection.truth) return false;
    if (selection.predicted !== null && predicted.data[i] !== selection.predicted) return false;
    // A chosen cell says which predictions are wanted; right ones must not vanish behind the preset.
    const anyCell = selection.truth !== null || selection.predicted !== null;
    if (!anyCell && selection.preset === 'mistakes' && truth.data[i] === predicted.data[i]) return false;
    if (!selection.within.every((rows) => rows.has(row.data[i]!))) return false;
    return find === '' || examples.text[i]!.toLowerCase().includes(find);
  });
  const by = {
    sure: (a: number, b: number) => confidence.data[b]! - confidence.data[a]!,
    unsure: (a: number, b: number) => confidence.data[a]! - confidence.data[b]!,
    row: () => 0,
  }[selection.order];
  return chosen.sort((a, b) => by(a, b) || row.data[a]! - row.data[b]!);
}
