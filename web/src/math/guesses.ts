// What the scores of hidden words are measured against: guessing all pieces alike.
import type { PretrainingScore, PretrainingText } from '../records';

export interface Measure {
  readonly name: 'mlm_loss' | 'mlm_accuracy' | 'nsp_accuracy' | 'nsp_loss' | 'bits_per_character' | 'pseudo_perplexity';
  readonly value: number;
  /** The worst that needs no knowledge, where there is one: what guessing gives. */
  readonly chance: number | null;
  /** The ends of its scale, the better one on the right; null where it has none. */
  readonly scale: readonly [number, number] | null;
}

/** The measures that the run has, in the order of the page. */
export function measuresOf(score: PretrainingScore, text: PretrainingText): Measure[] {
  const pieces = text.vocab_size;
  const blind = pieces === null ? null : Math.log(pieces);
  const all: (Omit<Measure, 'value'> & { value: number | null })[] = [
    { name: 'mlm_accuracy', value: score.mlm_accuracy, chance: pieces === null ? null : 1 / pieces, scale: [0, 1] },
    { name: 'mlm_loss', value: score.mlm_loss, chance: blind, scale: lossScale(score.mlm_loss, blind) },
    { name: 'nsp_accuracy', value: score.nsp_accuracy, chance: 0.5, scale: [0, 1] },
    { name: 'nsp_loss', value: score.nsp_loss, chance: Math.LN2, scale: lossScale(score.nsp_loss, Math.LN2) },
    { name: 'bits_per_character', value: score.bits_per_character, chance: null, scale: null },
    { name: 'pseudo_perplexity', value: score.pseudo_perplexity, chance: pieces, scale: null },
  ];
  return all.filter((each): each is Measure => each.value !== null);
}

/** From knowing nothing, or what is worse, to certainty. */
function lossScale(loss: number | null, blind: number | null): [number, number] | null {
  return loss === null || blind === null || !Number.isFinite(loss) ? null : [Math.max(blind, loss), 0];
}

/** Where a value lies between the ends, 0 to 1. */
export function placeOn(scale: readonly [number, number], value: number): number {
  return Math.min(Math.max((value - scale[0]) / (scale[1] - scale[0]), 0), 1);
}
