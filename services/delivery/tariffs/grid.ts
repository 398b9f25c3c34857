/** A price grid on its own: brackets that overlap, holes between them, prices that fall while the weight grows. */
import type { ProblemCode } from "./problem.ts";
import type { Bracket } from "./tariff.ts";

export interface GridProblem {
  /** Place of the bracket in the grid. */
  readonly at: number;
  /** What is wrong with it: `weightFrom` overlaps or leaves a hole, `price` falls. */
  readonly field: "weightFrom" | "price";
  readonly code: ProblemCode;
  readonly text: string;
}

interface Placed extends Bracket {
  readonly at: number;
}

/** Brackets of each service and zone, lightest first, with their places in the grid. */
const cells = (grid: readonly Bracket[]): Iterable<readonly Placed[]> => {
  const found = new Map<string, Placed[]>();
  for (const [at, bracket] of grid.entries()) {
    const key = JSON.stringify([bracket.service, bracket.zone]);
    const brackets = found.get(key);
    if (brackets === undefined) found.set(key, [{ ...bracket, at }]);
    else brackets.push({ ...bracket, at });
  }
  for (const brackets of found.values())
    brackets.sort((left, right) => left.weightFrom - right.weightFrom || left.weightTo - right.weightTo);
  return found.values();
};

const problemsOf = (bracket: Placed, before: Pick<Placed, "weightTo" | "price">): GridProblem[] => {
  const { at, service, zone, weightFrom, price } = bracket;
  const where = `${service} in ${zone}`;
  const found: GridProblem[] = [];
  if (weightFrom < before.weightTo)
    found.push({
      at,
      field: "weightFrom",
      code: "overlap",
      text: `${where}: ${weightFrom} g to ${Math.min(before.weightTo, bracket.weightTo)} g has two prices`,
    });
  if (weightFrom > before.weightTo)
    found.push({
      at,
      field: "weightFrom",
      code: "hole",
      text: `${where}: ${before.weightTo} g to ${weightFrom} g has no price`,
    });
  if (price < before.price)
    found.push({
      at,
      field: "price",
      code: "price_falls",
      text: `${where}: ${price} is less than ${before.price} for less weight`,
    });
  return found;
};

/** In the order of services and zones as they first come, lightest first. */
export const gridProblems = (grid: readonly Bracket[]): readonly GridProblem[] => {
  const found: GridProblem[] = [];
  for (const brackets of cells(grid)) {
    let before = { weightTo: 0, price: 0 };
    for (const bracket of brackets) {
      found.push(...problemsOf(bracket, before));
      before = { weightTo: Math.max(before.weightTo, bracket.weightTo), price: bracket.price };
    }
  }
  return found;
};

/** Up to which weight each service and zone has a price, under `JSON.stringify([service, zone])`. */
export const weightsPriced = (grid: readonly Bracket[]): ReadonlyMap<string, number> => {
  const found = new Map<string, number>();
  for (const { service, zone, weightTo } of grid) {
    const key = JSON.stringify([service, zone]);
    found.set(key, Math.max(found.get(key) ?? 0, weightTo));
  }
  return found;
};
