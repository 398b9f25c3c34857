/** Chosen fields and relations: each relation is a read of its own, one statement per level. */
import type { Condition } from "../../../define/expression.ts";
import type { ManyContract } from "../../../contract/contract.ts";
import type { RawInclude, RawQuery } from "../../call.ts";
import type { IncludePlan } from "../../plan.ts";
import type { View } from "../../view.ts";
import type { IssueCode } from "../../../contract/values/issue-codes.ts";
import { Builder, includeDepthMax, type QueryContext } from "./builder.ts";
import { wholeNumber } from "./whole-number.ts";

const includesMax = 10;
const includedPerPage = 20;
/** Rows that one level of relations may come to, if every page were full. */
const includedRowsMax = 100_000;

/** The condition that rows belong to a parent, whose id is the parameter `parent`. */
export const belongs = (many: ManyContract, parent: { param: string }): Condition => {
  if (many.relation.kind === "many") {
    const parts: Condition[] = many.relation.by.map((by) => ({ op: "eq", left: { field: [by] }, right: parent }));
    return parts.length === 1 ? (parts[0] as Condition) : { op: "or", of: parts };
  }
  const { through, from, to } = many.relation;
  return {
    op: "exists",
    through,
    where: [
      [to, { field: ["id"] }],
      [from, parent],
    ],
  };
};

export interface Chosen {
  readonly names: readonly string[];
  readonly includes: readonly RawInclude[];
}

/** Splits `fields` into own fields and fields of relations, and joins the latter with `include`. */
export const choose = (builder: Builder, view: View, query: RawQuery): Chosen => {
  const includes = new Map<string, { name: string; fields?: string[]; raw?: RawInclude }>();
  for (const raw of query.include ?? []) includes.set(raw.name, { name: raw.name, raw });
  let names: string[] | undefined;
  if (query.fields !== undefined) {
    names = [];
    for (const part of query.fields) {
      const [head = "", ...rest] = part.split(".");
      const known = Object.hasOwn(view.resource.fields, head) && view.shown.includes(head);
      if (rest.length === 0) {
        if (known && !names.includes(head)) names.push(head);
        if (!known && query.onlyShown !== true) builder.issue("fields", "unknown_field", { field: head.slice(0, 50) });
        continue;
      }
      if (!view.resource.one.has(head) && !view.resource.many.has(head))
        builder.issue("fields", "unknown_field", { field: part.slice(0, 50) });
      else {
        const include = includes.get(head) ?? { name: head };
        (include.fields ??= []).push(rest.join("."));
        includes.set(head, include);
      }
    }
    if (query.fields.length === 0) builder.issue("fields", "required");
  }
  if (includes.size > includesMax) builder.issue("include", "too_many", { max: includesMax });
  return {
    names: names ?? view.shown,
    includes: [...includes.values()].slice(0, includesMax).map(({ name, fields, raw }) => ({
      ...raw,
      name,
      ...(fields === undefined ? {} : { fields }),
    })),
  };
};

/** Plans the relations of at most `parentsMax` rows. */
export const planIncludes = (
  parent: Builder,
  view: View,
  raws: readonly RawInclude[],
  context: QueryContext,
  { depth, parentsMax }: { readonly depth: number; readonly parentsMax: number },
): IncludePlan[] =>
  raws.flatMap((raw) => {
    const one = view.resource.one.get(raw.name);
    const many = view.resource.many.get(raw.name);
    const target = one?.target ?? many?.target;
    const reference = one === undefined ? "id" : one.by;
    if (target === undefined || !view.readable.has(reference))
      return parent.issue("include", "unknown_relation", { relation: raw.name.slice(0, 50) }) ?? [];
    if (depth >= includeDepthMax) return parent.issue("include", "too_deep", { max: includeDepthMax }) ?? [];
    const inner = context.related.view(target, one === undefined ? "list" : "get");
    if (inner === undefined) return parent.issue("include", "unknown_relation", { relation: raw.name.slice(0, 50) }) ?? [];
    const builder = new Builder(inner, context);
    const key = builder.param("text", null);
    if (one !== undefined) builder.conditions.push({ op: "eq", left: { field: ["id"] }, right: key });
    else if (many !== undefined) {
      builder.conditions.push(belongs(many, key));
      if (many.through !== undefined)
        builder.links.set(many.through.name, { name: many.through.name, table: many.through.table });
    }
    if (inner.rule !== "all") builder.rule(inner.rule);
    const chosen = choose(builder, inner, raw);
    const order = builder.order(raw.sortBy ?? []);
    const perPage =
      raw.perPage === undefined ? Math.min(includedPerPage, target.maxPerPage) : wholeNumber(raw.perPage, 1, target.maxPerPage);
    if (perPage === undefined) builder.issue("perPage", "not_in_range", { min: 1, max: target.maxPerPage });
    const rowsMax = parentsMax * (one === undefined ? (perPage ?? 1) : 1);
    if (rowsMax > includedRowsMax) return parent.issue("include", "too_many_rows", { max: includedRowsMax }) ?? [];
    const includes = planIncludes(builder, inner, chosen.includes, context, { depth: depth + 1, parentsMax: rowsMax });
    builder.bindCaller();
    for (const [name, issues] of builder.issues) {
      for (const issue of issues)
        parent.issue(
          name === "include" || name === "fields" ? name : `include.${raw.name}.${name}`,
          issue.code as IssueCode,
          issue.params,
        );
    }
    const select = [...new Set([...chosen.names, "id", ...includes.map((include) => include.by)])];
    const orders = [
      ...order,
      ...(order.some((o) => o.path.join() === "id") ? [] : [{ path: ["id"], direction: "asc" as const }]),
    ];
    const kind = one === undefined ? ("many" as const) : ("one" as const);
    return [
      {
        name: raw.name,
        kind,
        shape: {
          kind: "rows" as const,
          key: builder.keyOf(`include.${kind}`, [select, orders]),
          ...builder.shape(),
          select,
          order: orders,
        },
        params: builder.values.slice(1),
        by: reference,
        limit: kind === "one" ? 1 : (perPage ?? 1),
        present: inner.presentOnly(chosen.names),
        includes,
        target,
      },
    ];
  });
