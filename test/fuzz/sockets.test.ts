/**
 * What no HTTP client sends, byte by byte: framing that contradicts itself, requests within requests, halves, floods. Never two answers to one
 * request, never an answer to what stood in a body, never a connection that answers the next one wrongly; the server goes on.
 *
 * How requests are framed does not depend on the database: SQLite only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { testDatabases } from "../postgres/index.ts";
import { checkBooks } from "./books.ts";
import { cases, framed, hidden } from "./framing.ts";
import { judge } from "./judge.ts";
import { holds, isLong, testMsMax } from "./runs.ts";
import { answerMsMax, startTarget, type Target } from "./target.ts";
import { type Heard, headerOf, Wire } from "./wire.ts";

const memoryMax = 400 * 1024 * 1024;
const headLimitMs = 18_000;

for (const { engine, create } of testDatabases().filter(({ engine }) => engine === "sqlite")) {
  describe(engine, () => {
    let server: Target;
    beforeAll(async () => {
      server = await startTarget(await create());
    }, testMsMax);
    afterAll(async () => server[Symbol.asyncDispose]());

    /** All that is answered to some bytes, until the connection closes or is silent. */
    const allOf = async (
      wire: Wire,
      options: { readonly silenceMs: number },
    ): Promise<{ answers: Heard[]; isClosed: boolean }> => {
      const answers: Heard[] = [];
      for (;;) {
        const heard = await wire.hear({ method: "GET", withinMs: answers.length === 0 ? answerMsMax : options.silenceMs });
        if (typeof heard === "string") return { answers, isClosed: heard === "closed" };
        answers.push(heard);
      }
    };

    const isHealthy = async (): Promise<void> => {
      const heard = await server.ask({ method: "GET", path: "/bank/v2/accounts?perPage=1", as: "teller" });
      expect(heard.status).toBe(200);
      judge(heard, server.secrets);
    };

    test.each(cases.map((one) => [one.name, one] as const))("%s", async (name, { bytes, statuses }) => {
      const wire = await Wire.open(server.port);
      wire.send(bytes);
      // What is hidden would be answered at once, if it were taken for a request.
      const { answers, isClosed } = await allOf(wire, { silenceMs: 60 });
      wire.close();
      expect(answers.length).toBeLessThanOrEqual(1);
      const [first] = answers;
      const outcome = first?.status ?? (isClosed ? "closed" : "silent");
      expect(statuses as readonly unknown[]).toContain(outcome);
      if (first !== undefined) {
        expect(headerOf(first, "x-request-id")).not.toBe("hidden");
        expect(Buffer.from(first.body).toString()).not.toMatch(/\.ts|stack|Bun/);
      }
      // Who cannot tell where a request ends must not read on. Equal lengths leave no doubt (RFC 9110 section 8.6).
      if (bytes.includes(hidden) && name !== "two equal lengths") expect(isClosed).toBe(true);
      await isHealthy();
    });

    test("SECURITY 47: behind a CONNECT nothing is a request, and its connection ends for all who share it", async () => {
      for (const path of ["internal:80", "/bank/v2/accounts", "/healthz", "/oauth/token"]) {
        const wire = await Wire.open(server.port);
        wire.send(`CONNECT ${path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: first\r\n\r\n${hidden}`);
        const { answers, isClosed } = await allOf(wire, { silenceMs: 2_000 });
        wire.close();
        expect([path, answers.length <= 1, isClosed]).toEqual([path, true, true]);
        for (const answer of answers) expect(headerOf(answer, "x-request-id")).not.toBe("hidden");
      }
      await isHealthy();
    });

    test(
      "requests in a row are answered in order, however the bytes come",
      async () => {
        const line = fc.constantFrom(
          "GET /bank/v2/accounts?perPage=1",
          "GET /bank/v2/nothing",
          "POST /bank/v2/quoteFee",
          "HEAD /bank/v2/accounts",
          "PUT /bank/v2/accounts",
          "OPTIONS /bank/v2/accounts",
          "POST /bank/v2/transfers",
        );
        const inputs = fc.record({
          lines: fc.array(line, { minLength: 1, maxLength: 8 }),
          isChunked: fc.boolean(),
          cuts: fc.array(fc.nat({ max: 2_000 }), { maxLength: 6 }),
        });
        await holds(inputs, { runs: 150 }, async ({ lines, isChunked, cuts }) => {
          const body = '{"amount":100,"currency":"EUR"}';
          const requests = lines.map((start, index) => {
            const head = `${start} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${server.keys.teller}\r\nX-Request-Id: r${index}\r\n`;
            if (!start.startsWith("P")) return `${head}\r\n`;
            const type = `${head}Content-Type: application/json\r\n`;
            return isChunked
              ? `${type}Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n${body.slice(0, 5)}\r\n${(body.length - 5).toString(16)}\r\n${body.slice(5)}\r\n0\r\n\r\n`
              : `${type}Content-Length: ${body.length}\r\n\r\n${body}`;
          });
          const bytes = requests.join("");
          const wire = await Wire.open(server.port);
          const places = [0, ...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length];
          for (const [index, from] of places.entries()) {
            wire.send(bytes.slice(from, places[index + 1]));
            await Bun.sleep(0);
          }
          for (const [index, start] of lines.entries()) {
            const heard = await wire.hear({ method: start.split(" ")[0] ?? "", withinMs: answerMsMax });
            if (typeof heard === "string") throw new Error(`answer ${index} of ${lines.length}: ${heard}`);
            expect(headerOf(heard, "x-request-id")).toBe(`r${index}`);
            judge(heard, server.secrets);
            // The last answer says so, and nothing comes behind it.
            if (headerOf(heard, "connection") !== "close") continue;
            expect([isChunked, [400, 401, 404, 405].includes(heard.status)]).toEqual([true, true]);
            expect(await wire.hear({ method: "GET", withinMs: answerMsMax })).toBe("closed");
            break;
          }
          expect(wire.surplus.length).toBe(0);
          wire.close();
        });
      },
      testMsMax,
    );

    test(
      "SECURITY 47: a request bent at random is answered once at most, and what stands in its body never",
      async () => {
        const pieces = [
          "\r",
          "\n",
          "\r\n",
          "\0",
          " ",
          "\t",
          ":",
          ",",
          ";",
          "0",
          "\x0b",
          "\xff",
          "chunked",
          "Transfer-Encoding: chunked\r\n",
          "Content-Length: 0\r\n",
          "Content-Length: 5\r\n",
          "\r\nX: y",
        ];
        const sound = framed(`Content-Length: ${hidden.length}`) + hidden;
        const headLength = sound.length - hidden.length;
        const inputs = fc.array(fc.tuple(fc.nat({ max: headLength - 5 }), fc.constantFrom(...pieces), fc.boolean()), {
          minLength: 1,
          maxLength: 3,
        });
        await holds(inputs, { runs: 120 }, async (changes) => {
          let bytes = sound;
          for (const [at, piece, replaces] of changes)
            bytes = bytes.slice(0, at) + piece + bytes.slice(at + (replaces ? piece.length : 0));
          // Bytes that happen to frame the hidden request lawfully (the head ends early, another length) prove nothing.
          const [head = ""] = bytes.split("\r\n\r\n");
          const isStillOne =
            head.split("\r\n").filter((line) => line === `Content-Length: ${hidden.length}`).length === 1 &&
            bytes.slice(head.length + 4) === hidden;
          const wire = await Wire.open(server.port);
          wire.send(bytes);
          const { answers } = await allOf(wire, { silenceMs: 15 });
          wire.close();
          if (!isStillOne) return;
          expect(answers.length).toBeLessThanOrEqual(1);
          for (const answer of answers) expect(headerOf(answer, "x-request-id")).not.toBe("hidden");
        });
        await isHealthy();
      },
      testMsMax,
    );

    test(
      "SECURITY 55: a body that stops halfway, and one that breaks off, take nothing from the others",
      async () => {
        const slow = await Promise.all(Array.from({ length: 100 }, () => Wire.open(server.port)));
        for (const wire of slow) wire.send(`${framed("Content-Length: 1000000")}{"amount":`);
        const times: number[] = [];
        for (let count = 0; count < 30; count++) {
          const { ms } = await server.ask({ method: "GET", path: "/bank/v2/accounts?perPage=1", as: "teller" });
          times.push(ms);
        }
        expect(times.toSorted((a, b) => a - b)[28]).toBeLessThan(250);
        for (const wire of slow) wire.close();
        const broken = await Wire.open(server.port);
        broken.send(`${framed("Transfer-Encoding: chunked")}5\r\nabc`);
        broken.finish();
        const heard = await broken.hear({ method: "POST", withinMs: answerMsMax });
        if (typeof heard !== "string") expect(heard.status).toBe(400);
        broken.close();
        await isHealthy();
      },
      testMsMax,
    );

    test(
      "SECURITY 55: five hundred connections that say nothing do not keep others out",
      async () => {
        const idle = await Promise.all(Array.from({ length: 500 }, () => Wire.open(server.port)));
        for (let count = 0; count < 10; count++) await isHealthy();
        for (const wire of idle) wire.close();
      },
      testMsMax,
    );

    // Twelve seconds of waiting: only in a long run.
    if (isLong) {
      test(
        "SECURITY 55: half a head is cut off, not waited for",
        async () => {
          const half = await Wire.open(server.port);
          half.send("GET /bank/v2/accounts HTTP/1.1\r\nHost: a\r\nX-Never");
          expect(await half.closes(headLimitMs)).toBe(true);
        },
        testMsMax,
      );
    }

    test("nothing was logged as a fault, memory is bounded, and the books are right", async () => {
      expect(server.faults()).toEqual([]);
      expect(server.isAlive()).toBe(true);
      expect(await server.memory()).toBeLessThan(memoryMax);
      await checkBooks(server);
    });
  });
}
