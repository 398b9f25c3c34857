/**
 * Header blocks: ours, which say what HTTP headers say as well, for clients that have no way to set those; security; and what is not understood.
 *
 *   <p:IdempotencyKey xmlns:p="urn:pons:soap">order-117</p:IdempotencyKey>
 *   <p:IfMatch>"9f2c6ad01b3e77c4"</p:IfMatch>   <p:Tenant>acme</p:Tenant>   <p:ActFor>cus_01…</p:ActFor> <p:Reason>…</p:Reason>   <p:Language>de</p:Language>
 *
 * A header of HTTP goes before the block that says the same.
 */
import { refuse } from "../../pipeline/refusal.ts";
import { reasonHeader } from "../http/index.ts";
import type { Envelope } from "./envelope.ts";
import type { Fault } from "./fault.ts";
import { soapLimits } from "./limits.ts";
import { ownNamespace, wsse } from "./namespaces.ts";
import type { XmlNode } from "./xml.ts";

/** Block → header of HTTP. */
const headerOf: ReadonlyMap<string, string> = new Map([
  ["IdempotencyKey", "idempotency-key"],
  ["IfMatch", "if-match"],
  ["Tenant", "pons-tenant"],
  ["ActFor", "pons-act-for"],
  ["Reason", "pons-reason"],
  ["Language", "accept-language"],
]);

export interface ReadBlocks {
  /** By the name of the header of HTTP. */
  readonly given: ReadonlyMap<string, string>;
  readonly security: XmlNode | undefined;
}

const none: ReadBlocks = { given: new Map(), security: undefined };

const wrong = (block: string, explanation: string): Fault => ({
  refusal: refuse("invalid_header", { details: { header: block.slice(0, soapLimits.nameLengthMax), explanation } }),
});

/** Reads the blocks. Faults: MustUnderstand; Client for a block of ours that cannot be read, since a condition that is not understood must not be ignored. */
export const readBlocks = ({ blocks }: Envelope): ReadBlocks | Fault => {
  if (blocks.length === 0) return none;
  const given = new Map<string, string>();
  let security: XmlNode | undefined;
  const notUnderstood: XmlNode[] = [];
  for (const { node, mustBeUnderstood } of blocks) {
    const { namespace, name, elements, text } = node;
    if (namespace === ownNamespace) {
      const header = headerOf.get(name);
      if (header === undefined)
        return wrong(name, `There is no such header block. There are: ${[...headerOf.keys()].join(", ")}.`);
      const value = text.trim();
      if (given.has(header)) return wrong(name, "The header block stands twice.");
      // What HTTP could not carry either: it goes where headers go.
      const written = header === "pons-reason" ? reasonHeader(value) : value;
      if (elements.length > 0 || value.length > soapLimits.headerTextLengthMax || !/^[\x20-\x7e]*$/.test(written))
        return wrong(name, "The header block is no text of printable ASCII.");
      given.set(header, written);
    } else if (namespace === wsse && name === "Security") {
      if (security !== undefined)
        return {
          refusal: refuse("invalid_header", { details: { header: "Security", explanation: "The header block stands twice." } }),
          code: { of: "wsse", name: "InvalidSecurity" },
        };
      security = node;
    } else if (mustBeUnderstood) notUnderstood.push(node);
  }
  if (notUnderstood.length === 0) return { given, security };
  const named = notUnderstood.map(({ namespace, name }) => `{${namespace}}${name}`.slice(0, soapLimits.nameLengthMax));
  return {
    refusal: refuse("invalid_header", {
      details: { header: named[0] ?? "", explanation: `Header blocks that must be understood are not: ${named.join(", ")}.` },
    }),
    code: { of: "soap", name: "MustUnderstand" },
    notUnderstood,
  };
};
