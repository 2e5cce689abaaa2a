// The cells of a confusion matrix on a canvas.
import { prepare } from '../../core/canvas';
import { css, inkOn, shade, type Theme } from '../../core/color';
import { percent } from '../../core/format';

export interface Grid {
  readonly size: number;
  readonly cell: number;
  readonly counts: Int32Array;
  readonly shares: Float32Array;
  readonly errorsOnly: boolean;
  /** The share that has the darkest shade. */
  readonly most: number;
}

export interface Cell {
  readonly truth: number;
  readonly predicted: number;
}

const SMALLEST_FOR_COUNT = 20;
const SMALLEST_FOR_SHARE = 58;

export function drawGrid(canvas: HTMLCanvasElement, grid: Grid, theme: Theme, font: string): void {
  const side = grid.size * grid.cell;
  const surface = prepare(canvas, side, side);
  if (!surface) return;
  const { context } = surface;
  const gap = grid.cell >= 14 ? 1 : 0;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  grid.counts.forEach((count, i) => {
    const [truth, predicted] = [Math.floor(i / grid.size), i % grid.size];
    const left = predicted * grid.cell;
    const top = truth * grid.cell;
    const blank = grid.errorsOnly && truth === predicted;
    const ground = shade(theme, blank ? 0 : grid.shares[i]! / grid.most);
    context.fillStyle = css(ground);
    context.fillRect(left, top, grid.cell - gap, grid.cell - gap);
    if (count === 0 || blank || grid.cell < SMALLEST_FOR_COUNT) return;
    context.fillStyle = css(inkOn(ground));
    const [x, y] = [left + (grid.cell - gap) / 2, top + (grid.cell - gap) / 2];
    write(context, String(count), { x, y, grid, font, share: percent(grid.shares[i]!) });
  });
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly grid: Grid;
  readonly font: string;
  readonly share: string;
}

function write(context: CanvasRenderingContext2D, count: string, { x, y, grid, font, share }: Place): void {
  const large = grid.cell >= SMALLEST_FOR_SHARE;
  const room = (grid.cell - 4) / (count.length * 0.58);
  context.font = `${large ? 600 : 400} ${Math.min(large ? 18 : 12, room)}px ${font}`;
  context.fillText(count, x, large ? y - 8 : y);
  if (!large) return;
  context.font = `400 12px ${font}`;
  context.fillText(share, x, y + 12);
}
