/** The most that max |A·V − context| may be by rounding alone, in float32 and for any kernel. */
export const SOUND = 1e-4;

export function isSound(certificate: number): boolean {
  return certificate <= SOUND;
}
