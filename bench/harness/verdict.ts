/** A target against what was measured: reached or missed, and by how much. */
import { spread } from "./report.ts";
import type { Summary } from "./statistics.ts";

export type Line = readonly [title: string, wanted: string, measured: string, verdict: string];
export type Bound = { readonly atLeast: number } | { readonly atMost: number };

const away = (value: number, wanted: number): string =>
  `${value < wanted ? "−" : "+"}${Math.round(Math.abs(value / wanted - 1) * 100)} %`;

/** The median decides. */
export function verdictLine(title: string, measured: Summary, bound: Bound): Line {
  const [limit, reached, wanted] =
    "atLeast" in bound
      ? [bound.atLeast, measured.median >= bound.atLeast, `≥ ${bound.atLeast}`]
      : [bound.atMost, measured.median <= bound.atMost, `≤ ${bound.atMost}`];
  if (measured.count === 0) return [title, wanted, "–", "not measured"];
  return [title, wanted, spread(measured), `${reached ? "reached" : "**missed**"} (${away(measured.median, limit)})`];
}
