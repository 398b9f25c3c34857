/** What a channel's driver is: a client of it, generic over every operation of every contract, with the same questions and answers on all channels. */
import type { Contract } from "../../src/contract/contract.ts";
import { numberFields, type Numbers } from "../../src/contract/lock/numbers.ts";
import type { Input } from "../../src/pipeline/call.ts";

/** One operation, asked for once. */
export interface Asked {
  readonly service: string;
  /** Absent: the newest. */
  readonly version?: string;
  /** `accounts.create`. */
  readonly operation: string;
  readonly input: Input;
  /** An API key; absent: no credentials. */
  readonly key?: string | undefined;
  /** `accept-language`, `idempotency-key`, `if-match`, `pons-tenant`, `pons-act-for`, `pons-reason`, `x-request-id`: as the channel has them. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What was answered, in the words of REST. */
export interface Heard {
  /** `done`, or the type of the refusal. */
  readonly outcome: string;
  /** As REST's `data`: the same names, the same JSON values. */
  readonly data?: unknown;
  readonly page?: Readonly<Record<string, unknown>>;
  /** Of a refusal. */
  readonly message?: string;
  /** Field → sentences. */
  readonly issues?: Readonly<Record<string, readonly string[]>>;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly replayed?: boolean;
  /** All that was answered, as text, without what differs between any two answers: what leaks are looked for in. */
  readonly face: string;
}

/** The message of a refusal whose text goes on with all that is wrong with single values; of one that does not, what is amiss. */
export const messageIn = (text: string, issues: Heard["issues"] = {}): string => {
  const sentences = Object.values(issues).flat().join(" ");
  if (sentences === "") return text;
  const at = text.indexOf(` ${sentences.slice(0, 20)}`);
  const rest = text.slice(at + 1);
  const isWhole = rest === sentences || (rest.endsWith("…") && sentences.startsWith(rest.slice(0, -1)));
  return at > 0 && isWhole ? text.slice(0, at).replace(/:$/, "") : `it does not name what is wrong: ${text}`;
};

/** A server as clients reach it. */
export interface Target {
  readonly baseUrl: string;
  readonly grpcPort?: number;
  readonly linePort?: number;
  contract(service: string): Contract;
  /** Numbers of fields, as the server has them. */
  numbersOf(contract: Contract): Numbers;
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** The numbers that a server without a lock has, made once per contract. */
export const numbering = (): Target["numbersOf"] => {
  const known = new WeakMap<Contract, Numbers>();
  return (contract) => {
    let numbers = known.get(contract);
    if (numbers === undefined) known.set(contract, (numbers = numberFields(contract, {})));
    return numbers;
  };
};

export interface Driver {
  readonly name: string;
  /** Whether the channel has a form for this at all. */
  can(asked: Asked, target: Target): boolean;
  ask(target: Target, asked: Asked): Promise<Heard>;
  /** Closes connections that are kept. */
  close?(): Promise<void>;
}
