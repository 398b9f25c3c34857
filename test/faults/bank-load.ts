/**
 * Load on the demo bank that remembers what was asked and what was acknowledged, so that after a fault each single call can be judged by the rows
 * that it leaves:
 *
 *   acknowledged   a 2xx came back: it must be there, as it was asked for
 *   refused        an answer that says the call was not executed: it must not be there
 *   unknown        no answer, or one that says that the outcome is not known: all of it is there, or nothing
 *
 * Calls are transfers (with an id and without), atomic batches of them, transactions, holds with their captures and voids, and new accounts.
 */
import type { TestServer } from "../host/server.ts";

type Fate = "acknowledged" | "refused" | "unknown";

/** A row that the call leaves: the one whose `column` is `value`, in the phase where one is given. */
export interface Trace {
  readonly table: "accounts" | "transfers" | "transactions" | "holds";
  readonly column: "id" | "name" | "hold" | "reference";
  readonly value: string;
  readonly phase?: "void";
  /** Columns of it, and what they hold. */
  readonly holds: Readonly<Record<string, string | number>>;
}

export const kinds = ["transfer", "plain", "atomic", "transaction", "account", "authorize", "capture", "void"] as const;
export type Kind = (typeof kinds)[number];

/** One request. Its traces are to commit together. */
export interface Asked {
  readonly kind: Kind;
  readonly path: string;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly traces: readonly Trace[];
  /** Whether it may be sent again: it has an id that the client chose, or a key. */
  readonly repeatable: boolean;
  fate: Fate;
  /** Of an acknowledged one: what `mark` said when the answer had come. */
  mark?: number;
}

export interface Parties {
  /** The house first. */
  readonly accounts: readonly string[];
  readonly customer: string;
  readonly currency: string;
}

interface Account {
  readonly id: string;
  readonly customer: string | null;
  readonly overdraftLimit: number | string;
}

const ampleOverdraft = 10n ** 9n;
const holdAmount = 300;

/** Accounts of one currency, the house's first, and a customer who opens more. */
export const partiesOf = async (server: TestServer): Promise<Parties> => {
  const currency = "EUR";
  const houses = await server.data<Account[]>(`/bank/v2/accounts?kind=house&currency=${currency}`);
  const house = houses.find(({ overdraftLimit }) => BigInt(overdraftLimit) >= ampleOverdraft);
  const others = await server.data<Account[]>(
    `/bank/v2/accounts?kind=customer&status=active&maxBalance[null]=true&currency=${currency}&perPage=12`,
  );
  const customer = others.find((account) => account.customer !== null)?.customer;
  if (house === undefined || others.length < 4 || customer === undefined || customer === null)
    throw new Error("the demo bank is not as expected");
  return { accounts: [house, ...others].map(({ id }) => id), customer, currency };
};

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

const terms = ({ accounts, currency }: Parties) => {
  const [house = ""] = accounts;
  // The house pays often, so that there is money; among customers some transfers are refused, which is part of the load.
  const debit = Math.random() < 0.5 ? house : pick(accounts);
  const credit = pick(accounts.filter((id) => id !== debit));
  return { debit, credit, amount: 1 + Math.floor(Math.random() * 500), currency };
};

const transfer = (parties: Parties) => ({ id: crypto.randomUUID(), ...terms(parties) });

const traceOf = ({ id, ...rest }: ReturnType<typeof transfer>): Trace => ({
  table: "transfers",
  column: "id",
  value: id,
  holds: { ...rest, phase: "posted" },
});

const asked = (kind: Kind, path: string, rest: Partial<Pick<Asked, "body" | "headers" | "traces">>): Asked => ({
  kind,
  path: `/bank/v2/${path}`,
  body: {},
  headers: {},
  traces: [],
  repeatable: kind !== "plain",
  fate: "unknown",
  ...rest,
});

/** Requests with terms of their own, not sent yet. All but the plain ones are safe to repeat: by the id the client chose, else by the key. */
export const newRequest = (
  parties: Parties,
  kind: "transfer" | "plain" | "atomic" | "transaction" | "account" | "authorize",
): Asked => {
  const id = crypto.randomUUID();
  switch (kind) {
    case "transfer": {
      const body = transfer(parties);
      return asked(kind, "transfers", { body, traces: [traceOf(body)] });
    }
    case "plain": {
      const body = { ...terms(parties), reference: id };
      const { debit, credit, amount } = body;
      return asked(kind, "transfers", {
        body,
        traces: [{ table: "transfers", column: "reference", value: id, holds: { debit, credit, amount } }],
      });
    }
    case "atomic": {
      const body = Array.from({ length: 3 }, () => transfer(parties));
      return asked(kind, "transfers", { body, headers: { prefer: "atomic" }, traces: body.map(traceOf) });
    }
    case "transaction": {
      const legs = Array.from({ length: 3 }, () => terms(parties));
      return asked(kind, "transactions", {
        body: { id, legs },
        traces: [{ table: "transactions", column: "id", value: id, holds: { legs: legs.length } }],
      });
    }
    case "account": {
      const name = `Crash ${id}`;
      return asked(kind, "accounts", {
        body: { customer: parties.customer, name, currency: parties.currency },
        headers: { "idempotency-key": id },
        traces: [{ table: "accounts", column: "name", value: name, holds: { customer: parties.customer } }],
      });
    }
    case "authorize": {
      const body = { ...terms(parties), id, amount: holdAmount };
      const { debit, credit, currency, amount } = body;
      return asked(kind, "holds", {
        body,
        traces: [{ table: "holds", column: "id", value: id, holds: { debit, credit, currency, authorized: amount } }],
      });
    }
  }
};

const captureOf = (hold: string, { amount, final }: { readonly amount: number; readonly final: boolean }): Asked => {
  const id = crypto.randomUUID();
  return asked("capture", `holds/${hold}/capture`, {
    body: { amount, final, transfer: id },
    traces: [{ table: "transfers", column: "id", value: id, holds: { hold, amount, phase: "capture" } }],
  });
};

const voidOf = (hold: string): Asked =>
  asked("void", `holds/${hold}/void`, {
    headers: { "idempotency-key": crypto.randomUUID() },
    traces: [{ table: "transfers", column: "hold", value: hold, phase: "void", holds: { amount: 0 } }],
  });

/** What the first callers of a load begin with, so that each kind of call is in it however slow the machine. */
const openings = [["authorize", "void"], ["authorize", "capture"], ["account"], ["atomic"], ["transaction"], ["plain"]] as const;

/** What one caller does, one request after the other: it touches its own holds only, so that each step of a hold is of known fate. */
class Caller {
  readonly #parties: Parties;
  readonly #opening: Kind[];
  /** Active holds and what they have left. */
  readonly #holds: { readonly id: string; readonly remaining: number }[] = [];
  #touched: { readonly id: string; readonly remaining: number } | undefined;

  constructor(parties: Parties, number: number) {
    this.#parties = parties;
    this.#opening = [...(openings[number % openings.length] ?? [])];
  }

  next(): Asked {
    this.#touched = undefined;
    const first = this.#opening.shift();
    const chance = first === "void" ? 0 : first === "capture" ? 0.1 : Math.random();
    const hold = chance < 0.3 ? this.#holds.shift() : undefined;
    if (first === "void" || first === "capture") {
      // What was to be held may have been refused.
      if (hold === undefined) return newRequest(this.#parties, "transfer");
    } else if (first !== undefined) return newRequest(this.#parties, first);
    if (hold === undefined)
      return newRequest(this.#parties, pick(["transfer", "plain", "atomic", "transaction", "authorize", "account"]));
    if (chance < 0.1) return voidOf(hold.id);
    const final = chance < 0.2;
    const amount = Math.max(1, Math.floor(hold.remaining / 3));
    if (!final && hold.remaining > amount) this.#touched = { id: hold.id, remaining: hold.remaining - amount };
    return captureOf(hold.id, { amount, final: this.#touched === undefined });
  }

  /** The request was acknowledged. */
  done({ kind, traces: [trace] }: Asked): void {
    if (kind === "authorize" && trace !== undefined) this.#holds.push({ id: trace.value, remaining: holdAmount });
    if (kind === "capture" && this.#touched !== undefined) this.#holds.push(this.#touched);
  }
}

/** Sends a request, again with the same ids and key where it was sent before. */
export const send = (server: TestServer, { path, body, headers }: Asked, signal: AbortSignal): Promise<Response> =>
  server.fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    signal,
  });

/** Server errors that promise that nothing was done. */
const untouched = new Set(["unavailable", "overloaded", "storage_full"]);

/** The fate of a request by its answer. */
export const fateOf = async (response: Response): Promise<{ readonly fate: Fate; readonly type?: string }> => {
  const text = await response.text();
  if (response.ok) return { fate: "acknowledged" };
  interface Failure {
    readonly error?: { readonly type?: string };
    readonly status?: number;
  }
  const { error, data } = JSON.parse(text) as Failure & { readonly data?: unknown };
  const type = error?.type ?? "none";
  // An atomic batch that failed says 422; what is not known is said in its items.
  const items = type === "batch_failed" ? (data as readonly Failure[]) : [{ error: { type }, status: response.status }];
  const isUnknown = items.some(({ status = 0, error: { type: own = "none" } = {} }) => status >= 500 && !untouched.has(own));
  return { fate: isUnknown ? "unknown" : "refused", type };
};

export interface LoadOptions {
  readonly connections: number;
  readonly signal: AbortSignal;
  /** Asked after each acknowledgement. */
  readonly mark?: () => number;
  /** Told of each refusal's type. */
  readonly onRefusal?: (type: string) => void;
}

/** Pause after an answer that did not come, ms: the server is about to be gone. */
const pauseMs = 5;

/** Runs requests on several connections until `signal` aborts. */
export const putUnderLoad = async (
  server: TestServer,
  parties: Parties,
  { connections, signal, mark, onRefusal }: LoadOptions,
): Promise<readonly Asked[]> => {
  const all: Asked[] = [];
  const work = async (number: number): Promise<void> => {
    const caller = new Caller(parties, number);
    while (!signal.aborted) {
      const asked = caller.next();
      all.push(asked);
      try {
        // The acknowledgement counts once it is here as a whole.
        const { fate, type } = await fateOf(await send(server, asked, signal));
        asked.fate = fate;
        if (fate === "acknowledged") {
          if (mark !== undefined) asked.mark = mark();
          caller.done(asked);
        }
        if (type !== undefined) onRefusal?.(type);
      } catch {
        // The connection broke: nobody knows.
      }
      if (asked.fate === "unknown") await Bun.sleep(pauseMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, (_, number) => work(number)));
  return all;
};
