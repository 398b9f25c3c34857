/** Calls over a WebSocket: their form, their order, and that each passes every step by itself. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Call, Result } from "../../src/pipeline/call.ts";
import { forEachEngine } from "../core/harness.ts";
import type { Socket, Told } from "./client.ts";
import { type Office, openOffice } from "./office.ts";

type Data = Readonly<Record<string, unknown>>;

const outcomeOf = ({ status, error }: Told): string => (error === undefined ? String(status) : `${status} ${error.type}`);
const issuesOf = ({ data }: Told): readonly string[] => Object.keys(data as Data).toSorted();

forEachEngine((engine) => {
  describe("calls over a WebSocket", () => {
    let office: Office;
    let clerk: Socket;
    let carrier: Socket;
    let key: string;
    const calls: { readonly call: Call; readonly result: Result }[] = [];
    beforeAll(async () => {
      office = await openOffice(await engine.create(), { onCall: (call, result) => void calls.push({ call, result }) });
      key = await office.grant("clerk");
      clerk = await office.connect({ key });
      carrier = await office.connect({ key: await office.grant("carrier") });
    });
    afterAll(async () => {
      expect(office.errors).toEqual([]);
      await office[Symbol.asyncDispose]();
    });

    const create = async (body: Data): Promise<string> => {
      const told = await clerk.ask({ operation: "parcels.create", input: { body } });
      expect(outcomeOf(told)).toBe("201");
      return String((told.data as Data)["id"]);
    };

    test("the subprotocol is agreed on", () => {
      expect(clerk.protocol).toBe("pons.v1");
    });

    test("a row is made, read, changed under its tag, and deleted", async () => {
      const id = await create({ label: "A", lane: "north", worth: "9007199254740993" });
      const read = await clerk.ask({ operation: "parcels.get", input: { id } });
      expect(read).toMatchObject({ success: true, status: 200, data: { id, label: "A", worth: "9007199254740993", edition: 1 } });
      const change = { operation: "parcels.update", input: { id, body: { label: "B" } } };
      expect(outcomeOf(await clerk.ask({ ...change, ifMatch: '"0"' }))).toBe("412 precondition_failed");
      const changed = await clerk.ask({ ...change, ifMatch: read["etag"] });
      expect(changed).toMatchObject({ status: 200, data: { label: "B", edition: 2 } });
      expect(changed["etag"]).not.toBe(read["etag"]);
      expect(outcomeOf(await clerk.ask({ ...change, ifMatch: read["etag"] }))).toBe("412 precondition_failed");
      const gone = await clerk.ask({ operation: "parcels.delete", input: { id } });
      expect(gone).toEqual({ id: gone.id as string, success: true, status: 204 });
      expect(outcomeOf(await clerk.ask({ operation: "parcels.get", input: { id } }))).toBe("404 not_found");
    });

    test("a list is asked for as the body of QUERY asks", async () => {
      for (const [label, weight] of [
        ["L1", 1],
        ["L2", 2],
        ["L3", 3],
      ] as const)
        await create({ label, lane: "list", weight });
      const query = { lane: "list", weight: { gte: 2 }, sortBy: "weight.desc", fields: ["label"], perPage: 1 };
      const told = await clerk.ask({ operation: "parcels.list", input: { query } });
      expect(told.data).toEqual([{ label: "L3" }]);
      expect(told["pagination"]).toMatchObject({ totalRecords: 2, totalPages: 2, currentPage: 1, perPage: 1 });
      expect((await clerk.ask({ operation: "parcels.count", input: { query: { lane: "list" } } })).data).toBe(3);
    });

    const wrong: readonly (readonly [string, object | string, string, readonly string[]])[] = [
      ["an operation that is none", { operation: "parcels.steal" }, "404 not_found", []],
      ["the operation of every object", { operation: "constructor" }, "404 not_found", []],
      ["no id", { operation: "parcels.get" }, "422 validation_failed", ["id"]],
      ["an id that is none", { operation: "parcels.get", input: { id: 5 } }, "422 validation_failed", ["id"]],
      ["an id where there is none", { operation: "parcels.list", input: { id: "a" } }, "422 validation_failed", ["id"]],
      ["an input that is none", { operation: "parcels.get", input: [] }, "422 validation_failed", ["input"]],
      [
        "fields beside the body",
        { operation: "parcels.create", input: { label: "A" } },
        "422 validation_failed",
        ["body", "label"],
      ],
      ["no body", { operation: "parcels.create", input: {} }, "422 validation_failed", ["body"]],
      ["a body that is none", { operation: "parcels.create", input: { body: [] } }, "422 validation_failed", [""]],
      [
        "values that do not fit",
        { operation: "parcels.create", input: { body: { label: 5 } } },
        "422 validation_failed",
        ["label", "lane"],
      ],
      ["a body of a read", { operation: "parcels.list", input: { body: {} } }, "422 validation_failed", ["body"]],
      [
        "a query of a command",
        { operation: "parcels.create", input: { body: {}, query: {} } },
        "422 validation_failed",
        ["query"],
      ],
      [
        "an unknown field in a query",
        { operation: "parcels.list", input: { query: { nope: 1 } } },
        "422 validation_failed",
        ["nope"],
      ],
      [
        "a page of a row",
        { operation: "parcels.get", input: { id: "a", query: { page: 1 } } },
        "422 validation_failed",
        ["page"],
      ],
      [
        "a language in a query",
        { operation: "parcels.list", input: { query: { language: "de" } } },
        "422 validation_failed",
        ["language"],
      ],
      [
        "a parent that is none",
        { operation: "parcels.list", input: { parent: { id: "a" } } },
        "422 validation_failed",
        ["parent.relation", "parent.resource"],
      ],
      ["a language that is none", { operation: "ring", language: "xx" }, "422 validation_failed", ["language"]],
      ["a key that is none", { operation: "ring", idempotencyKey: "" }, "400 invalid_header", []],
      ["a tag that is none", { operation: "ring", ifMatch: "abc" }, "400 invalid_header", []],
      ["members that are none", { operation: "ring", nope: 1, constructor: 1 }, "422 validation_failed", ["constructor", "nope"]],
      ["nothing that is asked", {}, "422 validation_failed", ["operation"]],
      ["a batch that is none", { calls: {} }, "422 validation_failed", ["calls"]],
      ["a strategy that is none", { calls: [], strategy: "perhaps" }, "422 validation_failed", ["strategy"]],
    ];
    test.each(wrong)("%s", async (_, message, outcome, issues) => {
      const told = await clerk.ask(message as object);
      expect([outcomeOf(told), told.data === undefined ? [] : issuesOf(told)]).toEqual([outcome, issues]);
    });

    const unreadable: readonly (readonly [string, string, string])[] = [
      ["no JSON", "{", "400 invalid_body"],
      ["nothing", "", "400 invalid_body"],
      ["a list", "[]", "422 validation_failed"],
      ["a number", "5", "422 validation_failed"],
      ["a key twice", '{"id":"1","id":"2"}', "400 duplicate_key"],
      ["a key that is a trap", '{"__proto__":{"operation":"ring"}}', "400 invalid_body"],
      ["too deep", `{"ping":${"[".repeat(70)}${"]".repeat(70)}}`, "400 too_deep"],
      ["half of a pair", '{"id":"\\ud800"}', "400 invalid_encoding"],
      ["a byte order mark", '\ufeff{"ping":1}', "400 invalid_encoding"],
      ["an id that is none", '{"id":5,"operation":"ring"}', "422 validation_failed"],
      ["no id", '{"operation":"ring"}', "422 validation_failed"],
    ];
    test.each(unreadable)("SECURITY 41: a message with %s is refused, and the connection goes on", async (_, text, outcome) => {
      const socket = await office.connect({ key });
      socket.send(text);
      expect(outcomeOf(await socket.next())).toBe(outcome);
      expect(outcomeOf(await socket.ask({ operation: "ring" }))).toBe("204");
      socket.close();
    });

    test("answers come as they are ready, under the id of their question", async () => {
      const socket = await office.connect({ key });
      for (const [name, ms] of [
        ["slow", 120],
        ["quick", 0],
        ["middle", 40],
      ] as const)
        socket.send({ id: name, operation: "wait", input: { body: { ms, name } } });
      const told = [await socket.next(), await socket.next(), await socket.next()];
      expect(told.map(({ id, data }) => [id, (data as Data)["name"]])).toEqual([
        ["quick", "quick"],
        ["middle", "middle"],
        ["slow", "slow"],
      ]);
      socket.close();
    });

    test("commands of one connection are executed in the order in which they came, from the first on", async () => {
      // A key that nobody has shown yet has to be looked up while the commands behind it come in.
      const socket = await office.connect({ key: await office.grant("clerk") });
      const count = 300;
      for (let number = 0; number < count; number++)
        socket.send({ id: `n${number}`, operation: "entries.create", input: { body: { number } } });
      for (let number = 0; number < count; number++)
        expect(outcomeOf(await socket.next(({ id }) => id === `n${number}`))).toBe("201");
      const { data } = await socket.ask({ operation: "entries.list", input: { query: { perPage: 500, fields: "number,at" } } });
      expect((data as readonly Data[]).map(({ number }) => number)).toEqual(Array.from({ length: count }, (_, number) => number));
      socket.close();
    });

    test("each message is a call of its own: authorized, with its own request id, recorded as of this channel", async () => {
      calls.length = 0;
      expect(outcomeOf(await carrier.ask({ operation: "parcels.create", input: { body: { label: "A", lane: "a" } } }))).toBe(
        "403 forbidden",
      );
      expect(outcomeOf(await carrier.ask({ operation: "parcels.list", input: {}, requestId: "mine-1" }))).toBe("200");
      expect(outcomeOf(await carrier.ask({ operation: "parcels.list", input: { query: { worth: 5 } } }))).toBe(
        "422 validation_failed",
      );
      expect(outcomeOf(await carrier.ask({ operation: "parcels.get" }))).toBe("422 validation_failed");
      expect(calls.map(({ call, result }) => [call.operation.name, call.channel, result.ok])).toEqual([
        ["parcels.create", "stream", false],
        ["parcels.list", "stream", true],
        ["parcels.list", "stream", false],
        ["parcels.get", "stream", false],
      ]);
      const ids = calls.map(({ call }) => call.requestId);
      expect(ids[1]).toBe("mine-1");
      expect(new Set(ids).size).toBe(4);
      expect(calls.every(({ call }) => (call.bodyBytes ?? 0) > 20)).toBe(true);
    });

    test("SECURITY 25: what a role may not see is not in its answers", async () => {
      const id = await create({ label: "Dear", lane: "dear", worth: 31415 });
      const told = await carrier.ask({ operation: "parcels.get", input: { id } });
      expect(told.data).toMatchObject({ label: "Dear" });
      expect(JSON.stringify(told)).not.toContain("31415");
    });

    test("an idempotency key works once, on this connection and others", async () => {
      const message = { operation: "parcels.create", input: { body: { label: "Once", lane: "once" } }, idempotencyKey: "once-1" };
      const first = await clerk.ask(message);
      const other = await office.connect({ key });
      const again = await other.ask({ ...message, idempotencyKey: '"once-1"' });
      expect([again["replayed"], (again.data as Data)["id"]]).toEqual([true, (first.data as Data)["id"]]);
      const reused = await other.ask({ ...message, input: { body: { label: "Twice", lane: "once" } } });
      expect(outcomeOf(reused)).toBe("422 idempotency_key_reused");
      const both = { ...message, idempotencyKey: "once-2" };
      const told = await Promise.all([clerk.ask(both), other.ask(both), clerk.ask(both)]);
      expect(new Set(told.flatMap(({ data }) => (data as Data)["id"] ?? [])).size).toBe(1);
      other.close();
    });

    test("messages are answered in their language, or in that of the connection", async () => {
      const message = { operation: "parcels.create", input: { body: { label: "x".repeat(50), lane: "a" } } };
      const sentence = ({ data }: Told): string => String((data as Record<string, readonly string[]>)["label"]?.[0]);
      expect(sentence(await clerk.ask(message))).toBe("The label may have at most 40 characters.");
      expect(sentence(await clerk.ask({ ...message, language: "de-AT" }))).toContain("Aufschrift");
      const german = await office.connect({ key, headers: { "accept-language": "de" } });
      expect(sentence(await german.ask(message))).toContain("Aufschrift");
      german.close();
    });

    test("an older version's words", async () => {
      const old = await office.connect({ key, version: "v1" });
      const made = await old.ask({ operation: "parcels.create", input: { body: { title: "Old", lane: "old" } } });
      expect(made.data).toMatchObject({ title: "Old" });
      expect(issuesOf(await old.ask({ operation: "parcels.create", input: { body: { label: "Old", lane: "old" } } }))).toEqual([
        "label",
      ]);
      old.close();
    });

    test("a batch: all or none, each by itself, and references", async () => {
      const post = (label: string, id?: string) => ({
        ...(id === undefined ? {} : { id }),
        operation: "parcels.create",
        input: { body: { label, lane: "batch" } },
      });
      const follow = { operation: "parcels.move", input: { id: "{a.data.id}", body: { lane: "{a.data.label} lane" } } };
      const whole = await clerk.ask({ strategy: "atomic", calls: [post("one", "a"), follow] });
      expect(whole).toMatchObject({
        success: true,
        status: 200,
        data: [{ status: 201 }, { status: 200, data: { lane: "one lane" } }],
      });
      const none = await clerk.ask({
        strategy: "atomic",
        calls: [post("two"), { operation: "parcels.create", input: { body: {} } }],
      });
      expect(none).toMatchObject({ success: false, status: 422, error: { type: "batch_failed" } });
      expect((none.data as readonly Told[]).map(({ error }) => error?.type)).toEqual(["rolled_back", "validation_failed"]);
      const some = await clerk.ask({
        calls: [post("three"), { operation: "parcels.get", input: { id: "par_none" } }, { operation: "ring" }],
      });
      expect([some.status, (some.data as readonly Told[]).map(({ status }) => status)]).toEqual([207, [201, 404, 204]]);
      const unknown = await clerk.ask({ calls: [{ operation: "parcels.get", input: { id: "{z.data.id}" } }, { nope: 1 }, 5] });
      expect([outcomeOf(unknown), issuesOf(unknown)]).toEqual([
        "422 validation_failed",
        ["calls.1.nope", "calls.1.operation", "calls.2"],
      ]);
      expect(outcomeOf(await clerk.ask({ calls: [{ operation: "parcels.get", input: { id: "{z.data.id}" } }] }))).toBe(
        "422 validation_failed",
      );
      expect(outcomeOf(await clerk.ask({ calls: [{ operation: "nope" }] }))).toBe("422 batch_failed");
      // An operation that there is not is the refusal of its call, as an unknown path is in a batch over REST.
      const later = { operation: "parcels.get", input: { id: "{lost.data.id}" } };
      const misnamed = await clerk.ask({ calls: [{ operation: "ring" }, { id: "lost", operation: "nope" }, later] });
      expect([misnamed.status, (misnamed.data as readonly Told[]).map(outcomeOf)]).toEqual([
        207,
        ["204", "404 not_found", expect.stringMatching(/^4\d\d invalid_reference$/)],
      ]);
      const all = await clerk.ask({ strategy: "atomic", calls: [post("six"), { operation: "nope" }] });
      expect((all.data as readonly Told[]).map(({ error }) => error?.type)).toEqual(["rolled_back", "not_found"]);
      expect(outcomeOf(await clerk.ask({ calls: Array.from({ length: 1_001 }, () => ({ operation: "ring" })) }))).toBe(
        "413 too_large",
      );
      const keyed = { idempotencyKey: "batch-1", calls: [post("four"), post("five")] };
      const [first, again] = [await clerk.ask(keyed), await clerk.ask(keyed)];
      const ids = ({ data }: Told) => (data as readonly Told[]).map((verdict) => (verdict.data as Data)["id"]);
      expect(ids(again)).toEqual(ids(first));
    });

    test("an application may ask for a sign of life", async () => {
      clerk.send('{"ping":{"at":12345678901234567890}}');
      expect(await clerk.next(({ pong }) => pong !== undefined)).toEqual({ pong: { at: "12345678901234567890" } } as Told);
      expect(await clerk.ask({ ping: 1 })).toMatchObject({ pong: 1 });
    });

    test("an answer beyond what one message may be is a refusal", async () => {
      const fill = (bytes: number) => clerk.ask({ operation: "fill", input: { body: { bytes } } });
      expect(((await fill(3_000_000)).data as { text: string }).text.length).toBe(3_000_000);
      expect(outcomeOf(await fill(9_000_000))).toBe("413 too_large");
      expect(outcomeOf(await clerk.ask({ operation: "ring" }))).toBe("204");
    });
  });
});
