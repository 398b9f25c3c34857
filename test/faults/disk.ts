/**
 * What a folder may hold after the power went, by the log of what was done to it. The rules are those of POSIX, at their worst where it leaves a choice:
 *
 *   - A file's sync makes durable what was written to it, and its size. Its name is another matter.
 *   - The folder's sync makes durable which names there are. Of changes of names since, the first few may have happened, in their order.
 *   - Of what was written since the file's last sync any page of 4,096 bytes may be on the disk or not, whatever the order of the writes: as it was after
 *     any of them. A page may be torn: each of its sectors of 512 bytes as it was after another one.
 *   - The size may be that after any of these writes. What is within the size and was not written is zero. What a truncation that happened cut off
 *     does not come back, and nothing that was written after one that did not happen is there.
 */
import type { DiskEvent } from "./disk-log.ts";
import type { Random } from "./random.ts";

const pageBytes = 4096;
const sectorBytes = 512;

/** A change of a page: bytes from `at` on; `turn` orders the changes of a file. */
interface Edit {
  readonly turn: number;
  readonly at: number;
  readonly data: Uint8Array;
}

interface Resize {
  readonly turn: number;
  readonly size: number;
  readonly cuts: boolean;
}

/** How much of what was not synced a power cut leaves. */
type Leaves = "nothing" | "some" | "all";

const zeros = new Uint8Array(pageBytes);

/** The content of a file: what is durable, and what was done since. */
class Content {
  #durable: Uint8Array;
  #durableSize: number;
  #size: number;
  #turn = 0;
  #pages = new Map<number, Edit[]>();
  #resizes: Resize[] = [];

  constructor(bytes: Uint8Array) {
    this.#durable = bytes.slice();
    this.#durableSize = bytes.length;
    this.#size = bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  write(offset: number, data: Uint8Array): void {
    this.#turn += 1;
    this.#edit(offset, data);
    if (offset + data.length > this.#size) this.#resize(offset + data.length, false);
  }

  truncate(size: number): void {
    this.#turn += 1;
    for (let at = size; at < this.#size;) {
      const length = Math.min(pageBytes - (at % pageBytes), this.#size - at);
      this.#edit(at, zeros.subarray(0, length));
      at += length;
    }
    this.#resize(size, size < this.#size);
  }

  allocate(end: number): void {
    this.#turn += 1;
    if (end > this.#size) this.#resize(end, false);
  }

  sync(): void {
    if (this.#turn === 0) return;
    if (this.#durable.length < this.#size) {
      const larger = new Uint8Array(Math.max(this.#size, this.#durable.length * 2));
      larger.set(this.#durable);
      this.#durable = larger;
    }
    for (const [page, edits] of this.#pages) {
      for (const { at, data } of edits) this.#place(this.#durable, page * pageBytes + at, data);
    }
    this.#durable.fill(0, this.#size);
    this.#durableSize = this.#size;
    this.#pages.clear();
    this.#resizes = [];
    this.#turn = 0;
  }

  /** As the process sees it. */
  now(): Uint8Array {
    return this.#at(this.#size, () => Number.POSITIVE_INFINITY);
  }

  /** As it may be after the power went. */
  afterPowerLoss(random: Random, leaves: Leaves): Uint8Array {
    if (leaves === "nothing") return this.#durable.slice(0, this.#durableSize);
    if (leaves === "all") return this.now();
    const resize = [undefined, ...this.#resizes][random.upTo(this.#resizes.length)];
    const resized = resize?.turn ?? 0;
    const first = this.#resizes.findLast(({ turn, cuts }) => cuts && turn <= resized)?.turn ?? 0;
    const last = (this.#resizes.find(({ turn, cuts }) => cuts && turn > resized)?.turn ?? Number.POSITIVE_INFINITY) - 1;
    const chance = random.next();
    const turnOf = (edits: readonly Edit[]): number => {
      if (random.next() >= chance) return first;
      return Math.min(last, Math.max(first, edits[random.upTo(edits.length - 1)]?.turn ?? 0));
    };
    return this.#at(resize?.size ?? this.#durableSize, turnOf, (edits) => {
      if (random.next() >= 0.25) return undefined;
      return Array.from({ length: pageBytes / sectorBytes }, () => turnOf(edits));
    });
  }

  /** Of this size, each page as after the edits up to a turn; or each sector, where `torn` says so. */
  #at(
    size: number,
    turnOf: (edits: readonly Edit[]) => number,
    torn: (edits: readonly Edit[]) => readonly number[] | undefined = () => undefined,
  ): Uint8Array {
    const bytes = new Uint8Array(size);
    bytes.set(this.#durable.subarray(0, Math.min(size, this.#durableSize)));
    for (const [page, edits] of this.#pages) {
      const start = page * pageBytes;
      const sectors = torn(edits);
      if (sectors === undefined) {
        const last = turnOf(edits);
        for (const { turn, at, data } of edits) if (turn <= last) this.#place(bytes, start + at, data);
        continue;
      }
      for (const [sector, last] of sectors.entries()) {
        const [from, to] = [sector * sectorBytes, (sector + 1) * sectorBytes];
        for (const { turn, at, data } of edits) {
          if (turn > last || at >= to || at + data.length <= from) continue;
          const [first, end] = [Math.max(at, from), Math.min(at + data.length, to)];
          this.#place(bytes, start + first, data.subarray(first - at, end - at));
        }
      }
    }
    return bytes;
  }

  #place(bytes: Uint8Array, offset: number, data: Uint8Array): void {
    if (offset >= bytes.length) return;
    bytes.set(offset + data.length > bytes.length ? data.subarray(0, bytes.length - offset) : data, offset);
  }

  #edit(offset: number, data: Uint8Array): void {
    for (let done = 0; done < data.length;) {
      const page = Math.floor((offset + done) / pageBytes);
      const at = (offset + done) % pageBytes;
      const length = Math.min(pageBytes - at, data.length - done);
      const edit = { turn: this.#turn, at, data: data.subarray(done, done + length) };
      const known = this.#pages.get(page);
      if (known === undefined) this.#pages.set(page, [edit]);
      else known.push(edit);
      done += length;
    }
  }

  #resize(size: number, cuts: boolean): void {
    this.#size = size;
    this.#resizes.push({ turn: this.#turn, size, cuts });
  }
}

type Names = Map<string, Content>;

export class Disk {
  #durableNames: Names;
  #names: Names;
  #renamings: ((names: Names) => void)[] = [];
  readonly #inodes = new Map<bigint, Content>();

  /** A folder whose files are all durable. */
  constructor(files: ReadonlyMap<string, Uint8Array>) {
    this.#names = new Map([...files].map(([name, bytes]) => [name, new Content(bytes)]));
    this.#durableNames = new Map(this.#names);
  }

  apply(event: DiskEvent): void {
    switch (event.kind) {
      case "open":
        return this.#open(event);
      case "write":
        return this.#content(event.inode).write(event.offset, event.data);
      case "truncate":
        return this.#content(event.inode).truncate(event.size);
      case "allocate":
        return this.#content(event.inode).allocate(event.end);
      case "sync":
        return this.#content(event.inode).sync();
      case "syncFolder":
        this.#durableNames = new Map(this.#names);
        this.#renamings = [];
        return;
      case "unlink":
        return this.#rename((names) => void names.delete(event.name));
      case "link":
      case "rename": {
        const content = this.#names.get(event.from);
        if (content === undefined) throw new Error(`the disk log names ${event.from}, which it does not know`);
        return this.#rename((names) => {
          if (event.kind === "rename") names.delete(event.from);
          names.set(event.to, content);
        });
      }
    }
  }

  /** The folder as the process sees it. */
  now(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#names].map(([name, content]) => [name, content.now()]));
  }

  /** The folder as it may be found after the power went now. */
  afterPowerLoss(random: Random): ReadonlyMap<string, Uint8Array> {
    const names = new Map(this.#durableNames);
    for (const change of this.#renamings.slice(0, random.upTo(this.#renamings.length))) change(names);
    const kinds: readonly Leaves[] = ["nothing", "some", "some", "some", "all"];
    return new Map([...names].map(([name, content]) => [name, content.afterPowerLoss(random, random.pick(kinds))]));
  }

  #open({ inode, name, made, size }: Extract<DiskEvent, { kind: "open" }>): void {
    if (made) {
      const content = new Content(new Uint8Array());
      this.#inodes.set(inode, content);
      return this.#rename((names) => void names.set(name, content));
    }
    const content = this.#names.get(name);
    if (content === undefined || content.size !== size)
      throw new Error(`${name} has ${size} bytes, and the disk log knows of ${content?.size ?? "no such file"}`);
    this.#inodes.set(inode, content);
  }

  #content(inode: bigint): Content {
    const content = this.#inodes.get(inode);
    if (content === undefined) throw new Error(`the disk log writes to a file that was not opened (inode ${inode})`);
    return content;
  }

  #rename(change: (names: Names) => void): void {
    change(this.#names);
    this.#renamings.push(change);
  }
}
