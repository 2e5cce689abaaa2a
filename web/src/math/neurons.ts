// One token's attention, element by element: its query times every key.
import { sizesOf, slotOf, softmaxInPlace, type Attended } from './softmax';

export interface Neurons {
  /** [d] */
  readonly query: Float32Array;
  /** [rows, d] */
  readonly keys: Float32Array;
  /** query × key, [rows, d]; the sum of a row is q·k. */
  readonly products: Float32Array;
  /** q·k / √d, [rows] */
  readonly scores: Float32Array;
  /** softmax of the scores over all tokens of the text, also those that are not listed, [rows] */
  readonly weights: Float32Array;
}

export interface Head {
  readonly layer: number;
  readonly head: number;
}

/** What token `from` compares with the tokens `to`, in one head. */
export function neuronsOf(record: Attended, { layer, head }: Head, from: number, to: readonly number[]): Neurons {
  const { tokens, width } = sizesOf(record);
  const start = slotOf(record, layer, head) * tokens * width;
  const query = record.query.data.subarray(start + from * width, start + (from + 1) * width);
  const all = record.key.data.subarray(start, start + tokens * width);
  const scores = new Float32Array(tokens);
  for (let j = 0; j < tokens; j++) {
    let sum = 0;
    for (let e = 0; e < width; e++) sum += query[e]! * all[j * width + e]!;
    scores[j] = sum / Math.sqrt(width);
  }
  const weights = scores.slice();
  softmaxInPlace(weights);
  const keys = new Float32Array(to.length * width);
  to.forEach((j, row) => keys.set(all.subarray(j * width, (j + 1) * width), row * width));
  const products = keys.map((value, i) => value * query[i % width]!);
  const listed = (values: Float32Array) => Float32Array.from(to, (j) => values[j]!);
  return { query, keys, products, scores: listed(scores), weights: listed(weights) };
}

/** The largest absolute value, at least a little more than nothing. */
export function largest(...parts: readonly Float32Array[]): number {
  let most = 1e-30;
  for (const part of parts) for (const value of part) most = Math.max(most, Math.abs(value));
  return most;
}
