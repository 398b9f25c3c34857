/**
 * Bytes and JSON that ought to be messages, and bodies of Connect and gRPC-Web: each is read or refused, at once, and nothing of it is a fault of ours. What
 * reads them is tried by itself as well, where it can be asked far more often.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EnvelopeTooLarge, Envelopes, envelopeBytes, inputOf } from "../../src/channels/rpc/index.ts";
import { type Message, ProtobufError, protoOf, type RpcMethod } from "../../src/contract/protobuf/index.ts";
import { testDatabases } from "../postgres/index.ts";
import { checkBooks } from "./books.ts";
import { contracts, leaksIn } from "./judge.ts";
import { holds, testMsMax } from "./runs.ts";
import { type Caller, startTarget, type Target } from "./target.ts";

const memoryMax = 400 * 1024 * 1024;
/** No message takes longer, on a machine that does other things as well. */
const readMsMax = 250;

const protos = [...contracts.values()].map((contract) => protoOf(contract, contract.version, {}));
const methods: readonly RpcMethod[] = protos.flatMap((proto) => [...proto.methods.values()]);
const byPath = new Map(methods.map((method) => [method.path, method]));
const methodAt = (path: string): RpcMethod => {
  const found = byPath.get(path);
  if (found === undefined) throw new Error(`there is no method ${path}`);
  return found;
};
/** By their paths, so that a counterexample can be read. */
const anyPath = fc.constantFrom(...byPath.keys());

const varint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
};

/** Fields as the wire has them, one after the other and in each other, of any number and type. */
const { fields } = fc.letrec<{ fields: Uint8Array; field: Uint8Array }>((tie) => ({
  fields: fc.array(tie("field"), { maxLength: 8 }).map((parts) => new Uint8Array(Buffer.concat(parts))),
  field: fc
    .tuple(
      fc.oneof(fc.integer({ min: 0, max: 30 }), fc.constantFrom(20_000, 20_001, 536_870_911)),
      fc.constantFrom(0, 1, 2, 2, 2, 3, 4, 5, 6, 7),
      fc.oneof({ depthSize: "small" }, fc.uint8Array({ maxLength: 12 }), tie("fields")),
    )
    .map(([number, type, content]) => {
      const tag = varint(number * 8 + type);
      return Uint8Array.from(type === 2 ? [...tag, ...varint(content.length), ...content] : [...tag, ...content]);
    }),
}));

/** JSON of the form that messages have, with names of theirs and values of any kind. */
const jsonNames = [
  "id",
  "filters",
  "field",
  "operator",
  "values",
  "readMask",
  "include",
  "relation",
  "pageSize",
  "amount",
  "currency",
  "name",
  "request",
];
const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 5 }),
  fc.dictionary(
    fc.oneof(fc.constantFrom(...jsonNames, "__proto__", "constructor"), fc.string({ maxLength: 8 })),
    fc.jsonValue({ maxDepth: 3 }),
  ),
);

/** Bits turned, bytes cut off, put in, or doubled. */
const bent = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.constant(bytes),
    fc.tuple(fc.nat(), fc.nat({ max: 7 })).map(([at, bit]) => {
      const copy = bytes.slice();
      if (copy.length > 0) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << bit);
      return copy;
    }),
    fc.nat().map((at) => bytes.slice(0, bytes.length === 0 ? 0 : at % bytes.length)),
    fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 6 })).map(([at, more]) => {
      const place = bytes.length === 0 ? 0 : at % bytes.length;
      return new Uint8Array(Buffer.concat([bytes.subarray(0, place), more, bytes.subarray(place)]));
    }),
    fc.constant(new Uint8Array(Buffer.concat([bytes, bytes]))),
  );

/** A request of the method, whole or bent. */
const requestTo = (method: RpcMethod): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fields,
    fc.uint8Array({ maxLength: 60 }),
    anyJson.chain((json) => {
      try {
        // As a client would write it that has the same names.
        return bent(method.output.encode(json as Message));
      } catch {
        return fields;
      }
    }),
    fields.chain(bent),
  );

/** Reads, and makes a call's input of it. */
const tried = (method: RpcMethod, read: () => Message): void => {
  let message: Message;
  try {
    message = read();
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
    expect(error.message).not.toMatch(/\n|\/src\/|undefined|\[object/);
    return;
  }
  expect(() => JSON.stringify(message)).not.toThrow();
  const asked = inputOf(method, message);
  if (!("input" in asked)) expect(asked.status).toBe(422);
};

/** A machine may pause; what is slow by itself is so again. */
const inTime = (work: () => void): void => {
  const msOf = (): number => {
    const start = performance.now();
    work();
    return performance.now() - start;
  };
  if (msOf() > readMsMax) expect(msOf()).toBeLessThan(readMsMax);
};

describe("what reads messages", () => {
  test(
    "SECURITY 26, 50: any bytes are a message of the method, or refused",
    async () => {
      const asked = anyPath.chain((path) => requestTo(methodAt(path)).map((bytes) => ({ path, bytes })));
      await holds(asked, { runs: 10_000 }, async ({ path, bytes }) => {
        const method = methodAt(path);
        inTime(() => tried(method, () => method.input.decode(bytes)));
        inTime(() => tried(method, () => method.output.decode(bytes)));
      });
    },
    testMsMax,
  );

  test(
    "any JSON is a message of the method, or refused; what was read is written again, and read as the same",
    async () => {
      await holds(fc.tuple(anyPath, anyJson), { runs: 5_000 }, async ([path, json]) => {
        const method = methodAt(path);
        inTime(() => tried(method, () => method.input.fromJson(json)));
        let values: Message;
        try {
          values = method.input.fromJson(json);
        } catch {
          return;
        }
        const bytes = method.input.encode(values);
        const again = method.input.decode(bytes);
        expect(Buffer.compare(method.input.encode(again), bytes)).toBe(0);
      });
    },
    testMsMax,
  );

  test(
    "messages in a row are found again, however they are cut into pieces; any bytes are, or are too large",
    async () => {
      const message = fc.tuple(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(0, 1, 2, 128));
      const pieces = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 });
      await holds(
        fc.tuple(fc.array(message, { maxLength: 12 }), pieces, fc.uint8Array({ maxLength: 30 })),
        { runs: 2_000 },
        async ([sent, sizes, junk]) => {
          const whole = Buffer.concat(sent.map(([data, flags]) => envelopeBytes(data, flags)));
          const envelopes = new Envelopes({ bytesMax: 300 });
          const heard: unknown[] = [];
          for (let at = 0, turn = 0; at < whole.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            for (const { flags, data } of envelopes.push(new Uint8Array(whole.subarray(at, at + size))))
              heard.push([flags, [...data]]);
            at += size;
          }
          expect(heard).toEqual(sent.map(([data, flags]) => [flags, [...data]]));
          expect(envelopes.isPartial).toBe(false);
          try {
            for (const { data } of new Envelopes({ bytesMax: 300 }).push(junk)) expect(data.length).toBeLessThanOrEqual(300);
          } catch (error) {
            expect(error).toBeInstanceOf(EnvelopeTooLarge);
          }
        },
      );
    },
    testMsMax,
  );
});

const mediaTypes = [
  "application/proto",
  "application/json",
  "application/connect+proto",
  "application/connect+json",
  "application/grpc-web",
  "application/grpc-web+proto",
  "application/grpc-web+json",
  "application/grpc-web-text",
  "application/grpc",
  "text/plain",
  "application/json; charset=utf-16",
  "",
] as const;

const headers = fc.array(
  fc.oneof(
    fc.constantFrom(
      ["connect-protocol-version", "1"],
      ["connect-protocol-version", "2"],
      ["connect-timeout-ms", "0"],
      ["connect-timeout-ms", "99999999999"],
      ["connect-timeout-ms", "-1"],
      ["grpc-timeout", "1n"],
      ["grpc-timeout", "1x"],
      ["grpc-encoding", "gzip"],
      ["grpc-encoding", "snappy"],
      ["connect-content-encoding", "gzip"],
      ["connect-content-encoding", "br"],
      ["connect-accept-encoding", "gzip"],
      ["content-encoding", "gzip"],
      ["idempotency-key", '""'],
      ["if-match", "nonsense"],
      ["pons-act-for", "x"],
      ["accept-language", "de, *;q=0"],
    ) as fc.Arbitrary<[string, string]>,
  ),
  { maxLength: 4 },
);

/** A body as the media type says, with messages before whose bytes their length stands, or as it comes. */
const bodyOf = (method: RpcMethod): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    requestTo(method),
    requestTo(method).map((bytes) => envelopeBytes(bytes)),
    fc
      .array(requestTo(method), { maxLength: 4 })
      .map((all) => new Uint8Array(Buffer.concat(all.map((bytes) => envelopeBytes(bytes))))),
    requestTo(method).map((bytes) => Buffer.from(Buffer.from(envelopeBytes(bytes)).toString("base64"))),
    anyJson.map((json) => Buffer.from(JSON.stringify(json))),
    anyJson.map((json) => envelopeBytes(Buffer.from(JSON.stringify(json)))),
    requestTo(method).map((bytes) => envelopeBytes(bytes, 1)),
  );

for (const { engine, create } of testDatabases().filter((database) => database.engine === "sqlite")) {
  describe(engine, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(await create());
    }, testMsMax);
    afterAll(async () => target[Symbol.asyncDispose]());

    const callers: readonly (Caller | undefined)[] = ["teller", "customer", "clerk", undefined];

    test(
      "every body of every media type has its answer, and none is a fault of ours",
      async () => {
        const asked = anyPath.chain((named) =>
          fc.record({
            path: fc.oneof(
              { weight: 9, arbitrary: fc.constant(named) },
              {
                weight: 1,
                arbitrary: fc.constantFrom(
                  "/bank.v2.BankService/Nope",
                  "/bank.v9.BankService/ListAccounts",
                  "/bank.v2.BankService/a/b",
                  "/a.b.c/d",
                ),
              },
            ),
            type: fc.constantFrom(...mediaTypes),
            more: headers,
            body: bodyOf(methodAt(named)),
            as: fc.constantFrom(...callers),
          }),
        );
        await holds(asked, { runs: 1_500 }, async ({ path, type, more, body, as }) => {
          const given = type === "" ? more : [["content-type", type] as [string, string], ...more];
          const heard = await target.ask({ method: "POST", path, headers: given, body, ...(as === undefined ? {} : { as }) });
          const text = Buffer.from(heard.body).toString("latin1");
          expect([200, 400, 401, 403, 404, 405, 409, 415, 429, 501, 504]).toContain(heard.status);
          expect(text).not.toMatch(/"code":"(?:internal|unknown|data_loss)"|grpc-status: (?:2|13|15)\r/);
          expect(leaksIn(heard, target.secrets)).toBeUndefined();
        });
        expect(target.faults()).toEqual([]);
      },
      testMsMax,
    );

    test(
      "every query of a GET has its answer",
      async () => {
        const queries = fc.record({
          named: fc.constantFrom(
            ...methods.flatMap(({ idempotent, streaming, path }) => (idempotent && streaming === "none" ? [path] : [])),
          ),
          encoding: fc.constantFrom("json", "proto", "xml", ""),
          base64: fc.constantFrom("", "&base64=1", "&base64=x"),
          compression: fc.constantFrom("", "&compression=gzip", "&compression=zip"),
          connect: fc.constantFrom("", "&connect=v1", "&connect=v2"),
          message: fc.oneof(
            fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.toBase64({ alphabet: "base64url" })),
            anyJson.map((json) => encodeURIComponent(JSON.stringify(json).toWellFormed())),
            fc.constantFrom("", "%ff", "{}", "%7B%7D"),
          ),
        });
        await holds(queries, { runs: 500 }, async ({ named, encoding, base64, compression, connect, message }) => {
          const path = `${named}?encoding=${encoding}${base64}${compression}${connect}&message=${message}`;
          const heard = await target.ask({ method: "GET", path, as: "teller" });
          expect([200, 400, 403, 404, 409, 413, 414, 415, 429]).toContain(heard.status);
          expect(leaksIn(heard, target.secrets)).toBeUndefined();
        });
        expect(target.faults()).toEqual([]);
      },
      testMsMax,
    );

    test(
      "at the end the books are right and the server is well",
      async () => {
        expect(target.isAlive()).toBe(true);
        expect(await target.memory()).toBeLessThan(memoryMax);
        await checkBooks(target);
      },
      testMsMax,
    );
  });
}
