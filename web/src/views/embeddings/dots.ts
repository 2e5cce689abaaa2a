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
  const draw = (dots: Dots, width: number, height: number) => {
    const density = devicePixelRatio || 1;
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.uniform2f(gl.getUniformLocation(program, 'size'), width, height);
    gl.uniform1f(gl.getUniformLocation(program, 'width'), Math.max(2 * dots.radius * density, 1));
    const { at, colors } = faintFirst(dots);
    setAt(at);
    setColor(colors);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.drawArrays(gl.POINTS, 0, dots.alpha.length);
  };
  return { kind: 'webgl', draw };
}

function faintFirst({ at, rgb, alpha }: Dots): { at: Float32Array; colors: Uint8Array } {
  const found = { at: new Float32Array(at.length), colors: new Uint8Array(4 * alpha.length) };
  let next = 0;
  for (const strong of [false, true]) {
    for (let i = 0; i < alpha.length; i++) {
      if (alpha[i]! >= 1 !== strong) continue;
      found.at.set(at.subarray(2 * i, 2 * i + 2), 2 * next);
      found.colors.set(rgb.subarray(3 * i, 3 * i + 3), 4 * next);
      found.colors[4 * next + 3] = Math.round(255 * alpha[i]!);
      next += 1;
    }
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
