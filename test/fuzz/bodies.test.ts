/** Bodies that are none, or too much: refused as WIRE.md says, in time, whatever the format and the address; bytes at random too. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { testDatabases } from "../postgres/index.ts";
import { hostileBodies } from "./body.ts";
import { checkBooks } from "./books.ts";
import { type Harvest, harvest } from "./harvest.ts";
import { askAndJudge, judge, plainBody, textOf, valueOf } from "./judge.ts";
import { holds, testMsMax } from "./runs.ts";
import { answerMsMax, startTarget, type Target } from "./target.ts";
import { Wire } from "./wire.ts";

const memoryMax = 512 * 1024 * 1024;
const mebibyte = 1024 * 1024;
const types = [
  "application/json",
  "application/xml",
  "application/yaml",
  "application/msgpack",
  "text/csv",
  "application/x-ndjson",
  "application/merge-patch+json",
  "application/json-patch+json",
];

for (const { engine, create } of testDatabases()) {
  describe(engine, () => {
    let target: Target;
    let known: Harvest;
    beforeAll(async () => {
      target = await startTarget(await create());
      known = await harvest(target);
    }, testMsMax);
    afterAll(async () => target[Symbol.asyncDispose]());

    const addresses = (): { method: string; path: string; as: "clerk" | "teller" }[] => [
      { method: "POST", path: "/kinds/v1/things", as: "clerk" },
      { method: "POST", path: "/bank/v2/batch", as: "teller" },
      { method: "PATCH", path: `/kinds/v1/things/${known.ids.get("kinds.things")?.[0] ?? ""}`, as: "clerk" },
      { method: "QUERY", path: "/bank/v2/accounts", as: "teller" },
    ];

    test(
      "SECURITY 41: every hostile body is refused",
      async () => {
        const wrong: string[] = [];
        for (const { name, type, body, headers = [], status, refusal } of hostileBodies()) {
          const heard = await target.ask({
            method: "POST",
            path: "/bank/v2/customers",
            as: "teller",
            headers: [["Content-Type", type], ...headers],
            body,
          });
          judge(heard, target.secrets);
          const statuses = typeof status === "number" ? [status] : status;
          const { error } = (valueOf(heard) ?? {}) as { error?: { type?: string } };
          const isRight = statuses.includes(heard.status) && (refusal === undefined || error?.type === refusal);
          if (!isRight) wrong.push(`${name}: ${heard.status} ${textOf(heard).slice(0, 300)}`);
        }
        expect(wrong).toEqual([]);
      },
      testMsMax,
    );

    test(
      "hostile bodies elsewhere: batches, patches, QUERY",
      async () => {
        const all = addresses();
        for (const [index, { name, type, body, headers = [] }] of hostileBodies().entries()) {
          // Where the text is no JSON, one address after the other.
          const asked = name.startsWith("no JSON") ? [all[index % all.length]!] : all;
          for (const asking of asked) {
            const heard = await askAndJudge(target, { ...asking, headers: [["Content-Type", type], ...headers], body });
            // For QUERY an empty body, or one whose tags are passed over, is a question like any other.
            if (asking.method !== "QUERY" && heard.status < 400 && body !== "[]")
              throw new Error(
                `${asking.method} ${asking.path} took ${String(body).slice(0, 200)}: ${textOf(heard).slice(0, 300)}`,
              );
          }
        }
      },
      testMsMax,
    );

    test("SECURITY 51: 17 MiB with a length are refused before they are sent", async () => {
      const wire = await Wire.open(target.port);
      wire.send(
        `POST /bank/v2/customers HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${target.keys.teller}\r\nContent-Type: application/json\r\nContent-Length: ${17 * mebibyte}\r\n\r\n[`,
      );
      const heard = await wire.hear({ method: "POST", withinMs: answerMsMax });
      wire.close();
      if (typeof heard === "string") throw new Error(heard);
      expect(heard.status).toBe(413);
      judge(heard, target.secrets);
    });

    test(
      "SECURITY 45, 51: 17 MiB are refused while they come, with a length and in chunks",
      async () => {
        const block = Buffer.alloc(mebibyte, " ");
        const chunk = Buffer.concat([Buffer.from(`${mebibyte.toString(16)}\r\n`), block, Buffer.from("\r\n")]);
        for (const [framing, part, end] of [
          [`Content-Length: ${17 * mebibyte}`, block, ""],
          ["Transfer-Encoding: chunked", chunk, "0\r\n\r\n"],
        ] as const) {
          const wire = await Wire.open(target.port);
          wire.send(
            `POST /bank/v2/customers HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${target.keys.teller}\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`,
          );
          for (let count = 0; count < 17; count++) wire.send(part);
          wire.send(end);
          const heard = await wire.hear({ method: "POST", withinMs: 4 * answerMsMax });
          wire.close();
          if (typeof heard === "string") throw new Error(`${framing}: ${heard}`);
          expect(heard.status).toBe(413);
          judge(heard, target.secrets, { withinMs: 4 * answerMsMax });
        }
      },
      testMsMax,
    );

    test(
      "SECURITY 51: a body for one thing ends at 1 MiB, one for many at 16 MiB",
      async () => {
        const padded = (length: number) => `{"name":"x"${" ".repeat(length - 12)}}`;
        const path = `/bank/v2/customers/${known.ids.get("bank.customers")?.[0] ?? ""}`;
        const patch = (length: number) =>
          target.ask({
            method: "PATCH",
            path,
            as: "teller",
            headers: [["Content-Type", "application/json"]],
            body: padded(length),
          });
        expect((await patch(mebibyte)).status).toBe(200);
        expect((await patch(mebibyte + 1)).status).toBe(413);
        const create = (length: number) =>
          target.ask({
            method: "POST",
            path: "/bank/v2/customers",
            as: "teller",
            headers: [["Content-Type", "application/json"]],
            body: padded(length),
          });
        expect((await create(16 * mebibyte)).status).toBe(422);
        expect((await create(16 * mebibyte + 1)).status).toBe(413);
      },
      testMsMax,
    );

    test(
      "bytes at random in every format",
      async () => {
        const seeds = [
          '{"line":"x","whole":1,"free":{"a":[1,2]}}',
          "<request><line>x</line><whole>1</whole></request>",
          "line: x\nwhole: 1\nlist:\n  - 1\n  - 2\n",
          "line,whole\nx,1\n",
          "\x82\xa4line\xa1x\xa5whole\x01",
          '{"line":"x"}\n{"line":"y"}\n',
          '[{"op":"replace","path":"/whole","value":1}]',
        ];
        const change = fc.tuple(
          fc.nat({ max: 60 }),
          fc.oneof(
            fc.constantFrom(
              '"',
              "{",
              "[",
              "}",
              "]",
              ",",
              ":",
              "\\",
              "\0",
              "<",
              ">",
              "&",
              "*",
              "!",
              "- ",
              "\n",
              "\r",
              "\t",
              "#",
              "|",
              "\xff",
              "\xc1",
              "\xdf\xff\xff\xff\xff",
              "e999",
              "\ud800",
            ),
            fc.string({ unit: "binary", maxLength: 4 }),
          ),
          fc.boolean(),
        );
        const bent = fc
          .tuple(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 4 }))
          .map(([start, changes]) => {
            let text = start;
            for (const [at, piece, replaces] of changes)
              text = text.slice(0, at) + piece + text.slice(at + (replaces ? piece.length : 0));
            return new Uint8Array(Buffer.from(text, "latin1"));
          });
        const body = fc.oneof({ weight: 4, arbitrary: bent }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) });
        const inputs = fc.record({
          asking: fc.nat({ max: addresses().length - 1 }),
          type: fc.constantFrom(...types),
          body,
          coding: fc.constantFrom(undefined, undefined, undefined, undefined, "gzip", "br", "zstd"),
        });
        await holds(inputs, { runs: 500 }, async ({ asking, type, body: content, coding }) => {
          const headers = [["Content-Type", type], ...(coding === undefined ? [] : [["Content-Encoding", coding]])] as [
            string,
            string,
          ][];
          await askAndJudge(target, { ...addresses()[asking]!, headers, body: content });
        });
      },
      testMsMax,
    );

    test("an answer is whole in every coding", async () => {
      for (const coding of ["gzip", "br", "zstd", "identity"]) {
        const heard = await askAndJudge(target, {
          method: "GET",
          path: "/bank/v2/accounts?perPage=50",
          as: "teller",
          headers: [["Accept-Encoding", coding]],
        });
        expect(heard.status).toBe(200);
        expect(plainBody(heard).length).toBeGreaterThan(10_000);
      }
    });

    test("nothing was logged as a fault, the server lives, its memory is bounded, and the books are right", async () => {
      expect(target.faults()).toEqual([]);
      expect(target.isAlive()).toBe(true);
      expect(await target.memory()).toBeLessThan(memoryMax);
      await checkBooks(target);
    });
  });
}
