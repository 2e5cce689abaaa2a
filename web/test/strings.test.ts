import { describe, expect, test } from 'vitest';
import { STRINGS, translate } from '../src/i18n/strings';

describe('strings', () => {
  test.each(Object.entries(STRINGS))('%s says the same in both languages', (_, { en, zh }) => {
    expect(en.trim() && zh.trim()).not.toBe('');
    expect(en + zh, 'a number and its percent sign do not part').not.toMatch(/\d %/);
    const names = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
    expect(new Set(names(zh))).toEqual(new Set(names(en)));
  });

  test('fill in values once: a value that looks like a place is text', () => {
    expect(translate('en', 'examples_cell', { truth: '{predicted}', predicted: '$&{{7*7}}' })).toBe(
      '{predicted} answered as $&{{7*7}}',
    );
  });
});
