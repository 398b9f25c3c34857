/** How long a credential that is wrong takes to refuse tells neither how much of it is right nor whose credentials there are. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Credentials } from "../../src/pipeline/identity/credentials.ts";
import { hashOfKey, newApiKey } from "../../src/pipeline/identity/api-key.ts";
import type { Call } from "../../src/pipeline/call.ts";
import { testDatabases } from "../postgres/index.ts";
import { type Nodes, openNodes } from "./nodes.ts";
import { archive, registry } from "./registry.ts";
import { welch } from "./timing.ts";

const samples = 20_000;
const timeMsMax = 60_000;
const far = "2999-01-01T00:00:00.000Z";

type Work = (sample: number) => Promise<void>;

/** Nanoseconds of two things that wait for nothing but their own turn, side by side in random order. */
const timesOf = async (first: Work, second: Work): Promise<readonly [Float64Array, Float64Array]> => {
  const both = [first, second] as const;
  const times = [new Float64Array(samples), new Float64Array(samples)] as const;
  const coins = crypto.getRandomValues(new Uint8Array(samples));
  for (let warm = 0; warm < 3_000; warm++) for (const run of both) await run(warm);
  for (let sample = 0; sample < samples; sample++) {
    for (const which of ((coins[sample] ?? 0) & 1) === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const began = Bun.nanoseconds();
      await both[which](sample);
      times[which][sample] = Bun.nanoseconds() - began;
    }
  }
  return times;
};

/** The smallest |t| of at most three comparisons: what really takes longer does so in each of them. */
const leastDifference = async (first: Work, second: Work): Promise<number> => {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3 && least >= 4.5; attempt++)
    least = Math.min(least, Math.abs(welch(...(await timesOf(first, second)))));
  return least;
};

/** How many times as long the second takes, by the medians; of three comparisons the one nearest to 1. */
const timesAsLong = async (first: Work, second: Work): Promise<number> => {
  let nearest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3 && Math.abs(nearest - 1) > 0.05; attempt++) {
    const [a, b] = (await timesOf(first, second)).map((times) => times.toSorted()[times.length >> 1] ?? Number.NaN);
    const ratio = (b ?? Number.NaN) / (a ?? Number.NaN);
    if (Math.abs(ratio - 1) < Math.abs(nearest - 1)) nearest = ratio;
  }
  return nearest;
};

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const prefix = "pons_sandbox_";
const randomLength = 32;

/** A key with another character at `position` of its random part, and a checksum that fits. */
const changedAt = (key: string, position: number): string => {
  const at = alphabet.indexOf(key[prefix.length + position] ?? "");
  const start = prefix.length + position;
  const body = `${key.slice(0, start)}${alphabet[(at + 1) % alphabet.length]}${key.slice(start + 1, prefix.length + randomLength)}`;
  let rest = Bun.hash.crc32(body);
  let checksum = "";
  for (let digit = 0; digit < 6; digit++) {
    checksum = alphabet[rest % 62] + checksum;
    rest = Math.floor(rest / 62);
  }
  return body + checksum;
};

describe("SECURITY 3", () => {
  let nodes: Nodes;
  beforeAll(async () => {
    const [sqlite] = testDatabases();
    if (sqlite === undefined) throw new Error("no database");
    nodes = await openNodes(await sqlite.create(), { services: [registry, archive] });
  });
  afterAll(() => nodes[Symbol.asyncDispose]());

  /** Who calls with these credentials; throws when somebody does though nobody should, or the other way round. */
  const asked = (credentials: readonly Credentials[], expected: "known" | "unknown" = "unknown"): Work => {
    const { identity } = nodes.running.app;
    const { principal: _, ...call } = nodes.running.callOf("look");
    const calls: readonly Call[] = credentials.map((shown) => ({ ...call, credentials: shown }));
    return async (sample) => {
      const caller = await identity.callerOf(calls[sample % calls.length] ?? call);
      if ("status" in caller !== (expected === "unknown")) throw new Error(JSON.stringify(caller));
    };
  };

  test(
    "SECURITY 3: a key whose first character is wrong takes as long as one whose last is",
    async () => {
      const keys = await Promise.all(Array.from({ length: 16 }, () => nodes.grant({ roles: ["archive:reader"] })));
      await Promise.all(keys.map((secret) => asked([{ kind: "key", secret }], "known")(0)));
      const wrongAt = (position: number): Credentials[] => keys.map((key) => ({ kind: "key", secret: changedAt(key, position) }));
      expect(wrongAt(0).map((one) => "secret" in one && one.secret)).not.toEqual(keys);
      expect(await leastDifference(asked(wrongAt(0)), asked(wrongAt(randomLength - 1)))).toBeLessThan(4.5);
    },
    timeMsMax,
  );

  test(
    "SECURITY 3: a secret that is wrong takes as long for an app that exists as for one that does not",
    async () => {
      const oauth = { redirectUris: [], grantTypes: [], scopes: null, isConfidential: true };
      const own = newApiKey("sandbox");
      const kept = { id: "sec_1", environment: "sandbox", hash: hashOfKey(own), expiresAt: far };
      const ids = Array.from({ length: 16 }, (_, at) => `app_exists${String(at).padStart(2, "0")}`);
      const entry = { name: "app", owner: null, status: "active", subscriptions: [], signers: [], secrets: [kept], ...oauth };
      for (const id of ids) await nodes.publish("app", id, { ...entry, roles: ["archive:reader"] });
      const basic = (id: string, secret: string): Credentials => ({ kind: "basic", id, secret });
      await asked([basic(ids[0] ?? "", own)], "known")(0);
      const known = asked(ids.map((id) => basic(id, newApiKey("sandbox"))));
      const unknown = asked(ids.map((id) => basic(id.replace("exists", "absent"), newApiKey("sandbox"))));
      // Names of apps are no secrets: what differs is a look into one map more, far below what a network lets through.
      const times = await timesAsLong(known, unknown);
      expect(times).toBeGreaterThan(0.85);
      expect(times).toBeLessThan(1.15);
    },
    timeMsMax,
  );
});
