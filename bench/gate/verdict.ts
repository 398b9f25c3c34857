/** The targets against what was measured: reached or missed, and by how much. */
import { figure, type Report, table } from "../harness/report.ts";
import { ratios, summarize } from "../harness/statistics.ts";
import { type Line, verdictLine } from "../harness/verdict.ts";
import type { RoundsByPath } from "./compare.ts";
import type { KeyFigures } from "./key-check.ts";
import type { SignatureFigures } from "./signature.ts";
import { keyTarget, scaleTolerance, signatureTarget, taxTarget, tokenTargets } from "./targets.ts";
import type { TokenFigures } from "./token.ts";

export interface Everything {
  /** By `case/peer`. */
  readonly cases: RoundsByPath;
  /** In the process of each server that was warmed up, by peer. */
  readonly keys: Readonly<Record<string, KeyFigures>>;
  /** Resident MiB of those servers. */
  readonly memory: Readonly<Record<string, number>>;
  readonly signature: SignatureFigures | undefined;
  readonly token: TokenFigures | undefined;
}

const perCpu = (cases: RoundsByPath, path: string): number[] =>
  (cases[path] ?? []).map(({ callsPerCpuSecond }) => callsPerCpuSecond);

/** Only rounds that both have. */
const pairs = (a: readonly number[], b: readonly number[]): number[] => ratios(a.slice(0, b.length), b);

/** What part of the calls per CPU second of `without` is lost by who has the gate, round by round. */
export const taxOf = (gated: readonly number[], without: readonly number[]): number[] =>
  pairs(gated, without).map((kept) => 1 - kept);

const one = (value: number | undefined): readonly number[] => (value === undefined ? [] : [value]);

const scaleLine = (cases: RoundsByPath): Line => {
  const values = pairs(perCpu(cases, "any/few"), perCpu(cases, "any/many"));
  const bound = { atMost: 1 + scaleTolerance };
  return verdictLine("CPU time of a call by any key, `many` ÷ `few`", summarize(values), bound);
};

export function verdicts({ cases, keys, signature, token }: Everything): Line[] {
  return [
    ...taxTarget.cases.flatMap((name) =>
      taxTarget.engines.map((engine) =>
        verdictLine(
          `policy tax on ${name}, ${engine}: part of the calls per CPU second`,
          summarize(taxOf(perCpu(cases, `${name}/${engine}-everything`), perCpu(cases, `${name}/${engine}-nothing`))),
          taxTarget,
        ),
      ),
    ),
    verdictLine("a known key checked, by one SHA-256 of it", summarize(keys["few"]?.ratios ?? []), keyTarget),
    verdictLine("a signed request checked (RFC 9421), by its HMAC", summarize(signature?.ratios ?? []), signatureTarget),
    verdictLine(
      "a JWT (EdDSA) not seen before, by its bare signature check",
      summarize(one(token?.coldToVerify)),
      tokenTargets.cold,
    ),
    verdictLine(
      "a JWT that is remembered, by its bare signature check",
      summarize(one(token?.rememberedToVerify)),
      tokenTargets.remembered,
    ),
    scaleLine(cases),
  ];
}

export function reportCredentials(report: Report, { keys, memory, signature, token }: Everything): void {
  const rows: string[][] = [];
  for (const [name, { checkNs, hashNs }] of Object.entries(keys)) {
    rows.push([`SHA-256 of a key, ${name} keys`, figure(hashNs / 1000)]);
    rows.push([`a known key to its caller, ${name} keys`, figure(checkNs / 1000)]);
  }
  if (signature !== undefined) {
    rows.push(["HMAC-SHA-256 of what a request signs", figure(signature.hmacUs)]);
    rows.push(["a signed request, without its nonce", figure(signature.checkUs)]);
  }
  if (token !== undefined) {
    rows.push(["Ed25519 check of a token's bytes", figure(token.verifyUs)]);
    rows.push(["a JWT not seen before", figure(token.coldUs)]);
    rows.push(["a JWT that is remembered", figure(token.rememberedUs)]);
    rows.push(["a DPoP proof, without its nonce", figure(token.proofUs)]);
  }
  if (rows.length > 0) {
    report.add("### Credentials, within the process");
    report.add(table(["what", "µs"], rows));
  }
  const resident = Object.entries(memory);
  if (resident.length === 0) return;
  report.add("Resident MiB of the server once every key was used, before any load.");
  report.add(
    table(
      ["peer", "MiB"],
      resident.map(([name, value]) => [name, figure(value)]),
    ),
  );
}

export function reportTargets(report: Report, everything: Everything): void {
  report.add("### Targets");
  report.add("Taken round by round: median (min … max).");
  report.add(table(["target", "wanted", "measured", "verdict"], verdicts(everything)));
}
