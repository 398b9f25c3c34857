/**
 * What moves money is confirmed before it is done: by a person whom the client asks, or by the model, which has to show what it was told. A confirmation is of one
 * call by one caller, for a few minutes, and has one effect. How it is confirmed does not depend on the database: SQLite only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Confirmations } from "../../src/channels/mcp/confirmation.ts";
import type { Caller } from "../../src/pipeline/identity/caller.ts";
import { type Heard, type House, type Json, openHouse, type Sending, structured } from "./house.ts";

let house: House;
let keeper: string;
let owner: string;
let purse: string;

const purseOf = async (holder: string, balance: number): Promise<string> => {
  const { pipeline, contracts, identity } = house.app;
  const operation = contracts.get("till")?.operations.get("purses.create");
  if (operation === undefined) throw new Error("there are no purses");
  const principal = { ...(await identity.systemCaller("demo", "sandbox")), roles: ["keeper"] };
  const shared = {
    operation,
    principal,
    credentials: { kind: "none" },
    locale: "en",
    requestId: "test",
    channel: "test",
  } as const;
  const result = await pipeline.run({ ...shared, input: { body: { owner: holder, balance } } });
  if (!result.ok) throw new Error(JSON.stringify(result.refusal));
  return String((result.data as Json)["id"]);
};

beforeAll(async () => {
  house = await openHouse({ limits: { questionMs: 300, questionsPerCallerMax: 2, heartbeatMs: 50 } });
  keeper = await house.grant("keeper");
  purse = await purseOf("ann", 10_000);
  owner = await house.grant("owner", { subject: purse });
});
afterAll(async () => {
  expect(house.errors).toEqual([]);
  await house[Symbol.asyncDispose]();
});

const balance = async (id = purse): Promise<unknown> =>
  (structured(await house.call("purses_get", { id }, { key: keeper }))["data"] as Json)["balance"];

const confirmationOf = (
  heard: Heard,
): { readonly token: string; readonly message: string; readonly next: string; readonly expiresAt: string } =>
  structured(heard)["confirmation"] as never;

const errorOf = (heard: Heard): Json => structured(heard)["error"] as Json;

describe("by the model", () => {
  test("the first call does nothing and says what it would do; the second, with the token, does it", async () => {
    const before = Number(await balance());
    const given = { id: purse, amount: 1250, currency: "EUR", note: "For\nthe \u202Epaper" };
    const first = await house.call("purses_pay", given, { key: keeper });
    expect([first.status, first.result["isError"]]).toEqual([200, false]);
    const { token, message, next, expiresAt } = confirmationOf(first);
    expect(message.split("\n")).toEqual([
      "Nothing has been done yet. This is about to be done:",
      "purses.pay: Pays something out of a purse.",
      `id: "${purse}"`,
      "amount: 12.50 EUR",
      'currency: "EUR"',
      'note: "For\\nthe \\u{202e}paper"',
    ]);
    expect(next).toContain("`confirm` set to the token, within 5 minutes");
    expect(Math.abs(Date.parse(expiresAt) - Date.now() - 300_000)).toBeLessThan(10_000);
    expect(await balance()).toBe(before);
    const done = await house.call("purses_pay", { ...given, confirm: token }, { key: keeper });
    expect([done.result["isError"], (structured(done)["data"] as Json)["balance"]]).toEqual([false, before - 1250]);
  });

  test("SECURITY 32: one confirmation has one effect, however often it is sent", async () => {
    const before = Number(await balance());
    const given = { id: purse, amount: 100 };
    const { token } = confirmationOf(await house.call("purses_pay", given, { key: keeper }));
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => house.call("purses_pay", { ...given, confirm: token }, { key: keeper })),
    );
    expect(await balance()).toBe(before - 100);
    expect(answers.filter((answer) => structured(answer)["replayed"] !== true && answer.result["isError"] === false).length).toBe(
      1,
    );
    for (const answer of answers.filter(({ result }) => result["isError"] === false))
      expect((structured(answer)["data"] as Json)["balance"]).toBe(before - 100);
  });

  test("a token is good for no other call, no other caller, and none that was made up", async () => {
    const before = await balance();
    const given = { id: purse, amount: 100 };
    const { token } = confirmationOf(await house.call("purses_pay", given, { key: keeper }));
    const other = await house.grant("keeper");
    const sibling = await purseOf("eve", 500);
    const attempts: readonly (readonly [Json, Sending])[] = [
      [{ ...given, amount: 101 }, { key: keeper }],
      [{ ...given, amount: "100" }, { key: keeper }],
      [{ ...given, note: "more" }, { key: keeper }],
      [{ ...given, id: sibling }, { key: keeper }],
      [given, { key: other }],
      [given, { key: owner }],
      [given, { key: keeper, headers: { "idempotency-key": "mine" } }],
      [given, { key: keeper, headers: { "if-match": '"9f2c6ad01b3e77c4"' } }],
      [given, { key: keeper, path: "/till/v1/mcp" }],
    ];
    for (const [arguments_, sending] of attempts) {
      const heard = await house.call("purses_pay", { ...arguments_, confirm: token }, sending);
      expect([arguments_, errorOf(heard)]).toMatchObject([
        arguments_,
        { type: "validation_failed", fields: { confirm: [expect.stringContaining("Leave it out to get a new one.")] } },
      ]);
    }
    for (const made of [
      "x",
      `${token}x`,
      token.slice(0, -1),
      token.replace(/^./, "z"),
      `zzzzzzzz.${token.split(".").slice(1).join(".")}`,
    ])
      expect([made, errorOf(await house.call("purses_pay", { ...given, confirm: made }, { key: keeper }))["type"]]).toEqual([
        made,
        "validation_failed",
      ]);
    const empty = await house.call("purses_empty", { id: purse, confirm: token }, { key: keeper });
    expect(errorOf(empty)["type"]).toBe("validation_failed");
    expect(await balance()).toBe(before);
  });

  test("a token is over after five minutes, and not before; another installation's is none", () => {
    let now = 1_800_000_000_000;
    const options = { now: () => now, holdsMs: 300_000 };
    const [ours, theirs] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)].map(
      (secret) => new Confirmations(secret, options),
    );
    if (ours === undefined || theirs === undefined) throw new Error("no confirmations");
    const caller: Caller = { realm: 1, tenant: "a", environment: "live", app: null, user: null, subject: null, roles: [] };
    const call = { way: "token", caller, operation: "till.purses.pay", version: "v2", input: { b: 1, a: [1n] } } as const;
    const whole = { ...call, idempotencyKey: undefined, ifMatch: undefined };
    const { text, untilMs } = ours.make(whole);
    expect([ours.isGood(text, { ...whole, input: { a: [1n], b: 1 } }), theirs.isGood(text, whole)]).toEqual([true, false]);
    expect([ours.isGood(text, { ...whole, way: "form" }), ours.isGood(text, { ...whole, input: { a: [1], b: 1 } })]).toEqual([
      false,
      false,
    ]);
    now = untilMs - 1_000;
    expect(ours.isGood(text, whole)).toBe(true);
    now = untilMs + 1;
    expect(ours.isGood(text, whole)).toBe(false);
  });

  test("with an idempotency key of his own the caller has his answer again", async () => {
    const before = Number(await balance());
    const given = { id: purse, amount: 10 };
    const sending = { key: keeper, headers: { "idempotency-key": "pay-10" } };
    const { token } = confirmationOf(await house.call("purses_pay", given, sending));
    await house.call("purses_pay", { ...given, confirm: token }, sending);
    const anew = confirmationOf(await house.call("purses_pay", given, sending)).token;
    const again = await house.call("purses_pay", { ...given, confirm: anew }, sending);
    expect([structured(again)["replayed"], await balance()]).toEqual([true, before - 10]);
  });

  test("nobody is asked about what is refused anyway", async () => {
    const watcher = await house.grant("watcher");
    expect(errorOf(await house.call("purses_pay", { id: purse, amount: 1 }, { key: watcher }))["type"]).toBe("forbidden");
    const wrong = errorOf(await house.call("purses_pay", { id: purse, amount: 0, currency: "EURO" }, { key: keeper }));
    expect([wrong["type"], Object.keys(wrong["fields"] as Json)]).toEqual(["validation_failed", ["amount", "currency"]]);
    expect(errorOf(await house.call("purses_pay", { id: purse, amount: 1, more: 1 }, { key: keeper }))["type"]).toBe(
      "validation_failed",
    );
  });

  test("it is said in the caller's language; what depends on rows is refused when it is done", async () => {
    const headers = { "accept-language": "de" };
    const given = { id: purse, amount: 99_999_999 };
    const { token, message } = confirmationOf(await house.call("purses_pay", given, { key: keeper, headers }));
    expect(message).toStartWith("Noch ist nichts geschehen.");
    const refused = await house.call("purses_pay", { ...given, confirm: token }, { key: keeper, headers });
    expect(errorOf(refused)).toMatchObject({
      type: "too_little",
      message: "So viel ist nicht darin.",
      details: { available: expect.any(Number) },
    });
  });

  test("SECURITY 23, 29: another's purse is not there, confirmed or not", async () => {
    const foreign = await purseOf("zoe", 700);
    const given = { id: foreign, amount: 1 };
    const first = await house.call("purses_pay", given, { key: owner });
    const { token } = confirmationOf(first);
    // Nothing of the row is told before.
    expect(first.text).not.toContain("zoe");
    expect(errorOf(await house.call("purses_pay", { ...given, confirm: token }, { key: owner }))["type"]).toBe("not_found");
    expect(await balance(foreign)).toBe(700);
  });
});

describe("by a person, 2026-07-28", () => {
  const asking = { elicitation: { form: {} } };

  const ask = async (given: Json, sending: Sending): Promise<{ readonly heard: Heard; readonly state: string }> => {
    const heard = await house.call("purses_pay", given, { ...sending, capabilities: asking });
    return { heard, state: String(heard.result["requestState"]) };
  };
  const answer = (given: Json, state: unknown, agreed: Json | undefined, sending: Sending): Promise<Heard> =>
    house.call("purses_pay", given, {
      ...sending,
      capabilities: asking,
      params: { requestState: state, ...(agreed === undefined ? {} : { inputResponses: { agree: agreed } }) },
    });

  test("the client is asked to ask, and called again with the answer it is done", async () => {
    const before = Number(await balance());
    const given = { id: purse, amount: 200, currency: "EUR" };
    const { heard, state } = await ask(given, { key: keeper });
    expect(heard.result).toMatchObject({
      resultType: "input_required",
      inputRequests: {
        agree: {
          method: "elicitation/create",
          params: {
            mode: "form",
            message: expect.stringContaining("amount: 2.00 EUR"),
            requestedSchema: {
              type: "object",
              properties: { agree: { type: "boolean", title: "Yes, do this", default: false } },
              required: ["agree"],
            },
          },
        },
      },
    });
    expect(heard.result).not.toHaveProperty("ttlMs");
    expect(await balance()).toBe(before);
    const done = await answer(given, state, { action: "accept", content: { agree: true } }, { key: keeper });
    expect([done.result["resultType"], (structured(done)["data"] as Json)["balance"]]).toEqual(["complete", before - 200]);
    const again = await answer(given, state, { action: "accept", content: { agree: true } }, { key: keeper });
    expect([structured(again)["replayed"], await balance()]).toEqual([true, before - 200]);
  });

  test("whoever does not agree has nothing done", async () => {
    const before = await balance();
    const given = { id: purse, amount: 300 };
    for (const reply of [
      { action: "decline" },
      { action: "cancel" },
      { action: "accept", content: { agree: false } },
      { action: "accept" },
      { action: "accept", content: { agree: "true" } },
      {},
    ]) {
      const { state } = await ask(given, { key: keeper });
      const heard = await answer(given, state, reply, { key: keeper });
      expect([reply, heard.result["isError"], errorOf(heard)["type"]]).toEqual([reply, true, "not_confirmed"]);
    }
    const { state } = await ask(given, { key: keeper });
    const unanswered = await answer(given, state, undefined, { key: keeper });
    expect(unanswered.result["resultType"]).toBe("input_required");
    expect(await balance()).toBe(before);
  });

  test("SECURITY 30: a state that was changed, or is of another call or caller, is refused", async () => {
    const before = await balance();
    const given = { id: purse, amount: 400 };
    const { state } = await ask(given, { key: keeper });
    const yes = { action: "accept", content: { agree: true } };
    for (const [arguments_, made, sending] of [
      [given, `${state}x`, { key: keeper }],
      [given, "", { key: keeper }],
      [{ ...given, amount: 401 }, state, { key: keeper }],
      [given, state, { key: owner }],
    ] as const) {
      const { status, error } = await answer(arguments_, made, yes, sending);
      expect([status, error?.code]).toEqual([200, -32602]);
    }
    for (const wrong of [5, null, "x".repeat(300)]) {
      const { error } = await answer(given, wrong, yes, { key: keeper });
      expect(error?.code).toBe(-32602);
    }
    // A model that was to ask cannot confirm by itself, nor the other way round.
    const taken = await house.call("purses_pay", { ...given, confirm: state }, { key: keeper, capabilities: asking });
    expect(errorOf(taken)["type"]).toBe("validation_failed");
    const { token } = confirmationOf(await house.call("purses_pay", given, { key: keeper }));
    expect((await answer(given, token, yes, { key: keeper })).error?.code).toBe(-32602);
    expect(await balance()).toBe(before);
  });

  test("a client that shows no forms is not asked to", async () => {
    for (const capabilities of [{}, { elicitation: { url: {} } }, { sampling: {} }])
      expect(structured(await house.call("purses_pay", { id: purse, amount: 1 }, { key: keeper, capabilities }))).toHaveProperty(
        "confirmation",
      );
    const empty = await house.call("purses_pay", { id: purse, amount: 1 }, { key: keeper, capabilities: { elicitation: {} } });
    expect(empty.result["resultType"]).toBe("input_required");
  });
});

describe("by a person, 2025-11-25", () => {
  const sessionOf = async (key: string): Promise<Sending> => {
    const params = {
      protocolVersion: "2025-11-25",
      capabilities: { elicitation: {} },
      clientInfo: { name: "test", version: "1" },
    };
    const session = (await house.legacy({ method: "initialize", params }, { key })).headers.get("mcp-session-id") ?? "";
    return { key, headers: { "mcp-session-id": session, "mcp-protocol-version": "2025-11-25" } };
  };

  /** The open answer of a call: its messages, one after the other. */
  const open = async (
    given: Json,
    sending: Sending,
  ): Promise<{ readonly next: () => Promise<Json>; readonly leave: () => Promise<void> }> => {
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 7,
      method: "tools/call",
      params: { name: "purses_pay", arguments: given },
    });
    const response = await house.raw(body, sending);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    if (reader === undefined) throw new Error("there is no body");
    let text = "";
    const next = async (): Promise<Json> => {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end !== -1) {
          const event = text.slice(0, end);
          text = text.slice(end + 2);
          if (event.startsWith("event: message\ndata: ")) return JSON.parse(event.slice(21)) as Json;
          continue;
        }
        const { done, value } = await reader.read();
        if (done) throw new Error("it has ended");
        text += value;
      }
    };
    return { next, leave: () => reader.cancel() };
  };

  const reply = (id: unknown, result: Json, sending: Sending): Promise<Response> =>
    house.raw(JSON.stringify({ jsonrpc: "2.0", id, result }), sending);
  const yes = { action: "accept", content: { agree: true } };

  test("the question goes out on the open answer of the call, and is answered by a message of its own", async () => {
    const before = Number(await balance());
    const sending = await sessionOf(keeper);
    const { next } = await open({ id: purse, amount: 500 }, sending);
    const question = await next();
    expect(question).toMatchObject({ jsonrpc: "2.0", method: "elicitation/create", params: { mode: "form" } });
    expect(await balance()).toBe(before);
    const taken = await reply(question["id"], yes, sending);
    expect([taken.status, await taken.text()]).toEqual([202, ""]);
    const { id, result } = await next();
    expect([id, ((result as Json)["structuredContent"] as Json)["data"]]).toMatchObject([7, { balance: before - 500 }]);
    expect((await reply(question["id"], yes, sending)).status).toBe(400);
    expect(await balance()).toBe(before - 500);
  });

  test("SECURITY 30: nobody else answers for the one who was asked", async () => {
    const before = await balance();
    const sending = await sessionOf(keeper);
    const { next } = await open({ id: purse, amount: 600 }, sending);
    const question = await next();
    const other = await house.grant("keeper");
    expect((await reply(question["id"], yes, { ...sending, key: other })).status).toBe(400);
    expect((await reply(question["id"], yes, { ...sending, key: `${keeper.slice(0, -3)}aaa` })).status).toBe(401);
    expect((await reply("ask-00000000-0000-0000-0000-000000000000", yes, sending)).status).toBe(400);
    expect((await reply(question["id"], { action: "decline" }, sending)).status).toBe(202);
    const { result } = await next();
    expect((result as Json)["structuredContent"]).toMatchObject({ error: { type: "not_confirmed" } });
    expect(await balance()).toBe(before);
  });

  test("a question that nobody answers is left to the model; one that was left does nothing", async () => {
    const before = await balance();
    const sending = await sessionOf(keeper);
    const { next } = await open({ id: purse, amount: 700 }, sending);
    await next();
    const { result } = await next();
    expect((result as Json)["structuredContent"]).toHaveProperty("confirmation");
    const left = await open({ id: purse, amount: 700 }, sending);
    const question = await left.next();
    await left.leave();
    await Bun.sleep(50);
    expect((await reply(question["id"], yes, sending)).status).toBe(400);
    expect(await balance()).toBe(before);
  });

  test("SECURITY 54: so many questions of one caller wait at one time; the next is left to the model", async () => {
    const sending = await sessionOf(keeper);
    const waiting = await Promise.all([open({ id: purse, amount: 1 }, sending), open({ id: purse, amount: 2 }, sending)]);
    for (const { next } of waiting) await next();
    const third = await house.raw(
      JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "purses_pay", arguments: { id: purse, amount: 3 } },
      }),
      sending,
    );
    expect(third.headers.get("content-type")).toBe("application/json");
    expect(await third.text()).toContain('"confirmation"');
    for (const { leave } of waiting) await leave();
  });

  test("without a session nobody is asked", async () => {
    const heard = await house.legacy(
      { method: "tools/call", params: { name: "purses_pay", arguments: { id: purse, amount: 1 } } },
      { key: keeper },
    );
    expect(structured(heard)).toHaveProperty("confirmation");
  });
});
