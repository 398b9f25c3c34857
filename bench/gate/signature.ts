/**
 * What a signed request (RFC 9421, hmac-sha256) costs, beside the HMAC that no verifier can do without: the same bytes, the same secret, the same process, in
 * turns. From headers to the verdict: Signature-Input and Signature parsed, the policy asked, the base built, the HMAC compared in constant time. Without the
 * look-up of the key and the nonce's place in the database, and without what the runtime does once for any request when its address and headers are first
 * asked for: the channel has asked for both before.
 *
 *   node bin/pons.mjs --run bench/gate/signature.ts
 */
import { createHmac } from "node:crypto";
import { checkSignature, isProblem, messageOf, originOf, readSignature } from "../../src/channels/http/signature/index.ts";
import { summarize } from "../harness/statistics.ts";
import { medianNs } from "./stopwatch.ts";

export interface SignatureFigures {
  /** Microseconds of one, median over the rounds. */
  readonly hmacUs: number;
  readonly checkUs: number;
  /** Check ÷ HMAC, round by round. */
  readonly ratios: readonly number[];
}

const checksPerChunk = 64;
const origin = "https://api.example.com";
const secret = new TextEncoder().encode("a secret of an app, in 43 characters of 6 b");

interface Signed {
  readonly request: Request;
  readonly base: string;
}

const signed = (index: number, seconds: number): Signed => {
  const url = `${origin}/bank/v2/accounts/acc_${String(index).padStart(26, "0")}`;
  const parameters = `("@method" "@target-uri");created=${seconds};keyid="app_01JGFJJZ00EPW8EDEWZ21H2WGE";nonce="nonce-${index}";tag="pons"`;
  const base = `"@method": GET\n"@target-uri": ${url}\n"@signature-params": ${parameters}`;
  const signature = createHmac("sha256", secret).update(base).digest("base64");
  const headers = {
    host: "api.example.com",
    accept: "application/json",
    "signature-input": `pons=${parameters}`,
    signature: `pons=:${signature}:`,
  };
  const request = new Request(url, { headers });
  if (request.url !== url || !request.headers.has("signature")) throw new Error("the request is not as it was made");
  return { request, base };
};

/** Throws when a signature is not taken: then there is nothing to measure. */
export const measureSignatures = async ({ rounds = 15, chunksPerRound = 40 } = {}): Promise<SignatureFigures> => {
  const key = { algorithm: "hmac-sha256", secret } as const;
  const place = originOf(origin);
  if (place === undefined) throw new Error("no origin");
  const check = ({ request }: Signed, nowMs: number): void => {
    const message = messageOf(request, place);
    if (message === undefined) throw new Error("no message");
    const read = readSignature(message, { nowMs, hasBody: false });
    if (isProblem(read) || checkSignature(read, key) !== undefined) throw new Error("a good signature was refused");
  };
  const hash = ({ base }: Signed): void => {
    const { length } = new Bun.CryptoHasher("sha256", secret).update(base).digest();
    if (length !== 32) throw new Error("no HMAC");
  };
  let made = 0;
  const samples: { readonly checkUs: number; readonly hmacUs: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const [checkNs, hmacNs] = await medianNs(chunksPerRound, () => {
      const nowMs = Date.now();
      const all = Array.from({ length: checksPerChunk }, () => signed(made++, Math.floor(nowMs / 1000)));
      const checkEach = (): void => {
        for (const one of all) check(one, nowMs);
      };
      return [checkEach, () => all.forEach(hash)];
    });
    // The first round warms up.
    if (round > 0) samples.push({ checkUs: checkNs / checksPerChunk / 1000, hmacUs: hmacNs / checksPerChunk / 1000 });
  }
  const median = (values: readonly number[]): number => summarize(values).median;
  return {
    hmacUs: median(samples.map(({ hmacUs }) => hmacUs)),
    checkUs: median(samples.map(({ checkUs }) => checkUs)),
    ratios: samples.map(({ checkUs, hmacUs }) => checkUs / hmacUs),
  };
};

if (import.meta.main) process.stdout.write(`${JSON.stringify(await measureSignatures(), undefined, 2)}\n`);
