// How the map of one head changed between two models, from the queries and keys of both.
import type { DiffRecord } from '../records';
import { softmaxInPlace } from './softmax';

/** Where a head lies among those that are held; -1 where it does not. */
export function heldSlot(record: DiffRecord, head: number): number {
  return record.whole.data.indexOf(head);
}

/** B's map minus A's, [S, S] row by row; rows sum to 0. */
export function difference(record: DiffRecord, slot: number): Float32Array {
  const [, tokens = 0, width = 0] = record.query_a.shape;
  const part = (data: Float32Array) => data.subarray(slot * tokens * width, (slot + 1) * tokens * width);
  const before = weights(part(record.query_a.data), part(record.key_a.data), tokens, width);
  const after = weights(part(record.query_b.data), part(record.key_b.data), tokens, width);
  return after.map((value, i) => value - before[i]!);
}

function weights(query: Float32Array, key: Float32Array, tokens: number, width: number): Float32Array {
  const found = new Float32Array(tokens * tokens);
  for (let i = 0; i < tokens; i++) {
    for (let j = 0; j < tokens; j++) {
      let sum = 0;
      for (let k = 0; k < width; k++) sum += query[i * width + k]! * key[j * width + k]!;
      found[i * tokens + j] = sum / Math.sqrt(width);
    }
    softmaxInPlace(found.subarray(i * tokens, (i + 1) * tokens));
  }
  return found;
}
