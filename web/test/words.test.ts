import { describe, expect, it } from 'vitest';
import { marginBins, piecesOf, questionsOf } from '../src/math/answers';
import { excerpts, shown, stretches, type Marked } from '../src/math/stretches';
import { entitiesOf, ofTypes, sentencesOf } from '../src/math/tags';
import type { AnswerRows, TagRows } from '../src/records';

const int = (...values: number[]) => ({ data: Int32Array.of(...values), shape: [values.length] });
const byte = (...values: number[]) => ({ data: Uint8Array.of(...values), shape: [values.length] });
const real = (...values: number[]) => ({ data: Float64Array.of(...values), shape: [values.length] });
const mark = (said: boolean, start: number, end: number): Marked => ({ said, start, end });

describe('stretches of a text', () => {
  it('cover it once, in order, and cut at every border', () => {
    const marks = [mark(false, 4, 9), mark(true, 6, 12), mark(true, 20, 22)];
    const found = stretches(marks, 0, 25);
    expect(found.map(({ start, end }) => [start, end])).toEqual([[0, 4], [4, 12], [12, 20], [20, 22], [22, 25]]);
    expect(found[1]!.parts.map(({ start, end, given, said }) => [start, end, given.length > 0, said.length > 0])).toEqual([
      [4, 6, true, false],
      [6, 9, true, true],
      [9, 12, false, true],
    ]);
    expect(found.flatMap(({ marks: held }) => held)).toHaveLength(3);
  });

  it('keep apart what only touches, and one entity that overlaps two', () => {
    expect(stretches([mark(true, 0, 3), mark(false, 3, 5)], 0, 5)).toHaveLength(2);
    expect(stretches([mark(true, 0, 5), mark(false, 0, 2), mark(false, 3, 5)], 0, 5)[0]!.marks).toHaveLength(3);
  });

  it('leave out what is not wholly inside', () => {
    expect(stretches([mark(true, 0, 9)], 2, 12).flatMap(({ marks }) => marks)).toEqual([]);
  });

  it('are excerpted between words, and joined where they meet', () => {
    const text = Array.from('aaa bbb ccc ddd eee fff ggg hhh');
    expect(excerpts([mark(true, 12, 15)], text, 2)).toEqual([[8, 19]]);
    expect(excerpts([mark(true, 4, 7), mark(false, 12, 15)], text, 2)).toEqual([[0, 19]]);
    expect(excerpts([mark(true, 0, 3), mark(false, 28, 31)], text, 1)).toEqual([[0, 7], [24, 31]]);
    expect(excerpts([], text, 3)).toEqual([[0, 7]]);
    expect(excerpts([mark(true, 0, 99)], text, 3)).toEqual([[0, 7]]);
  });

  it('show no spaces between Chinese signs, and keep all others', () => {
    expect(shown(Array.from('中 共 中 央 in 1949 年'), 0, 17)).toBe('中共中央 in 1949 年');
    expect(shown(Array.from('EU rejects'), 0, 10)).toBe('EU rejects');
  });
});

// 0: PER right, LOC missed; 1: PER given as ORG; 2: LOC with another border; 3: nothing; 4: ORG invented
const tags = {
  types: ['LOC', 'ORG', 'PER'],
  actual: int(2, 0, 2),
  said: int(1, 2, 1),
  hits: int(0, 0, 1),
  fate: int(0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0),
  row: int(10, 11, 12, 13, 14),
  text: ['Ann in Oslo', 'Ann', 'New York', 'Nobody here', 'Firm'],
  sentence: int(0, 0, 0, 1, 1, 2, 2, 4),
  predicted: byte(0, 0, 1, 0, 1, 0, 1, 1),
  type: int(2, 0, 2, 2, 1, 0, 0, 1),
  start: int(0, 7, 0, 0, 0, 0, 4, 0),
  end: int(3, 11, 3, 3, 3, 8, 8, 4),
  outcome: byte(0, 4, 0, 1, 1, 2, 2, 4),
  met: int(2, 3, 2, 1, 2, 3, 3, 3),
  total: 5,
} as unknown as TagRows;
const listed = (wanted: Partial<Parameters<typeof sentencesOf>[2]>) =>
  sentencesOf(tags, entitiesOf(tags), { filter: 'wrong', truth: null, predicted: null, find: '', ...wanted });

describe('tagged words', () => {
  it('are listed with most wrong entities first, by kind, by cell and by text', () => {
    expect(listed({})).toEqual([1, 2, 0, 4]);
    expect(listed({ filter: 'all' })).toEqual([1, 2, 0, 4, 3]);
    expect(listed({ filter: 'missed' })).toEqual([0]);
    expect(listed({ filter: 'invented' })).toEqual([4]);
    expect(listed({ filter: 'type' })).toEqual([1]);
    expect(listed({ filter: 'border' })).toEqual([2]);
    expect(listed({ truth: 2, predicted: 1 })).toEqual([1]);
    expect(listed({ truth: 2, predicted: 2 })).toEqual([0]);
    expect(listed({ truth: 0, predicted: 3 })).toEqual([2, 0]);
    expect(listed({ truth: 3, predicted: 1 })).toEqual([4]);
    expect(listed({ filter: 'all', find: 'NEW' })).toEqual([2]);
  });

  it('score every type from its counts, and say nothing where there is nothing', () => {
    const [first, second, third] = ofTypes(tags);
    expect([first!.number, first!.precision, first!.recall, first!.f1]).toEqual([0, 0, 0, 0]);
    expect([second!.number, second!.precision, second!.recall]).toEqual([2, 1, 0.5]);
    expect(second!.f1).toBeCloseTo(2 / 3);
    expect(third!.recall).toBeNaN();
  });
});

// right, partly, unanswered, invented, rightly none
const answers = {
  threshold: 1,
  outcome: byte(0, 1, 3, 4, 5),
  row: int(1, 2, 3, 4, 5),
  question: ['who', 'what', 'when', 'where', 'why'],
  context: int(0, 0, 0, 1, 1),
  contexts: ['the red fox', 'no reply'],
  said: ['fox', 'red fox', '', 'reply', ''],
  start: int(8, 4, 0, 3, 0),
  end: int(11, 11, 0, 8, 0),
  share: real(0.9, 0.4, 0.2, 0.8, 0.7),
  null_odds: real(-3, -1, 1.5, 1, 4),
  right_row: int(0, 1, 1, 2),
  right_text: ['fox', 'fox', 'the red fox', 'red'],
  right_start: int(8, 8, 0, -1),
  best_row: int(0, 0),
  best_start: int(8, 4),
  best_end: int(11, 11),
  best_share: real(0.9, 0.05),
  best_text: ['fox', 'red fox'],
  group: { data: Int32Array.of(0, 2, 0, 3, 1, 2, 1, 2, 1, -1), shape: [5, 2] },
} as unknown as AnswerRows;

describe('answers', () => {
  it('are listed by how right they are, by group and by text, the surest first', () => {
    const asked = (wanted: Partial<Parameters<typeof questionsOf>[1]>) =>
      questionsOf(answers, { outcome: null, group: null, find: '', ...wanted });
    expect(asked({})).toEqual([3, 1, 2]);
    expect(asked({ outcome: 'all' })).toEqual([0, 3, 4, 1, 2]);
    expect(asked({ outcome: 'none' })).toEqual([4]);
    expect(asked({ outcome: 'all', group: 2 })).toEqual([0, 3, 2]);
    expect(asked({ outcome: 'all', find: 'reply' })).toEqual([3, 4]);
  });

  it('come with their places, each right text once, and what they were chosen from', () => {
    const pieces = piecesOf(answers);
    expect(pieces[1]!.right).toEqual(['fox', 'the red fox']);
    expect(pieces[1]!.places.map(({ said, start, end }) => [said, start, end])).toEqual([[true, 4, 11], [false, 8, 11], [false, 0, 11]]);
    expect(pieces[2]!.places).toEqual([]);
    expect(pieces[0]!.best.map(({ text }) => text)).toEqual(['fox', 'red fox']);
  });

  it('lie in bins that end at the threshold; at it there is still an answer', () => {
    const bins = marginBins(answers, 4);
    expect(bins.some(({ low }) => low === 0)).toBe(true);
    const counted = (from: number, to: number, side: 'has' | 'none') =>
      bins.filter(({ low, high }) => low >= from && high <= to).reduce((sum, bin) => sum + bin[side], 0);
    expect([counted(-99, 0, 'has'), counted(-99, 0, 'none')]).toEqual([2, 1]);
    expect([counted(0, 99, 'has'), counted(0, 99, 'none')]).toEqual([1, 1]);
  });

  it('have no margins where the run does not say them', () => {
    expect(marginBins({ ...answers, null_odds: real(NaN, NaN, NaN, NaN, NaN) }, 4)).toEqual([]);
  });
});
