/**
 * Input on the way in: what an older client sends, as the newer version expects it. A name that the older version does not have is refused even
 * when the newer one has it; anything else that is wrong is left to the checks of the newest version, whose issues are named back (`down`).
 * Never throws on hostile input: `up` may throw to say that a value has no newer form.
 */
import type { Operation } from "../contract.ts";
import { takesRow } from "./derive.ts";
import type { OlderField, ResourceHop } from "./hop.ts";
import { type Found, readOlder, type ReadOptions } from "./older-value.ts";
import type { Issue, Issues, Translated } from "./wire.ts";

/** Issues reported of one input. */
const issuesMax = 100;

type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly issues: readonly Found[] };

/** One value in its newer form, checked in its older form first. `null` stays `null`. */
export const upValue = (entry: OlderField, value: unknown, options: ReadOptions): Answer => {
  if (value === null || (entry.ups.length === 0 && entry.newer !== undefined)) return { ok: true, value };
  const read = readOlder(entry.field, value, options);
  if (!read.ok) return { ok: false, issues: read.found };
  try {
    let newer = read.value;
    for (const up of entry.ups) newer = up(newer);
    return { ok: true, value: newer };
  } catch {
    return { ok: false, issues: [["", { code: "bad_format", params: { format: "pattern" } }]] };
  }
};

const unknown: readonly Issue[] = [{ code: "unknown_field" }];

/** Every name a body may carry or its row has. */
const namesIn = (operation: Operation): string[] => [...Object.keys(operation.input), ...(operation.resource?.fieldNames ?? [])];

/** Body of a create, update or replace; undefined when this step leaves it as it is. `newest`: the operation in every version above this step. */
export const compileBody = (
  newer: Operation,
  older: Operation,
  hop: ResourceHop,
  newest: readonly Operation[],
): ((body: unknown, text: boolean) => Translated<unknown>) | undefined => {
  if (!takesRow(newer)) return undefined;
  const newerNames = new Set([newer, ...newest].flatMap(namesIn));
  const olderNames = new Set(namesIn(older));
  const defaults =
    newer.action === "update" ? [] : [...hop.added].filter(([name, rule]) => name in newer.input && "default" in rule);
  return (body, text) => {
    if (typeof body !== "object" || body === null || Array.isArray(body) || body instanceof Uint8Array)
      return { ok: true, value: body };
    const translated: Record<string, unknown> = {};
    const issues: Record<string, readonly Issue[]> = {};
    let wrong = 0;
    const refused = (name: string, issue: readonly Issue[]): void => {
      if (wrong < issuesMax) Object.defineProperty(issues, name, { value: issue, enumerable: true });
      wrong++;
    };
    for (const [name, value] of Object.entries(body)) {
      if (name === "__proto__" || (newerNames.has(name) && !olderNames.has(name))) {
        refused(name, unknown);
        continue;
      }
      const entry = hop.byOlder.get(name);
      if (entry === undefined) {
        translated[name] = value;
        continue;
      }
      const newerValue = upValue(entry, value, { text, use: "write" });
      if (!newerValue.ok) for (const [path, issue] of newerValue.issues) refused(path === "" ? name : `${name}.${path}`, [issue]);
      else if (entry.newer !== undefined) translated[entry.newer] = newerValue.value;
    }
    if (wrong > 0) return { ok: false, issues };
    for (const [name, rule] of defaults) translated[name] = rule.default;
    return { ok: true, value: translated };
  };
};

/** Names the part of each path behind `prefix` back: `name` → `title`. Paths without the prefix stay. */
export const downPaths = (issues: Issues, hop: ResourceHop, prefix = ""): Issues =>
  Object.fromEntries(
    Object.entries(issues).map(([path, list]) => {
      if (!path.startsWith(prefix)) return [path, list];
      const dot = path.indexOf(".", prefix.length);
      const newer = path.slice(prefix.length, dot === -1 ? undefined : dot);
      const older = hop.byNewer.get(newer)?.name ?? newer;
      return [prefix + older + (dot === -1 ? "" : path.slice(dot)), list];
    }),
  );
