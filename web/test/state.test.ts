import { describe, expect, test } from 'vitest';
import { fromHash, initialState, toHash, type State } from '../src/core/state';

describe('state', () => {
  test('at the start needs no hash', () => {
    expect(toHash(initialState())).toBe('');
  });

  test('survives the address, whatever is in it', () => {
    const state: State = {
      ...initialState(),
      lang: 'zh', theme: 'dark', at: 'errors', metric: 'mcc', errorsOnly: true, truth: 3, predicted: 0,
      preset: 'all', order: 'row', find: 'a&b=c#d 晴 %', slice: '2.10', suspects: true, outcome: 'missed', group: 3, layer: 5, head: 11, form: 'links', words: true,
      special: false, side: 'back', contrast: 1.5, mass: 0.35, token: 7, measure: 'cls', changed: 'worse', own: false, ranks: true,
      reading: 'kl', surface: 1, relief: true, turn: 120, tilt: 60, dots: false, row: 31, pick: 2, map: 1, colour: '@continuity', point: 8, rows: '3-7.12',
      method: 'lime & 晴', unit: 'phrases', lift: 2.5, others: true, seek: '晴 &', zoom: 4, panX: 0.25, panY: 0.7512, firstStep: 10, lastStep: 20,
      setting: 'epochs', heat: 'seconds', folded: false, open: '3-7.12', node: 41,
    };
    expect(Object.entries(state).filter(([key, value]) => initialState()[key as keyof State] === value)).toEqual([]);
    expect(fromHash(`#${toHash(state)}`)).toEqual(state);
  });

  test.each(['true=-1', 'true=1e9', 'true=x', 'lang=fr', 'contrast=0', 'contrast=9', 'mass=NaN', 'words=2', 'show=%00', 'heat=warm', 'fold=2', '%%%'])(
    'takes nothing from %s',
    (hash) => expect(fromHash(hash)).toEqual(initialState()),
  );
});
