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

  const callWith = (credentials: Credentials): Call => {
    const { principal: _, ...call } = nodes.running.callOf("look");
    return { ...call, credentials };
  };
  const refused = async (call: Call): Promise<void> => {
    const caller = await nodes.running.app.identity.callerOf(call);
    if (!("status" in caller)) throw new Error(`${caller.key} should not be known`);
  };
  /** Asks with the first and with the second of each pair. What belongs to a pair is made together, so that no side lies better in memory. */
  const sidesOf = (pairs: readonly (readonly [Credentials, Credentials])[]): readonly [Work, Work] => {
    const calls = pairs.map(([first, second], at) => {
      // Whichever is made first.
      if (at % 2 === 0) return [callWith(first), callWith(second)] as const;
      const later = callWith(second);
      return [callWith(first), later] as const;
    });
    const side =
      (which: 0 | 1): Work =>
      (sample) => {
        const call = calls[sample % calls.length]?.[which];
        return call === undefined ? Promise.reject(new Error("nobody to ask for")) : refused(call);
      };
    return [side(0), side(1)];
  };
  const known = async (credentials: Credentials): Promise<void> => {
    const caller = await nodes.running.app.identity.callerOf(callWith(credentials));
    if ("status" in caller) throw new Error(JSON.stringify(caller));
  };

  test(
    "the measure sees that a mistyped key is refused without being looked up",
    async () => {
      const keys = Array.from({ length: 32 }, () => newApiKey("sandbox"));
      const mistyped = (key: string): Credentials => ({
        kind: "key",
        secret: `${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`,
      });
      const sides = sidesOf(keys.map((secret) => [{ kind: "key", secret }, mistyped(secret)]));
      expect(await leastDifference(...sides)).toBeGreaterThan(4.5);
    },
    timeMsMax,
  );

  test(
    "SECURITY 3: a key whose first character is wrong takes as long as one whose last is",
    async () => {
      const keys = await Promise.all(Array.from({ length: 32 }, () => nodes.grant({ roles: ["archive:reader"] })));
      await Promise.all(keys.map((secret) => known({ kind: "key", secret })));
      const wrong = (key: string, position: number): Credentials => ({ kind: "key", secret: changedAt(key, position) });
      const sides = sidesOf(keys.map((key) => [wrong(key, 0), wrong(key, randomLength - 1)]));
      expect(await leastDifference(...sides)).toBeLessThan(4.5);
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
      await known(basic(ids[0] ?? "", own));
      const sides = sidesOf(
        ids.map((id) => [basic(id, newApiKey("sandbox")), basic(id.replace("exists", "absent"), newApiKey("sandbox"))]),
      );
      // Names of apps are no secrets: what differs is a look into one map more, far below what a network lets through.
      const times = await timesAsLong(...sides);
      expect(times).toBeGreaterThan(0.85);
      expect(times).toBeLessThan(1.15);
    },
    timeMsMax,
  );
});
