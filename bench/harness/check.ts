/**
 * What an answer must hold to count, by name. Returns undefined when it is right, else what is wrong. A benchmark that counts wrong answers
 * measures nothing.
 */

export interface Answer {
  /** The path asked for. */
  readonly path: string;
  /** The body sent; empty for GET. */
  readonly sent: string;
  readonly body: string;
}

interface Row {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly status?: unknown;
  readonly currency?: unknown;
  readonly createdAt?: unknown;
}

interface Transfer {
  readonly id?: unknown;
  readonly debit?: unknown;
  readonly credit?: unknown;
  readonly amount?: unknown;
  readonly reference?: unknown;
}

/** A list as it is, or as a connection has it. */
type Listed<T> = readonly T[] | { readonly nodes?: readonly T[] } | null | undefined;
const listOf = <T>(listed: Listed<T>): readonly T[] =>
  listed === undefined
    ? []
    : Array.isArray(listed)
      ? (listed as readonly T[])
      : ((listed as { nodes?: readonly T[] }).nodes ?? []);

interface GraphAccount {
  readonly sent?: Listed<{ readonly id?: unknown; readonly amount?: unknown; readonly credit?: { readonly name?: unknown } }>;
}

const nameOf = (sent: string): string | undefined => /"name":"([^"]+)"/.exec(sent)?.[1];
const dataOf = <T>(body: string): T => (JSON.parse(body) as { data: T }).data;

/** An item of a batch, either the row itself or a verdict with the row in it. */
const rowOf = (item: Row & { data?: Row }): Row => item.data ?? item;

const differs = (sent: Transfer, row: Transfer): string | undefined =>
  typeof row.id !== "string"
    ? "a transfer without an id"
    : (["debit", "credit", "amount", "reference"] as const).find((field) => row[field] !== sent[field]);

export const checks = {
  /** One account: the one whose id ends the path, whole. */
  item({ path, body }) {
    const row = dataOf<Row>(body);
    const id = path.split("/").findLast((part) => part !== "");
    if (String(row.id) !== id) return `asked for ${id}, got ${String(row.id)}`;
    return typeof row.name === "string" && typeof row.currency === "string" ? undefined : "the row is not whole";
  },
  /** Twenty active accounts, the youngest first. */
  list({ body }) {
    const rows = dataOf<readonly Row[]>(body);
    if (rows.length !== 20) return `${rows.length} rows instead of 20`;
    if (rows.some(({ status }) => status !== "active")) return "a row that the filter excludes";
    const moments = rows.map(({ createdAt }) => Date.parse(String(createdAt)));
    return moments.every((moment, index) => index === 0 || (moments[index - 1] ?? Number.NaN) >= moment)
      ? undefined
      : "not sorted by createdAt";
  },
  /** A page of twenty rows of any kind. */
  page({ body }) {
    const rows = dataOf<readonly Row[]>(body);
    return rows.length === 20 ? undefined : `${rows.length} rows instead of 20`;
  },
  /** The customer that was sent, with an id. */
  created({ sent, body }) {
    const row = dataOf<Row>(body);
    if (row.id === undefined || row.id === null) return "no id";
    return row.name === nameOf(sent) ? undefined : `sent ${nameOf(sent)}, got ${String(row.name)}`;
  },
  /** As many verdicts as items, the first one about the first item. */
  batch({ sent, body }) {
    const rows = dataOf<readonly (Row & { data?: Row })[]>(body);
    if (rows.length !== 1000) return `${rows.length} rows instead of 1000`;
    const first = rows[0] === undefined ? undefined : rowOf(rows[0]);
    return first?.name === nameOf(sent) ? undefined : "not in the order sent";
  },
  /** As many rows as items, the first one sent among them. */
  batchInAnyOrder({ sent, body }) {
    const rows = dataOf<readonly Row[]>(body);
    if (rows.length !== 1000) return `${rows.length} rows instead of 1000`;
    return rows.some(({ name }) => name === nameOf(sent)) ? undefined : "the first one sent is missing";
  },
  /** The transfer that was sent, with an id. */
  transfer({ sent, body }) {
    const wrong = differs(JSON.parse(sent) as Transfer, dataOf<Transfer>(body));
    return wrong === undefined ? undefined : `not the transfer that was sent: ${wrong}`;
  },
  /** Every transfer that was sent, in its order, each with an id. */
  transfers({ sent, body }) {
    const wanted = JSON.parse(sent) as readonly Transfer[];
    const rows = dataOf<readonly (Transfer & { data?: Transfer })[]>(body);
    if (rows.length !== wanted.length) return `${rows.length} transfers instead of ${wanted.length}`;
    const wrong = rows.findIndex((row, index) => differs(wanted[index] ?? {}, row.data ?? row) !== undefined);
    return wrong === -1
      ? undefined
      : `transfer ${wrong} is not the one that was sent: ${JSON.stringify(rows[wrong]).slice(0, 200)}`;
  },
  /** A refusal with its code. */
  refused({ body }) {
    const { success, error } = JSON.parse(body) as { success?: unknown; error?: { type?: unknown } };
    return success === false && typeof error?.type === "string" ? undefined : "not a refusal";
  },
  /** Three levels of a graph, whole: 20 accounts, of each 10 transfers, of each the account that it went to. */
  graph({ body }) {
    const { data, errors } = JSON.parse(body) as { data?: { accounts?: Listed<GraphAccount> }; errors?: unknown };
    const accounts = listOf(data?.accounts);
    if (errors !== undefined || accounts.length !== 20) return `${accounts.length} accounts instead of 20: ${body.slice(0, 300)}`;
    for (const { sent } of accounts) {
      const transfers = listOf(sent);
      if (transfers.length !== 10) return `${transfers.length} transfers instead of 10`;
      const wrong = transfers.find(
        ({ id, amount, credit }) => typeof id !== "string" || Number(amount) < 100 || typeof credit?.name !== "string",
      );
      if (wrong !== undefined) return `not a whole transfer: ${JSON.stringify(wrong)}`;
    }
    return undefined;
  },
  /** The same bytes that were sent. */
  echo({ sent, body }) {
    return body === sent ? undefined : "not what was sent";
  },
} satisfies Record<string, (answer: Answer) => string | undefined>;

export type CheckName = keyof typeof checks;
