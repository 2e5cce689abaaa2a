// A plan as DOT for Graphviz, and where Graphviz puts its parts. Graphviz sees numbers and sizes only: every word is
// measured and drawn by us, so that nothing in a name can reach its language. One point is one CSS pixel.
import { ROOT, type Plan } from './structure';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Place extends Size {
  readonly x: number;
  readonly y: number;
}

export interface Route {
  readonly source: number;
  readonly target: number;
  readonly loop: boolean;
  /** A path of SVG, and its arrow head. */
  readonly line: string;
  readonly head: string;
}

export interface Layout extends Size {
  readonly places: ReadonlyMap<number, Place>;
  readonly routes: readonly Route[];
}

const POINTS = 72;
const HEAD = { length: 7, width: 3 };
const SETTINGS = 'rankdir=TB nodesep=0.2 ranksep=0.3 margin=0 pad=0.05 labeljust=l';

/** `sizeOf` is the size of a box, or of the head of a frame. */
export function dotOf({ items, arrows }: Plan, sizeOf: (n: number) => Size): string {
  const lines = [`digraph structure { graph [${SETTINGS}]; node [shape=box fixedsize=true label=""];`];
  const frames: number[] = [];
  // the model is the whole picture, and has no frame of its own
  const close = (parent: number) => {
    while (frames.length > 0 && frames.at(-1) !== parent) {
      frames.pop();
      lines.push('}');
    }
  };
  for (const { number, isFrame, parent } of items.filter(({ number }) => number !== ROOT)) {
    close(parent);
    const { width, height } = sizeOf(number);
    if (isFrame) {
      frames.push(number);
      const head = `<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0" FIXEDSIZE="TRUE" WIDTH="${Math.ceil(width)}" HEIGHT="${Math.ceil(height)}"><TR><TD></TD></TR></TABLE>>`;
      lines.push(`subgraph cluster_${number} { margin=10 label=${head};`);
    } else {
      lines.push(`n${number} [width=${inches(width)} height=${inches(height)}];`);
    }
  }
  close(-1);
  // A way back to the first of several equal layers must not turn the picture upside down.
  for (const { source, target, loop } of arrows) lines.push(`n${source} -> n${target}${loop ? ' [constraint=false class=loop]' : ''};`);
  return [...lines, '}'].join('\n');
}

function inches(pixels: number): string {
  return (Math.ceil(pixels) / POINTS).toFixed(4);
}

interface Drawn {
  readonly bb: string;
  readonly objects?: readonly { readonly name: string; readonly bb?: string; readonly pos?: string; readonly width?: string; readonly height?: string }[];
  readonly edges?: readonly { readonly tail: number; readonly head: number; readonly pos: string; readonly class?: string }[];
}

/** From what Graphviz writes as `json0`. Throws where it is something else. */
export function layoutOf(text: string): Layout {
  const drawn = JSON.parse(text) as Drawn;
  const [, , width, height] = numbers(drawn.bb) as [number, number, number, number];
  const places = new Map<number, Place>();
  for (const { name, bb, pos, width: wide, height: high } of drawn.objects ?? []) {
    const number = Number(/^(?:n|cluster_)(\d+)$/.exec(name)?.[1]);
    if (bb) {
      const [left, bottom, right, top] = numbers(bb) as [number, number, number, number];
      places.set(number, { x: left, y: height - top, width: right - left, height: top - bottom });
    } else if (pos) {
      const [x, y] = numbers(pos) as [number, number];
      const size = { width: Number(wide) * POINTS, height: Number(high) * POINTS };
      places.set(number, { x: x - size.width / 2, y: height - y - size.height / 2, ...size });
    }
  }
  const called = (drawn.objects ?? []).map(({ name }) => Number(name.replace(/^\D+/, '')));
  const routes = (drawn.edges ?? []).map(({ tail, head, pos, class: kind }) => ({
    source: called[tail]!,
    target: called[head]!,
    loop: kind === 'loop',
    ...path(pos, height),
  }));
  return { width, height, places, routes };
}

/** "e,x,y x,y x,y ...": where the arrow ends, then the points of a spline. */
function path(pos: string, height: number): { line: string; head: string } {
  const parts = pos.split(' ');
  const flip = (part: string) => {
    const [x, y] = numbers(part) as [number, number];
    return [x, height - y] as const;
  };
  const tip = parts.find((part) => part.startsWith('e,'));
  const points = parts.filter((part) => !/^[es],/.test(part)).map(flip);
  const [first, ...others] = points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`);
  const end = points.at(-1)!;
  const to = tip ? flip(tip.slice(2)) : end;
  const [dx, dy] = [to[0] - end[0], to[1] - end[1]];
  const size = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / size, dy / size];
  const [bx, by] = [to[0] - ux * HEAD.length, to[1] - uy * HEAD.length];
  const corners = [[to[0], to[1]], [bx - uy * HEAD.width, by + ux * HEAD.width], [bx + uy * HEAD.width, by - ux * HEAD.width]];
  return {
    line: `M${first}C${others.join(' ')}L${bx.toFixed(1)} ${by.toFixed(1)}`,
    head: `M${corners.map(([x, y]) => `${x!.toFixed(1)} ${y!.toFixed(1)}`).join('L')}Z`,
  };
}

function numbers(text: string): number[] {
  return text.split(',').map(Number);
}
