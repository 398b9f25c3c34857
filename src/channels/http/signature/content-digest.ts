/**
 * Content-Digest (RFC 9530): `sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:`. Over the content as it was received, so after any
 * Content-Encoding. Only sha-256 and sha-512 count; others are passed over, but one of the two has to be there, and all that are there have to fit.
 */
import { timingSafeEqual } from "node:crypto";
import { parseDictionary } from "../structured-fields.ts";
import { type Problem, problem } from "./problem.ts";

const algorithms = { "sha-256": Bun.SHA256, "sha-512": Bun.SHA512 } as const;
type DigestAlgorithm = keyof typeof algorithms;

const isKnown = (name: string): name is DigestAlgorithm => Object.hasOwn(algorithms, name);

/** Undefined where the header is there, is sound and fits. */
export const checkContentDigest = (header: string | null, content: Uint8Array): Problem | undefined => {
  if (header === null) return problem("digest_missing");
  const digests = parseDictionary(header, { repeated: "refuse" });
  if (digests === undefined || digests.size === 0) return problem("digest_malformed");
  let known = 0;
  for (const [name, member] of digests) {
    if (!("bare" in member) || member.bare.type !== "binary") return problem("digest_malformed");
    if (!isKnown(name)) continue;
    known++;
    const digest = algorithms[name].hash(content) as Uint8Array;
    const given = member.bare.value;
    if (given.length !== digest.length || !timingSafeEqual(given, digest)) return problem("digest_mismatch");
  }
  return known === 0 ? problem("digest_unknown") : undefined;
};

/** The header for a content. */
export const contentDigest = (content: Uint8Array, algorithm: DigestAlgorithm = "sha-256"): string =>
  `${algorithm}=:${Buffer.from(algorithms[algorithm].hash(content) as Uint8Array).toString("base64")}:`;
