/**
 * Subscriptions: events of one service, each only where its subscriber may see the row that it is about, with the fields that he may see. He is asked for again
 * several times a second, so that who may no longer listen hears nothing more.
 *
 * An event is visible to whom sees its resource at all (roles, scopes, policies), and the row that it is about as it is now. An event about no row is for those
 * who see every row. A field of its data that is named like one of the resource's is shown as that is shown: in full, masked, or not at all.
 */
import type { Contract, Operation, ResourceContract } from "../contract/contract.ts";
import type { MaybePromise } from "../store/store.ts";
import type { CallContext } from "./context.ts";
import {
  type EventQuery,
  type EventSource,
  isAfter,
  type Position,
  positionText,
  type PresentedEvent,
  type StoredEvent,
  type Subscription,
} from "./events.ts";
import type { Caller } from "./identity/caller.ts";
import { invalid, type Issues, type Refusal, refuse } from "./refusal.ts";
import { StreamEnded } from "./stream-ended.ts";
import { maskValue, type View } from "./view.ts";

/** How often a subscriber is asked for again. */
const askMs = 400;
const typesMax = 100;
const filtersMax = 20;
const valuesMax = 100;
/** Rows that are looked up at the same time for one subscriber. */
const lookUpsMax = 64;

export interface SubscribeOptions {
  readonly contract: Contract;
  readonly source: EventSource;
  readonly query: EventQuery;
  /** Of the operation `events`, admitted. */
  readonly context: CallContext;
  /** The caller, as he is now, of a context made anew; policies too. */
  renewed(): MaybePromise<{ readonly caller: Caller } | Refusal>;
  /** Whether the caller may list the resource at all, and how he sees it. */
  viewFor(caller: Caller, list: Operation): View | Refusal;
  /** Whether the caller sees one row. */
  sees(caller: Caller, resource: ResourceContract, id: string): MaybePromise<boolean>;
}

/** An event type of the contract. */
interface Declared {
  readonly type: string;
  readonly event: string;
  readonly resource: ResourceContract;
  readonly list: Operation | undefined;
}

const declaredOf = new WeakMap<Contract, ReadonlyMap<string, Declared>>();

const declarations = (contract: Contract): ReadonlyMap<string, Declared> => {
  let known = declaredOf.get(contract);
  if (known === undefined) {
    known = new Map(
      [...contract.resources.values()].flatMap((resource) =>
        Object.keys(resource.events).map((event) => {
          const type = `${resource.name}.${event}`;
          return [type, { type, event, resource, list: contract.operations.get(`${resource.name}.list`) }] as const;
        }),
      ),
    );
    declaredOf.set(contract, known);
  }
  return known;
};

/** The types that are meant, or what is wrong with the names. */
const typesMeant = (contract: Contract, wanted: readonly string[] | undefined): readonly Declared[] | Issues => {
  const declared = declarations(contract);
  if (wanted === undefined || wanted.length === 0) return [...declared.values()];
  if (wanted.length > typesMax) return { types: [{ code: "too_many", params: { max: typesMax } }] };
  const meant = new Set<Declared>();
  for (const name of wanted) {
    const found =
      name === "*"
        ? [...declared.values()]
        : name.endsWith(".*")
          ? [...declared.values()].filter(({ type }) => type.startsWith(name.slice(0, -1)))
          : [declared.get(name)].filter((one) => one !== undefined);
    if (found.length === 0) return { types: [{ code: "not_in_list", params: { values: [...declared.keys()].join(", ") } }] };
    for (const one of found) meant.add(one);
  }
  return [...meant];
};

const filterIssues = (types: readonly Declared[], filters: EventQuery["filters"]): Issues | undefined => {
  const entries = Object.entries(filters ?? {});
  const issues: Record<string, Issues[string]> = {};
  if (entries.length > filtersMax) return { filters: [{ code: "too_many", params: { max: filtersMax } }] };
  for (const [field, values] of entries) {
    if (!types.some(({ resource, event }) => Object.hasOwn(resource.events[event]?.data ?? {}, field)))
      issues[field] = [{ code: "unknown_field" }];
    else if (values.length > valuesMax) issues[field] = [{ code: "too_many", params: { max: valuesMax } }];
  }
  return Object.keys(issues).length === 0 ? undefined : issues;
};

/** How a caller sees the events of one type. */
interface Seen extends Declared {
  readonly view: View;
  /** Fields of its data that may be filtered by: those shown in full. */
  readonly readable: ReadonlySet<string>;
  readonly present: (event: StoredEvent) => PresentedEvent;
}

/** Presented once for all who see it alike. */
const presented = new WeakMap<StoredEvent, Map<View, PresentedEvent>>();

const seenBy = ({ type, event, resource, list }: Declared, view: View): Seen => {
  const { data: fields } = resource.events[event] ?? { data: {} };
  const subjectField = resource.eventSubjects.get(event);
  const shown: string[] = [];
  const readable = new Set<string>();
  for (const [name, { options }] of Object.entries(fields)) {
    const isOpen = options.read === undefined || options.read.some((role) => view.roles.includes(role));
    if (!isOpen && options.mask === undefined) continue;
    if (name !== subjectField && Object.hasOwn(resource.fields, name) && !view.shown.includes(name)) continue;
    shown.push(name);
    if (isOpen && (!Object.hasOwn(resource.fields, name) || view.readable.has(name))) readable.add(name);
  }
  const valueOf = (name: string, value: unknown): unknown => {
    const field = fields[name];
    if (readable.has(name)) return value;
    if (field?.options.read?.some((role) => view.roles.includes(role)) === false)
      return maskValue(field.options.mask ?? "hidden", value);
    return view.mask(name, value);
  };
  const make = (stored: StoredEvent): PresentedEvent => ({
    id: positionText(stored),
    seq: stored.seq,
    at: stored.at,
    service: stored.service,
    type: stored.type,
    subject: subjectField === undefined ? undefined : (stored.data[subjectField] as string | undefined),
    data: Object.fromEntries(
      shown.flatMap((name) => (name in stored.data ? [[name, valueOf(name, stored.data[name])] as const] : [])),
    ),
  });
  return {
    type,
    event,
    resource,
    list,
    view,
    readable,
    present(stored) {
      let byView = presented.get(stored);
      if (byView === undefined) presented.set(stored, (byView = new Map()));
      let event = byView.get(view);
      if (event === undefined) byView.set(view, (event = make(stored)));
      return event;
    },
  };
};

class Subscriber {
  readonly #options: SubscribeOptions;
  readonly #types: readonly Declared[];
  readonly #filters: readonly (readonly [field: string, values: ReadonlySet<string>])[];
  #caller: Caller;
  #seen = new Map<string, Seen>();

  constructor(options: SubscribeOptions, types: readonly Declared[], caller: Caller) {
    this.#options = options;
    this.#types = types;
    this.#filters = Object.entries(options.query.filters ?? {}).map(([field, values]) => [field, new Set(values)] as const);
    this.#caller = caller;
  }

  /** Which types the caller sees now; a refusal where it is none. */
  look(): Refusal | undefined {
    const seen = new Map<string, Seen>();
    let refusal: Refusal | undefined;
    for (const declared of this.#types) {
      if (declared.list === undefined) continue;
      const view = this.#options.viewFor(this.#caller, declared.list);
      if ("status" in view) refusal ??= view;
      else if (view.rule !== "none") seen.set(declared.type, seenBy(declared, view));
    }
    this.#seen = seen;
    if (seen.size > 0) return this.#hiddenFilter();
    return refusal ?? refuse("forbidden");
  }

  /** Nobody finds out by a filter what he may not see. */
  #hiddenFilter(): Refusal | undefined {
    const hidden = this.#filters.filter(([field]) => ![...this.#seen.values()].some(({ readable }) => readable.has(field)));
    if (hidden.length === 0) return undefined;
    return invalid(Object.fromEntries(hidden.map(([field]) => [field, [{ code: "not_filterable" as const }]])));
  }

  async *events(after: Position, signal: AbortSignal): AsyncGenerator<readonly PresentedEvent[], void, undefined> {
    const { until, onLooked } = this.#options.query;
    let askedMs = performance.now();
    for await (const batch of this.#options.source.follow(this.#caller.realm, { after, until, signal })) {
      // Nothing is awaited that is known: there may be many thousands who listen.
      const isQuiet = batch.length === 0;
      for (let at = 0; at < Math.max(1, batch.length); at += lookUpsMax) {
        if (isQuiet || performance.now() - askedMs > askMs) {
          const asking = this.#askAgain();
          if (asking instanceof Promise) await asking;
          askedMs = performance.now();
        }
        const part = batch.length <= lookUpsMax ? batch : batch.slice(at, at + lookUpsMax);
        const seen = this.#visible(part);
        const visible = seen instanceof Promise ? await seen : seen;
        if (signal.aborted) return;
        if (isQuiet || visible.length > 0) yield visible;
        const last = part.at(-1);
        if (last !== undefined) onLooked?.({ seq: last.seq, index: last.index });
      }
    }
  }

  /** One event, for the caller as he is now. */
  async one(until: Position, signal: AbortSignal): Promise<PresentedEvent | undefined> {
    await this.#askAgain();
    const after = { seq: until.seq, index: until.index - 1 };
    for await (const batch of this.#options.source.follow(this.#caller.realm, { after, until, signal }))
      return (await this.#visible(batch))[0];
    return undefined;
  }

  #askAgain(): MaybePromise<void> {
    const renewed = this.#options.renewed();
    return renewed instanceof Promise ? renewed.then((found) => this.#take(found)) : this.#take(renewed);
  }

  /** The caller as he is now. Throws `StreamEnded` where he may no longer listen. */
  #take(renewed: { readonly caller: Caller } | Refusal): void {
    if ("status" in renewed) throw new StreamEnded(renewed);
    const { caller } = renewed;
    const { realm, subject } = this.#caller;
    if (caller.realm !== realm || caller.subject !== subject) throw new StreamEnded(refuse("forbidden"));
    if (caller === this.#caller) return;
    this.#caller = caller;
    const refusal = this.look();
    if (refusal !== undefined) throw new StreamEnded(refusal);
  }

  #visible(batch: readonly StoredEvent[]): MaybePromise<readonly PresentedEvent[]> {
    const { service } = this.#options.contract;
    const judged: MaybePromise<PresentedEvent | undefined>[] = [];
    let isLater = false;
    for (const event of batch) {
      if (event.service !== service) continue;
      const seen = this.#seen.get(event.type);
      if (seen === undefined || !this.#passes(seen, event)) continue;
      const verdict = this.#isSeen(seen, event);
      if (verdict === false) continue;
      if (verdict === true) judged.push(seen.present(event));
      else {
        isLater = true;
        judged.push(verdict.then((isSeen) => (isSeen ? seen.present(event) : undefined)));
      }
    }
    if (!isLater) return judged as readonly PresentedEvent[];
    return Promise.all(judged.map(async (event) => event)).then((all) => all.filter((event) => event !== undefined));
  }

  #passes({ readable }: Seen, { data }: StoredEvent): boolean {
    return this.#filters.every(([field, values]) => readable.has(field) && values.has(String(data[field])));
  }

  #isSeen({ view, resource, event }: Seen, { data }: StoredEvent): MaybePromise<boolean> {
    if (view.rule === "all") return true;
    const subject = resource.eventSubjects.get(event);
    const id = subject === undefined ? undefined : data[subject];
    return typeof id === "string" ? this.#options.sees(this.#caller, resource, id) : false;
  }
}

/** Subscribes a caller who was admitted. */
export const subscribeTo = (options: SubscribeOptions): MaybePromise<Subscription> => {
  const { contract, query, context, source } = options;
  const { caller, call } = context;
  if (caller === undefined) throw new Error("a subscription comes after identify");
  const types = typesMeant(contract, query.types);
  if (!Array.isArray(types)) return { ok: false, refusal: invalid(types as Issues) };
  const issues = filterIssues(types as readonly Declared[], query.filters);
  if (issues !== undefined) return { ok: false, refusal: invalid(issues) };
  const subscriber = new Subscriber(options, types as readonly Declared[], caller);
  const refusal = subscriber.look();
  if (refusal !== undefined) return { ok: false, refusal };
  const signal = call.signal ?? new AbortController().signal;
  const from = (after: Position): Subscription => ({
    ok: true,
    after,
    events: subscriber.events(after, signal),
    one: (position) => subscriber.one(position, signal),
  });
  // Positions that the installation keeps itself may be ahead of a database that was restored: it then waits.
  if (query.after !== undefined && call.credentials?.kind === "app") return from(query.after);
  return source.head(caller.realm).then((seq) => {
    if (query.after === undefined) return from({ seq, index: Number.POSITIVE_INFINITY });
    // Behind the last event there is: of another environment, or of a database that was put back. Who waited for it would miss all that comes before.
    if (isAfter(query.after, { seq: seq + 1, index: -1 }))
      // A name rather than a number: to be given as it stands.
      return { ok: false, refusal: invalid({ after: [{ code: "too_large", params: { max: String(seq) } }] }) };
    return from(query.after);
  });
};
