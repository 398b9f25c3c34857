import { describe, expect, test } from "bun:test";
import { compileServices } from "./app.ts";
import { resource, service, t } from "../index.ts";
import { createForwardReceiver } from "./forward-receiver.ts";
import {
  decodeAnswers,
  decodeItem,
  encode,
  encodeItem,
  forwardPath,
  signatureHeader,
  signatureMsMax,
  Signer,
} from "./forward.ts";
import type { Call } from "../pipeline/call.ts";
import { refuse } from "../pipeline/refusal.ts";

const secret = "a secret of the installation, for tests";
const notes = resource("notes", { doc: "Notes.", fields: { id: t.id("not"), text: t.string() } }, ({ all }) => ({
  rows: { clerk: all },
  access: { create: ["clerk"] },
}));
const contracts = compileServices([
  service("pad", { doc: "Notes.", version: "v1", roles: { clerk: "Writes." }, resources: [notes] }),
]);
const operation = contracts.get("pad")?.operations.get("notes.create");

const call = (more: Partial<Call> = {}): Call => {
  if (operation === undefined) throw new Error("no operation");
  return {
    operation,
    input: { body: { text: "x" } },
    credentials: { kind: "key", secret: "sk_never_sent" },
    principal: { realm: 7, tenant: "t", environment: "live", app: "a", user: null, subject: null, roles: ["clerk"] },
    locale: "de",
    requestId: "r1",
    channel: "rest",
    ...more,
  };
};

const there = (more: Partial<Call>, nowMs = 1_000) =>
  decodeItem(encodeItem({ strategy: "independent", calls: [call(more)] }, nowMs), {
    contracts,
    nowMs: 500_000,
    signal: new AbortController().signal,
  });

describe("calls on their way", () => {
  test("values stay what they are", () => {
    const body = { big: 9_007_199_254_740_993n, bytes: new Uint8Array([0, 255]), absent: undefined, nested: [{ a: null }, 1.5] };
    const [arrived] =
      there({ input: { id: "not_1", body }, idempotencyKey: "k", ifMatch: ["*"], version: "v0", text: true })?.calls ?? [];
    expect(arrived).toMatchObject({
      input: { id: "not_1", body },
      idempotencyKey: "k",
      ifMatch: ["*"],
      version: "v0",
      text: true,
    });
    expect(arrived).toMatchObject({ locale: "de", requestId: "r1", channel: "rest", principal: { realm: 7, roles: ["clerk"] } });
    expect((arrived as Call).operation).toBe(call().operation);
  });

  test("no credentials are sent", () => {
    const sent = Buffer.from(encodeItem({ strategy: "atomic", calls: [call()] }, 0)).toString("latin1");
    expect(sent).toContain("notes.create");
    expect(sent).not.toContain("sk_never_sent");
  });

  test("a deadline is what is left of it, by the clock of the node where it arrives", () => {
    const [arrived] = there({ deadline: 4_000 }, 1_000)?.calls ?? [];
    expect((arrived as Call).deadline).toBe(503_000);
  });

  test("an operation that is not known here is not run here", () => {
    const other = { ...call().operation, name: "notes.shred" };
    expect(there({ operation: other })).toBeUndefined();
  });
});

describe("signatures", () => {
  const signer = new Signer(secret);
  const body = new Uint8Array([1, 2, 3]);
  const signed = signer.request(body, { nonce: "n", nowMs: 1_000_000 });

  test("a request of the installation's own is taken within the time", () => {
    const stated = signer.check(signed, 1_000_000 + signatureMsMax);
    expect(stated?.nonce).toBe("n");
    expect(stated !== undefined && signer.isOf(stated, body)).toBe(true);
    expect(stated !== undefined && signer.isOf(stated, new Uint8Array([1, 2, 4]))).toBe(false);
  });

  test.each<[string, string | null, number]>([
    ["none", null, 1_000_000],
    ["an API key", "Bearer sk_x", 1_000_000],
    ["too old", signed, 1_000_001 + signatureMsMax],
    ["from the future", signed, 999_999 - signatureMsMax],
    ["another time", signed.replace("1000000", "1000001"), 1_000_000],
    ["another nonce", signed.replace(".n.", ".m."), 1_000_000],
    ["cut short", signed.slice(0, -1), 1_000_000],
    ["another secret", new Signer(`${secret}!`).request(body, { nonce: "n", nowMs: 1_000_000 }), 1_000_000],
    ["a part more", `${signed}.x`, 1_000_000],
    ["no time", signed.replace("1000000", "soon"), 1_000_000],
  ])("%s is refused", (_, authorization, nowMs) => {
    expect(signer.check(authorization, nowMs)).toBeUndefined();
  });

  test("an answer belongs to its request", () => {
    const signature = signer.answer("n", body);
    expect(signer.isAnswer("n", body, signature)).toBe(true);
    expect(signer.isAnswer("m", body, signature)).toBe(false);
    expect(signer.isAnswer("n", new Uint8Array([1]), signature)).toBe(false);
    expect(signer.isAnswer("n", body, null)).toBe(false);
  });
});

describe("the receiver", () => {
  const signer = new Signer(secret);
  const taken: string[] = [];
  const receive = createForwardReceiver({
    signer,
    contracts,
    takeOver: (calls) => {
      taken.push(...calls.map((item) => ("operation" in item ? item.requestId : item.type)));
      return Promise.resolve(calls.map(() => ({ ok: false, refusal: refuse("not_found") })));
    },
  });
  const item = encodeItem({ strategy: "independent", calls: [call()] }, Date.now());
  const ask = (body: Uint8Array, authorization: string, more: Record<string, string> = {}) =>
    receive(
      new Request(`http://a${forwardPath}`, {
        method: "POST",
        body,
        headers: { authorization, "content-length": String(body.length), ...more },
      }),
    );

  test("answers what was signed, once", async () => {
    const body = encode([item]);
    const authorization = signer.request(body, { nonce: "once", nowMs: Date.now() });
    const response = await ask(body, authorization);
    expect(response?.status).toBe(200);
    const answer = new Uint8Array((await response?.arrayBuffer()) ?? new ArrayBuffer(0));
    expect(signer.isAnswer("once", answer, response?.headers.get(signatureHeader) ?? null)).toBe(true);
    expect(decodeAnswers(answer)).toMatchObject([[{ ok: false, refusal: { type: "not_found" } }]]);
    expect(taken).toEqual(["r1"]);
    expect(await ask(body, authorization)).toBeUndefined();
    expect(taken).toEqual(["r1"]);
  });

  test("another body, a body without a length and one that is too large are not read", async () => {
    const body = encode([item]);
    const sign = (nonce: string) => signer.request(body, { nonce, nowMs: Date.now() });
    expect(await ask(encode([item, item]), sign("other"))).toBeUndefined();
    expect(await ask(body, sign("long"), { "content-length": String(1024 ** 3) })).toBeUndefined();
    expect(await ask(body, sign("none"), { "content-length": "" })).toBeUndefined();
    expect(taken).toEqual(["r1"]);
  });
});
