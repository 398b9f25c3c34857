/**
 * Rules for fields. What goes in may become wider, never narrower; what comes out may gain fields, never lose or loosen them.
 *
 *   change                              input        output
 *   field removed                       breaking     breaking
 *   field added                         compatible   compatible   (breaking when an input needs it)
 *   another kind, prefix or target      breaking     breaking
 *   limit narrowed                      breaking     compatible
 *   limit widened                       compatible   compatible
 *   enum value removed                  breaking     breaking
 *   enum value added                    compatible   compatible
 *   may be null now                     compatible   breaking
 *   may not be null any more            breaking     compatible
 *   default changed                     breaking     –
 *   hidden, masked, not filterable now  –            breaking
 */
import type { Changes } from "./diff.ts";
import type { LockedField, LockedFields } from "./normalize.ts";

type Side = "input" | "output";

/** Greater is narrower, and smaller is narrower. */
const lowerLimits = ["min", "minLength", "minItems"] as const;
const upperLimits = ["max", "maxLength", "maxItems", "maxBytes", "scale"] as const;

const told = (value: unknown): string =>
  value === undefined ? "none" : typeof value === "string" ? value : JSON.stringify(value);

const isNarrower = (name: string, before: unknown, after: unknown): boolean => {
  if (after === undefined) return false;
  if (before === undefined) return true;
  const [a, b] = [told(before), told(after)];
  const order =
    /^-?\d+(\.\d+)?$/.test(a) && /^-?\d+(\.\d+)?$/.test(b) ? compareNumbers(a, b) : Math.sign(a < b ? -1 : a > b ? 1 : 0);
  return (lowerLimits as readonly string[]).includes(name) ? order < 0 : order > 0;
};

/** Compares decimals of any length exactly: −1, 0 or 1. */
const compareNumbers = (a: string, b: string): number => {
  const places = Math.max(a.split(".")[1]?.length ?? 0, b.split(".")[1]?.length ?? 0);
  const scaled = (text: string): bigint => {
    const [whole = "0", fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(places, "0"));
  };
  const difference = scaled(a) - scaled(b);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
};

const diffLimits = (changes: Changes, where: string, side: Side, locked: LockedField, current: LockedField): void => {
  for (const name of [...lowerLimits, ...upperLimits]) {
    const [before, after] = [locked[name], current[name]];
    if (told(before) === told(after)) continue;
    const text = `${name} ${told(before)} → ${told(after)}`;
    if (side === "input" && isNarrower(name, before, after))
      changes.breaking(where, `${text}: values that were accepted are refused`);
    else changes.compatible(where, text);
  }
  if (told(locked["pattern"]) !== told(current["pattern"])) {
    const text = `pattern ${told(locked["pattern"])} → ${told(current["pattern"])}`;
    if (side === "input" && current["pattern"] !== undefined)
      changes.breaking(where, `${text}: values that were accepted may be refused`);
    else changes.compatible(where, text);
  }
};

const list = (value: unknown): readonly string[] => (Array.isArray(value) ? (value as string[]) : []);

/** `read` and `mask` narrow what some readers see; `write` with roles narrows who may send it. */
const diffAccess = (changes: Changes, where: string, side: Side, locked: LockedField, current: LockedField): void => {
  const option = side === "output" ? "read" : "write";
  const [before, after] = [locked[option], current[option]];
  if (told(before) !== told(after) && after !== "never" && before !== "never") {
    const lost = list(before).filter((role) => !list(after).includes(role));
    const verb = option === "read" ? "read" : "written";
    if (Array.isArray(after) && (!Array.isArray(before) || lost.length > 0)) {
      changes.breaking(
        where,
        Array.isArray(before)
          ? `can no longer be ${verb} by ${lost.join(", ")}`
          : `can only be ${verb} by ${after.join(", ")} now`,
      );
    } else
      changes.compatible(where, `can be ${verb} by ${Array.isArray(after) ? after.join(", ") : "everyone who sees the row"} now`);
  }
  if (side === "input") return;
  if (told(locked["mask"]) !== told(current["mask"]) && current["mask"] !== undefined)
    changes.breaking(where, `is masked (${told(current["mask"])})`);
  if (locked["filter"] !== false && current["filter"] === false)
    changes.breaking(where, "can no longer be filtered or sorted by");
  if (locked["filter"] === false && current["filter"] !== false) changes.compatible(where, "can be filtered and sorted by");
};

const diffField = (changes: Changes, where: string, side: Side, locked: LockedField, current: LockedField): void => {
  for (const identity of ["kind", "prefix", "target"] as const) {
    if (locked[identity] === current[identity]) continue;
    changes.breaking(where, `${identity} ${told(locked[identity])} → ${told(current[identity])}`);
    if (identity === "kind") return;
  }
  const [before, after] = [list(locked["values"]), list(current["values"])];
  for (const value of before) if (!after.includes(value)) changes.breaking(where, `value ${value} was removed`);
  for (const value of after) if (!before.includes(value)) changes.compatible(where, `value ${value} was added`);
  const [wasNull, isNull] = [locked["optional"] === true, current["optional"] === true];
  if (wasNull !== isNull) {
    const text = isNull ? "may be null now" : "is never null any more";
    if (isNull === (side === "output")) changes.breaking(where, side === "input" ? "null is refused" : text);
    else changes.compatible(where, text);
  }
  if (side === "input" && "default" in locked && told(locked["default"]) !== told(current["default"])) {
    changes.breaking(where, `default ${told(locked["default"])} → ${told(current["default"])}`);
  }
  diffLimits(changes, where, side, locked, current);
  diffAccess(changes, where, side, locked, current);
  const [innerBefore, innerAfter] = [locked["fields"] as LockedFields | undefined, current["fields"] as LockedFields | undefined];
  if (innerBefore !== undefined && innerAfter !== undefined) {
    const needed = (fields: LockedFields): string[] =>
      Object.entries(fields).flatMap(([name, field]) => (field["optional"] === true || "default" in field ? [] : [name]));
    diffFields(changes, where, side, {
      locked: innerBefore,
      current: innerAfter,
      lockedRequired: needed(innerBefore),
      currentRequired: needed(innerAfter),
    });
  }
  const [itemBefore, itemAfter] = [locked["item"] as LockedField | undefined, current["item"] as LockedField | undefined];
  if (itemBefore !== undefined && itemAfter !== undefined) diffField(changes, `${where}[]`, side, itemBefore, itemAfter);
};

export interface FieldSides {
  readonly locked: LockedFields | undefined;
  readonly current: LockedFields | undefined;
  readonly lockedRequired?: readonly string[] | undefined;
  readonly currentRequired?: readonly string[] | undefined;
}

/** Adds the changes from the locked to the current fields of one input or output. */
export const diffFields = (changes: Changes, where: string, side: Side, sides: FieldSides): void => {
  const { lockedRequired = [], currentRequired = [] } = sides;
  changes.pairs(
    sides,
    (name, now) => {
      if (now === "new" && side === "input" && currentRequired.includes(name)) changes.breaking(where, `needs ${name}`);
      else changes.existence(where, `field ${name}`, now);
    },
    (name, locked, current) => {
      const place = `${where} ${name}`;
      const [was, is] = [lockedRequired.includes(name), currentRequired.includes(name)];
      if (side === "input" && is && !was) changes.breaking(place, "must be given now");
      if (side === "input" && was && !is) changes.compatible(place, "may be left out now");
      diffField(changes, place, side, locked, current);
    },
  );
};
