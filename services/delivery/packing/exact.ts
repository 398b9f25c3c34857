/**
 * The exact search for few pieces. Of every two pieces one comes before the other along some axis: which one and where is decided pair by pair,
 * and each piece is put as near to the corner as what was decided allows. A pair that only one order leaves below the best box is in that
 * order; one that none leaves ends the branch. Pieces join one after the other, the largest first. Saw cuts are not assumed.
 *
 * The orders of pairs: S. Martello, D. Pisinger, D. Vigo, E. den Boef and J. Korst, Algorithm 864, ACM Transactions on Mathematical Software 33
 * (2007).
 */
import type { Piece } from "./answer.ts";
import type { Budget } from "./beam.ts";
import type { Kinds } from "./kinds.ts";

export const exactPieces = 6;
const nodesEach = 1000;

export interface ExactAnswer {
  /** Smaller than the volume asked for; undefined: none was found. */
  readonly pieces: readonly Piece[] | undefined;
  /** Whether the search came to its end: then nothing smaller exists. */
  readonly proven: boolean;
}

export interface ExactOptions {
  /** Only boxes below it are looked for. */
  readonly volume: number;
  /** Gives one for every thousand arrangements that are looked at: they cost that little. */
  readonly budget: Budget;
  /** Where it refuses a box it refuses every larger one. */
  readonly admits: (l: number, w: number, h: number) => boolean;
}

export function exactBox(kinds: Kinds, options: ExactOptions): ExactAnswer {
  const search = new ExactSearch(kinds, options);
  search.run();
  return { pieces: search.found, proven: !search.spent };
}

type Axis = 0 | 1 | 2;
const axes: readonly Axis[] = [0, 1, 2];

/** What is decided: rows of three axes, one place per piece. */
interface State {
  /** How many pieces have joined. */
  count: number;
  readonly side: Float64Array;
  /** The least place of a piece, and the least room behind it. */
  readonly head: Float64Array;
  readonly tail: Float64Array;
  /** 1 where the first piece comes before the second, with all that follows from it. */
  readonly before: Uint8Array;
  /** Whether anything is decided along the axis. */
  readonly ordered: Uint8Array;
  /** The least sides of the box. */
  readonly box: Float64Array;
  /** The pair to decide next, -1 where none overlaps. */
  first: number;
  second: number;
}

class ExactSearch {
  found: readonly Piece[] | undefined;
  spent = false;
  readonly #kinds: Kinds;
  readonly #admits: ExactOptions["admits"];
  readonly #kindOf: readonly number[];
  readonly #size: number;
  readonly #standOf: Int32Array;
  /** By the number of pieces that have joined: what the sides of the box are at least by the others. */
  readonly #least: Float64Array;
  /** Whether some pieces are equal: then those that stand equally are in order along the first axis. */
  readonly #twins: boolean;
  readonly #states: State[] = [];
  #volume: number;
  readonly #budget: Budget;
  #nodes = 0;

  constructor(kinds: Kinds, { volume, budget, admits }: ExactOptions) {
    this.#kinds = kinds;
    this.#admits = admits;
    this.#volume = volume;
    this.#budget = budget;
    this.#kindOf = kinds.kinds.flatMap(({ count }, kind) => Array.from({ length: count }, () => kind));
    this.#size = this.#kindOf.length;
    this.#standOf = new Int32Array(this.#size);
    this.#twins = kinds.kinds.some(({ count }) => count > 1);
    this.#least = new Float64Array(3 * (this.#size + 1));
    for (let index = this.#size - 1; index >= 0; index--) {
      for (const axis of axes) {
        const own = Math.min(...this.#stands(index).map((stand) => stand[axis]));
        this.#least[3 * index + axis] = Math.max(own, this.#least[3 * index + 3 + axis] as number);
      }
    }
  }

  run(): void {
    this.#join(this.#state(0), 0);
  }

  #stands(index: number): readonly (readonly [number, number, number])[] {
    return this.#kinds.kinds[this.#kindOf[index] ?? 0]?.stands ?? [];
  }

  #state(depth: number): State {
    const size = this.#size;
    return (this.#states[depth] ??= {
      count: 0,
      side: new Float64Array(3 * size),
      head: new Float64Array(3 * size),
      tail: new Float64Array(3 * size),
      before: new Uint8Array(3 * size * size),
      ordered: new Uint8Array(3),
      box: new Float64Array(3),
      first: -1,
      second: -1,
    });
  }

  #child(state: State, depth: number): State {
    const child = this.#state(depth + 1);
    child.count = state.count;
    child.side.set(state.side);
    child.head.set(state.head);
    child.tail.set(state.tail);
    child.before.set(state.before);
    child.ordered.set(state.ordered);
    return child;
  }

  /** Lets the next piece join, in every way to stand. */
  #join(state: State, depth: number): void {
    const index = state.count;
    const stands = this.#stands(index);
    // Equal pieces in ascending order of their stands; and where no axis differs from another, the first piece in one way only.
    const from = index > 0 && this.#kindOf[index - 1] === this.#kindOf[index] ? (this.#standOf[index - 1] ?? 0) : 0;
    const until = index === 0 && this.#kinds.free ? 1 : stands.length;
    for (let at = from; at < until && !this.spent; at++) {
      const stand = stands[at];
      if (stand === undefined) continue;
      this.#standOf[index] = at;
      const child = this.#child(state, depth);
      child.count++;
      for (const axis of axes) child.side[axis * this.#size + index] = stand[axis];
      this.#goOn(child, depth + 1);
    }
  }

  #goOn(state: State, depth: number): void {
    if (this.#nodes++ % nodesEach === 0 && !this.#budget.take()) this.spent = true;
    if (this.spent) return;
    if (!this.#settle(state)) return;
    if (state.first >= 0) return this.#part(state, depth);
    if (state.count < this.#size) return this.#join(state, depth);
    const [x = 0, y = 0, z = 0] = state.box;
    this.#volume = x * y * z;
    const { head, side } = state;
    const row = this.#size;
    this.found = this.#kindOf.map((kind, index) => ({
      kind,
      x: head[index] as number,
      y: head[row + index] as number,
      z: head[2 * row + index] as number,
      length: side[index] as number,
      width: side[row + index] as number,
      height: side[2 * row + index] as number,
    }));
  }

  /** Tries the orders of the pair to decide, the one with the smallest box first. */
  #part(state: State, depth: number): void {
    const { first, second } = state;
    const orders: { axis: Axis; a: number; b: number; volume: number }[] = [];
    for (const axis of axes) {
      for (const [a, b] of [
        [first, second],
        [second, first],
      ] as const) {
        const volume = this.#volumeOf(state, axis, a, b);
        if (volume < this.#volume) orders.push({ axis, a, b, volume });
      }
    }
    orders.sort((p, q) => p.volume - q.volume);
    for (const { axis, a, b, volume } of orders) {
      if (this.spent) return;
      if (volume >= this.#volume) continue;
      const child = this.#child(state, depth);
      this.#order(child, axis, a, b);
      this.#goOn(child, depth + 1);
    }
  }

  /** The least volume of the box when one piece comes before another along an axis; Infinity where a mirror image of it is tried. */
  #volumeOf({ box, head, tail, side, ordered }: State, axis: Axis, a: number, b: number): number {
    if (b < a) {
      if (this.#twins && axis === 0) {
        // Equal pieces that stand equally: the first of them comes first.
        if (this.#kindOf[a] === this.#kindOf[b] && this.#standOf[a] === this.#standOf[b]) return Infinity;
      } else if (ordered[axis] === 0) return Infinity;
    }
    const row = axis * this.#size;
    const long = (head[row + a] as number) + (side[row + a] as number) + (side[row + b] as number) + (tail[row + b] as number);
    const x = box[0] as number;
    const y = box[1] as number;
    const z = box[2] as number;
    if (axis === 0) return (long > x ? long : x) * y * z;
    if (axis === 1) return x * (long > y ? long : y) * z;
    return x * y * (long > z ? long : z);
  }

  /** Draws what follows from what is decided; false where nothing smaller than the best is left. Chooses the pair to decide next. */
  #settle(state: State): boolean {
    const { count } = state;
    again: for (;;) {
      this.#measure(state);
      const [x = 0, y = 0, z = 0] = state.box;
      if (x * y * z >= this.#volume || !this.#admits(x, y, z)) return false;
      state.first = -1;
      let fewest = Infinity;
      for (let a = 0; a < count; a++) {
        for (let b = a + 1; b < count; b++) {
          if (this.#decided(state, a, b)) continue;
          let ways = 0;
          let only: Axis = 0;
          let turned = false;
          for (const axis of axes) {
            if (this.#volumeOf(state, axis, a, b) < this.#volume) {
              ways++;
              only = axis;
              turned = false;
            }
            if (this.#volumeOf(state, axis, b, a) < this.#volume) {
              ways++;
              only = axis;
              turned = true;
            }
          }
          if (ways === 0) return false;
          if (ways === 1) {
            if (turned) this.#order(state, only, b, a);
            else this.#order(state, only, a, b);
            continue again;
          }
          if (ways < fewest && this.#overlap(state, a, b)) {
            fewest = ways;
            state.first = a;
            state.second = b;
          }
        }
      }
      return true;
    }
  }

  #measure({ count, box, head, side }: State): void {
    for (const axis of axes) {
      const row = axis * this.#size;
      let end = this.#least[3 * count + axis] as number;
      for (let index = row; index < row + count; index++) {
        const own = (head[index] as number) + (side[index] as number);
        if (own > end) end = own;
      }
      box[axis] = end;
    }
  }

  #decided({ before }: State, a: number, b: number): boolean {
    const size = this.#size;
    const ab = a * size + b;
    const ba = b * size + a;
    const all = size * size;
    return (
      before[ab] === 1 ||
      before[ba] === 1 ||
      before[all + ab] === 1 ||
      before[all + ba] === 1 ||
      before[2 * all + ab] === 1 ||
      before[2 * all + ba] === 1
    );
  }

  #overlap({ head, side }: State, a: number, b: number): boolean {
    const size = this.#size;
    for (let row = 0; row < 3 * size; row += size) {
      const p = head[row + a] as number;
      const q = head[row + b] as number;
      if (p + (side[row + a] as number) <= q || q + (side[row + b] as number) <= p) return false;
    }
    return true;
  }

  /** One piece before another along an axis, and all that follows. */
  #order({ count, before, ordered, head, tail, side }: State, axis: Axis, a: number, b: number): void {
    const size = this.#size;
    const from = axis * size * size;
    const row = axis * size;
    ordered[axis] = 1;
    for (let p = 0; p < count; p++) {
      if (p !== a && before[from + p * size + a] !== 1) continue;
      for (let q = 0; q < count; q++) if (q === b || before[from + b * size + q] === 1) before[from + p * size + q] = 1;
    }
    for (let moved = true; moved;) {
      moved = false;
      for (let p = 0; p < count; p++) {
        for (let q = 0; q < count; q++) {
          if (before[from + p * size + q] !== 1) continue;
          const end = (head[row + p] as number) + (side[row + p] as number);
          if (end > (head[row + q] as number)) {
            head[row + q] = end;
            moved = true;
          }
          const behind = (side[row + q] as number) + (tail[row + q] as number);
          if (behind > (tail[row + p] as number)) {
            tail[row + p] = behind;
            moved = true;
          }
        }
      }
    }
  }
}
