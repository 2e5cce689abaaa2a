// A set of whole numbers as text that a person can read and write: "3-7.12" is 3, 4, 5, 6, 7, 12.

/** The numbers, each once and in order. */
export function writeRanges(numbers: Iterable<number>): string {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let end = i;
    while (sorted[end + 1] === sorted[end]! + 1) end++;
    parts.push(end > i ? `${sorted[i]}-${sorted[end]}` : `${sorted[i]}`);
    i = end + 1;
  }
  return parts.join('.');
}

/** The numbers up to `most` in a text; what cannot be read is left out. */
export function readRanges(text: string, most: number): Set<number> {
  const found = new Set<number>();
  for (const part of text.split('.')) {
    const [, from, to] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part) ?? [];
    if (from === undefined) continue;
    for (let i = Number(from); i <= Math.min(Number(to ?? from), most); i++) found.add(i);
  }
  return found;
}
