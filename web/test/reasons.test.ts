import { describe, expect, test } from 'vitest';
import { reasonIn } from '../src/i18n/reasons';
import written from './fixtures/reasons.json';

const numbers = (text: string): string[] => text.match(/\d[\d.,e+-]*(?<![.,])/gu) ?? [];

describe('the reason of a setting or of a column', () => {
  test.each(written)('%s', (reason) => {
    expect(reasonIn('en', reason)).toBe(reason);
    const said = reasonIn('zh', reason);
    expect(said).toMatch(/\p{Script=Han}/u);
    expect(said).not.toMatch(/[;{}]|^[a-z]+:|\b(?:the|of|and|is|that)\b/u);
    for (const number of numbers(reason)) expect(numbers(said)).toContain(number);
  });

  test('of a run that says what nobody knows here is shown as it is', () => {
    for (const text of ['because', '', 'because; every row counts the same', 'every row counts the same; because']) {
      expect(reasonIn('zh', text)).toBe(text);
    }
  });

  test('of two sentences is said in two', () => {
    expect(reasonIn('zh', 'every row counts the same; 240 training rows')).toBe('每条样本权重相同；240 条训练样本');
  });
});
