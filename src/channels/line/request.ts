/**
 * What a line asks for. Its first pair says what it is; pairs with @ are about the request, the others are its data.
 *
 *   Operation:accounts.get,…      an operation, by its name or its command word
 *   Key:pons_live_…               credentials, which hold from then on; also Login:app_…,Secret:… and Token:eyJ…
 *   Use:                          sets what @Service, @Version, @Language, @Tenant, @ActFor and @Reason say for the lines that follow
 *   Ping:   Quit:
 */
import type { Flaw, Pair } from "./grammar.ts";
import { type Aside, asideNames, repeatedAsides } from "./asides.ts";

export type Verb = "operation" | "key" | "login" | "token" | "use" | "ping" | "quit";

const verbs: ReadonlySet<string> = new Set<Verb>(["operation", "key", "login", "token", "use", "ping", "quit"]);

/** A value of a pair about the request, and where it stands. */
export interface Told {
  /** null: the pair is there, and empty. */
  readonly text: string | null;
  readonly at: number;
}

export interface LineRequest {
  readonly verb: Verb;
  /** The value of the first pair. */
  readonly subject: string;
  readonly subjectAt: number;
  /** The last of each; lists whole. */
  readonly asides: ReadonlyMap<Aside, readonly Told[]>;
  readonly data: readonly Pair[];
}

const isVerb = (name: string): name is Verb => verbs.has(name);

/** What the pairs of a line ask for, or what is wrong with them. */
export const readRequest = ([first, ...rest]: readonly Pair[]): LineRequest | Flaw => {
  if (first === undefined) return { flaw: "The line is empty.", at: 0 };
  const verb = first.title.toLowerCase();
  if (!isVerb(verb)) return { flaw: "A line begins with Operation, Key, Login, Token, Use, Ping or Quit.", at: 0 };
  const asides = new Map<Aside, Told[]>();
  const data: Pair[] = [];
  for (const pair of rest) {
    if (!pair.isAside) {
      data.push(pair);
      continue;
    }
    const name = asideNames.get(pair.title.slice(1).toLowerCase());
    if (name === undefined) return { flaw: `There is no ${pair.title}.`, at: pair.at };
    const { value, at } = pair;
    const told: Told = { text: value.kind === "text" ? value.text : null, at };
    const known = asides.get(name);
    if (known === undefined) asides.set(name, [told]);
    else if (repeatedAsides.has(name)) known.push(told);
    else return { flaw: `${pair.title} is there twice.`, at };
  }
  const { value, at } = first;
  return { verb, subject: value.kind === "text" ? value.text : "", subjectAt: at, asides, data };
};
