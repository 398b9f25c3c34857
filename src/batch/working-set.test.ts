import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Row } from "../store/store.ts";
import type { Table } from "../store/table.ts";
import { type Entry, ranksOf, uniqueText, WorkingSet } from "./working-set.ts";

const table = (name: string): Table => ({
  name,
  columns: ["id", "code", "value"].map((field) => ({ field, name: field, type: "text", nullable: true })),
  key: ["id"],
  indexes: [{ name: `${name}_code_key`, fields: ["code"], unique: true }],
  references: [],
  appendOnly: false,
});
const parents = table("parents");
const children = table("children");

const row = (id: string, code: string | null, value = "v"): Row => ({ id, code, value });

const now = "2026-01-01T00:00:00.000Z";

describe("working set", () => {
  test("changes are the difference between what was loaded and what is now, tables in order, deletes last and reversed", () => {
    const set = new WorkingSet();
    const loaded = set.adopt(parents, 1, ["a"], row("a", "A"));
    const same = set.adopt(parents, 1, ["b"], row("b", "B"));
    const gone = set.adopt(parents, 1, ["c"], row("c", "C"));
    const child = set.adopt(children, 1, ["x"], row("x", "X"));
    const fresh = set.adopt(children, 1, ["y"], undefined);
    const never = set.adopt(children, 1, ["z"], undefined);
    set.set(child, undefined);
    set.set(fresh, row("y", "Y"));
    set.set(never, row("z", "Z"));
    set.set(never, undefined);
    set.set(loaded, row("a", "A", "new"));
    set.set(same, { ...row("b", "B") });
    set.set(gone, undefined);
    expect(set.changes(ranksOf([parents, children]), { now })).toEqual([
      { table: parents, inserts: [], updates: [{ realm: 1, key: ["a"], changes: { value: "new" } }], deletes: [] },
      { table: children, inserts: [{ realm: 1, row: row("y", "Y") }], updates: [], deletes: [] },
      { table: children, inserts: [], updates: [], deletes: [{ realm: 1, key: ["x"] }] },
      { table: parents, inserts: [], updates: [], deletes: [{ realm: 1, key: ["c"] }] },
    ]);
  });

  test("settled changes are not written again; later ones start from there", () => {
    const set = new WorkingSet();
    const entry = set.adopt(parents, 1, ["a"], undefined);
    const mark = set.mark();
    set.set(entry, row("a", "A"));
    set.settle(mark);
    expect(set.changes(ranksOf([parents]), { now })).toEqual([]);
    expect(set.touches(new Set(["parents"]))).toBe(false);
    set.set(entry, row("a", "A", "next"));
    expect(set.changes(ranksOf([parents]), { now })).toMatchObject([{ inserts: [], updates: [{ changes: { value: "next" } }] }]);
  });

  test("realms and keys of several parts are told apart", () => {
    const set = new WorkingSet();
    set.adopt(parents, 1, ["a"], row("a", "A"));
    expect(set.entry(parents, 2, ["a"])).toBeUndefined();
    set.adopt(parents, 1, ["a b", "c"], row("1", null));
    expect(set.entry(parents, 1, ["a", "b c"])).toBeUndefined();
    expect(uniqueText(1, row("a", "x"), ["code", "value"])).not.toBe(uniqueText(1, row("a", "x v"), ["code"]));
    expect(uniqueText(1, row("a", null), ["code"])).toBeUndefined();
  });

  /** Commands change rows, and some are taken back: what stays is as if those had never been. */
  test("taking back a command leaves rows and holders of unique values as before it", () => {
    const step = fc.record({
      id: fc.constantFrom("a", "b", "c", "d"),
      code: fc.constantFrom("X", "Y", "Z", null),
      remove: fc.boolean(),
    });
    const command = fc.record({ steps: fc.array(step, { maxLength: 4 }), keep: fc.boolean() });
    fc.assert(
      fc.property(fc.array(command, { maxLength: 8 }), (commands) => {
        const set = new WorkingSet();
        const plain = new Map<string, Row>();
        for (const id of ["a", "b"]) {
          set.adopt(parents, 1, [id], row(id, id));
          plain.set(id, row(id, id));
        }
        for (const { steps, keep } of commands) {
          const mark = set.mark();
          for (const { id, code, remove } of steps) {
            const entry: Entry = set.entry(parents, 1, [id]) ?? set.adopt(parents, 1, [id], undefined);
            const holder =
              code === null
                ? undefined
                : set.holder(parents, parents.indexes[0]?.fields ?? [], uniqueText(1, row(id, code), ["code"]) ?? "");
            // As the writer does: a value that another row holds is refused before it is set.
            if (!remove && holder !== undefined && holder !== entry) continue;
            set.set(entry, remove ? undefined : row(id, code));
            if (!keep) continue;
            if (remove) plain.delete(id);
            else plain.set(id, row(id, code));
          }
          if (!keep) {
            set.rollback(mark);
            expect(set.changesSince(mark)).toEqual([]);
          }
        }
        const held = new Map<string, string>();
        for (const id of ["a", "b", "c", "d"]) {
          expect(set.entry(parents, 1, [id])?.current).toEqual(plain.get(id));
          const code = plain.get(id)?.["code"];
          if (typeof code === "string") held.set(code, id);
        }
        for (const code of ["X", "Y", "Z", "a", "b"]) {
          const text = uniqueText(1, row("?", code), ["code"]) ?? "";
          expect(set.holder(parents, parents.indexes[0]?.fields ?? [], text)?.key[0]).toBe(held.get(code) as never);
        }
      }),
      { numRuns: 300 },
    );
  });
});
