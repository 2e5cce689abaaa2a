/** Rows and columns that an arrow key moves by; null for any other key. */
export function arrow(event: KeyboardEvent): readonly [number, number] | null {
  switch (event.key) {
    case 'ArrowUp':
      return [-1, 0];
    case 'ArrowDown':
      return [1, 0];
    case 'ArrowLeft':
      return [0, -1];
    case 'ArrowRight':
      return [0, 1];
    default:
      return null;
  }
}

/** `value` within [0, size). */
export function within(value: number, size: number): number {
  return Math.min(Math.max(value, 0), size - 1);
}
