/** Relations with the rows: one statement per level whatever the number of rows, each level with its rules, order and page. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import definition from "../depot/index.ts";
import { counting, type Data, dataOf, forEachEngine, idOf, refusalOf, rowsOf, type Running, serve } from "../harness.ts";

const listOf = (row: Data | undefined, name: string): Data[] => {
  const list = row?.[name];
  if (!Array.isArray(list)) throw new Error(`no list ${name}`);
  return list as Data[];
};

forEachEngine((engine) => {
  describe("includes", () => {
    const counts = { reads: 0, loads: 0, finds: 0, applies: 0, writes: 0 };
    let depot: Running;
    const owners: string[] = [];
    const boxes: string[] = [];
    const tags: string[] = [];

    const reads = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
      const before = counts.reads;
      const result = await work();
      return [result, counts.reads - before];
    };

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition], around: counting(counts) });
      for (const name of ["Ann", "Bob", "Cleo"])
        owners.push(
          idOf(await depot.call("owners.create", { body: { name, ...(owners[0] === undefined ? {} : { boss: owners[0] }) } })),
        );
      for (const name of ["red", "green", "blue"])
        tags.push(idOf(await depot.call("tags.create", { body: { name, rank: tags.length } })));
      for (const [at, owner] of owners.slice(0, 2).entries())
        for (let n = 0; n < 4; n++)
          boxes.push(idOf(await depot.call("boxes.create", { body: { owner, code: `${at}${n}`, value: n } })));
      await Promise.all(
        boxes.flatMap((box, at) =>
          [3, 1, 2].map((quantity) => depot.call("items.create", { body: { box, name: `i${at}-${quantity}`, quantity } })),
        ),
      );
      await Promise.all(boxes.map((box, at) => depot.call("labels.create", { body: { box, tag: tags[at % 3] } })));
      await depot.call("labels.create", { body: { box: boxes[0], tag: tags[2] } });
      for (const [from, to] of [
        [0, 1],
        [1, 0],
        [1, 2],
      ])
        await depot.call("moves.create", { body: { source: boxes[from as number], target: boxes[to as number], value: 1 } });
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    test("three levels of a list cost one statement each, and one for the count", async () => {
      const include = [{ name: "boxes", include: [{ name: "items", sortBy: ["quantity.desc"], include: [{ name: "box" }] }] }];
      const [result, statements] = await reads(() =>
        depot.call("owners.list", { query: { include, sortBy: ["name"], perPage: 2 } }),
      );
      // The owners, their number (there is a next page), and one statement for each of the three levels.
      expect(statements).toBe(5);
      const [ann, bob] = rowsOf(result);
      expect(listOf(ann, "boxes").map(({ code }) => code)).toEqual(["00", "01", "02", "03"]);
      expect(listOf(bob, "boxes").map(({ code }) => code)).toEqual(["10", "11", "12", "13"]);
      for (const box of [...listOf(ann, "boxes"), ...listOf(bob, "boxes")]) {
        const items = box["items"] as Data[];
        expect(items.map(({ quantity }) => quantity)).toEqual([3, 2, 1]);
        expect(items.map((item) => (item["box"] as Data)["id"])).toEqual([box["id"], box["id"], box["id"]]);
      }
      const [, ofOne] = await reads(() => depot.call("owners.get", { id: owners[0] as string, query: { include } }));
      expect(ofOne).toBe(4);
      const [cleo, ofNone] = await reads(() => depot.call("owners.get", { id: owners[2] as string, query: { include } }));
      expect([dataOf(cleo)["boxes"], ofNone]).toEqual([[], 2]);
    });

    test("pages and orders are each parent's own", async () => {
      const rows = rowsOf(
        await depot.call("owners.list", {
          query: { sortBy: ["name"], include: [{ name: "boxes", perPage: 2, sortBy: ["value.desc"] }] },
        }),
      );
      expect(rows.map((row) => (row["boxes"] as Data[]).map(({ code }) => code))).toEqual([["03", "02"], ["13", "12"], []]);
      const defaults = dataOf(
        await depot.call("owners.get", { id: owners[0] as string, query: { include: [{ name: "boxes" }] } }),
      );
      expect(defaults["boxes"]).toHaveLength(4);
    });

    test("by one of two references, by pairs, to one's own table, and to-one that is empty", async () => {
      const box = dataOf(
        await depot.call("boxes.get", {
          id: boxes[1] as string,
          query: {
            fields: ["code"],
            include: [{ name: "moves", sortBy: ["seq"] }, { name: "tags", sortBy: ["rank"] }, { name: "owner" }],
          },
        }),
      );
      expect((box["moves"] as Data[]).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect((box["tags"] as Data[]).map(({ name }) => name)).toEqual(["green"]);
      expect(Object.keys(box)).toEqual(["code", "moves", "tags", "owner"]);
      const [red] = rowsOf(
        await depot.call("tags.list", { query: { sortBy: ["rank"], include: [{ name: "boxes", sortBy: ["code"] }] } }),
      );
      expect(listOf(red, "boxes").map(({ code }) => code)).toEqual(["00", "03", "12"]);
      const ann = dataOf(
        await depot.call("owners.get", {
          id: owners[0] as string,
          query: { include: [{ name: "reports", sortBy: ["name"] }, { name: "boss" }] },
        }),
      );
      expect([(ann["reports"] as Data[]).map(({ name }) => name), ann["boss"]]).toEqual([["Bob", "Cleo"], null]);
    });

    test("chosen fields reach into relations", async () => {
      const [move] = rowsOf(
        await depot.call("moves.list", {
          query: { fields: ["value", "source.code", "source.owner.name", "target.id"], sortBy: ["seq"] },
        }),
      );
      expect(move).toEqual({ value: 1, source: { code: "00", owner: { name: "Ann" } }, target: { id: boxes[1] } });
      expect(rowsOf(await depot.call("boxes.list", { query: { fields: ["owner"], perPage: 1 } }))).toEqual([
        { owner: owners[0] },
      ]);
    });

    test("related collections are lists like others, under their parent", async () => {
      const related = (resource: string, id: string, relation: string, query: object = {}) =>
        depot.call(`${relation === "boxes" ? "boxes" : relation}.list`, { parent: { resource, id, relation }, query });
      const page = await related("owners", owners[1] as string, "boxes", { sortBy: ["code.desc"], perPage: 3 });
      expect(rowsOf(page).map(({ code }) => code)).toEqual(["13", "12", "11"]);
      expect(page).toMatchObject({ page: { totalRecords: 4, totalPages: 2, currentPage: 1 } });
      expect(rowsOf(await related("tags", tags[2] as string, "boxes", { sortBy: ["code"] })).map(({ code }) => code)).toEqual([
        "00",
        "02",
        "11",
      ]);
      expect(rowsOf(await related("boxes", boxes[0] as string, "moves", { sortBy: ["seq"] })).map(({ seq }) => seq)).toEqual([
        1, 2,
      ]);
      const count = await depot.call("boxes.count", {
        parent: { resource: "owners", id: owners[1] as string, relation: "boxes" },
      });
      expect(dataOf(count)).toBe(4 as never);
      for (const [resource, id, relation] of [
        ["owners", "nobody", "boxes"],
        ["owners", "\0", "boxes"],
        ["owners", "\ud800", "boxes"],
        ["owners", "", "boxes"],
        ["tags", owners[0], "boxes"],
        ["nothing", "x", "boxes"],
        ["__proto__", "x", "boxes"],
        ["boxes", boxes[0], "boxes"],
      ] as const) {
        expect([resource, id, refusalOf(await related(resource, String(id), relation)).type]).toEqual([
          resource,
          id,
          "not_found",
        ]);
      }
    });

    test("what cannot be included is refused by name", async () => {
      const issues = async (include: object[], operation = "owners.list") =>
        refusalOf(await depot.call(operation, { query: { include: include as never } })).issues;
      expect(await issues([{ name: "nothing" }])).toEqual({
        include: [{ code: "unknown_relation", params: { relation: "nothing" } }],
      });
      expect(await issues([{ name: "__proto__" }])).toEqual({
        include: [{ code: "unknown_relation", params: { relation: "__proto__" } }],
      });
      expect(await issues([{ name: "boxes", perPage: 51 }])).toEqual({
        "include.boxes.perPage": [{ code: "not_in_range", params: { min: 1, max: 50 } }],
      });
      expect(await issues([{ name: "boxes", perPage: 0 }])).toHaveProperty(["include.boxes.perPage"]);
      expect(Object.keys((await issues([{ name: "boxes", sortBy: ["nothing"] }])) ?? {})).toEqual(["include.boxes.sortBy"]);
      const deep = { name: "boxes", include: [{ name: "owner", include: [{ name: "boxes", include: [{ name: "owner" }] }] }] };
      expect(JSON.stringify(await issues([deep]))).toContain("too_deep");
      expect(await issues(Array.from({ length: 11 }, (_, at) => ({ name: `n${at}` })))).toMatchObject({
        include: expect.arrayContaining([{ code: "too_many", params: { max: 10 } }]),
      });
    });

    test("no query may ask for more rows than an answer can hold, however it nests", async () => {
      const include = [
        { name: "boxes", perPage: 50, include: [{ name: "items", perPage: 100, include: [{ name: "box", include: [] }] }] },
      ];
      const result = await depot.call("owners.list", { query: { perPage: 100, include } });
      expect(refusalOf(result)).toMatchObject({ status: 422, type: "validation_failed" });
      expect(JSON.stringify(refusalOf(result).issues)).toContain("too_many_rows");
      expect(rowsOf(await depot.call("owners.list", { query: { perPage: 20, include } }))).toHaveLength(3);
    });
  });
});
