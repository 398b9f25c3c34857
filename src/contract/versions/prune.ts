/**
 * Some fields of an older version are made from the whole row. When a client chooses one of them, more is read than it asked for; what it did not
 * ask for is taken away again. Relations that were included stay.
 */
import type { ResourceContract } from "../contract.ts";
import type { Hops } from "./derive.ts";
import { readsRow } from "./query.ts";

/** Whether any field of these steps is made from the whole row. */
export const prunes = (steps: readonly Hops[]): boolean =>
  steps.some((hops) => [...hops.values()].some((hop) => hop.older.some(readsRow)));

type Row = Readonly<Record<string, unknown>>;

/** First parts of the paths, each with the paths that follow it. */
const byFirst = (paths: readonly string[]): Map<string, string[]> => {
  const firsts = new Map<string, string[]>();
  for (const path of paths) {
    const dot = path.indexOf(".");
    const first = dot === -1 ? path : path.slice(0, dot);
    const rest = firsts.get(first) ?? [];
    if (dot !== -1) rest.push(path.slice(dot + 1));
    firsts.set(first, rest);
  }
  return firsts;
};

/** Rows with only the chosen fields. */
export const prune = (data: unknown, resource: ResourceContract, fields: readonly string[]): unknown => {
  if (Array.isArray(data)) return data.map((row: unknown) => prune(row, resource, fields));
  if (typeof data !== "object" || data === null) return data;
  const chosen = byFirst(fields);
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(data as Row)) {
    const rest = chosen.get(name);
    const target = resource.one.get(name)?.target ?? resource.many.get(name)?.target;
    const related = target !== undefined && typeof value === "object" && value !== null;
    if (rest === undefined && !related) continue;
    kept[name] = related && rest !== undefined && rest.length > 0 ? prune(value, target, rest) : value;
  }
  return kept;
};
