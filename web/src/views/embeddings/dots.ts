// Many dots: on a plain canvas up to 20,000, by WebGL beyond, or where there is none on the plain canvas all the same.
import { prepare } from '../../core/canvas';

export interface Dots {
  /** CSS pixels, x0 y0 x1 y1 ... */
  readonly at: Float32Array;
  readonly rgb: Uint8Array;
  /** 0 to 1, one for each dot. */
  readonly alpha: Float32Array;
  readonly radius: number;
}

export interface Painter {
  readonly kind: 'canvas' | 'webgl';
  draw(dots: Dots, width: number, height: number): void;
}

export const MOST_ON_CANVAS = 20_000;

export function painterFor(canvas: HTMLCanvasElement, count: number): Painter {
  return (count > MOST_ON_CANVAS ? webgl(canvas) : null) ?? { kind: 'canvas', draw: (...given) => onCanvas(canvas, ...given) };
}

function onCanvas(canvas: HTMLCanvasElement, { at, rgb, alpha, radius }: Dots, width: number, height: number): void {
  const context = prepare(canvas, width, height)?.context;
  if (!context) return;
  // Faint dots lie under strong ones.
  for (const strong of [false, true]) {
    for (let i = 0; i < alpha.length; i++) {
      if (alpha[i]! >= 1 !== strong) continue;
      context.fillStyle = `rgb(${rgb[3 * i]} ${rgb[3 * i + 1]} ${rgb[3 * i + 2]} / ${alpha[i]})`;
      context.beginPath();
      context.arc(at[2 * i]!, at[2 * i + 1]!, radius, 0, 2 * Math.PI);
      context.fill();
    }
  }
}

const VERTEX = `attribute vec2 at; attribute vec4 color; uniform vec2 size; uniform float width; varying vec4 ink;
void main() {
  gl_Position = vec4(2.0 * at.x / size.x - 1.0, 1.0 - 2.0 * at.y / size.y, 0.0, 1.0);
  gl_PointSize = width;
  ink = vec4(color.rgb * color.a, color.a);
}`;
const FRAGMENT = `precision mediump float; varying vec4 ink;
void main() {
  if (distance(gl_PointCoord, vec2(0.5)) > 0.5) discard;
  gl_FragColor = ink;
}`;

function webgl(canvas: HTMLCanvasElement): Painter | null {
  // What is drawn stays, so that it can be printed and read back.
  const gl = canvas.getContext('webgl', { preserveDrawingBuffer: true, antialias: false });
  const program = gl && programOf(gl);
  if (!gl || !program) return null;
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const attribute = (name: string, size: number, type: number, normalised: boolean) => {
    const buffer = gl.createBuffer();
    const place = gl.getAttribLocation(program, name);
    return (data: Float32Array | Uint8Array) => {
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
      gl.enableVertexAttribArray(place);
      gl.vertexAttribPointer(place, size, type, normalised, 0, 0);
    };
  };
  const [setAt, setColor] = [attribute('at', 2, gl.FLOAT, false), attribute('color', 4, gl.UNSIGNED_BYTE, true)];
  const sizes = ['size', 'width'].map((name) => gl.getUniformLocation(program, name));
  // Moving the map changes places only: the order and the colours of 100,000 dots are made anew where they change.
  let inked: Pick<Dots, 'rgb' | 'alpha'> | null = null;
  let order: Uint32Array | null = null;
  const draw = (dots: Dots, width: number, height: number) => {
    const density = devicePixelRatio || 1;
    fit(canvas, width, height, density);
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform2f(sizes[0]!, width, height);
    gl.uniform1f(sizes[1]!, Math.max(2 * dots.radius * density, 1));
    if (inked?.rgb !== dots.rgb || inked.alpha !== dots.alpha) {
      order = faintFirst(dots.alpha);
      setColor(colorsOf(dots, order));
      inked = { rgb: dots.rgb, alpha: dots.alpha };
    }
    setAt(order ? ordered(dots.at, order) : dots.at);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.drawArrays(gl.POINTS, 0, dots.alpha.length);
  };
  return { kind: 'webgl', draw };
}

/** Size the canvas; one that is as large already keeps its buffer. */
function fit(canvas: HTMLCanvasElement, width: number, height: number, density: number): void {
  const [wide, tall] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== tall) canvas.height = tall;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

/** The dots in the order in which they are drawn, faint ones under strong ones; null where it is their own. */
export function faintFirst(alpha: Float32Array): Uint32Array | null {
  if (alpha.every((value) => value >= 1)) return null;
  const order = new Uint32Array(alpha.length);
  let next = 0;
  for (const strong of [false, true]) {
    for (let i = 0; i < alpha.length; i++) if (alpha[i]! >= 1 === strong) order[next++] = i;
  }
  return order;
}

/** Places x0 y0 x1 y1 ... in another order. */
function ordered(at: Float32Array, order: Uint32Array): Float32Array {
  const found = new Float32Array(at.length);
  for (let k = 0; k < order.length; k++) {
    const i = order[k]!;
    found[2 * k] = at[2 * i]!;
    found[2 * k + 1] = at[2 * i + 1]!;
  }
  return found;
}

/** Red, green, blue and alpha of every dot, one byte each, in the order of drawing. */
export function colorsOf({ rgb, alpha }: Pick<Dots, 'rgb' | 'alpha'>, order: Uint32Array | null): Uint8Array {
  const found = new Uint8Array(4 * alpha.length);
  for (let k = 0; k < alpha.length; k++) {
    const i = order ? order[k]! : k;
    found[4 * k] = rgb[3 * i]!;
    found[4 * k + 1] = rgb[3 * i + 1]!;
    found[4 * k + 2] = rgb[3 * i + 2]!;
    found[4 * k + 3] = Math.round(255 * alpha[i]!);
  }
  return found;
}

function programOf(gl: WebGLRenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}
