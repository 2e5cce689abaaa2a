// What a section tells its heading: the records it could show, and the one it does.
import type { Item } from '../core/shelf';

export const CHOICES = Symbol('choices');

export interface Choices {
  readonly items: readonly Item[];
  readonly chosen: Item | null;
  /** The model or run that the chosen record is about; names files. */
  readonly model: string;
}
