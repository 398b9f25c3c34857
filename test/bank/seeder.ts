/** The seeder of tests: calls operations as staff in independent batches, inserts past rows through the writer, draws from a fixed seed. */
import type { Seeder } from "../../src/index.ts";
import type { App } from "../../src/host/app.ts";
import type { Contract } from "../../src/contract/index.ts";
import type { Call } from "../../src/pipeline/call.ts";
import type { Row } from "../../src/store/store.ts";

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

export const seederOf = (app: App, contract: Contract, principal: NonNullable<Call["principal"]>): Seeder => ({
  random: randomFrom(1),
  call: async (name, bodies) => {
    const operation = contract.operations.get(name);
    if (operation === undefined) throw new Error(`no operation ${name}`);
    const call = (body: unknown): Call => ({
      operation,
      input: { body },
      credentials: { kind: "none" },
      principal,
      locale: "en",
      requestId: "seed",
      channel: "seed",
    });
    const steps = bodies.map((body) => ({ dependsOn: [], prepare: () => call(body) }));
    const results = await app.pipeline.runBatch(steps, { strategy: "independent" });
    return results.map((result, position) => {
      if (!result.ok) throw new Error(`${name} refused ${JSON.stringify(bodies[position])}: ${JSON.stringify(result.refusal)}`);
      return result.data as Record<string, unknown>;
    });
  },
  insert: async (resource, rows) => {
    const table = contract.resources.get(resource.name)?.table;
    if (table === undefined) throw new Error(`no resource ${resource.name}`);
    const origin = { operation: "seed", channel: "seed", requestId: "seed", address: null, app: null, user: null, subject: null };
    const [outcome] = await app.writer.submit({
      steps: [
        {
          realm: principal.realm,
          origin,
          sequences: [],
          needs: [],
          evaluate: (unit) => {
            for (const row of rows) unit.insert(table, principal.realm, row as Row);
            return { ok: true, status: 204, data: () => undefined };
          },
        },
      ],
    });
    if (outcome?.ok !== true) throw new Error(`${resource.name} not inserted: ${JSON.stringify(outcome)}`);
  },
});
