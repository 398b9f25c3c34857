/**
 * Rules for SOAP, seen from a client that was generated from the description: its functions have their arguments in the order of the elements.
 *
 *   change                                               request      answer, type
 *   another name, namespace, type, scale, kind of list   breaking     breaking
 *   element removed, or in another place                 breaking     breaking
 *   element added at the end                             compatible   compatible   (breaking when a request or type needs it)
 *   element added before others                          breaking     breaking
 *   may be left out, may be nil now                      compatible   breaking
 *   may not be left out, may not be nil any more         breaking     compatible   (breaking in a type)
 *   what stands for null, a value of its own             breaking     breaking
 *   refusal answered in band, or no longer               breaking; compatible for a refusal that is new
 */
import type { Changes } from "./diff.ts";
import type { LockedOperation } from "./normalize.ts";
import type { LockedElement, LockedSoap } from "./soap.ts";

/** Types stand in requests and answers. */
type Side = "input" | "output" | "type";

const told = (value: string | number | undefined): string => (value === undefined ? "none" : String(value));

const identities = ["holds", "type", "scale", "list", "item", "empty", "value", "refused"] as const;

const diffElement = (changes: Changes, where: string, side: Side, locked: LockedElement, current: LockedElement): void => {
  for (const name of identities)
    if (locked[name] !== current[name]) changes.breaking(where, `${name} ${told(locked[name])} → ${told(current[name])}`);
  for (const [name, text] of [
    ["optional", "be left out"],
    ["nillable", "be nil"],
  ] as const) {
    const [was, is] = [locked[name] === true, current[name] === true];
    if (was === is) continue;
    const verb = is ? `may ${text} now` : `may not ${text} any more`;
    if (side === "type" || is === (side === "output")) changes.breaking(where, verb);
    else changes.compatible(where, verb);
  }
};

interface Sides {
  readonly locked: readonly LockedElement[];
  readonly current: readonly LockedElement[];
}

const diffElements = (changes: Changes, where: string, side: Side, { locked, current }: Sides): void => {
  const known = new Set(locked.map(({ name }) => name));
  const present = new Map(current.map((element) => [element.name, element]));
  for (const element of locked) {
    const now = present.get(element.name);
    if (now === undefined) changes.breaking(where, `element ${element.name} was removed`);
    else diffElement(changes, `${where} ${element.name}`, side, element, now);
  }
  const before = locked.filter(({ name }) => present.has(name)).map(({ name }) => name);
  const after = current.filter(({ name }) => known.has(name)).map(({ name }) => name);
  if (before.join() !== after.join()) changes.breaking(where, `its elements are ${after.join(", ")}, not ${before.join(", ")}`);
  const last = current.findLastIndex(({ name }) => known.has(name));
  for (const [position, { name, optional }] of current.entries()) {
    if (known.has(name)) continue;
    if (position < last) changes.breaking(where, `element ${name} was added before others: what comes after it moves`);
    else if (side !== "output" && optional !== true) changes.breaking(where, `needs element ${name}`);
    else changes.compatible(where, `element ${name} was added`);
  }
};

/** An operation over SOAP. A message whose elements are given now, or no longer, has other elements than before. */
export const diffMethod = (changes: Changes, where: string, locked: LockedOperation, current: LockedOperation): void => {
  const [before, after] = [locked.soap, current.soap];
  if (before === undefined || after === undefined) {
    if (before !== after)
      changes.existence(where, `SOAP operation ${(before ?? after)?.name ?? ""}`, after === undefined ? "gone" : "new");
    return;
  }
  if (before.name !== after.name) changes.breaking(where, `is called ${after.name} over SOAP, not ${before.name}`);
  for (const side of ["input", "output"] as const) {
    const [was, is] = [before[side], after[side]];
    const place = `${where} SOAP ${side}`;
    if (was !== undefined && is !== undefined) diffElements(changes, place, side, { locked: was, current: is });
    else if (was !== is)
      changes.breaking(place, is === undefined ? "its elements are no longer given" : "its elements are given now");
  }
  const [bandBefore, bandAfter] = [before.inBand ?? [], after.inBand ?? []];
  for (const type of bandBefore) if (!bandAfter.includes(type)) changes.breaking(where, `${type} is a fault over SOAP now`);
  for (const type of bandAfter) {
    if (bandBefore.includes(type)) continue;
    const text = `${type} is answered in band over SOAP now`;
    if (Object.hasOwn(locked.refusals ?? {}, type)) changes.breaking(where, `${text}, and was a fault`);
    else changes.compatible(where, text);
  }
};

const strictness: Readonly<Record<string, number>> = { anywhere: 0, overTls: 1, never: 2 };

/** The service over SOAP. */
export const diffSoap = (changes: Changes, where: string, locked: LockedSoap, current: LockedSoap): void => {
  for (const name of ["name", "namespace"] as const)
    if (locked[name] !== current[name]) changes.breaking(where, `${name} ${locked[name]} → ${current[name]}`);
  if (locked.passwords !== current.passwords) {
    const text = `passwords ${locked.passwords} → ${current.passwords}`;
    const isStricter = (strictness[current.passwords] ?? 0) > (strictness[locked.passwords] ?? 0);
    if (isStricter) changes.breaking(where, `${text}: what was taken is refused`);
    else changes.compatible(where, text);
  }
  if (locked.offset !== current.offset) {
    const text = `offset ${told(locked.offset)} → ${told(current.offset)}`;
    if (locked.offset === undefined) changes.compatible(where, text);
    else changes.breaking(where, text);
  }
  changes.pairs(
    { locked: locked.types, current: current.types },
    (type, now) => changes.existence(where, `type ${type}`, now),
    (type, before, after) => diffElements(changes, `${where} type ${type}`, "type", { locked: before, current: after }),
  );
};
