// A part of the page as one SVG file: canvases as the images they are, drawings with the styles they wear, words as
// text where they stand. Only elements named here are written, and every string goes through core/svg.ts.
import { boxed, ink, inkOf, stroke, type Ends } from './box';
import { linesOf, plain, type Line } from './lines';
import { around, element, escaped, svgFile, type Attributes, type Rect } from './svg';

// What works the page and is no part of its picture.
const LEFT_OUT = '.screen-only, .hidden, input, select, textarea, script, style, template';
const SHAPES = new Set(['g', 'path', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon', 'text', 'tspan', 'defs', 'clipPath', 'title', 'svg']);
const GEOMETRY = ['id', 'd', 'x', 'y', 'x1', 'y1', 'x2', 'y2', 'cx', 'cy', 'r', 'rx', 'ry', 'dx', 'dy', 'width', 'height', 'points', 'transform', 'viewBox', 'preserveAspectRatio', 'clip-path'];
const INHERITED = ['stroke-width', 'stroke-dasharray', 'stroke-linecap', 'stroke-linejoin', 'text-anchor', 'dominant-baseline', 'font-family', 'font-size', 'font-weight', 'font-style', 'paint-order', 'shape-rendering', 'visibility'];

/** The element as it is drawn now, whole where it scrolls sideways. */
export function picture(root: Element): string {
  const painter = new Painter(root);
  const inside = painter.paint(root, { turned: false, underline: null });
  const style = getComputedStyle(root);
  const box = around([painter.boxOf(root), ...painter.boxes]);
  const ground = inkOf(getComputedStyle(document.body).backgroundColor).color;
  return svgFile(box, ground, { 'font-family': style.fontFamily, role: 'img' }, inside);
}

/** Hand a picture to the browser as a download: from this page's own memory, without a request. */
export function save(svg: string, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([svg], { type: 'image/svg+xml' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

interface Around {
  readonly turned: boolean;
  /** The style that draws a line under the words, if one does. */
  readonly underline: CSSStyleDeclaration | null;
}

class Painter {
  /** Of everything painted that nothing cuts off, from the corner of the root. */
  readonly boxes: Rect[] = [];
  private readonly corner: DOMRect;
  private readonly family: string;
  private readonly ruler = document.createElement('canvas').getContext('2d');
  private clips = 0;
  private paints = 0;

  constructor(root: Element) {
    this.corner = root.getBoundingClientRect();
    this.family = getComputedStyle(root).fontFamily;
  }

  boxOf(part: Element | DOMRect): Rect {
    const { x, y, width, height } = part instanceof DOMRect ? part : part.getBoundingClientRect();
    return { x: x - this.corner.x, y: y - this.corner.y, width, height };
  }

  /** What a part's surroundings do to it: `turned` by half a circle, or underlined. */
  paint(part: Element, around: Around): string {
    const style = getComputedStyle(part);
    if (part.matches(LEFT_OUT) || (style.display !== 'contents' && !part.checkVisibility({ visibilityProperty: true }))) return '';
    const own = this.ground(part, style);
    if (part instanceof HTMLCanvasElement) return own + this.image(part, style);
    if (part instanceof SVGSVGElement) return own + this.drawing(part);
    const within = {
      turned: around.turned !== /^matrix\(-1, /.test(style.transform),
      underline: style.textDecorationLine.includes('underline') ? style : style.display === 'inline-block' ? null : around.underline,
    };
    const all = own + this.key(part) + this.inside(part, style, within);
    return all && Number(style.opacity) < 1 ? element('g', { opacity: style.opacity }, all) : all;
  }

  private inside(part: Element, style: CSSStyleDeclaration, within: Around): string {
    const cut = cuts(part, style);
    this.clips += Number(cut);
    const inside = [...part.childNodes].map((node) => this.node(node, style, within)).join('');
    this.clips -= Number(cut);
    if (!cut || !inside) return inside;
    const box = this.boxOf(part);
    return element('svg', { ...box, viewBox: `${box.x} ${box.y} ${box.width} ${box.height}` }, inside);
  }

  private node(node: Node, style: CSSStyleDeclaration, around: Around): string {
    if (node instanceof Element) return this.paint(node, around);
    if (!(node instanceof Text)) return '';
    return linesOf(node).map((line) => this.line(line, style, around)).join('');
  }

  private keep(box: Rect): Rect {
    if (this.clips === 0 && box.width > 0 && box.height > 0) this.boxes.push(box);
    return box;
  }

  private image(canvas: HTMLCanvasElement, style: CSSStyleDeclaration): string {
    if (canvas.width === 0 || canvas.height === 0) return '';
    const box = this.keep(this.boxOf(canvas));
    const rendering = style.imageRendering === 'auto' ? undefined : style.imageRendering;
    return element('image', { ...box, href: canvas.toDataURL(), preserveAspectRatio: 'none', 'image-rendering': rendering, opacity: below1(style.opacity) });
  }

  private drawing(svg: SVGSVGElement): string {
    const { x, y, width, height } = this.keep(this.boxOf(svg));
    return shape(svg, null, { x, y, width, height });
  }

  /** The box of an element, or the pieces of one that runs on over lines. */
  private ground(part: Element, style: CSSStyleDeclaration): string {
    const rects = style.display === 'inline' ? [...part.getClientRects()] : [part.getBoundingClientRect()];
    const whole = style.getPropertyValue('-webkit-box-decoration-break') === 'clone';
    return rects
      .map((rect, index) => this.box(this.boxOf(rect), style, { first: whole || index === 0, last: whole || index === rects.length - 1 }))
      .join('');
  }

  private box(box: Rect, style: CSSStyleDeclaration, ends?: Ends): string {
    const drawn = boxed(box, style, `paint${++this.paints}`, ends);
    if (drawn) this.keep(box);
    return drawn;
  }

  /** The sign that a key draws before its words: an empty box at the start of the first line. */
  private key(part: Element): string {
    const style = getComputedStyle(part, '::before');
    if (style.content !== '""' || style.display === 'none') return '';
    const [first] = part.getClientRects();
    if (!first) return '';
    const border = parseFloat(style.borderTopWidth) || 0;
    const size = { width: parseFloat(style.width) || 0, height: (parseFloat(style.height) || 0) || border };
    const line = style.display === 'block' ? size.height : Math.min(first.height, parseFloat(getComputedStyle(part).lineHeight) || first.height);
    const { x, y } = this.boxOf(first);
    const at = { x: x + (parseFloat(getComputedStyle(part).paddingLeft) || 0), y: y + (line - size.height) / 2, ...size };
    const drawn = this.box(at, style);
    return drawn && Number(style.opacity) < 1 ? element('g', { opacity: style.opacity }, drawn) : drawn;
  }

  private line({ text, rect }: Line, style: CSSStyleDeclaration, { turned, underline }: Around): string {
    const box = this.keep(this.boxOf(rect));
    const upright = style.writingMode.startsWith('horizontal');
    const [ascent, descent] = this.heights(style);
    const across = upright ? box.height : box.width;
    const baseline = (across - ascent - descent) / 2 + ascent;
    const place = upright
      ? { x: box.x, y: Math.round(rect.y + baseline) - this.corner.y } // a browser sets letters on whole pixels
      : turned
        ? { transform: `translate(${box.x + baseline} ${box.y + box.height}) rotate(-90)` }
        : { transform: `translate(${box.x + box.width - baseline} ${box.y}) rotate(90)` };
    const words = element(
      'text',
      {
        ...place,
        textLength: upright ? box.width : box.height,
        lengthAdjust: style.letterSpacing === 'normal' ? 'spacingAndGlyphs' : 'spacing',
        ...ink('fill', style.color),
        'font-size': style.fontSize,
        'font-weight': style.fontWeight === '400' ? undefined : style.fontWeight,
        'font-style': style.fontStyle === 'normal' ? undefined : style.fontStyle,
        'font-family': style.fontFamily === this.family ? undefined : style.fontFamily,
        'letter-spacing': style.letterSpacing === 'normal' ? undefined : style.letterSpacing,
        style: 'white-space: pre',
      },
      escaped(style.textTransform === 'uppercase' ? text.toUpperCase() : text),
    );
    return underline && upright ? underlined(box, Number(place.y), underline) + words : words;
  }

  /** Ascent and descent of a font, in pixels. */
  private heights(style: CSSStyleDeclaration): [number, number] {
    if (!this.ruler) return [0.8 * parseFloat(style.fontSize), 0.2 * parseFloat(style.fontSize)];
    this.ruler.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    const { fontBoundingBoxAscent, fontBoundingBoxDescent } = this.ruler.measureText('x');
    return [fontBoundingBoxAscent, fontBoundingBoxDescent];
  }
}

/** Whether what lies outside an element is not seen, and is not to be had by scrolling sideways alone. */
function cuts(part: Element, { overflowX, overflowY }: CSSStyleDeclaration): boolean {
  if (overflowX === 'visible' && overflowY === 'visible') return false;
  return overflowX === 'hidden' || overflowX === 'clip' || part.scrollHeight > part.clientHeight + 1;
}

/** The line under words that stand on `baseline`, where a browser draws it. */
function underlined(box: Rect, baseline: number, style: CSSStyleDeclaration): string {
  const thickness = parseFloat(style.textDecorationThickness) || Math.max(1, parseFloat(style.fontSize) / 10);
  const offset = parseFloat(style.textUnderlineOffset);
  const y = baseline + (Number.isNaN(offset) ? Math.max(1, Math.ceil(thickness / 2)) : Math.round(offset)) + thickness / 2;
  return stroke(style.textDecorationStyle, style.textDecorationColor, thickness, [box.x, y, box.x + box.width, y]);
}

function below1(opacity: string): string | undefined {
  return Number(opacity) < 1 ? opacity : undefined;
}

/** One element of a drawing, with the styles it does not have from the one around it. */
function shape(part: SVGElement, outer: CSSStyleDeclaration | null, place: Attributes = {}): string {
  if (!SHAPES.has(part.localName) || part.matches('.hidden')) return '';
  const style = getComputedStyle(part);
  if (style.display === 'none') return '';
  const geometry = GEOMETRY.map((name) => [name, part.getAttribute(name) ?? undefined]);
  const worn = INHERITED.map((name) => [name, style.getPropertyValue(name)] as const).filter(
    ([name, value]) => outer?.getPropertyValue(name) !== value,
  );
  const [own, round] = [inks(style), outer ? inks(outer) : {}];
  const colors = Object.entries(own).filter(([name, value]) => round[name] !== value);
  const overflow = part instanceof SVGSVGElement ? style.overflow : undefined;
  const attributes = { ...Object.fromEntries([...geometry, ...worn, ...colors]), opacity: below1(style.opacity), overflow, ...place };
  const inside = [...part.childNodes].map((node) => {
    if (node instanceof SVGElement) return shape(node, style);
    return node instanceof Text && /\S/.test(node.data) ? escaped(plain(node.data)) : '';
  });
  return element(part.localName, attributes, inside.join(''));
}

/** What a drawing is filled and stroked with. */
function inks(style: CSSStyleDeclaration): Attributes {
  const [fill, line] = [inkOf(style.fill), inkOf(style.stroke)];
  return {
    fill: fill.color,
    'fill-opacity': fill.alpha * Number(style.fillOpacity),
    stroke: line.color,
    'stroke-opacity': line.alpha * Number(style.strokeOpacity),
  };
}
