// Attention weights from queries and keys, exactly as AttentionRecord.weights does in Python.
import type { AttentionRecord, AttentionSketch } from '../records';

/** A text whose heads are all held whole, or only some of them and the others as thumbnails. */
export type Attended = AttentionRecord | AttentionSketch;

export interface Sizes {
  readonly layers: number;
  readonly heads: number;
  readonly tokens: number;
  readonly width: number;
}

export function sizesOf(record: Attended): Sizes {
  const [layers = 0, heads = 0] = record.certificates.shape;
  const [tokens = 0, width = 0] = record.query.shape.slice(-2);
  return { layers, heads, tokens, width };
}

/** Where the queries and keys of a head lie among those that are held; -1 where they are not. */
export function slotOf(record: Attended, layer: number, head: number): number {
  const index = layer * sizesOf(record).heads + head;
  return 'whole' in record ? record.whole.data.indexOf(index) : index;
}

/** softmax(Q Kᵀ / √d) of one head that is held whole, [S, S] row by row; row i sums to 1. */
export function headWeights(record: Attended, layer: number, head: number): Float32Array {
  const { tokens, width } = sizesOf(record);
  const start = slotOf(record, layer, head) * tokens * width;
  const query = record.query.data.subarray(start, start + tokens * width);
  const key = record.key.data.subarray(start, start + tokens * width);
  const weights = new Float32Array(tokens * tokens);
  const scale = 1 / Math.sqrt(width);
  for (let i = 0; i < tokens; i++) {
    const row = weights.subarray(i * tokens, (i + 1) * tokens);
    scoresInto(row, query.subarray(i * width, (i + 1) * width), key, scale);
    softmaxInPlace(row);
  }
  return weights;
}

/** scale * q·k with every key, four keys at a time: their sums do not wait for one another, and each is as it is alone. */
function scoresInto(row: Float32Array, query: Float32Array, key: Float32Array, scale: number): void {
  const width = query.length;
  const even = row.length - (row.length % 4);
  for (let j = 0; j < even; j += 4) {
    const [one, two, three, four] = [j * width, (j + 1) * width, (j + 2) * width, (j + 3) * width];
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let k = 0; k < width; k++) {
      const q = query[k]!;
      a += q * key[one + k]!;
      b += q * key[two + k]!;
      c += q * key[three + k]!;
      d += q * key[four + k]!;
    }
    row[j] = scale * a;
    row[j + 1] = scale * b;
    row[j + 2] = scale * c;
    row[j + 3] = scale * d;
  }
  for (let j = even; j < row.length; j++) {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += query[k]! * key[j * width + k]!;
    row[j] = scale * sum;
  }
}

export function softmaxInPlace(row: Float32Array): void {
  let highest = -Infinity;
  for (const value of row) highest = Math.max(highest, value);
  let total = 0;
  for (let j = 0; j < row.length; j++) {
    const power = Math.exp(row[j]! - highest);
    row[j] = power;
    total += power;
  }
  for (let j = 0; j < row.length; j++) row[j] = row[j]! / total;
}
