import { describe, expect, test } from 'vitest';
import { around, element, escaped, fileName, svgFile } from '../src/core/svg';

describe('a picture as text', () => {
  test.each([
    ['</text><script>hacked()</script>', '&lt;/text&gt;&lt;script&gt;hacked()&lt;/script&gt;'],
    ['" onload="hacked()', '&quot; onload=&quot;hacked()'],
    ["' & <![CDATA[", '&apos; &amp; &lt;![CDATA['],
    ['&lt;', '&amp;lt;'],
    ['a\0b\x1bc\ufffed\ud800e', 'a\ufffdb\ufffdc\ufffdd\ufffde'],
    ['晴😀', '晴😀'],
  ])('writes %j as text', (text, written) => {
    expect(escaped(text)).toBe(written);
  });
  test('escapes every attribute, rounds numbers and leaves out what is not said', () => {
    expect(element('rect', { x: 1 / 3, y: 0, id: '"><x', fill: undefined, rx: '' })).toBe(
      '<rect x="0.33" y="0" id="&quot;&gt;&lt;x"/>',
    );
    expect(element('g', {}, '<path/>')).toBe('<g><path/></g>');
  });
  test('shows all of the box on its ground', () => {
    const file = svgFile({ x: -5, y: 2, width: 30, height: 10 }, 'rgb(1, 2, 3)', {}, '<path/>');
    expect(file).toContain('width="30" height="10" viewBox="-5 2 30 10"><rect x="-5" y="2" width="30" height="10" fill="rgb(1, 2, 3)"/><path/></svg>');
    expect(around([{ x: 0, y: 0, width: 10, height: 2 }, { x: -5, y: 1, width: 1, height: 8 }])).toEqual({ x: -5, y: 0, width: 15, height: 9 });
  });
  test.each([
    ['attention', 'runs/my model/', 'attention-my-model.svg'],
    ['score', '20261122-101010', 'score-20261122-101010.svg'],
    ['lens', '', 'lens.svg'],
    ['heads', '../..', 'heads.svg'],
    ['heads', '..\\..\\$(rm -rf ~)', 'heads-rm--rf.svg'],
    ['diff', '模型/最佳', 'diff-最佳.svg'],
    ['facts', `${'x'.repeat(59)}😀${'y'.repeat(99)}`, `facts-${'x'.repeat(59)}.svg`],
  ])('names the file of %s and %j %s', (view, model, name) => {
    expect(fileName(view, model)).toBe(name);
  });
});
