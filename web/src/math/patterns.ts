// What a head of the atlas may attend to.
/** In the order of `scores` in the record; 8 is decided by the entropy. */
export const PATTERNS = ['previous', 'next', 'itself', 'offset', 'same', 'cls', 'sep', 'punctuation', 'broad'] as const;
export type Pattern = (typeof PATTERNS)[number];
export const BROAD = 8;
export const MEASURES = ['label', ...PATTERNS] as const;
export type Measure = (typeof MEASURES)[number];
