/**
 * The bank in service over a fresh database, without a listener: calls pass the whole pipeline, the writer and the store.
 *
 *   await using bank = await openBank(await create());
 *   dataOf(await bank.call("accounts.freeze", { id, body: { reason: "lost card" } }))
 *
 * Callers are a teller (the default), an auditor, and customers by id, all of one tenant's sandbox.
 */
import definition from "../../services/bank/index.ts";
import type { Contract } from "../../src/contract/index.ts";
import { createApp, tablesOf } from "../../src/host/app.ts";
import type { ToolContext, ToolReport } from "../../src/define/service.ts";
import { scanRows } from "../../src/sources/index.ts";
import { createSeeder } from "../../src/host/seeder.ts";
import type { Call, Input, Result } from "../../src/pipeline/call.ts";
import type { Strategy } from "../../src/pipeline/pipeline.ts";
import type { Refusal } from "../../src/pipeline/refusal.ts";
import { applyMigration, openStore, planMigration, realmOf } from "../../src/store/index.ts";
import { compiled } from "../core/compiled.ts";
import type { TestDatabase } from "../postgres/index.ts";

export type Caller = NonNullable<Call["principal"]>;
export type Data = Record<string, unknown>;

export interface CallOptions extends Input {
  /** The teller unless given. */
  readonly as?: Caller;
  readonly version?: string;
  readonly idempotencyKey?: string;
}

export interface Bank extends AsyncDisposable {
  readonly contract: Contract;
  readonly teller: Caller;
  readonly auditor: Caller;
  customer(id: string): Caller;
  call(operation: string, options?: CallOptions): Promise<Result>;
  /** Calls of one operation in one batch, independent unless said. */
  batch(operation: string, calls: readonly CallOptions[], strategy?: Strategy): Promise<readonly Result[]>;
  /** A new customer; returns the id. */
  person(more?: object): Promise<string>;
  /** An account that may owe 10^17 minor units: where a test's money comes from. */
  house(currency: string): Promise<string>;
  /** A new customer with an account, funded from `house`. */
  holder(currency: string, house: string, funds: number, more?: object): Promise<{ customer: string; account: string }>;
  /** A transfer, by the teller. */
  pay(debit: string, credit: string, amount: number | string, currency: string): Promise<Result>;
  account(id: string): Promise<Data>;
  /** A statement to the database itself, past everything. */
  sql(statement: string): Promise<readonly unknown[]>;
  /** Sets the server's clock off from the real one, in milliseconds. */
  shiftClock(byMs: number): void;
  seed(): Promise<void>;
  /** Lets an action pass without approval. */
  allow(action: string): Promise<void>;
  /** What `pons ledger verify` finds. */
  verify(): Promise<ToolReport>;
}

/** What a call answered. Throws when it was refused. */
export const dataOf = (result: Result | undefined): { status: number; replayed?: true; data: Data } => {
  if (result?.ok !== true) throw new Error(`refused: ${JSON.stringify(result)}`);
  return {
    status: result.status,
    data: result.data as Data,
    ...(result.replayed === undefined ? {} : { replayed: result.replayed }),
  };
};

/** The rows a list or statistic answered. */
export const rowsOf = (result: Result): Data[] => dataOf(result).data as unknown as Data[];

/** Why a call was refused. Throws when it was not. */
export const refusalOf = (result: Result | undefined): Refusal => {
  if (result?.ok !== false) throw new Error(`not refused: ${JSON.stringify(result)}`);
  return result.refusal;
};

const tenant = "demo";
const environment = "sandbox";
const owesMost = "100000000000000000";

/** Puts the bank into service over a fresh database, which is dropped at the end. */
export const openBank = async (database: TestDatabase): Promise<Bank> => {
  const store = await openStore(database.url);
  const services = [definition];
  const contracts = compiled(services);
  await applyMigration(store, await planMigration(store, tablesOf(contracts.values())), { destructive: false });
  const realm = await realmOf(store, tenant, environment);
  let shiftMs = 0;
  let requests = 0;
  let people = 0;
  const failures: unknown[] = [];
  const app = createApp({
    services,
    contracts,
    store,
    cursorSecret: "a secret for cursors, of tests only",
    clock: () => Date.now() + shiftMs,
    onError: (error) => void failures.push(error),
  });
  const contract = app.contracts.get("bank");
  if (contract === undefined) throw new Error("no contract of the bank");

  const callerOf = (role: string, subject: string | null): Caller => ({
    tenant,
    environment,
    realm,
    app: "tests",
    user: subject === null ? role : null,
    subject,
    roles: [role],
  });
  const teller = callerOf("teller", null);
  const callOf = (name: string, { as = teller, version, idempotencyKey, ...input }: CallOptions): Call => {
    const operation = contract.operations.get(name);
    if (operation === undefined) throw new Error(`the bank has no operation ${name}`);
    return {
      operation,
      input,
      credentials: { kind: "none" },
      principal: as,
      locale: "en",
      requestId: `test-${++requests}`,
      channel: "test",
      ...(version === undefined ? {} : { version }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    };
  };
  /** An error of ours fails the test that met it, with its cause. */
  const sound = (result: Result): Result => {
    if (!result.ok && result.refusal.status >= 500) throw new Error(JSON.stringify(result.refusal), { cause: failures.at(-1) });
    return result;
  };
  const call = async (name: string, options: CallOptions = {}): Promise<Result> =>
    sound(await app.pipeline.run(callOf(name, options)));
  const pay: Bank["pay"] = (debit, credit, amount, currency) =>
    call("transfers.create", { body: { debit, credit, amount, currency } });
  const idOf = async (name: string, body: object): Promise<string> => String(dataOf(await call(name, { body })).data["id"]);
  const person = (more: object = {}): Promise<string> => {
    const number = ++people;
    return idOf("customers.create", { name: `Person ${number}`, email: `person.${number}@example.com`, country: "MT", ...more });
  };
  return {
    contract,
    teller,
    auditor: callerOf("auditor", null),
    customer: (id) => callerOf("customer", id),
    call,
    batch: async (name, calls, strategy = "independent") => {
      const steps = calls.map((options) => ({ dependsOn: [], prepare: () => callOf(name, options) }));
      return (await app.pipeline.runBatch(steps, { strategy })).map(sound);
    },
    person,
    house: async (currency) =>
      idOf("accounts.create", { customer: await person(), name: "House", currency, overdraftLimit: owesMost }),
    holder: async (currency, house, funds, more = {}) => {
      const customer = await person();
      const account = await idOf("accounts.create", { customer, name: "Account", currency, ...more });
      if (funds > 0) dataOf(await pay(house, account, funds, currency));
      return { customer, account };
    },
    pay,
    account: async (id) => dataOf(await call("accounts.get", { id })).data,
    sql: async (statement) => store.admin.query(statement, []),
    shiftClock: (byMs) => {
      shiftMs = byMs;
    },
    allow: async (action) => {
      const supervisor = (user: string): Caller => ({ ...teller, user, roles: ["supervisor"] });
      const body = { action, required: false };
      const asked = dataOf(await call("approvalPolicies.set", { as: supervisor("one"), body })).data;
      dataOf(await call("approvals.approve", { as: supervisor("two"), id: String(asked["approval"]), body: {} }));
    },
    verify: async () => {
      const tool = definition.tools?.["ledger"]?.["verify"];
      if (tool === undefined) throw new Error("the bank has no such tool");
      const scan: ToolContext["scan"] = (resource, options) => scanRows(store, { realm, resource, ...options });
      return tool.run({ tenant, environment, scan });
    },
    seed: async () => {
      const run = definition.seed;
      if (run === undefined) throw new Error("the bank has no demo data");
      for await (const { done, total } of run(createSeeder(app, contract, teller))) {
        if (done > total) throw new Error(`${done} of ${total} done`);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await app.writer.drained();
      await app.audit.stop();
      await store.close();
      await database.drop();
    },
  };
};
