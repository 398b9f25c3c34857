/** The fields of a query's and a mutation's root: each is a call, and what it answers is put into the form that was selected. */
import type { GraphQLObjectType } from "graphql";
import type { Result } from "../../pipeline/call.ts";
import { andThen } from "../../pipeline/condition.ts";
import { stemOfTag } from "../../pipeline/entity-tag.ts";
import { invalid, type Refusal, refuse } from "../../pipeline/refusal.ts";
import type { MaybePromise } from "../../pipeline/pipeline.ts";
import { reasonOf } from "../../pipeline/told.ts";
import type { Conditions } from "../http/index.ts";
import { conditionsOf, fieldsOf, listQueryOf, type Values, valuesOf } from "./arguments.ts";
import { prefixOf } from "./cost.ts";
import { extensionsOf, type Path, under } from "./errors.ts";
import type { Execution, Shown } from "./execute.ts";
import type { PayloadPart, Root } from "./plan.ts";
import { metaKey, type RefusalTypes } from "./schema/meta.ts";

type Row = Readonly<Record<string, unknown>>;
type RootOf<Kind extends Root["kind"]> = Extract<Root, { kind: Kind }>;
type Answered = Extract<Result, { ok: true }>;

/** As the header of REST has it: printable ASCII. */
const keyForm = /^[\x20-\x7e]{1,255}$/;

/** A tag as `etag` answers it; its quotes may be left out. */
const tagOf = (tag: string): string => (tag === "*" || tag.startsWith('"') ? stemOfTag(tag) : stemOfTag(`"${tag}"`));

/** Told of the refusal of a whole field. */
export type OnRefused = (refusal: Refusal) => void;

export class RootFields {
  readonly #execution: Execution;
  readonly #onRefused: OnRefused;
  /** Of the request's headers, for a mutation of one field. */
  readonly #conditions: Conditions;

  constructor(
    execution: Execution,
    { onRefused, conditions }: { readonly onRefused: OnRefused; readonly conditions: Conditions },
  ) {
    this.#execution = execution;
    this.#onRefused = onRefused;
    this.#conditions = conditions;
  }

  of(root: Exclude<Root, { kind: "event" | "introspection" }>): MaybePromise<unknown> {
    switch (root.kind) {
      case "typename":
        return root.name;
      case "list":
        return this.#list(root);
      case "get":
        return this.#get(root, valuesOf(root.args, this.#execution.variables)["id"]);
      case "byId":
        return this.#byId(root);
      case "value":
        return this.#value(root);
      case "read":
        return this.#read(root);
      case "command":
        return this.#command(root);
    }
  }

  #refused(root: Exclude<Root, { kind: "typename" | "introspection" | "event" }>, refusal: Refusal): null {
    this.#onRefused(refusal);
    const operation = "operation" in root ? root.operation : "operation" in root.meta ? root.meta.operation : undefined;
    return this.#execution.refused(root.node, under(undefined, root.key), refusal, operation);
  }

  #list(root: RootOf<"list">): MaybePromise<unknown> {
    const { args, connection, key, meta } = root;
    const query = listQueryOf(args, valuesOf(args, this.#execution.variables), connection);
    return andThen(this.#execution.run(meta.operation, { query }), (result): MaybePromise<unknown> => {
      if (!result.ok) return this.#refused(root, result.refusal);
      const rows = result.data as readonly Row[];
      const page = result.page ?? { perPage: meta.perPage, maxPerPage: meta.maxPerPage };
      const isLater = typeof query.cursor === "string" && query.cursor !== "";
      const { currentPage, totalPages, nextCursor } = page;
      const more =
        nextCursor !== undefined || (currentPage !== undefined && totalPages !== undefined && currentPage < totalPages);
      const place = under(undefined, key);
      return andThen(
        this.#execution.connections(rows, [{ size: rows.length, more, page }], connection, () => place, isLater),
        ([made]) => made,
      );
    });
  }

  #get(root: RootOf<"get">, id: unknown): MaybePromise<unknown> {
    const { operation, selection } = root;
    const input = { ...(operation.target === "singleton" ? {} : { id: String(id) }), query: fieldsOf(selection.sources) };
    return andThen(this.#execution.run(operation, input), (result): MaybePromise<unknown> =>
      result.ok ? this.#shapeOne(result.data, selection, under(undefined, root.key)) : this.#refused(root, result.refusal),
    );
  }

  #byId(root: RootOf<"byId">): MaybePromise<unknown> {
    const { id } = valuesOf(root.args, this.#execution.variables);
    const found = root.meta.types.get(prefixOf(id));
    if (found === undefined) return this.#refused(root, refuse("not_found"));
    const { key, node, args } = root;
    return this.#get({ kind: "get", key, node, args, operation: found.operation, selection: root.choice.of(found.type) }, id);
  }

  #value(root: RootOf<"value">): MaybePromise<unknown> {
    const { args, operation, selection, convert, key } = root;
    const query = conditionsOf(args, valuesOf(args, this.#execution.variables));
    return andThen(this.#execution.run(operation, { query }), (result): MaybePromise<unknown> => {
      if (!result.ok) return this.#refused(root, result.refusal);
      if (selection === undefined)
        return convert === undefined || result.data === null ? result.data : (convert(result.data) ?? null);
      const statistics = { rows: result.data, isTruncated: result.page?.truncated === true };
      return this.#shapeOne(statistics, selection, under(undefined, key));
    });
  }

  #read(root: RootOf<"read">): MaybePromise<unknown> {
    const { operation } = root;
    const values = valuesOf(root.args, this.#execution.variables);
    return andThen(this.#execution.run(operation, inputOf(values)), (result): MaybePromise<unknown> =>
      result.ok ? this.#answer(result, root, under(undefined, root.key)) : this.#refused(root, result.refusal),
    );
  }

  #shapeOne(data: unknown, selection: Parameters<Execution["shape"]>[1], place: Path): MaybePromise<Shown | null> {
    if (typeof data !== "object" || data === null) return null;
    return andThen(
      this.#execution.shape([data as Row], selection, () => place),
      ([object]) => object ?? null,
    );
  }

  /** What a function answers, as it is selected. */
  #answer(
    { data, status }: Answered,
    { selection, isList, convert }: Pick<RootOf<"read">, "selection" | "isList" | "convert">,
    place: Path,
  ): MaybePromise<unknown> {
    if (selection === undefined) {
      if (data === undefined || data === null || typeof data === "object") return status === 204 || data !== null;
      return convert === undefined ? data : (convert(data) ?? null);
    }
    if (!isList) return this.#shapeOne(data, selection, place);
    if (!Array.isArray(data)) return null;
    return this.#execution.shape(data as Row[], selection, (position) => under(place, position));
  }

  #command(root: RootOf<"command">): MaybePromise<unknown> {
    const { operation, parts, key } = root;
    const values = valuesOf(root.args, this.#execution.variables);
    const { idempotencyKey = this.#conditions.idempotencyKey, ifMatch = this.#conditions.ifMatch } = values;
    if (typeof idempotencyKey === "string" && !keyForm.test(idempotencyKey))
      return this.#refused(root, invalid({ idempotencyKey: [{ code: "bad_format", params: { format: "key" } }] }));
    const options = {
      ...(typeof idempotencyKey === "string" ? { idempotencyKey } : {}),
      ...(Array.isArray(ifMatch) ? { ifMatch: (ifMatch as string[]).map(tagOf) } : {}),
    };
    return andThen(this.#execution.run(operation, inputOf(values), options), (result): MaybePromise<unknown> => {
      const isAsked = parts.some(({ kind }) => kind === "refusal");
      if (!result.ok && !isAsked) return this.#refused(root, result.refusal);
      return this.#payload(root, result, under(undefined, key));
    });
  }

  #payload(root: RootOf<"command">, result: Result, place: Path): MaybePromise<Shown> {
    const payload: Shown = {};
    const pending: Promise<void>[] = [];
    for (const part of root.parts) {
      payload[part.key] = null;
      const value = this.#payloadValue(part, root, result, under(place, part.key));
      if (value instanceof Promise) pending.push(value.then((made) => void (payload[part.key] = made)));
      else payload[part.key] = value;
    }
    return pending.length === 0 ? payload : Promise.all(pending).then(() => payload);
  }

  #payloadValue(part: PayloadPart, root: RootOf<"command">, result: Result, place: Path): MaybePromise<unknown> {
    switch (part.kind) {
      case "typename":
        return part.name;
      case "answer":
        return result.ok ? this.#answer(result, part, place) : null;
      case "done":
        return result.ok;
      case "status":
        return result.ok ? result.status : result.refusal.status;
      case "replayed":
        return result.replayed === true;
      case "refusal": {
        if (result.ok) return null;
        const { refusal } = result;
        const types = part.union.extensions[metaKey] as RefusalTypes;
        const type = (types.get(refusal.type) ?? types.get("")) as GraphQLObjectType;
        const told = this.#execution.tell(refusal, root.operation);
        const { issues = {}, ...facts } = extensionsOf(told, refusal);
        const whole = {
          details: null,
          retryAfter: null,
          ...facts,
          message: reasonOf(told),
          issues: Object.entries(issues as Row).map(([field, messages]) => ({ field, messages })),
        };
        return this.#shapeOne(whole, part.choice.of(type), place);
      }
    }
  }
}

/** Input of a function or a command: the row's id, and the body. */
const inputOf = ({ id, input }: Values): { readonly id?: string; readonly body?: unknown } => ({
  ...(typeof id === "string" ? { id } : {}),
  ...(input === undefined || input === null ? {} : { body: plainOf(input) }),
});

/** Objects as the pipeline knows them: graphql-js makes them without a prototype. */
const plainOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(plainOf);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.getPrototypeOf(value) === null
    ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainOf(part)]))
    : value;
};
