/**
 * What changed since: numbers and states, by watermarks. Nothing is missed and nothing comes twice, whoever writes at the same time and whatever clocks say.
 * Over REST and over SOAP, on both engines.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { pageMax, pageOf } from "../../services/delivery/moments.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Data, type House, openHouse } from "./house.ts";

const beginning = "0001-01-01T00:00:00";

describe.each(testDatabases())("$engine", ({ create }) => {
  let house: House;
  let aheadMs = 0;
  beforeAll(async () => {
    house = await openHouse(await create(), () => aheadMs);
  });
  afterAll(() => house[Symbol.asyncDispose]());

  const bind = (order: string, number: string) => house.rest("POST", `/orders/${order}/bindNumber`, { number }, "warehouse");
  const numbersSince = async (since: string) => {
    const told = await house.soap("GetTrackNumbers", `<DateOfLastGetting>${since}</DateOfLastGetting>`);
    return { watermark: String(told["return"]), numbers: (told["TrackNumbers"] ?? []) as Data[] };
  };
  const statesSince = async (since: string, onlyCompleted = false) => {
    const told = await house.soap(
      "GetStatusesOrders",
      `<DateOfLastGetting>${since}</DateOfLastGetting><OnlyCompleted>${onlyCompleted}</OnlyCompleted>`,
    );
    return { watermark: String(told["return"]), statuses: (told["StatusesOrders"] ?? []) as Data[] };
  };

  test("before anything was told there is no watermark: the first moment of the year 1", async () => {
    expect(await numbersSince(beginning)).toEqual({ watermark: "0001-01-01T00:00:00", numbers: [] });
    const { data } = await house.rest("POST", "/trackingNumbers/changes", {});
    expect(data).toEqual({ watermark: null, numbers: [] });
  });

  test("a number that took the place of another: both come, with one moment; then nothing more", async () => {
    const id = await house.place("s1");
    await bind(id, "RR000000001XX");
    const first = await numbersSince(beginning);
    expect(first.numbers).toEqual([{ OrderID: "s1", Number: "RR000000001XX", Activity: true }]);
    expect((await bind(id, "RR000000001XX")).data["trackingNumber"]).toBe("RR000000001XX");
    expect(await numbersSince(first.watermark)).toEqual({ watermark: first.watermark, numbers: [] });
    await bind(id, "RR000000002XX");
    const second = await numbersSince(first.watermark);
    expect(second.numbers.toSorted((a, b) => (String(a["Number"]) < String(b["Number"]) ? -1 : 1))).toEqual([
      { OrderID: "s1", Number: "RR000000001XX", Activity: false },
      { OrderID: "s1", Number: "RR000000002XX", Activity: true },
    ]);
    expect((await numbersSince(second.watermark)).numbers).toEqual([]);
    await bind(id, "RR000000001XX");
    const third = await numbersSince(second.watermark);
    expect(new Map(third.numbers.map((one) => [one["Number"], one["Activity"]]))).toEqual(
      new Map([
        ["RR000000001XX", true],
        ["RR000000002XX", false],
      ]),
    );
  });

  test("a number belongs to one order; a cancelled order has none", async () => {
    const [one, two] = [await house.place("t1"), await house.place("t2")];
    await bind(one, "TT000000001XX");
    expect((await bind(two, "TT000000001XX")).error["type"]).toBe("number_taken");
    const { watermark } = await numbersSince(beginning);
    await house.rest("POST", `/orders/${one}/cancel`, {});
    expect((await numbersSince(watermark)).numbers).toEqual([{ OrderID: "t1", Number: "TT000000001XX", Activity: false }]);
    expect((await bind(one, "TT000000003XX")).error["type"]).toBe("order_cancelled");
    expect((await bind(two, "x y")).error["type"]).toBe("validation_failed");
    expect((await house.rest("POST", `/orders/${two}/bindNumber`, { number: "TT000000004XX" })).status).toBe(403);
  });

  test("states, and only those that nothing follows", async () => {
    const { watermark } = await statesSince(beginning);
    await house.place("u1");
    const id = await house.place("u2");
    await house.rest("POST", `/orders/${id}/cancel`, {});
    const all = await statesSince(watermark);
    expect(all.statuses.map((one) => [one["OrderID"], one["StatusId"], one["Status"], one["Completed"]])).toEqual([
      ["u1", 10, "created", false],
      ["u2", 10, "created", false],
      ["u2", 20, "cancelled", true],
    ]);
    const done = await statesSince(watermark, true);
    expect(done.statuses.map((one) => one["OrderID"])).toEqual(["u2"]);
    expect(done.watermark).toBe(all.watermark);
  });

  test("a clock that is set back leaves no gap: later changes have later moments", async () => {
    const { watermark } = await numbersSince(beginning);
    const id = await house.place("v1");
    await bind(id, "VV000000001XX");
    const before = await numbersSince(watermark);
    aheadMs = -3_600_000;
    try {
      await bind(id, "VV000000002XX");
      const after = await numbersSince(before.watermark);
      expect(after.numbers.map((one) => String(one["Number"])).toSorted()).toEqual(["VV000000001XX", "VV000000002XX"]);
      expect(after.watermark > before.watermark).toBe(true);
      const soon = await numbersSince("2100-01-01T00:00:00Z");
      expect(soon).toEqual({ watermark: after.watermark, numbers: [] });
    } finally {
      aheadMs = 0;
    }
  });

  /** Polls until `write` has ended, and once more after it; what came, in order, with the marks. */
  const polled = async (
    path: string,
    list: string,
    from: string,
    write: () => Promise<unknown>,
  ): Promise<{ readonly told: readonly Data[]; readonly marks: readonly string[] }> => {
    let watermark = from;
    let isWriting = true;
    const told: Data[] = [];
    const marks: string[] = [watermark];
    const poll = async (): Promise<void> => {
      for (;;) {
        const last = !isWriting;
        const { data } = await house.rest("POST", path, { since: watermark });
        told.push(...(data[list] as Data[]));
        watermark = String(data["watermark"]);
        marks.push(watermark);
        if (last) return;
        // Others get their turn: on SQLite nothing here waits.
        await Bun.sleep(1);
      }
    };
    const polling = poll();
    try {
      await write();
    } finally {
      isWriting = false;
      await polling;
    }
    return { told, marks };
  };
  const inTime = async (path: string, body: Data, role: "shop" | "warehouse"): Promise<void> => {
    const { status, text } = await house.rest("POST", path, body, role);
    if (status !== 200) throw new Error(text);
  };

  test("many write while somebody polls: each change is told once, in the order of the moments", async () => {
    const rounds = 5;
    const orders = await Promise.all(Array.from({ length: 24 }, (_, index) => house.place(`w${index}`)));
    const { watermark } = await numbersSince(beginning);
    const { told, marks } = await polled("/trackingNumbers/changes", "numbers", watermark, () =>
      Promise.all(
        orders.map(async (id, index) => {
          for (let round = 0; round < rounds; round++)
            await inTime(`/orders/${id}/bindNumber`, { number: `WW-${index}-${round}` }, "warehouse");
        }),
      ),
    );
    const facts = told.map((one) => `${String(one["number"])} ${String(one["isActive"])}`);
    expect(new Set(facts).size).toBe(facts.length);
    expect(marks).toEqual(marks.toSorted());
    // Whoever keeps what came last of each number knows all of them, and which one counts. One superseded between two polls came as that only.
    const wanted = [...orders.keys()].flatMap((index) =>
      Array.from({ length: rounds }, (_, round) => [`WW-${index}-${round}`, round === rounds - 1] as const),
    );
    expect(new Map(told.map((one) => [String(one["number"]), one["isActive"] === true]))).toEqual(new Map(wanted));
  });

  test("many place and cancel while somebody polls: each state of each order is told once, in order", async () => {
    const { watermark } = await statesSince(beginning);
    const names = Array.from({ length: 24 }, (_, index) => `x${index}`);
    const { told, marks } = await polled("/statuses/changes", "statuses", watermark, () =>
      Promise.all(names.map(async (name) => inTime(`/orders/${await house.place(name)}/cancel`, {}, "shop"))),
    );
    expect(marks).toEqual(marks.toSorted());
    const stories = Map.groupBy(told, (one) => String(one["externalId"]));
    expect([...stories.values()].map((states) => states.map((one) => one["stateNumber"]))).toEqual(names.map(() => [10, 20]));
  });
});

describe("pages", () => {
  const rows = (...moments: readonly number[]) => moments.map((ms) => ({ at: new Date(ms).toISOString() }));
  const at = (ms: number): string => new Date(ms).toISOString();

  test("what is not full goes up to its last row", () => {
    expect(pageOf(rows(1, 2, 2), null, null)).toEqual({ watermark: at(2), rows: rows(1, 2, 2) });
  });

  test("what is full leaves the last moment to the next page", () => {
    const full = rows(...Array.from({ length: pageMax - 2 }, (_, index) => index), 5_000, 5_000);
    expect(pageOf(full, null, null)).toEqual({ watermark: at(pageMax - 3), rows: full.slice(0, -2) });
  });

  test("nothing: the watermark stays, but is not beyond what was ever told", () => {
    expect(pageOf([], at(5), at(9)).watermark).toBe(at(5));
    expect(pageOf([], at(9), at(5)).watermark).toBe(at(5));
    expect(pageOf([], null, at(5)).watermark).toBeNull();
    expect(pageOf([], at(5), null).watermark).toBe(at(5));
  });
});
