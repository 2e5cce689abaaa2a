import { describe, expect, test } from 'vitest';
import { measuresOf, placeOn } from '../src/math/guesses';
import type { PretrainingScore, PretrainingText } from '../src/records';

const score = { mlm_loss: 3, mlm_accuracy: 0.4, nsp_loss: null, nsp_accuracy: null, bits_per_character: 1.5, pseudo_perplexity: 30 };
const text = { vocab_size: 1000 } as PretrainingText;

describe('measures', () => {
  test('are those that the run has, each with what guessing gives', () => {
    const found = measuresOf(score as PretrainingScore, text);
    expect(found.map((each) => each.name)).toEqual(['mlm_accuracy', 'mlm_loss', 'bits_per_character', 'pseudo_perplexity']);
    expect(found[1]).toMatchObject({ chance: Math.log(1000), scale: [Math.log(1000), 0] });
  });

  test('a loss worse than guessing begins its own scale', () => {
    const [, loss] = measuresOf({ ...score, mlm_loss: 9 } as PretrainingScore, text);
    expect(loss!.scale).toEqual([9, 0]);
    expect(placeOn(loss!.scale!, 9)).toBe(0);
    expect(placeOn(loss!.scale!, 0)).toBe(1);
  });
});
