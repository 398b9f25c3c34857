/** How long the check of a signature takes says nothing about the signature that would be right, nor about whose key is known. */
import { describe, expect, test } from "bun:test";
import { checkSignature, isProblem, readSignature, type VerifyingKey } from "../../src/channels/http/signature/index.ts";
import { hmac } from "../../src/channels/http/signature/signing-algorithm.ts";
import { fieldsOf, keys } from "../http/rfc9421.ts";
import { compareTimes, leastDifference, timesAsLong } from "./timing.ts";

const secret = new Uint8Array(keys["test-shared-secret"].secret);
const base = '"@method": POST\n"@signature-params": ("@method");created=1618884473;keyid="app_1"';
const right = hmac(secret, base);
const changedAt = (index: number): Uint8Array => right.map((byte, at) => (at === index ? byte ^ 0xff : byte));
const timeMsMax = 60_000;

/** A comparison as it must not be. */
const firstDifference = (a: Uint8Array, b: Uint8Array): number => {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index++;
  return index;
};

describe("SECURITY 3", () => {
  const key: VerifyingKey = { algorithm: "hmac-sha256", secret };
  const check = (signature: Uint8Array, by: VerifyingKey) => () => {
    if (checkSignature({ base, signature, algorithm: undefined }, by) === undefined) throw new Error("it is not right");
  };

  test(
    "the measure sees a comparison that ends at the first byte that is wrong",
    () => {
      const long = Uint8Array.from({ length: 32 }, (_, index) => index);
      const early = long.with(0, 255);
      const late = long.with(31, 255);
      let sum = 0;
      const t = compareTimes(
        () => void (sum += firstDifference(early, long)),
        () => void (sum += firstDifference(late, long)),
      );
      expect(sum).toBeGreaterThan(0);
      expect(Math.abs(t)).toBeGreaterThan(4.5);
    },
    timeMsMax,
  );

  test(
    "SECURITY 3: a MAC whose first byte is wrong takes as long as one whose last byte is",
    () => {
      const t = leastDifference(() => compareTimes(check(changedAt(0), key), check(changedAt(31), key)));
      expect(t).toBeLessThan(4.5);
    },
    timeMsMax,
  );

  const nobody: VerifyingKey = { algorithm: "hmac-sha256", secret: crypto.getRandomValues(new Uint8Array(64)) };
  const ed25519 = keys["test-key-ed25519"];
  /** Other bytes for each sample: how long a public key takes depends on the text, which is no secret. */
  const checkMany = (length: number, by: VerifyingKey): ((sample: number) => void) => {
    const checks = Array.from({ length: 4_000 }, () => {
      const signature = crypto.getRandomValues(new Uint8Array(length));
      if (length === 64) signature[63] = 0;
      return check(signature, by);
    });
    return (sample) => checks[sample % checks.length]?.();
  };

  test(
    "SECURITY 3: a MAC under a key that is unknown takes as long as a wrong one",
    () => {
      const t = leastDifference(() => compareTimes(checkMany(32, key), checkMany(32, nobody)));
      expect(t).toBeLessThan(4.5);
    },
    timeMsMax,
  );

  test(
    "SECURITY 3: an Ed25519 signature under a key that is unknown takes as long as a wrong one",
    () => {
      const timing = { samples: 4_000, repeats: 1 };
      const t = leastDifference(() => compareTimes(checkMany(64, ed25519), checkMany(64, nobody), timing));
      expect(t).toBeLessThan(4.5);
    },
    timeMsMax,
  );

  test(
    "SECURITY 3: a signature of another kind than the key takes as long as one of its own",
    () => {
      for (const [length, own, other] of [
        [32, key, ed25519],
        [64, ed25519, key],
      ] as const) {
        const times = timesAsLong(checkMany(length, own), checkMany(length, other), { samples: 4_000, repeats: 4 });
        expect(times).toBeGreaterThan(0.9);
        expect(times).toBeLessThan(1.1);
      }
    },
    timeMsMax,
  );

  test(
    "SECURITY 3: a whole request with an id of a key that exists takes as long as with one that does not",
    () => {
      const nowMs = 1_618_884_473_000;
      const requestOf = (keyId: string) => ({
        kind: "request" as const,
        method: "GET",
        scheme: "https",
        authority: "example.com",
        target: "/foo",
        headers: fieldsOf([
          ["Signature-Input", `pons=("@method" "@target-uri");created=1618884473;keyid="${keyId}";nonce="n"`],
          ["Signature", `pons=:${Buffer.from(right).toString("base64")}:`],
        ]),
      });
      const known = new Map<string, VerifyingKey>([["app_exists", key]]);
      const asked = (keyId: string) => {
        const message = requestOf(keyId);
        return () => {
          const read = readSignature(message, { nowMs, hasBody: false });
          if (isProblem(read)) throw new Error(read.problem);
          if (checkSignature(read, known.get(read.keyId) ?? nobody) === undefined) throw new Error("it is not right");
        };
      };
      const t = leastDifference(() => compareTimes(asked("app_exists"), asked("app_absent"), { samples: 10_000, repeats: 4 }));
      expect(t).toBeLessThan(4.5);
    },
    timeMsMax,
  );
});
