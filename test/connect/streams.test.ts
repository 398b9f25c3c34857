/** Streams of Connect and gRPC-Web: exports, items one by one, and what ends them. What they take of memory: memory.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createRest } from "../../src/channels/rest/index.ts";
import { createChannels } from "../../src/host/channels.ts";
import type { Logger } from "../../src/observe/logger.ts";
import { forEachEngine } from "../core/harness.ts";
import { type Bazaar, openBazaar } from "./bazaar.ts";
import { endOf, type Frame, framed, framesOf, post, reasonOf } from "./wire.ts";

const stream = "application/connect+json";
const encode = (value: unknown): Uint8Array<ArrayBuffer> => framed(Buffer.from(JSON.stringify(value)));
const empty = encode({});

interface VerdictJson {
  readonly response?: { readonly ware: { readonly id: string; readonly name: string } };
  readonly refusal?: {
    readonly type: string;
    readonly code: number;
    readonly requestId: string;
    readonly retryAfterSeconds?: number;
  };
  readonly replayed?: boolean;
}

const verdictOf = ({ text }: Frame): VerdictJson => JSON.parse(text) as VerdictJson;
const outcomeOf = ({ response, refusal }: VerdictJson): string | undefined => response?.ware.name ?? refusal?.type;

/** Reads frames as they come. */
class Reading {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest = new Uint8Array(0);

  constructor({ body }: Response) {
    if (body === null) throw new Error("there is no body");
    this.#pieces = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  }

  async next(): Promise<Frame | undefined> {
    for (;;) {
      if (this.#rest.length >= 5) {
        const length = 5 + new DataView(this.#rest.buffer, this.#rest.byteOffset).getUint32(1);
        if (this.#rest.length >= length) {
          const [frame] = framesOf(this.#rest.subarray(0, length));
          this.#rest = this.#rest.slice(length);
          return frame;
        }
      }
      const step = await this.#pieces.next();
      if (step.done === true) return undefined;
      this.#rest = new Uint8Array(Buffer.concat([this.#rest, step.value]));
    }
  }

  async cancel(): Promise<void> {
    await this.#pieces.return?.();
  }
}

/** A body that is written while the answer is read. */
const dialog = (): { readonly body: ReadableStream<Uint8Array>; send(value: unknown): void; end(): void } => {
  let sink: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({ start: (controller) => void (sink = controller) });
  return { body, send: (value) => sink?.enqueue(encode(value)), end: () => sink?.close() };
};

forEachEngine((engine) => {
  let bazaar: Bazaar;
  const rows = 2_500;
  beforeAll(async () => {
    bazaar = await openBazaar(await engine.create());
    for (let part = 0; part < rows / 500; part++) {
      const body = Array.from({ length: 500 }, (_, index) => ({
        stall: bazaar.stall,
        name: `Row ${part * 500 + index}`,
        price: index,
      }));
      await bazaar.plane.ask("/bazaar/v2/wares", { key: bazaar.seller, method: "POST", body });
    }
  });
  afterAll(async () => {
    expect(bazaar.plane.errors).toEqual([]);
    await bazaar[Symbol.asyncDispose]();
  });

  const named = (prefix: string): object => ({
    filters: [{ field: "name", operator: "OPERATOR_STARTS_WITH", values: [prefix] }],
  });

  describe("Export…", () => {
    test("all rows without pages, in their order, filtered, with chosen fields", async () => {
      const body = encode({ ...named("Row "), orderBy: ["price desc", "name"], readMask: "name,price" });
      const frames = framesOf(await (await post(bazaar, "ExportWares", { type: stream, body })).bytes());
      expect(endOf(frames)).toEqual({});
      const wares = frames
        .slice(0, -1)
        .flatMap(({ text }) => (JSON.parse(text) as { wares: { name: string; price?: string }[] }).wares);
      expect([wares.length, wares[0]?.price, wares.at(-1)]).toEqual([rows, "499", { name: "Row 500", price: "0" }]);
      expect(wares.every(({ price }, index) => index === 0 || Number(wares[index - 1]?.price) >= Number(price))).toBe(true);
    });

    test("nothing found is a stream without rows; what is wrong ends it with an error", async () => {
      const nothing = framesOf(
        await (await post(bazaar, "ExportWares", { type: stream, body: encode(named("Nobody")) })).bytes(),
      );
      expect(nothing.map(({ flags }) => flags)).toEqual([2]);
      const cases: readonly (readonly [body: Uint8Array, key: string | undefined, code: string])[] = [
        [encode({ filters: [{ field: "nope", values: [1] }] }), bazaar.seller, "invalid_argument"],
        [encode({ nope: 1 }), bazaar.seller, "invalid_argument"],
        [empty, undefined, "unauthenticated"],
        [new Uint8Array(0), bazaar.seller, "unimplemented"],
        [new Uint8Array([...empty, ...empty]), bazaar.seller, "unimplemented"],
        [empty.subarray(0, 6), bazaar.seller, "invalid_argument"],
      ];
      for (const [body, key, code] of cases) {
        const response = await post(bazaar, "ExportWares", { type: stream, body, key });
        expect([response.status, endOf(framesOf(await response.bytes())).error?.code]).toEqual([200, code]);
      }
    });

    test("a reader that leaves ends it; one that is slow holds it up", async () => {
      const response = await post(bazaar, "ExportWares", { type: stream, body: empty });
      const reading = new Reading(response);
      expect((await reading.next())?.flags).toBe(0);
      await reading.cancel();
      const slow = new Reading(await post(bazaar, "ExportWares", { type: stream, body: empty }));
      let found = 0;
      for (let frame = await slow.next(); frame?.flags === 0; frame = await slow.next()) {
        found += (JSON.parse(frame.text) as { wares: unknown[] }).wares.length;
        if (found % 500 === 0) await Bun.sleep(10);
      }
      expect(found).toBe(rows + 1);
    });

    test("its time limit ends it", async () => {
      const headers = { "connect-timeout-ms": "30" };
      const reading = new Reading(await post(bazaar, "ExportWares", { type: stream, body: empty, headers }));
      await Bun.sleep(120);
      let last: Frame | undefined;
      for (let frame = await reading.next(); frame !== undefined; frame = await reading.next()) last = frame;
      // What was sent already may be all of it.
      const { error } = endOf(last === undefined ? [] : [last]);
      expect([undefined, "deadline_exceeded"]).toContain(error?.code);
    });
  });

  describe("…Stream", () => {
    test("items that are sent in one body are answered in order, though they take different times", async () => {
      const items = Array.from({ length: 300 }, (_, index) =>
        index % 3 === 0
          ? { request: { id: bazaar.ware, note: `n${index}` } }
          : { request: { id: `war_nobody${index}`, note: "x" } },
      );
      const body = new Uint8Array(Buffer.concat(items.map(encode)));
      const frames = framesOf(await (await post(bazaar, "UpdateWareStream", { type: stream, body })).bytes());
      expect(endOf(frames)).toEqual({});
      expect(frames.slice(0, -1).map((frame) => outcomeOf(verdictOf(frame)))).toEqual(
        items.map((_, index) => (index % 3 === 0 ? "A lamp" : "not_found")),
      );
    });

    test("SECURITY 32: the key of a stream is that of each item with its place; an item may bring its own", async () => {
      const make = (): Uint8Array =>
        new Uint8Array(
          Buffer.concat([
            encode({ request: { stall: bazaar.stall, name: "Keyed 0", price: "1" } }),
            encode({ request: { stall: bazaar.stall, name: "Keyed 1", price: "1" }, idempotencyKey: `own-${engine.engine}` }),
            encode({ request: { stall: bazaar.stall, name: "Keyed 2", price: "1" }, idempotencyKey: "bad key" }),
          ]),
        );
      const headers = { "idempotency-key": `"stream-${engine.engine}"` };
      const ask = async (): Promise<readonly VerdictJson[]> =>
        framesOf(await (await post(bazaar, "CreateWareStream", { type: stream, body: make(), headers })).bytes())
          .slice(0, -1)
          .map(verdictOf);
      const first = await ask();
      const again = await ask();
      expect(first.map(outcomeOf)).toEqual(["Keyed 0", "Keyed 1", "validation_failed"]);
      expect(again.map(outcomeOf)).toEqual(first.map(outcomeOf));
      expect(again.slice(0, 2).map(({ response, replayed }) => [response?.ware.id, replayed])).toEqual(
        first.slice(0, 2).map(({ response }) => [response?.ware.id, true]),
      );
    });

    test("SECURITY 56: every item counts; over a limit the items are refused, not the stream", async () => {
      const { key } = await bazaar.plane.app({ limits: [{ name: "minute", kind: "rate", limit: 3, windowSeconds: 60 }] }, [
        "seller",
      ]);
      const items = Array.from({ length: 6 }, () => ({ request: { id: bazaar.ware, note: "counted" } }));
      const body = new Uint8Array(Buffer.concat(items.map(encode)));
      const verdicts = framesOf(await (await post(bazaar, "UpdateWareStream", { type: stream, body, key })).bytes())
        .slice(0, -1)
        .map(verdictOf);
      expect(verdicts.map(outcomeOf)).toEqual([
        "A lamp",
        "A lamp",
        "A lamp",
        "too_many_requests",
        "too_many_requests",
        "too_many_requests",
      ]);
      expect(verdicts.at(-1)?.refusal).toMatchObject({ code: 8, retryAfterSeconds: expect.any(Number) });
    });

    test("who may not call it is refused before an item is read; If-Match is for single rows", async () => {
      const body = encode({ request: { id: bazaar.ware, note: "x" } });
      const ask = async (posting: object): Promise<string | undefined> => {
        const response = await post(bazaar, "UpdateWareStream", { type: stream, body, ...posting });
        const frames = framesOf(await response.bytes());
        expect([response.status, frames.length]).toEqual([200, 1]);
        return endOf(frames).error?.code;
      };
      expect(await ask({ key: undefined })).toBe("unauthenticated");
      expect(await ask({ key: bazaar.buyer })).toBe("permission_denied");
      expect(await ask({ headers: { "if-match": '"x"' } })).toBe("invalid_argument");
    });

    test("an item that is no message is refused by itself; bytes that are no frame end the stream after what came before", async () => {
      const good = { request: { id: bazaar.ware, note: "good" } };
      const body = new Uint8Array(
        Buffer.concat([
          encode(good),
          framed(Buffer.from("{")),
          encode({ request: { nope: 1 } }),
          encode(good),
          new Uint8Array([9, 0, 0, 0, 0]),
        ]),
      );
      const frames = framesOf(await (await post(bazaar, "UpdateWareStream", { type: stream, body })).bytes());
      expect(frames.slice(0, -1).map((frame) => outcomeOf(verdictOf(frame)))).toEqual([
        "A lamp",
        "invalid_body",
        "invalid_body",
        "A lamp",
      ]);
      expect(endOf(frames).error?.code).toBe("invalid_argument");
    });

    test("SECURITY 5: a key that is revoked counts no more, in a stream that is open", async () => {
      const { id: app, key } = await bazaar.plane.app({}, ["seller"]);
      const { body, send, end } = dialog();
      const asked = post(bazaar, "UpdateWareStream", { type: stream, body, key });
      send({ request: { id: bazaar.ware, note: "before" } });
      const reading = new Reading(await asked);
      const first = await reading.next();
      expect(first === undefined ? "" : outcomeOf(verdictOf(first))).toBe("A lamp");
      await bazaar.plane.admin("POST", `/apps/${app}/suspend`, { reason: "Left open." });
      await Bun.sleep(1_500);
      send({ request: { id: bazaar.ware, note: "after" } });
      const second = await reading.next();
      const outcome =
        second === undefined
          ? undefined
          : second.flags === 2
            ? reasonOf(endOf([second]).error ?? { code: "", message: "", details: [] })
            : outcomeOf(verdictOf(second));
      expect(["invalid_credentials", "unauthenticated", "forbidden"]).toContain(String(outcome));
      end();
      await reading.cancel();
    });

    test("when the server stops, an open stream is told, and no other is opened", async () => {
      const [node] = bazaar.plane.nodes;
      if (node === undefined) throw new Error("there is no node");
      const { app } = node;
      const logger = {
        error: (_: string, { error }: { error?: unknown }) => bazaar.plane.errors.push(error),
      } as unknown as Logger;
      const channels = createChannels({ app, config: { publicUrl: undefined, mode: "development" }, services: [] }, { logger });
      if (channels.root === undefined) throw new Error("there is no channel at the root");
      const rest = createRest({ contracts: [...app.contracts.values()], pipeline: app.pipeline, rootChannel: channels.root });
      const ask = async (body: ReadableStream<Uint8Array>): Promise<Reading> => {
        const headers = { host: "bazaar.test", authorization: `Bearer ${bazaar.seller}`, "content-type": stream };
        const request = new Request("http://bazaar.test/bazaar.v2.BazaarService/UpdateWareStream", {
          method: "POST",
          headers,
          body,
        });
        return new Reading(await rest.handle(request, { address: "127.0.0.1" }));
      };
      const { body, send } = dialog();
      const open = await ask(body);
      send({ request: { id: bazaar.ware, note: "open" } });
      const first = await open.next();
      expect(first === undefined ? "" : outcomeOf(verdictOf(first))).toBe("A lamp");
      await channels.close();
      const last = await open.next();
      expect(endOf(last === undefined ? [] : [last]).error?.code).toBe("unavailable");
      const late = await (await ask(dialog().body)).next();
      expect(endOf(late === undefined ? [] : [late]).error?.code).toBe("unavailable");
    });

    test("a caller that leaves, or whose body breaks off, leaves nothing behind", async () => {
      for (let round = 0; round < 20; round++) {
        const abort = new AbortController();
        const { body, send } = dialog();
        const asked = post(bazaar, "UpdateWareStream", { type: stream, body, signal: abort.signal }).catch(() => undefined);
        send({ request: { id: bazaar.ware, note: `left ${round}` } });
        const response = round % 2 === 0 ? await asked : undefined;
        if (response !== undefined) await new Reading(response).next();
        abort.abort();
        await asked;
      }
      // The server goes on.
      expect((await post(bazaar, "GetWare", { body: JSON.stringify({ id: bazaar.ware }) })).status).toBe(200);
    });
  });
});
