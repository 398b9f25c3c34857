/**
 * JSON Merge Patch (RFC 7396): objects are merged member by member, null removes a member, everything else replaces.
 *
 *   mergePatch({ a: { b: 1, c: 2 }, d: [1] }, { a: { b: null }, d: [2] })   →  { a: { c: 2 }, d: [2] }
 */
import { isObject } from "./input.ts";

const depthMax = 64;

/** The patched value; neither argument is changed. Below 64 levels, which no body reaches, a patch replaces. */
export const mergePatch = (value: unknown, patch: unknown, depth = 0): unknown => {
  if (!isObject(patch) || depth > depthMax) return patch;
  const merged = new Map(isObject(value) ? Object.entries(value) : []);
  for (const [name, change] of Object.entries(patch)) {
    if (change === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), change, depth + 1));
  }
  return Object.fromEntries(merged);
};
