/**
 * Boxes that saw cuts take apart: every part of the goods is put together from two smaller parts side by side, the smallest boxes of each part
 * are kept. For few pieces this looks at all such boxes; equal pieces count once, so that five of one kind are six parts, not thirty-two. Of boxes
 * of one volume the one whose sides are least together comes first: a stack of shelves, not a row of them, which no carrier takes.
 *
 * P. C. Gilmore and R. E. Gomory, Multistage cutting stock problems of two and more dimensions, Operations Research 13 (1965).
 */
import type { Piece } from "./answer.ts";
import type { Kinds } from "./kinds.ts";

interface Part {
  readonly l: number;
  readonly w: number;
  readonly h: number;
  /** A single piece, or two parts along an axis, the second turned. */
  readonly kind: number;
  readonly first: Part | undefined;
  readonly second: Part | undefined;
  readonly turn: Turn;
  readonly axis: 0 | 1 | 2;
  /** How the joined sides were sorted. */
  readonly sorted: Turn;
}

type Turn = readonly [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2];

const straight: Turn = [0, 1, 2];
const turns: readonly Turn[] = [straight, [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/** How many parts there are at most, and how many boxes of each are kept: fewer where many pairs are joined. */
export const halvesLimits = { parts: 200, joins: 20_000, boxes: 12 } as const;

/** How many different parts the goods have: the number of ways to take none, some or all of each kind. */
export function partsOf({ kinds }: Kinds): number {
  return kinds.reduce((product, { count }) => Math.min(1e9, product * (count + 1)), 1);
}

/** The pieces of the smallest such box below `volume` whose sides are admitted, or undefined. For goods that need not rest on others. */
export function halvedBox(
  kinds: Kinds,
  volume: number,
  admits: (l: number, w: number, h: number) => boolean,
): readonly Piece[] | undefined {
  const counts = kinds.kinds.map(({ count }) => count);
  const parts = partsOf(kinds);
  const radix: number[] = [];
  let product = 1;
  for (const count of counts) {
    radix.push(product);
    product *= count + 1;
  }
  const vectors = Array.from({ length: parts }, (_, at) =>
    counts.map((count, kind) => Math.floor(at / (radix[kind] ?? 1)) % (count + 1)),
  );
  const goods = vectors.map((vector) => vector.reduce((sum, count, kind) => sum + count * (kinds.kinds[kind]?.volume ?? 0), 0));
  const splits = counts.reduce((ways, count) => ways * (((count + 1) * (count + 2)) / 2), 0.5);
  const kept = Math.max(3, Math.min(halvesLimits.boxes, Math.floor(Math.sqrt(halvesLimits.joins / splits))));
  // Room that is wasted within a part is wasted in the whole.
  let spare = volume - kinds.volume;
  // Of the best whole box.
  let around = Infinity;
  const best: Part[][] = Array.from({ length: parts }, () => []);
  const ways = kinds.free ? turns : [straight];
  for (const [kind, { stands }] of kinds.kinds.entries()) {
    const single = best[radix[kind] ?? 0] ?? [];
    const some = kinds.free ? stands.slice(-1) : stands;
    for (const [l, w, h] of some) {
      const sorted: Turn = kinds.free ? descendingTurn(l, w, h) : straight;
      const sides = [l, w, h];
      const part = { kind, first: undefined, second: undefined, turn: straight, axis: 0, sorted } as const;
      single.push({ ...part, l: sides[sorted[0]] ?? 0, w: sides[sorted[1]] ?? 0, h: sides[sorted[2]] ?? 0 });
    }
  }
  for (let at = 1; at < parts; at++) {
    const vector = vectors[at] ?? [];
    const list = best[at] ?? [];
    const whole = at === parts - 1;
    let worst = Infinity;
    // From the half on: each pair of parts once.
    for (let one = Math.ceil(at / 2); one < at; one++) {
      const part = vectors[one] ?? [];
      if (part.some((count, kind) => count > (vector[kind] ?? 0))) continue;
      const seconds = best[at - one] ?? [];
      for (const first of best[one] ?? []) {
        for (const second of seconds) {
          // The seconds become larger: what two parts take together, the joined one takes at least.
          const both = sizeOf(first) + sizeOf(second);
          if (both > worst || both - (goods[at] ?? 0) > spare) break;
          for (const turn of ways) {
            const l = side(second, turn[0]);
            const w = side(second, turn[1]);
            const h = side(second, turn[2]);
            const maxL = first.l > l ? first.l : l;
            const maxW = first.w > w ? first.w : w;
            const maxH = first.h > h ? first.h : h;
            for (const axis of [0, 1, 2] as const) {
              const x = axis === 0 ? first.l + l : maxL;
              const y = axis === 1 ? first.w + w : maxW;
              const z = axis === 2 ? first.h + h : maxH;
              const size = x * y * z;
              const waste = size - (goods[at] ?? 0);
              if (waste > spare || size > worst) continue;
              if (whole && ((waste === spare && x + y + z >= around) || !admits(x, y, z))) continue;
              const sorted = kinds.free ? descendingTurn(x, y, z) : straight;
              const sides = [x, y, z];
              const joined = { l: sides[sorted[0]] ?? 0, w: sides[sorted[1]] ?? 0, h: sides[sorted[2]] ?? 0 };
              keep(list, { ...joined, kind: -1, first, second, turn, axis, sorted }, whole ? 1 : kept);
              if (whole) {
                spare = waste;
                around = x + y + z;
              } else if (list.length === kept) worst = sizeOf(list.at(-1));
            }
          }
        }
      }
    }
  }
  const [found] = best[parts - 1] ?? [];
  if (found === undefined || sizeOf(found) >= volume || !admits(found.l, found.w, found.h)) return undefined;
  const pieces: Piece[] = [];
  unfold(found, [0, 0, 0], straight, pieces);
  return pieces;
}

function side(part: Part, axis: 0 | 1 | 2): number {
  return axis === 0 ? part.l : axis === 1 ? part.w : part.h;
}

function sizeOf(part: Part | undefined): number {
  return part === undefined ? Infinity : part.l * part.w * part.h;
}

/** Whether a box is smaller than another, or as large and nearer to a cube. */
function isBefore(part: Part, other: Part | undefined): boolean {
  const size = sizeOf(part);
  const than = sizeOf(other);
  return size < than || (size === than && other !== undefined && part.l + part.w + part.h < other.l + other.w + other.h);
}

/** Adds a box unless one that is no larger along any axis is there; drops what it makes needless and the largest beyond `most`. */
function keep(list: Part[], part: Part, most: number): void {
  for (const other of list) if (other.l <= part.l && other.w <= part.w && other.h <= part.h) return;
  for (let at = list.length - 1; at >= 0; at--) {
    const other = list[at];
    if (other !== undefined && part.l <= other.l && part.w <= other.w && part.h <= other.h) list.splice(at, 1);
  }
  let to = list.length;
  while (to > 0 && isBefore(part, list[to - 1])) to--;
  list.splice(to, 0, part);
  if (list.length > most) list.pop();
}

function descendingTurn(l: number, w: number, h: number): Turn {
  if (l >= w) return w >= h ? [0, 1, 2] : l >= h ? [0, 2, 1] : [2, 0, 1];
  return l >= h ? [1, 0, 2] : w >= h ? [1, 2, 0] : [2, 1, 0];
}

/** Where its pieces are, when axis k of the part lies along axis `to[k]` of the box and its corner is at `at`. */
function unfold(part: Part, at: readonly [number, number, number], to: Turn, into: Piece[]): void {
  // `sorted[k]` is the axis before sorting that became axis k.
  const before: [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2] = [0, 1, 2];
  for (const k of straight) before[part.sorted[k]] = to[k];
  if (part.first === undefined || part.second === undefined) {
    const sides: [number, number, number] = [0, 0, 0];
    for (const k of straight) sides[to[k]] = side(part, k);
    into.push({ kind: part.kind, x: at[0], y: at[1], z: at[2], length: sides[0], width: sides[1], height: sides[2] });
    return;
  }
  unfold(part.first, at, before, into);
  const next: [number, number, number] = [at[0], at[1], at[2]];
  next[before[part.axis]] += side(part.first, part.axis);
  // Axis `turn[k]` of the second part lies along axis k of the joined one.
  const second: [0 | 1 | 2, 0 | 1 | 2, 0 | 1 | 2] = [0, 1, 2];
  for (const k of straight) second[part.turn[k]] = before[k];
  unfold(part.second, next, second, into);
}
