import { describe, expect, test } from 'vitest';
import { compact, duration, instant, integer, percent, score, signed, significant, start, tidy, visible } from '../src/core/format';

describe('numbers', () => {
  test('are written for people', () => {
    expect([0, 999, 1000, 1234567].map(integer)).toEqual(['0', '999', '1,000', '1,234,567']);
    expect([0.8721, 1, -0.05, NaN].map(score)).toEqual(['0.872', '1.000', '−0.050', '–']);
    expect([0, 0.5, 1, 0.99999].map((value) => percent(value))).toEqual(['0.0\u00a0%', '50.0\u00a0%', '100.0\u00a0%', '>99.9\u00a0%']);
    expect([0, 0.12345, 2e-4, 1.5e7, 6417.6, -3, NaN].map(significant)).toEqual(['0', '0.1235', '2e−4', '1.5e7', '6,418', '−3', '–']);
    expect([0.025229, -2e-5, 0, NaN].map(signed)).toEqual(['+0.02523', '−2e−5', '+0', '–']);
    expect([999, 9999, 22713986, 1231872, 3e9].map(compact)).toEqual(['999', '9,999', '22.7 M', '1.23 M', '3 G']);
    expect([1.23, 59.6, 191.9, 7500].map(duration)).toEqual(['1.2 s', '1 min 0 s', '3 min 12 s', '2 h 5 min']);
  });

  test('time has a zone where one is given', () => {
    expect(instant('2025-11-21T20:33:42+00:00')).toBe('2025-11-21 20:33 UTC');
    expect(instant('2025-11-21T20:33:42.5+08:00')).toBe('2025-11-21 20:33 +08:00');
    expect(instant('yesterday')).toBe('yesterday');
  });

  test('a percent sign stays with its number', () => {
    expect(tidy('95 % of 10 %')).toBe('95\u00a0% of 10\u00a0%');
  });
});

describe('texts', () => {
  test('are cut between characters, never inside one', () => {
    expect(start('abc', 3)).toBe('abc');
    expect(start('abcd', 3)).toBe('abc…');
    expect(start('😀😀😀', 2)).toBe('😀😀…');
  });

  test('show what cannot be seen', () => {
    expect(visible('a\u202eb\u0000\n\t')).toBe('a⟨U+202E⟩b⟨U+0000⟩\n\t');
    expect(visible('👩\u200d👧')).toBe('👩\u200d👧');
  });
});
