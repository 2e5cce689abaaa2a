import { describe, expect, test } from 'vitest';
import { boxed, inkOf } from '../src/core/box';
import { apart, gradientsOf, lineOf } from '../src/core/gradient';

const BLUE = 'rgb(36, 86, 198)';
const PAPER = 'rgb(252, 252, 251)';
const BOX = { x: 10, y: 20, width: 30, height: 40 };
const PLAIN = {
  backgroundColor: 'rgba(0, 0, 0, 0)', backgroundImage: 'none', backgroundAttachment: 'scroll', backgroundSize: 'auto',
  backgroundPosition: '0% 0%', boxShadow: 'none', outlineStyle: 'none', borderTopLeftRadius: '0px',
  ...Object.fromEntries(['Top', 'Right', 'Bottom', 'Left'].flatMap((side) => [[`border${side}Style`, 'none'], [`border${side}Width`, '0px'], [`border${side}Color`, BLUE]])),
};
const drawn = (style: object, ends?: { first: boolean; last: boolean }) => boxed(BOX, { ...PLAIN, ...style } as never, 'p', ends);

describe('what CSS paints of a box', () => {
  test('parts a list at commas outside brackets', () => {
    expect(apart(`a(1, b(2, 3)), ${BLUE} 3px, c`)).toEqual(['a(1, b(2, 3))', `${BLUE} 3px`, 'c']);
  });
  test.each([
    [BLUE, '#2456c6', 1],
    ['rgba(255, 0, 128, 0.5)', '#ff0080', 0.5],
    ['color(srgb 0.141176 0.337255 0.776471 / 0.38)', '#2456c6', 0.38],
    ['color(srgb 1 0 1e-7)', '#ff0000', 1],
    ['none', 'none', 1],
    ['url("#g")', 'url("#g")', 1],
  ])('writes %s as %s', (css, color, alpha) => {
    expect(inkOf(css)).toEqual({ color, alpha });
  });
  test('reads gradients as a computed style writes them, and no other image', () => {
    expect(gradientsOf('none')).toEqual([]);
    const [share, other] = gradientsOf(`linear-gradient(to right, ${BLUE} 63%, ${PAPER} 63%), radial-gradient(${BLUE}, ${PAPER})`);
    expect(share).toEqual({ repeating: false, angle: 90, stops: [{ color: BLUE, at: 0.63, unit: '%' }, { color: PAPER, at: 0.63, unit: '%' }] });
    expect(other).toBeNull();
    expect(gradientsOf(`linear-gradient(${BLUE}, ${PAPER})`)[0]).toMatchObject({ angle: 180, stops: [{ at: 0 }, { at: 1 }] });
  });
  test('draws the line of a gradient from corner to corner, and of a repeated one its first period', () => {
    const slanted = gradientsOf(`linear-gradient(45deg, ${BLUE}, ${PAPER})`)[0]!;
    const { x1, y1, x2, y2 } = lineOf(slanted, { x: 0, y: 0, width: 10, height: 10 });
    [x1, y1 - 10, x2 - 10, y2].forEach((each) => expect(each).toBeCloseTo(0));
    const striped = gradientsOf(`repeating-linear-gradient(90deg, ${BLUE} 0px, ${BLUE} 3px, ${PAPER} 3px, ${PAPER} 5px)`)[0]!;
    const line = lineOf(striped, BOX);
    expect(line.x1).toBeCloseTo(10);
    expect(line.x2).toBeCloseTo(15);
    expect(line.y1).toBeCloseTo(line.y2);
    expect(line.stops.map(({ offset }) => offset)).toEqual([0, 0.6, 0.6, 1]);
  });
  test('draws nothing where nothing is painted', () => {
    expect(drawn({})).toBe('');
    expect(drawn({ backgroundImage: `linear-gradient(${BLUE}, ${BLUE})`, backgroundAttachment: 'local, scroll' })).toBe('');
    expect(drawn({ boxShadow: `${BLUE} 0px 2px 8px 0px` })).toBe('');
  });
  test('places a layer by size and position', () => {
    const layer = { backgroundImage: `linear-gradient(${BLUE}, ${BLUE})`, backgroundSize: '100% 2px', backgroundPosition: '50% 50%' };
    expect(drawn(layer)).toContain('<rect x="10" y="39" width="30" height="2" fill="url(#p-0)"/>');
  });
  test('draws shadows without blur: a stroke inside, a frame outside', () => {
    expect(drawn({ boxShadow: `${BLUE} 3px 0px 0px 0px inset` })).toBe('<path d="M10 20h30v40h-30zM13 20h27v40h-27z" fill="#2456c6" fill-rule="evenodd"/>');
    expect(drawn({ boxShadow: `${BLUE} 0px 0px 0px 1px` })).toBe('<path d="M9 19h32v42h-32zM10 20h30v40h-30z" fill="#2456c6" fill-rule="evenodd"/>');
  });
  test('a box that runs on over lines has its side borders at its ends only', () => {
    const sides = { borderLeftStyle: 'solid', borderLeftWidth: '2px', borderBottomStyle: 'dotted', borderBottomWidth: '2px' };
    expect(drawn(sides)).toContain('<rect x="10" y="20" width="2" height="40" fill="#2456c6"/>');
    expect(drawn(sides, { first: false, last: true })).toBe('<line x1="10" y1="59" x2="40" y2="59" stroke="#2456c6" stroke-width="2" stroke-dasharray="0 4" stroke-linecap="round"/>');
  });
});
