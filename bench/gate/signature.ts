/**
 * What a signed request (RFC 9421, hmac-sha256) costs, beside the HMAC that no verifier can do without: the same bytes, the same secret, the same process, in
 * turns. From headers to the verdict: Signature-Input and Signature parsed, the policy asked, the base built, the HMAC compared in constant time. Without the
 * look-up of the key and the nonce's place in the database.
 *
 *   node bin/pons.mjs --run bench/gate/signature.ts
 */
import { createHmac } from "node:crypto";
import { checkSignature, isProblem, messageOf, originOf, readSignature } from "../../src/channels/http/signature/index.ts";
import { summarize } from "../harness/statistics.ts";

export interface SignatureFigures {
  /** Microseconds of one, median over the rounds. */
  readonly hmacUs: number;
  readonly checkUs: number;
  /** Check ÷ HMAC, round by round. */
  readonly ratios: readonly number[];
}

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
  return { request: new Request(url, { headers }), base };
};

/** Throws when a signature is not taken: then there is nothing to measure. */
export const measureSignatures = ({ rounds = 15, perRound = 2_000 } = {}): SignatureFigures => {
  const key = { algorithm: "hmac-sha256", secret } as const;
  const place = originOf(origin);
  if (place === undefined) throw new Error("no origin");
  const check = ({ request }: Signed, nowMs: number): void => {
    const message = messageOf(request, place);
    if (message === undefined) throw new Error("no message");
    const read = readSignature(message, { nowMs, hasBody: false });
    if (isProblem(read) || checkSignature(read, key) !== undefined) throw new Error("a good signature was refused");
  };
  const usOf = (all: readonly Signed[], work: (one: Signed) => void): number => {
    const start = process.cpuUsage();
    for (const one of all) work(one);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / all.length;
  };
  let bytes = 0;
  const samples = Array.from({ length: rounds + 1 }, (_, round) => {
    const nowMs = Date.now();
    const all = Array.from({ length: perRound }, (_unused, index) => signed(round * perRound + index, Math.floor(nowMs / 1000)));
    const checkUs = usOf(all, (one) => check(one, nowMs));
    const hmacUs = usOf(all, ({ base }) => {
      bytes += new Bun.CryptoHasher("sha256", secret).update(base).digest().length;
    });
    return { checkUs, hmacUs };
    // The first round warms up.
  }).slice(1);
  if (bytes === 0) throw new Error("nothing was hashed");
  const median = (values: readonly number[]): number => summarize(values).median;
  return {
    hmacUs: median(samples.map(({ hmacUs }) => hmacUs)),
    checkUs: median(samples.map(({ checkUs }) => checkUs)),
    ratios: samples.map(({ checkUs, hmacUs }) => checkUs / hmacUs),
  };
};

if (import.meta.main) process.stdout.write(`${JSON.stringify(measureSignatures(), undefined, 2)}\n`);
