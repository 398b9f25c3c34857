/**
 * A view: how a set of roles sees a resource. Which rows, which fields, which of them masked. Made once per resource and set of roles.
 */
import type { Condition } from "../define/expression.ts";
import type { Fields, Mask } from "../define/field.ts";
import { type ResourceContract, rowRuleOf } from "../contract/contract.ts";
import type { Row } from "../store/store.ts";
import type { Redaction } from "./identity/caller.ts";
import { compilePresent, compilePresentOwn } from "../contract/values/fields.ts";
import { isLocal } from "./condition.ts";

export type Present = (row: Row) => Record<string, unknown>;

export interface View {
  readonly resource: ResourceContract;
  readonly roles: readonly string[];
  /** Part of statement keys. */
  readonly key: string;
  readonly rule: "all" | "none" | Condition;
  /** The rule can be decided on a row in memory. */
  readonly local: boolean;
  /** Fields shown, in full or masked, in the order of the definition. */
  readonly shown: readonly string[];
  /** Fields shown in full: these may be filtered and sorted by. */
  readonly readable: ReadonlySet<string>;
  /** Presents all shown fields. */
  readonly present: Present;
  /** A value of a shown field, masked where the field is. */
  mask(name: string, value: unknown): unknown;
  /** Presents some of the shown fields. */
  presentOnly(names: readonly string[]): Present;
  /** As `presentOnly`, for rows that are one's own and hold these fields and no others: the row itself is changed, and answered. */
  presentOwn(names: readonly string[]): Present;
}

const dots = "••••";

/** What stands in place of a masked value. */
export const maskValue = (mask: Mask, value: unknown): unknown => {
  if (value === null || value === undefined) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (mask === "last4") return text.length > 4 ? dots + text.slice(-4) : dots;
  if (mask === "email") {
    const at = text.lastIndexOf("@");
    return at > 0 ? `${text[0]}${dots}${text.slice(at)}` : dots;
  }
  return dots;
};

const presenter = (
  fields: Fields,
  names: readonly string[],
  { masks, compile = compilePresent }: { readonly masks: ReadonlyMap<string, Mask>; readonly compile?: typeof compilePresent },
): Present => {
  const plain = compile(fields, names);
  const masked = names.filter((name) => masks.has(name));
  if (masked.length === 0) return plain;
  return (row) => {
    const shown = plain(row);
    for (const name of masked) shown[name] = maskValue(masks.get(name) ?? "hidden", shown[name]);
    return shown;
  };
};

const presentersMax = 256;

const makeView = (resource: ResourceContract, roles: readonly string[], key: string, redaction: Redaction | undefined): View => {
  const masks = new Map<string, Mask>();
  const readable = new Set<string>();
  const shown: string[] = [];
  for (const name of resource.fieldNames) {
    const { read, mask } = resource.fields[name]?.options ?? {};
    const redacted = redaction?.fields.get(`${resource.table.name}.${name}`);
    if (redacted === "removed") continue;
    if (redacted !== undefined) {
      const isReadable = read === undefined || read.some((role) => roles.includes(role));
      // A policy never shows more than the definition does.
      if (!isReadable && mask === undefined) continue;
      masks.set(name, isReadable || redacted === "hidden" ? redacted : (mask ?? "hidden"));
      shown.push(name);
      continue;
    }
    if (read === undefined || read.some((role) => roles.includes(role))) readable.add(name);
    else if (mask !== undefined) masks.set(name, mask);
    else continue;
    shown.push(name);
  }
  const rule = rowRuleOf(resource, roles);
  const presenters = new Map<string, Present>();
  const kept = (key: string, make: () => Present): Present => {
    let present = presenters.get(key);
    if (present === undefined) {
      if (presenters.size >= presentersMax) presenters.clear();
      presenters.set(key, (present = make()));
    }
    return present;
  };
  return {
    resource,
    roles,
    key,
    rule,
    local: typeof rule === "string" || isLocal(rule, resource.fields),
    shown,
    readable,
    present: presenter(resource.fields, shown, { masks }),
    mask(name, value) {
      const mask = masks.get(name);
      return mask === undefined ? value : maskValue(mask, value);
    },
    presentOnly: (names) => kept(names.join(","), () => presenter(resource.fields, names, { masks })),
    presentOwn: (names) =>
      kept(`own ${names.join(",")}`, () => presenter(resource.fields, names, { masks, compile: compilePresentOwn })),
  };
};

const views = new WeakMap<ResourceContract, Map<string, View>>();
/** Sets of roles come from grants, of which there are few; the bound guards against a mistake. */
const viewsPerResourceMax = 1_024;

/** The view of `roles` (in a stable order) on a resource, less what policies keep from the caller. */
export const viewOf = (resource: ResourceContract, roles: readonly string[], redaction?: Redaction): View => {
  let byRoles = views.get(resource);
  if (byRoles === undefined) {
    byRoles = new Map();
    views.set(resource, byRoles);
  }
  const own = roles.length === 1 ? (roles[0] as string) : roles.join(",");
  const key = redaction === undefined ? own : `${own} ${redaction.key}`;
  let view = byRoles.get(key);
  if (view === undefined) {
    if (byRoles.size >= viewsPerResourceMax) byRoles.clear();
    view = makeView(resource, roles, key, redaction);
    byRoles.set(key, view);
  }
  return view;
};
