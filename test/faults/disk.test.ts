import { describe, expect, test } from "bun:test";
import { Disk } from "./disk.ts";
import type { DiskEvent } from "./disk-log.ts";
import { Random } from "./random.ts";

const inode = 7n;
const page = 4096;
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);
const write = (offset: number, data: Uint8Array): DiskEvent => ({ kind: "write", inode, offset, data });
const sync: DiskEvent = { kind: "sync", inode };
const syncFolder: DiskEvent = { kind: "syncFolder" };
const make = (name: string): DiskEvent => ({ kind: "open", inode, name, made: true, size: 0 });
const seeds = Array.from({ length: 300 }, (_, seed) => seed);

const diskAfter = (events: readonly DiskEvent[], files: Record<string, Uint8Array> = {}): Disk => {
  const disk = new Disk(new Map(Object.entries(files)));
  for (const event of events) disk.apply(event);
  return disk;
};

/** A text per outcome: what may be found of a file after the power went. */
const outcomes = (disk: Disk, name: string, tell: (content: Uint8Array) => string): string[] => {
  const found = seeds.map((seed) => {
    const content = disk.afterPowerLoss(new Random(seed)).get(name);
    return content === undefined ? "none" : tell(content);
  });
  return [...new Set(found)].toSorted();
};

/** The first byte of each page. */
const firsts = (content: Uint8Array): string =>
  Array.from({ length: Math.ceil(content.length / page) }, (_, at) => content[at * page]).join(" ");

/** The first byte of each sector. */
const sectors = (content: Uint8Array): string =>
  Array.from({ length: Math.ceil(content.length / 512) }, (_, at) => content[at * 512]).join(" ");

describe("after the power went", () => {
  test("what was synced is there, with its name once the folder was synced", () => {
    const events = [make("a"), write(0, bytes(page, 1)), sync];
    expect(outcomes(diskAfter(events), "a", firsts)).toEqual(["1", "none"]);
    expect(outcomes(diskAfter([...events, syncFolder]), "a", firsts)).toEqual(["1"]);
  });

  test("what was not synced is there or not, page by page, whatever the order", () => {
    const open: DiskEvent = { kind: "open", inode, name: "a", made: false, size: 2 * page };
    const disk = diskAfter([open, write(0, bytes(page, 1)), write(page, bytes(page, 2))], { a: bytes(2 * page, 0) });
    expect(outcomes(disk, "a", firsts)).toEqual(["0 0", "0 2", "1 0", "1 2"]);
  });

  test("a page may be torn between its sectors, and hold any of the versions", () => {
    const open: DiskEvent = { kind: "open", inode, name: "a", made: false, size: page };
    const disk = diskAfter([open, write(0, bytes(page, 1)), write(0, bytes(page, 2))], { a: bytes(page, 0) });
    const found = outcomes(disk, "a", sectors);
    for (const whole of [0, 1, 2]) expect(found).toContain(Array.from({ length: 8 }, () => whole).join(" "));
    expect(found.some((text) => text.includes("0") && text.includes("2"))).toBe(true);
  });

  test("a size that grew may be there without the content: zeros", () => {
    const events = [make("a"), syncFolder, write(0, bytes(page, 1)), write(page, bytes(page, 2))];
    expect(outcomes(diskAfter(events), "a", firsts)).toEqual(["", "0", "0 0", "0 2", "1", "1 0", "1 2"]);
  });

  test("what a truncation cut off does not come back behind it, and what follows it does not go before it", () => {
    const open: DiskEvent = { kind: "open", inode, name: "a", made: false, size: 2 * page };
    const events: DiskEvent[] = [open, { kind: "truncate", inode, size: 0 }, write(page, bytes(page, 5))];
    // The old file, the empty one, or the new one with or without its content; the hole before it is zero.
    expect(outcomes(diskAfter(events, { a: bytes(2 * page, 1) }), "a", firsts)).toEqual(["", "0 0", "0 5", "1 1"]);
  });

  test("names: removed, renamed and linked ones, the first few of what was not synced", () => {
    const events: DiskEvent[] = [
      { kind: "link", from: "a", to: "b" },
      { kind: "unlink", name: "a" },
      { kind: "rename", from: "b", to: "c" },
    ];
    const disk = diskAfter(events, { a: bytes(1, 1) });
    const found = new Set(seeds.map((seed) => [...disk.afterPowerLoss(new Random(seed)).keys()].toSorted().join()));
    expect([...found].toSorted()).toEqual(["a", "a,b", "b", "c"]);
  });

  test("the same seed gives the same disk; without a power cut everything is there", () => {
    const disk = diskAfter([make("a"), write(100, bytes(9000, 3)), { kind: "allocate", inode, end: 20_000 }]);
    const once = () => disk.afterPowerLoss(new Random(42)).get("a");
    expect(once()).toEqual(once() as Uint8Array);
    const now = disk.now().get("a");
    expect(now?.length).toBe(20_000);
    expect([now?.[99], now?.[100], now?.[9099], now?.[9100]]).toEqual([0, 3, 3, 0]);
  });

  test("a log that does not fit the folder is an error", () => {
    expect(() => diskAfter([sync])).toThrow("was not opened");
    expect(() => diskAfter([{ kind: "open", inode, name: "a", made: false, size: 3 }], { a: bytes(2, 0) })).toThrow(
      "a has 3 bytes",
    );
  });
});
