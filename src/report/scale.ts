/** Round numbers for axes. */

/** Evenly spaced round values from 0 up to at least `max`, about `wanted` of them; whole ones where `whole`. */
export function ticksTo(max: number, wanted: number, whole = true): number[] {
  const top = max > 0 ? max : 1;
  const rough = top / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10;
  const step = whole ? Math.max(1, Math.ceil(nice * power)) : nice * power;
  const count = Math.ceil(top / step - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

/** At most `most` of the indexes 0 … count, evenly, by a round stride. */
export function everyFew(count: number, most: number): number[] {
  const stride =
    [1, 2, 5, 10, 15, 20, 25, 30, 50, 60, 100].find((one) => count / one <= most) ?? Math.ceil(count / most);
  return Array.from({ length: Math.floor(count / stride) + 1 }, (_, i) => i * stride);
}

/** Round values from `from` to `to`, at most about `most` of them. */
export function roundSteps(from: number, to: number, most: number): number[] {
  const ticks = ticksTo(to - from, most);
  const step = ticks[1] ?? 1;
  const first = Math.ceil(from / step) * step;
  const count = Math.max(0, Math.floor((to - first) / step) + 1);
  return Array.from({ length: count }, (_, i) => first + i * step);
}
