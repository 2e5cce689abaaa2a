// How far a drawn map is from what the model computed, as AttentionRecord.certificate says it in Python.
import { sizesOf, slotOf, type Attended } from './softmax';

/** The most that it may be by rounding alone, in float32 and for any kernel. */
export const SOUND = 1e-4;

export function isSound(certificate: number): boolean {
  return certificate <= SOUND;
}

/**
 * max |A·V − context| as it was when the record was made, or max |A·(V·u) − context·u| of the map in hand where that
 * is more: queries and keys may have been damaged since.
 */
export function certificateOf(record: Attended, layer: number, head: number, weights: Float32Array): number {
  const { heads, tokens } = sizesOf(record);
  const slot = slotOf(record, layer, head);
  const value = record.value_witness.data.subarray(slot * tokens, (slot + 1) * tokens);
  const context = record.context_witness.data.subarray(slot * tokens, (slot + 1) * tokens);
  let worst = record.certificates.data[layer * heads + head]!;
  for (let i = 0; i < tokens; i++) {
    let drawn = 0;
    for (let j = 0; j < tokens; j++) drawn += weights[i * tokens + j]! * value[j]!;
    worst = Math.max(worst, Math.abs(drawn - context[i]!));
  }
  return worst;
}
