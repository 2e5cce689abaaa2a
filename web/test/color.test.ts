import { describe, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { contrast, css, hex, inkOn, shade, shadeSigned, type Rgb } from '../src/core/color';

describe('color', () => {
  test.each(['light', 'dark'] as const)('in %s every step is a colour of its own and lightness never turns', (theme) => {
    const steps = Array.from({ length: 256 }, (_, i) => shade(theme, i / 255));
    expect(new Set(steps.map(css)).size).toBe(256);
    const rising = steps.map((step) => contrast(step, [0, 0, 0]));
    const turns = rising.slice(1).filter((value, i) => (theme === 'dark' ? value < rising[i]! : value > rising[i]!));
    expect(turns).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('in %s a number on a cell can be read at every shade', (theme) => {
    for (let i = 0; i <= 100; i++) expect(contrast(shade(theme, i / 100), inkOn(shade(theme, i / 100)))).toBeGreaterThan(4.5);
  });

  test('contrast is that of WCAG', () => {
    expect(contrast(hex('#ffffff'), hex('#000000'))).toBeCloseTo(21);
    expect(contrast(hex('#777777'), hex('#ffffff'))).toBeCloseTo(4.48, 2);
  });
});

test.each(['light', 'dark'] as const)('in %s the frame of a chosen cell shows on every shade', (theme) => {
  const tokens = readFileSync('src/style/tokens.css', 'utf-8').split("[data-theme='dark']")[theme === 'light' ? 0 : 1]!;
  const [ink, paper] = ['ink', 'paper'].map((name) => hex(new RegExp(`--${name}: (#\\w{6})`).exec(tokens)![1]!)) as [Rgb, Rgb];
  for (let i = 0; i <= 100; i++) {
    for (const ground of [shade(theme, i / 100), shadeSigned(theme, i / 50 - 1)]) {
      expect(Math.max(contrast(ground, ink), contrast(ground, paper))).toBeGreaterThan(3);
    }
  }
});
