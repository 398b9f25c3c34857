/**
 * Messages over WebSockets, and queries of event streams: each has its one answer, none is a fault of ours, and the connection goes on. What reads them is tried
 * by itself as well, where it can be asked far more often.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { readEventParameters } from "../../src/channels/stream/event-query.ts";
import { readInput } from "../../src/channels/stream/input.ts";
import { streamLimits } from "../../src/channels/stream/limits.ts";
import { readMessage } from "../../src/channels/stream/message.ts";
import { testDatabases } from "../postgres/index.ts";
import { Socket } from "../stream/client.ts";
import { checkBooks } from "./books.ts";
import { type Harvest, harvest } from "./harvest.ts";
import { contracts, leaksIn } from "./judge.ts";
import { bent, messageOf, shown, type Written } from "./message.ts";
import { holds, testMsMax } from "./runs.ts";
import { type Caller, startTarget, type Target } from "./target.ts";
import { hostileTexts } from "./value.ts";

const memoryMax = 400 * 1024 * 1024;
const services = { bank: ["teller", "customer"], shop: ["clerk"], kinds: ["clerk"] } as const;

const contractOf = (service: string) => {
  const contract = contracts.get(service);
  if (contract === undefined) throw new Error(`there is no service ${service}`);
  return contract;
};

const textOf = (message: unknown): string => JSON.stringify(message) ?? "null";

describe("what reads messages", () => {
  const known: Harvest = { ids: new Map([["bank.accounts", ["acc_01JGFJJZ00EPW8EDEWZ21H2WGE"]]]), cursor: "", tag: '"9f2c"' };
  const contract = contractOf("bank");
  const service = contract.service;

  const tried = (text: string): void => {
    const message = readMessage(text, { limits: streamLimits, service });
    if (message.kind === "unread") {
      expect(message.refusal.status).toBeGreaterThanOrEqual(400);
      expect(message.refusal.status).toBeLessThan(500);
    }
    if (message.kind === "call") {
      for (const operation of [contract.operations.get(message.operation), contract.operations.get("accounts.list")]) {
        const input = operation === undefined ? undefined : readInput(operation, message.input, streamLimits);
        if (input !== undefined && "status" in input) expect([400, 413, 422]).toContain(input.status);
      }
    }
  };

  test(
    "every text is a message or a refusal that says why, in no time",
    async () => {
      const texts = messageOf(contract, known).chain((message) => {
        const whole = textOf({ id: "1", ...message });
        return fc.oneof(fc.constant(whole), bent(whole));
      });
      await holds(texts, { runs: 7_000 }, async (text) => {
        const msOf = (): number => {
          const { user } = process.cpuUsage();
          tried(text);
          return (process.cpuUsage().user - user) / 1_000;
        };
        // Of the processor: a busy machine takes longer. What is slow by itself is so again.
        if (msOf() > 250) expect(msOf()).toBeLessThan(250);
      });
    },
    testMsMax,
  );

  test(
    "every query of an event stream is one or a refusal",
    async () => {
      const part = fc.oneof(
        fc.constantFrom(
          "types=accounts.*",
          "after=5-0",
          "after=x",
          "data.account=acc_1",
          "types=",
          "=",
          "&&",
          "a[]=1",
          "%zz=1",
          "language=de",
          "__proto__=1",
        ),
        fc
          .tuple(fc.string({ maxLength: 10 }), fc.constantFrom(...hostileTexts))
          .map(([name, value]) => `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`),
        fc.string({ maxLength: 20 }),
      );
      const inputs = fc.tuple(
        fc.array(part, { maxLength: 8 }),
        fc.option(fc.oneof(fc.constantFrom("5", "5-1", "-1", "1e3", "9".repeat(40)), fc.string()), { nil: null }),
      );
      await holds(inputs, { runs: 3_000 }, async ([parts, lastEventId]) => {
        const asked = readEventParameters(parts.join("&"), lastEventId, { service, limits: streamLimits });
        if ("status" in asked) expect([400, 414, 422]).toContain(asked.status);
        else expect(Object.getPrototypeOf(asked.query.filters ?? {})).toBe(Object.prototype);
      });
    },
    testMsMax,
  );
});

for (const { engine, create } of testDatabases().filter((one) => one.engine === "sqlite")) {
  describe(engine, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(await create());
    }, testMsMax);
    afterAll(async () => target[Symbol.asyncDispose]());

    const connect = (service: keyof typeof services, as: Caller | undefined): Promise<Socket> =>
      Socket.open(`ws://127.0.0.1:${target.port}/${service}/${contractOf(service).version}/stream`, {
        key: as === undefined ? undefined : target.keys[as],
      });

    const judge = (answer: unknown, sent: string): void => {
      const text = JSON.stringify(answer);
      const { status, success, error } = answer as {
        status?: number;
        success?: boolean;
        error?: { code: number; type: string; message: string };
      };
      const isFault = status !== undefined && status >= 500;
      if (isFault || (success === false && (error?.code !== status || error?.message === "")))
        throw new Error(`${sent.slice(0, 500)} → ${text.slice(0, 500)}`);
      const leak = leaksIn({ status: 200, headers: [], body: Buffer.from(text), ms: 0 }, target.secrets);
      if (leak !== undefined) throw new Error(`${leak}: ${sent.slice(0, 500)} → ${text.slice(0, 500)}`);
    };

    for (const service of Object.keys(services) as (keyof typeof services)[]) {
      test(
        `${service}: each message has its one answer, and the connection goes on`,
        async () => {
          const known = await harvest(target);
          const message = messageOf(contractOf(service), known);
          const sending = fc
            .tuple(message, fc.boolean())
            .chain(([one, isBent]): fc.Arbitrary<Written | string> =>
              isBent ? bent(textOf({ id: "x", ...one })) : fc.constant(one),
            );
          const inputs = fc.tuple(fc.array(sending, { minLength: 1, maxLength: 30 }), fc.constantFrom(...services[service]));
          await holds(inputs, { runs: 30 }, async ([messages, as]) => {
            const socket = await connect(service, as);
            const texts = messages.map((one, at) => (typeof one === "string" ? one : textOf({ ...one, id: `m${at}` })));
            for (const text of texts) socket.send(text);
            for (const text of texts) judge(await socket.next(({ event }) => event === undefined), text);
            expect(await socket.ask({ ping: "end" })).toMatchObject({ pong: "end" });
            expect(socket.told.filter(({ event, ended }) => event === undefined && ended !== true)).toEqual([]);
            socket.close();
          });
        },
        testMsMax,
      );
    }

    test(
      "whatever is shown as credentials is refused, or lets nobody in who has none",
      async () => {
        await holds(fc.tuple(shown, fc.boolean()), { runs: 100 }, async ([authenticate, isBent]) => {
          const socket = await connect("bank", undefined);
          const text = textOf({ id: "a", authenticate });
          socket.send(isBent ? text.slice(0, -1) : text);
          const answer = await socket.next();
          judge(answer, text);
          expect(answer.success).toBe(false);
          socket.close();
        });
      },
      testMsMax,
    );

    test("nothing was logged as a fault, the server lives, its memory is bounded, and the books are right", async () => {
      expect(target.faults()).toEqual([]);
      expect(target.isAlive()).toBe(true);
      expect(await target.memory()).toBeLessThan(memoryMax);
      await checkBooks(target);
    });
  });
}
