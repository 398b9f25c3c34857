/**
 * A version of a contract as its clients see it: its own contract (for addresses and documents), and the translators between its words and the
 * newest version's. Compiled once per contract and version. The newest version is the contract itself and its translators hand everything through.
 *
 *   const view = versionView(contract, "v1");
 *   const body = view.upBody(operation, call.input.body, text)     { ok: true, value } | { ok: false, issues }
 *   const data = view.downData(operation, result.data, call.input.query)
 *   const told = view.downRefusal(operation, refusal)
 *
 * Translators take the newest version's operation. PUT by an older client: fields it does not know are in `kept` and keep their present value.
 */
import type { VersionDefinition } from "../../define/version.ts";
import type { Contract, Operation } from "../contract.ts";
import { deriveOlder, type Hops, takesRow } from "./derive.ts";
import { compileBody, downPaths } from "./input.ts";
import { prune, prunes } from "./prune.ts";
import { upQuery } from "./query.ts";
import { compileData, compileRows } from "./rows.ts";
import type { Issues, Query, Refusal, Translated } from "./wire.ts";

export interface VersionView {
  readonly name: string;
  readonly newest: boolean;
  /** When it is deprecated and gone, and the guide; absent for the newest. */
  readonly definition?: VersionDefinition;
  /** The service in this version's words: fields, inputs and relations under the names its clients know; the operations' names are the same. */
  readonly contract: Contract;
  /** `text`: values are text, as in XML, CSV and query strings. Values not understood in this version are issues under this version's names. */
  upBody(operation: Operation, body: unknown, text: boolean): Translated<unknown>;
  upQuery<Q extends Query>(operation: Operation, query: Q, text: boolean): Translated<Q>;
  /** Presented, JSON-ready data in this version's form; `query` as the client sent it. */
  downData(operation: Operation, data: unknown, query?: Query): unknown;
  /** Issues under this version's names; those of `upBody` and `upQuery` are already. Those of a query carry the parameters as the client wrote them, but for included relations. */
  downIssues(operation: Operation, issues: Issues): Issues;
  /** A refusal with its issues and the fields its details name. */
  downRefusal<R extends Refusal>(operation: Operation, refusal: R): R;
  /** Newest fields that a replace in this version cannot give. */
  kept(operation: Operation): ReadonlySet<string>;
}

/** From the newer to the older of two neighbours. */
interface Step {
  readonly newer: Contract;
  readonly older: Contract;
  readonly hops: Hops;
  readonly body: ReadonlyMap<string, ReturnType<typeof compileBody>>;
  readonly data: ReadonlyMap<string, ReturnType<typeof compileData>>;
}

/** `newest`: the contracts of all newer versions. */
const compileStep = (newer: Contract, definition: VersionDefinition, newest: readonly Contract[]): Step => {
  const { contract: older, hops } = deriveOlder(newer, definition);
  const rows = compileRows(newer, hops);
  const body = new Map<string, ReturnType<typeof compileBody>>();
  const data = new Map<string, ReturnType<typeof compileData>>();
  for (const [name, operation] of newer.operations) {
    const olderOperation = older.operations.get(name);
    const hop = operation.resource === undefined ? undefined : hops.get(operation.resource.name);
    if (olderOperation !== undefined && hop !== undefined) {
      const above = newest.flatMap((contract) => contract.operations.get(name) ?? []);
      body.set(name, compileBody(operation, olderOperation, hop, above));
    }
    data.set(name, compileData(operation, rows, hops));
  }
  return { newer, older, hops, body, data };
};

const none: ReadonlySet<string> = new Set();

const newestView = (contract: Contract): VersionView => ({
  name: contract.version,
  newest: true,
  contract,
  upBody: (_operation, value) => ({ ok: true, value }),
  upQuery: (_operation, value) => ({ ok: true, value }),
  downData: (_operation, data) => data,
  downIssues: (_operation, issues) => issues,
  downRefusal: (_operation, refusal) => refusal,
  kept: () => none,
});

/** Issues that a translator found: they are under the client's names already, and are not named back again. */
const told = new WeakSet<Issues>();

const refusing = (issues: Issues): { readonly ok: false; readonly issues: Issues } => {
  told.add(issues);
  return { ok: false, issues };
};

/** Names of fields that a refusal's details carry under these keys. */
const detailKeys = ["field", "fields"] as const;

/** Steps go from the newest version to this one. */
const olderView = (definition: VersionDefinition, contract: Contract, steps: readonly Step[]): VersionView => {
  const oldestFirst = steps.toReversed();
  const pruned = prunes(steps.map((step) => step.hops));

  const nameBack = (operation: Operation, newest: string): string => {
    let name = newest;
    for (const step of steps) name = step.hops.get(operation.resource?.name ?? "")?.byNewer.get(name)?.name ?? name;
    return name;
  };
  /** An issue found at one step is named back through the steps between it and the client. */
  const downFrom = (first: number, operation: Operation, issues: Issues): Issues => {
    let named = issues;
    for (const step of steps.slice(first)) {
      const hop = step.hops.get(operation.resource?.name ?? "");
      if (hop !== undefined) named = downPaths(named, hop, takesRow(operation) ? "" : "include.");
    }
    return named;
  };
  const downIssues = (operation: Operation, issues: Issues): Issues =>
    told.has(issues) ? issues : downFrom(0, operation, issues);

  return {
    name: definition.name,
    newest: false,
    definition,
    contract,
    upBody: (operation, body, text) => {
      let value = body;
      for (const [position, step] of oldestFirst.entries()) {
        const translated = step.body.get(operation.name)?.(value, text);
        if (translated?.ok === false) {
          return refusing(downFrom(steps.length - position, operation, translated.issues));
        }
        if (translated !== undefined) value = translated.value;
      }
      return { ok: true, value };
    },
    upQuery: (operation, query, text) => {
      const resource = operation.resource?.name;
      if (resource === undefined) return { ok: true, value: query };
      let value = query;
      for (const step of oldestFirst) {
        const translated = upQuery(step, resource, value, text);
        if (!translated.ok) return refusing(translated.issues);
        value = translated.value;
      }
      return { ok: true, value };
    },
    downData: (operation, data, query) => {
      let older = data;
      for (const step of steps) {
        const translate = step.data.get(operation.name);
        if (translate !== undefined) older = translate(older);
      }
      const resource = contract.operations.get(operation.name)?.resource;
      return pruned && query?.fields !== undefined && resource !== undefined ? prune(older, resource, query.fields) : older;
    },
    downIssues,
    downRefusal: (operation, refusal) => {
      const { issues, details } = refusal;
      const key = details === undefined ? undefined : detailKeys.find((name) => name in details);
      if (issues === undefined && key === undefined) return refusal;
      const named = key === undefined ? undefined : details?.[key];
      return {
        ...refusal,
        ...(issues === undefined ? {} : { issues: downIssues(operation, issues) }),
        ...(key === undefined
          ? {}
          : {
              details: {
                ...details,
                [key]: Array.isArray(named)
                  ? named.map((name: unknown) => (typeof name === "string" ? nameBack(operation, name) : name))
                  : typeof named === "string"
                    ? nameBack(operation, named)
                    : named,
              },
            }),
      };
    },
    kept: (operation) => {
      if (operation.action !== "replace" || operation.resource === undefined) return none;
      const names = new Set<string>();
      for (const name of Object.keys(operation.input)) {
        let known: string | undefined = name;
        for (const step of steps) {
          const hop = step.hops.get(operation.resource.name);
          if (hop !== undefined && known !== undefined) known = hop.byNewer.get(known)?.name;
        }
        if (known === undefined) names.add(name);
      }
      return names;
    },
  };
};

const compiled = new WeakMap<Contract, ReadonlyMap<string, VersionView>>();

/** Every version of a contract, newest first. */
export const versionViews = (contract: Contract): ReadonlyMap<string, VersionView> => {
  const known = compiled.get(contract);
  if (known !== undefined) return known;
  const views = new Map<string, VersionView>([[contract.version, newestView(contract)]]);
  let newer = contract;
  const steps: Step[] = [];
  for (const definition of contract.older) {
    const step = compileStep(
      newer,
      definition,
      steps.map((above) => above.newer),
    );
    steps.push(step);
    views.set(definition.name, olderView(definition, step.older, [...steps]));
    newer = step.older;
  }
  compiled.set(contract, views);
  return views;
};

/** One version of a contract. Throws when the contract has no such version: channels look a name up in `versionViews` first. */
export const versionView = (contract: Contract, name: string): VersionView => {
  const view = versionViews(contract).get(name);
  if (view === undefined)
    throw new RangeError(
      `${contract.service} has no version ${name} (versions: ${[...versionViews(contract).keys()].join(", ")})`,
    );
  return view;
};
