/** Lists that limit a credential: addresses, operations, scopes. */
import { BlockList, isIP } from "node:net";

const lists = new WeakMap<readonly string[], BlockList>();

/** Networks and addresses as one list; a malformed entry is left out. */
const listOf = (networks: readonly string[]): BlockList => {
  let list = lists.get(networks);
  if (list !== undefined) return list;
  list = new BlockList();
  for (const network of networks) {
    const [address = "", bits] = network.split("/");
    const version = isIP(address);
    if (version === 0) continue;
    const family = version === 4 ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, family);
    else if (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)) list.addSubnet(address, Number(bits), family);
  }
  lists.set(networks, list);
  return list;
};

/** Whether an address is one of, or within, `networks` (`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`). An IPv4 address may come mapped into IPv6. */
export const isWithin = (address: string, networks: readonly string[]): boolean => {
  const plain = address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
  const version = isIP(plain);
  return version !== 0 && listOf(networks).check(plain, version === 4 ? "ipv4" : "ipv6");
};

/** Whether a pattern covers an operation: `*`, `bank.*`, `bank.accounts.*`, `bank.accounts.list`. */
export const coversOperation = (pattern: string, operation: string): boolean =>
  pattern === "*" || pattern === operation || (pattern.endsWith(".*") && operation.startsWith(pattern.slice(0, -1)));

/** What lists of patterns were found to cover: a list is shared by all credentials that have it alike. */
const covered = new WeakMap<readonly string[], Map<object, boolean>>();

/** Whether one of the patterns covers an operation; remembered for each list. */
export const coversOneOf = (
  patterns: readonly string[],
  operation: { readonly service: string; readonly name: string },
): boolean => {
  let known = covered.get(patterns);
  if (known === undefined) covered.set(patterns, (known = new Map()));
  let verdict = known.get(operation);
  if (verdict === undefined) {
    const name = `${operation.service}.${operation.name}`;
    verdict = patterns.some((pattern) => coversOperation(pattern, name));
    known.set(operation, verdict);
  }
  return verdict;
};

/**
 * Whether a scope covers an operation. `bank`: everything of the service; `bank:read`: its queries, `bank:write`: its commands; `bank.accounts`,
 * `bank.accounts:read`: of one resource; `bank.accounts.freeze`: one operation.
 */
export const coversScope = (
  scope: string,
  operation: { readonly service: string; readonly name: string; readonly kind: string },
): boolean => {
  const [place = "", mode] = scope.split(":");
  if (mode !== undefined && mode !== (operation.kind === "query" ? "read" : "write")) return false;
  const full = `${operation.service}.${operation.name}`;
  return place === operation.service || place === full || full.startsWith(`${place}.`);
};
