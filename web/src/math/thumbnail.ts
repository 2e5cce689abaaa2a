// The map of a head that is not held whole: the largest weight of every cell of a few tokens each way.
import type { AttentionSketch } from '../records';
import { cellsOf } from './pool';
import type { Axes, Unit } from './units';

const SQUARES = Float32Array.from({ length: 256 }, (_, level) => (level / 255) ** 2);

/** Weights [P, P], to half a step of 255 on the scale of square roots. */
export function thumbnailWeights(record: AttentionSketch, layer: number, head: number): Float32Array {
  const [, heads = 0, side = 0] = record.pooled.shape;
  const start = (layer * heads + head) * side * side;
  const weights = new Float32Array(side * side);
  for (let i = 0; i < weights.length; i++) weights[i] = SQUARES[record.pooled.data[start + i]!]!;
  return weights;
}

/** What its rows and columns stand for: always all the tokens, in the cells that the thumbnail has. */
export function thumbnailAxes(record: AttentionSketch): Axes {
  const side = record.pooled.shape[3]!;
  const units = Array.from({ length: side }, (_, p): Unit => {
    const [first, end] = cellsOf(p, record.tokens.length, side);
    const tokens = Array.from({ length: end - first }, (_, i) => first + i);
    const [from, to] = [record.tokens[first]!, record.tokens[end - 1]!];
    const special = tokens.every((i) => record.word.data[i]! < 0);
    return { label: end - first > 1 ? `${from}…${to}` : from, tokens, special, segment: record.token_type_ids.data[first]! };
  });
  return { rows: units, columns: units };
}
