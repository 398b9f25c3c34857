/**
 * Load on the demo bank that remembers what was asked and what was acknowledged, so that after a crash each single call can be judged:
 *
 *   acknowledged   a 2xx came back: it must be there, as it was asked for
 *   refused        any other answer that says the call was not executed: it must not be there
 *   unknown        no answer, or one that says that the outcome is not known: all of it is there, or nothing
 */
import type { TestServer } from "../host/server.ts";

type Fate = "acknowledged" | "unknown";

interface Terms {
  readonly id: string;
  readonly debit: string;
  readonly credit: string;
  readonly amount: number;
  readonly currency: string;
}

/** One request. Its parts are to commit together. */
export interface Asked {
  readonly kind: "transfer" | "atomic" | "account";
  /** transfer: one; atomic: three. */
  readonly transfers: readonly Terms[];
  /** account: the name, which no other has. */
  readonly name: string;
  readonly customer: string;
  readonly idempotencyKey: string;
  fate: Fate;
}

export interface Parties {
  readonly accounts: readonly string[];
  readonly customer: string;
  readonly currency: string;
}

interface Account {
  readonly id: string;
  readonly customer: string | null;
}

/** Accounts of one currency, the house's among them, and a customer who opens more. */
export const partiesOf = async (server: TestServer): Promise<Parties> => {
  const currency = "EUR";
  const house = await server.data<Account[]>(`/bank/v2/accounts?kind=house&currency=${currency}`);
  const others = await server.data<Account[]>(
    `/bank/v2/accounts?kind=customer&status=active&maxBalance[null]=true&currency=${currency}&perPage=12`,
  );
  const customer = others.find((account) => account.customer !== null)?.customer;
  if (house.length !== 1 || others.length < 4 || customer === undefined || customer === null)
    throw new Error("the demo bank is not as expected");
  return { accounts: [...house, ...others].map(({ id }) => id), customer, currency };
};

const pick = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)] as T;

const terms = ({ accounts, currency }: Parties): Terms => {
  const [house = ""] = accounts;
  // The house pays often, so that there is money; among customers some transfers are refused, which is part of the load.
  const debit = Math.random() < 0.5 ? house : pick(accounts);
  const credit = pick(accounts.filter((id) => id !== debit));
  return { id: crypto.randomUUID(), debit, credit, amount: 1 + Math.floor(Math.random() * 500), currency };
};

/** A request with ids and terms of its own, not sent yet. */
export const newRequest = (parties: Parties, kind: Asked["kind"]): Asked => {
  const count = kind === "transfer" ? 1 : kind === "atomic" ? 3 : 0;
  const key = crypto.randomUUID();
  return {
    kind,
    transfers: Array.from({ length: count }, () => terms(parties)),
    name: `Crash ${key}`,
    customer: parties.customer,
    idempotencyKey: key,
    fate: "unknown",
  };
};

const next = (parties: Parties): Asked => {
  const chance = Math.random();
  return newRequest(parties, chance < 0.5 ? "transfer" : chance < 0.75 ? "atomic" : "account");
};

/** Sends a request, again with the same ids and key where it was sent before. */
export const send = (server: TestServer, asked: Asked, signal: AbortSignal): Promise<Response> => {
  const { kind, transfers, name, customer, idempotencyKey } = asked;
  const headers: Record<string, string> = { "content-type": "application/json" };
  // Transfers are safe to repeat by the id their client chose, accounts by the key.
  if (kind === "account") headers["idempotency-key"] = idempotencyKey;
  if (kind === "atomic") headers["prefer"] = "atomic";
  const body = kind === "account" ? { customer, name, currency: "EUR" } : kind === "atomic" ? transfers : transfers[0];
  const path = kind === "account" ? "/bank/v2/accounts" : "/bank/v2/transfers";
  return server.fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal });
};

/** Statuses after which the call may have been executed all the same. */
const isUnknown = async (response: Response): Promise<boolean> => {
  if (response.status < 500) return false;
  const { error } = (await response.json()) as { error?: { type?: string } };
  return error?.type !== "unavailable" && error?.type !== "overloaded";
};

/** Runs requests on several connections until `signal` aborts. Refused requests are forgotten; returns the others. */
export const putUnderLoad = async (
  server: TestServer,
  parties: Parties,
  options: { readonly connections: number; readonly signal: AbortSignal },
): Promise<readonly Asked[]> => {
  const { connections, signal } = options;
  const all: Asked[] = [];
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const asked = next(parties);
      all.push(asked);
      try {
        const response = await send(server, asked, signal);
        if (response.ok) {
          // The acknowledgement counts once it is here as a whole.
          await response.arrayBuffer();
          asked.fate = "acknowledged";
        } else if (!(await isUnknown(response))) all.splice(all.indexOf(asked), 1);
      } catch {
        // The connection broke: nobody knows.
      }
      if (asked.fate === "unknown") await Bun.sleep(5);
    }
  };
  await Promise.all(Array.from({ length: connections }, work));
  return all;
};
