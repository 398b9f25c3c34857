/**
 * Carriers: what is handed over is booked once and has its numbers; what carriers tell is taken over once, whatever order it comes in and whatever goes wrong.
 * The simulated carrier answers over a real socket.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { stepsTo } from "../../services/delivery/carriers/apply.ts";
import { consignmentIdOf } from "../../services/delivery/carriers/carrier-fields.ts";
import { connectors } from "../../services/delivery/carriers/connectors.ts";
import { filled, valueAt } from "../../services/delivery/carriers/json-path.ts";
import { type Fault, SimulationHandler } from "../../services/delivery/carriers/simulator/handler.ts";
import { checkDigit, s10 } from "../../services/delivery/carriers/simulator/s10.ts";
import { SimulatedCarrier } from "../../services/delivery/carriers/simulator/simulated-carrier.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Data, type House, openHouse } from "./house.ts";

const paceMs = 60_000;
const token = "a token of the test";
const secretOfCarrier = "inside of the carrier";

describe.each(testDatabases())("$engine", ({ create }) => {
  let house: House;
  let aheadMs = 0;
  let simulated: SimulatedCarrier;
  let handler: SimulationHandler;
  let server: Bun.Server<undefined>;
  let carrier = "";
  const failed: string[] = [];

  beforeAll(async () => {
    const clock = (): number => Date.now() + aheadMs;
    simulated = new SimulatedCarrier({ seed: 7, paceMs, clock });
    handler = new SimulationHandler({ carrier: simulated, token });
    server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => handler.handle(request) });
    const origin = `http://127.0.0.1:${server.port}`;
    house = await openHouse(await create(), () => 0, {
      allow: [origin],
      secrets: [{ name: "post", origin, tenant: "demo", value: token }],
    });
    const { app } = house.served;
    await app.jobs.start({ onFailed: ({ error }) => void failed.push(String(error)) });
    const input = { code: "post", name: "Post", connector: "simulated", address: origin, secret: "post", deliveryTypes: [3] };
    carrier = String((await house.rest("POST", "/carriers", input, "manager")).data["id"]);
  });
  afterAll(async () => {
    await house.served.app.jobs.stop();
    await house[Symbol.asyncDispose]();
    await server.stop(true);
  });

  const settled = async (): Promise<void> => {
    await house.served.app.jobs.look();
    await house.served.app.jobs.settled();
  };
  const until = async (holds: () => Promise<boolean>, what: string): Promise<void> => {
    for (const end = performance.now() + 8_000; !(await holds());) {
      if (performance.now() > end) throw new Error(`${what} did not come to be`);
      await Bun.sleep(5);
      await settled();
    }
  };
  const rows = async (path: string): Promise<readonly Data[]> => (await house.rest("GET", path, undefined, "warehouse")).rows;
  const one = async (path: string): Promise<Data> => (await house.rest("GET", path, undefined, "warehouse")).data;
  const ask = async (): Promise<Data> => {
    await house.rest("POST", `/carriers/${carrier}/ask`, {}, "warehouse");
    await settled();
    return one(`/carriers/${carrier}`);
  };
  /** Asks until nothing is left. */
  const catchUp = (): Promise<void> =>
    until(async () => {
      const { cursor, problem } = await ask();
      return problem === null && Number(cursor) === (simulated.changes().at(-1)?.no ?? 0);
    }, "the end of the changes");
  const handOver = async (manifest: string, ids: readonly string[]): Promise<void> => {
    const body = {
      externalId: manifest,
      number: manifest,
      madeAt: "2026-02-01T10:00:00Z",
      shipAt: "2026-02-02T10:00:00Z",
      orderIds: ids,
    };
    const { data, text, status } = await house.rest("POST", "/manifests", body);
    if (status !== 201) throw new Error(text);
    await house.rest("POST", `/manifests/${String(data["id"])}/handOver`, {}, "warehouse");
    await settled();
  };
  const given = async (prefix: string, count: number): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (let at = 0; at < count; at++) ids.push(await house.place(`${prefix}${at}`));
    await handOver(
      prefix,
      ids.map((_, at) => `${prefix}${at}`),
    );
    return ids;
  };
  const reference = (order: string): string => consignmentIdOf({ tenant: "demo", environment: "sandbox" }, order);
  const order = (fault: Fault, of: "book" | "changes", times = 1): void => void handler.ordered.push({ fault, of, times });
  const told = (ids: readonly string[]) => simulated.changes().filter((change) => ids.map(reference).includes(change.reference));

  test("what is handed over is booked once, by its way of delivery, and has the number that the carrier assigned", async () => {
    const [id = ""] = await given("a", 1);
    await until(async () => (await one(`/orders/${id}`))["trackingNumber"] !== null, "a number");
    const number = String((await one(`/orders/${id}`))["trackingNumber"]);
    expect(number).toMatch(/^RR\d{9}XX$/);
    expect(await one(`/consignments/${reference(id)}`)).toMatchObject({ order: id, carrier, state: "booked", number });
    expect(simulated.booked).toBe(1);
    const other = await house.place("other-way", { deliveryType: 5 });
    await handOver("other", ["other-way"]);
    expect(await one(`/orders/${other}`)).toMatchObject({ state: "handed_over", trackingNumber: null });
    expect(simulated.booked).toBe(1);
    const byHand = await house.place("by-hand");
    await house.rest("POST", `/orders/${byHand}/bindNumber`, { number: "RR000000011XX" }, "warehouse");
    await handOver("by-hand", ["by-hand"]);
    expect(await one(`/orders/${byHand}`)).toMatchObject({ state: "handed_over", trackingNumber: "RR000000011XX" });
    expect(simulated.booked).toBe(1);
    expect((await house.rest("GET", "/carriers")).status).toBe(403);
  });

  test("parcels move: states, other numbers, words nobody knows; each change once", async () => {
    const ids = await given("m", 20);
    await until(async () => simulated.booked === 21, "20 bookings");
    aheadMs += 8 * paceMs;
    await catchUp();
    const last: Record<string, string> = { DELIVERED: "delivered", SENT_BACK: "returned", MISSING: "lost" };
    for (const id of ids) {
      const mine = told([id]);
      const numbers = mine.flatMap(({ number }) => number ?? []);
      const found = await one(`/orders/${id}`);
      expect(found["state"]).toBe(last[mine.at(-1)?.event ?? ""]);
      if (numbers.length > 0) expect(found["trackingNumber"]).toBe(numbers.at(-1));
    }
    const superseded = told(ids).filter(({ number }) => number !== undefined).length;
    expect(superseded).toBeGreaterThan(0);
    const { data } = await house.rest("POST", "/trackingNumbers/changes", {});
    const numbers = data["numbers"] as Data[];
    expect(numbers.filter(({ isActive }) => isActive === false)).toHaveLength(superseded);
    const unknown = await rows("/carrierChanges?outcome=unknown_status&perPage=100");
    expect(unknown.length).toBeGreaterThan(0);
    for (const row of unknown) expect(row).toMatchObject({ status: "AT_CUSTOMS", state: null });
    const events = await house.events();
    expect(events.filter(({ type }) => type === "carrierChanges.puzzling")).toHaveLength(unknown.length);
    const all = Number((await house.rest("GET", "/carrierChanges/count", undefined, "warehouse")).text.match(/\d+/)?.[0]);
    expect(all).toBe(simulated.changes().length);
    const bound = events.filter(({ type }) => type === "trackingNumbers.bound").length;
    expect(bound).toBe(22 + superseded);
    expect(events.filter(({ type }) => type === "trackingNumbers.superseded")).toHaveLength(superseded);
  });

  test("repeated and in the wrong order: the newest counts, and nothing is lost", async () => {
    const ids = await given("r", 12);
    await until(async () => (await rows("/consignments?perPage=100")).length >= 33, "12 bookings");
    aheadMs += 8 * paceMs;
    order("duplicate", "changes", 2);
    await catchUp();
    await ask();
    const states = await Promise.all(ids.map(async (id) => String((await one(`/orders/${id}`))["state"])));
    for (const state of states) expect(["delivered", "returned", "lost"]).toContain(state);
    for (const id of ids) {
      const found = await rows(`/carrierChanges?reference=${reference(id)}&perPage=100`);
      expect(found.map(({ no }) => Number(no)).toSorted((a, b) => a - b)).toEqual(told([id]).map(({ no }) => no));
      const noted = (await rows(`/statuses?order=${id}&perPage=100`)).map(({ state }) => state);
      expect(new Set(noted).size).toBe(noted.length);
    }
  });

  test("what was heard before the booking was noted is done once it is", async () => {
    const id = await house.place("early");
    simulated.book(`${reference(id)}-0`, reference(id));
    aheadMs += 8 * paceMs;
    await catchUp();
    const heard = await rows(`/carrierChanges?reference=${reference(id)}`);
    expect(heard.length).toBe(told([id]).length);
    expect(new Set(heard.map(({ outcome }) => outcome))).toEqual(new Set(["unknown_consignment"]));
    await handOver("early", ["early"]);
    await until(async () => ["delivered", "returned", "lost"].includes(String((await one(`/orders/${id}`))["state"])), "its end");
    expect(await rows(`/carrierChanges?outcome=unknown_consignment`)).toEqual([]);
  });

  describe("SECURITY 60: a carrier that lies", () => {
    test.each<[fault: Fault, problem: string]>([
      ["error", "status_500"],
      ["malformed", "invalid_json"],
      ["wrong_schema", "wrong_schema"],
      ["oversized", "too_large"],
      ["redirect", "redirected"],
      ["cut", "unreachable"],
      ["busy", "status_429"],
    ])("%s when it is asked: a word is noted, nothing changes, it is asked again later", async (fault, problem) => {
      await catchUp();
      const { cursor } = await one(`/carriers/${carrier}`);
      order(fault, "changes");
      const after = await ask();
      expect(after).toMatchObject({ problem, failures: 1, cursor });
      expect(JSON.stringify(after)).not.toContain(secretOfCarrier);
      await until(async () => (await ask())["problem"] === null, "an answer");
      expect(await one(`/carriers/${carrier}`)).toMatchObject({ problem: null, failures: 0, cursor });
    });

    test("it is left alone for longer and longer", async () => {
      await catchUp();
      const { cursor } = await one(`/carriers/${carrier}`);
      const rests: number[] = [];
      for (let count = 0; count < 4; count++) {
        order("wrong_schema", "changes");
        const nowMs = Date.now();
        const { askAt } = await ask();
        rests.push((Date.parse(String(askAt)) - nowMs) / 1_000);
      }
      // Less than what a busy machine adds.
      for (const [at, rest] of rests.entries()) {
        expect(rest).toBeGreaterThanOrEqual(connectors.simulated.askSeconds * 2 ** at);
        expect(rest).toBeLessThan(connectors.simulated.askSeconds * 2 ** (at + 1));
      }
      expect(await ask()).toMatchObject({ problem: null, cursor });
    });

    test("when it is given orders: it is given them again, and books each once", async () => {
      const booked = simulated.booked;
      const lies = ["error", "malformed", "wrong_schema", "oversized", "cut", "redirect"] as const;
      for (const fault of lies) order(fault, "book");
      const ids = await given("f", lies.length);
      const numbered = async (id: string): Promise<boolean> => (await one(`/orders/${id}`))["trackingNumber"] !== null;
      await until(async () => (await Promise.all(ids.map(numbered))).every(Boolean), "their numbers");
      expect(simulated.booked).toBe(booked + lies.length);
      const words = ["status_500", "invalid_json", "wrong_schema", "too_large", "unreachable", "redirected"];
      expect(words.filter((word) => !failed.includes(`CarrierFault: carrier post: ${word}`))).toEqual([]);
      expect(failed.join(" ")).not.toContain(secretOfCarrier);
    });
  });

  test("what a carrier does not take is refused, told, and given again by a person", async () => {
    order("refused", "book");
    const [id = ""] = await given("x", 1);
    await until(async () => (await rows("/consignments?filters=refused")).length === 1, "a refusal");
    expect(await one(`/consignments/${reference(id)}`)).toMatchObject({ state: "refused", problem: "status_422", number: null });
    expect((await house.events()).filter(({ type }) => type === "consignments.refused")).toHaveLength(1);
    expect((await house.rest("POST", `/consignments/${reference(id)}/retry`, {}, "warehouse")).status).toBe(200);
    await until(async () => (await one(`/orders/${id}`))["trackingNumber"] !== null, "a number");
    expect((await house.rest("POST", `/consignments/${reference(id)}/retry`, {}, "warehouse")).error["type"]).toBe("not_refused");
  });

  test("it is asked when its time has come, without anybody's call; not where it is disabled", async () => {
    const { app } = house.served;
    app.agenda.start(() => app.writer.wake());
    try {
      const address = `http://127.0.0.1:${server.port}`;
      const input = { code: "second", name: "Second", connector: "simulated", address, secret: "post", deliveryTypes: [4] };
      const second = String((await house.rest("POST", "/carriers", input, "manager")).data["id"]);
      expect((await one(`/carriers/${second}`))["askAt"]).toBeNull();
      await house.place("second", { deliveryType: 4 });
      await handOver("second", ["second"]);
      await until(async () => (await one(`/carriers/${second}`))["askedAt"] !== null, "a question");
    } finally {
      app.agenda.stop();
    }
    await house.rest("PATCH", `/carriers/${carrier}`, { enabled: false }, "manager");
    const { askedAt } = await one(`/carriers/${carrier}`);
    expect((await ask())["askedAt"]).toBe(askedAt);
  });
});

describe("parts", () => {
  test("numbers have the check digit of S10", () => {
    expect(checkDigit("47312482")).toBe(9);
    expect(s10(12_345_678)).toBe("RR123456785XX");
  });

  test("the same seed makes the same parcels go the same way", () => {
    const run = (seed: number): string => {
      let nowMs = 0;
      const one = new SimulatedCarrier({ seed, paceMs: 1, clock: () => nowMs });
      for (let at = 0; at < 20; at++) one.book(`k${at}`, `r${at}`);
      nowMs = 100;
      return JSON.stringify(one.changes());
    };
    expect(run(1)).toBe(run(1));
    expect(run(1)).not.toBe(run(2));
  });

  test("states that a carrier left out lie between; what cannot be is not", () => {
    expect(stepsTo("handed_over", "awaiting_pickup")).toEqual(["in_transit", "awaiting_pickup"]);
    expect(stepsTo("handed_over", "returned")).toEqual(["returning", "returned"]);
    expect(stepsTo("delivered", "delivered")).toEqual([]);
    expect(stepsTo("delivered", "in_transit")).toBeUndefined();
    expect(stepsTo("created", "delivered")).toBeUndefined();
  });

  test("a request is made of a template: paths, values divided, lists, literals; what is not there is left out", () => {
    const data = { a: { b: "x", none: null }, list: [{ g: 500 }, {}], cost: 150n };
    const template = {
      object: {
        b: "a.b",
        gone: "a.none",
        cost: { from: "cost", divideBy: 100 },
        fixed: { literal: 1 },
        list: { each: "list", of: { object: { kg: { from: "g", divideBy: 1_000 } } } },
      },
    };
    expect(filled(template, data)).toEqual({ b: "x", cost: 1.5, fixed: 1, list: [{ kg: 0.5 }, {}] });
    expect(valueAt({ a: [1] }, "a.0")).toBeUndefined();
    expect(valueAt({}, "constructor.name")).toBeUndefined();
  });
});
