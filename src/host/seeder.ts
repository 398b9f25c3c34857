/** The seeder that a service's `seed` is handed: it calls operations as staff through the whole pipeline, and inserts rows through the writer. */
import type { Contract, Operation } from "../contract/index.ts";
import type { Seeder } from "../define/service.ts";
import type { Call } from "../pipeline/call.ts";
import type { Row } from "../store/store.ts";
import { inputOf } from "../sources/index.ts";
import { absentValue } from "../sources/table/default.ts";
import { storeNested } from "../sources/table/nested.ts";
import type { App } from "./app.ts";

export type StaffCaller = NonNullable<Call["principal"]>;

/** Rows inserted by one command: each is in the command's row of the journal. */
const insertMax = 500;
const randomSeed = 1;
const locale = "en";

/** Mulberry32: a small generator of numbers in [0, 1), the same from the same seed. */
const randomFrom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const origin = (contract: Contract, resource: string) => ({
  operation: `${contract.service}.${resource}.seed`,
  channel: "seed",
  requestId: "seed",
  address: null,
  app: null,
  user: null,
  subject: null,
});

const sharedBy = (principal: StaffCaller) =>
  ({ credentials: { kind: "none" }, principal, locale, requestId: "seed", channel: "seed" }) as const;

/** An operation of the service, or of one that it calls: then `undefined` where that one is not served. Throws where there is none of the name. */
const operationOf = ({ contracts }: App, contract: Contract, name: string): Operation | undefined => {
  const own = contract.operations.get(name);
  if (own !== undefined) return own;
  const [service = ""] = name.split(".");
  const isCalled = Object.hasOwn(contract.definition.calls ?? {}, service);
  const called = isCalled ? contracts.get(service) : undefined;
  if (isCalled && called === undefined) return undefined;
  const operation = called?.operations.get(name.slice(service.length + 1));
  if (operation === undefined) throw new Error(`seed of ${contract.service}: there is no operation ${name}`);
  return operation;
};

/** A seeder for one service, as `caller`. What is refused throws: demo data that do not fit the definition are a mistake of its author. */
export const createSeeder = (app: App, contract: Contract, caller: StaffCaller): Seeder => ({
  random: randomFrom(randomSeed),
  async call(name, bodies) {
    const operation = operationOf(app, contract, name);
    if (operation === undefined) throw new Error(`seed of ${contract.service}: ${name} is of a service that is not served`);
    const shared = { ...sharedBy(caller), operation };
    const steps = bodies.map((body) => ({ dependsOn: [], prepare: (): Call => ({ ...shared, input: { body } }) }));
    const results = await app.pipeline.runBatch(steps, { strategy: "independent" });
    return results.map((result, position) => {
      if (result.ok) return result.data as Record<string, unknown>;
      const { type, message, issues, details } = result.refusal;
      const why = JSON.stringify({ type, message, issues, details, body: bodies[position] });
      throw new Error(`seed of ${contract.service}: ${name} was refused: ${why}`);
    });
  },
  async list(name, asked = {}) {
    const operation = operationOf(app, contract, name);
    if (operation === undefined) return [];
    const result = await app.pipeline.run({ ...sharedBy(caller), operation, input: inputOf(asked) });
    if (!result.ok) throw new Error(`seed of ${contract.service}: ${name} was refused: ${JSON.stringify(result.refusal)}`);
    return result.data as Record<string, unknown>[];
  },
  async insert({ name }, rows) {
    const resource = contract.resources.get(name);
    if (resource === undefined) throw new Error(`seed of ${contract.service}: there is no resource ${name}`);
    const { table } = resource;
    const complete = (row: Row): Row =>
      storeNested(
        resource,
        Object.fromEntries(resource.fieldNames.map((field) => [field, row[field] ?? absentValue(resource, field)])),
      );
    for (let at = 0; at < rows.length; at += insertMax) {
      const part = rows.slice(at, at + insertMax);
      const [outcome] = await app.writer.submit({
        steps: [
          {
            realm: caller.realm,
            origin: origin(contract, name),
            sequences: [],
            inMemory: table.inMemory === true ? [table] : [],
            needs: [],
            evaluate(unit) {
              for (const row of part) unit.insert(table, caller.realm, complete(row as Row));
              return { ok: true, status: 204, data: () => undefined };
            },
          },
        ],
      });
      if (outcome?.ok !== true)
        throw new Error(`seed of ${contract.service}: rows of ${name} were not inserted`, { cause: outcome });
    }
  },
});
