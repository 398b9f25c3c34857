/**
 * Beam search over blocks: every state of a level is tried with its best blocks, each trial is completed greedily, and the states whose
 * completions are worth most go on. The width grows with every pass, so the search can end at any time with the best so far.
 *
 * I. Araya and M.-C. Riff, A beam search approach to the container loading problem, Computers & Operations Research 43 (2014).
 */
import type { Room3 } from "./blocks.ts";
import { type Ground, Room } from "./room.ts";

export interface Budget {
  /** Takes one from the arrangements that may be tried; false: none is left, or no time. */
  take(): boolean;
}

export class Beam {
  readonly best: Room;
  readonly #ground: Ground;
  readonly #pool: Room[] = [];
  readonly #trial: Room;
  #found = new Int32Array(0);
  #scores = new Float64Array(0);

  constructor(ground: Ground) {
    this.#ground = ground;
    this.best = new Room(ground);
    this.#trial = new Room(ground);
  }

  /** Fills the room as well as the budget allows; the result is in `best`. Ends early when all is placed or the room is full. */
  fill(room: Room3, remain: Int32Array, maxWeight: number, budget: Budget): void {
    this.best.open(room, remain, maxWeight);
    this.improve(room, remain, maxWeight, budget);
  }

  /** The same, starting from what is in `best`: for the same room and pieces. */
  improve(room: Room3, remain: Int32Array, maxWeight: number, budget: Budget): void {
    let width = 1;
    while (this.#pass(room, remain, maxWeight, width, budget)) width = Math.ceil(width * 1.5);
  }

  /** One greedy arrangement; true when all was placed. */
  greedy(room: Room3, remain: Int32Array, maxWeight: number): boolean {
    this.best.open(room, remain, maxWeight);
    this.#complete(this.best);
    return this.best.left === 0;
  }

  #done(room: Room3): boolean {
    return this.best.left === 0 || this.best.volume === room.length * room.width * room.height;
  }

  /** False when nothing is left to try. */
  #pass(room: Room3, remain: Int32Array, maxWeight: number, width: number, budget: Budget): boolean {
    if (this.#found.length < width) {
      this.#found = new Int32Array(width);
      this.#scores = new Float64Array(width);
    }
    const root = this.#room();
    root.open(room, remain, maxWeight);
    let level = [root];
    let cut = false;
    while (level.length > 0) {
      const next: Room[] = [];
      for (const state of level) {
        const count = state.candidates(this.#found, this.#scores, width);
        if (count === width) cut = true;
        const chosen = this.#found.slice(0, count);
        for (const block of chosen) {
          if (!budget.take()) return false;
          const child = this.#room();
          child.copy(state);
          child.place(block);
          this.#trial.copy(child);
          this.#complete(this.#trial);
          child.score = this.#trial.volume;
          if (this.#trial.volume > this.best.volume) this.best.copy(this.#trial);
          if (this.#done(room)) return false;
          this.#insert(next, child, width);
        }
        this.#pool.push(state);
      }
      level = next;
    }
    return cut;
  }

  /** Keeps the `width` best of different worth, best first. */
  #insert(next: Room[], child: Room, width: number): void {
    let to = next.length;
    while (to > 0 && (next[to - 1] as Room).score < child.score) to--;
    const before = next[to - 1];
    if ((before !== undefined && before.score === child.score && before.volume === child.volume) || to >= width) {
      this.#pool.push(child);
      return;
    }
    next.splice(to, 0, child);
    if (next.length > width) this.#pool.push(next.pop() as Room);
  }

  #room(): Room {
    return this.#pool.pop() ?? new Room(this.#ground);
  }

  readonly #one = new Int32Array(1);
  readonly #oneScore = new Float64Array(1);
  #complete(room: Room): void {
    while (room.candidates(this.#one, this.#oneScore, 1) > 0) room.place(this.#one[0] as number);
  }
}
