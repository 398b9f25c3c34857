/**
 * Operation × role × tenant, through every door, over every shipped service: what a role may not call is refused to it, and no call by anybody of another
 * tenant, or of another environment, shows, changes or betrays a row.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Contract, Operation } from "../../src/contract/contract.ts";
import { examplesOf } from "../../src/contract/example.ts";
import { forEachEngine } from "../core/harness.ts";
import { type Door, doors } from "./doors.ts";
import { canary, type Home, isOpenTo, missingIdOf, north, northLive, openWorld, south, type Who, type World } from "./world.ts";

const testMsMax = 120_000;

/** An input that fits the definition, its references to the rows that `idOf` names. */
const inputOf = (
  contract: Contract,
  { input, action }: Operation,
  idOf: (resource: string) => string | undefined,
): Record<string, unknown> => {
  if (action === "list" || action === "get" || action === "delete") return {};
  const examples = examplesOf(input, { prefixOf: (name) => contract.resources.get(name)?.prefix });
  for (const [name, field] of Object.entries(input)) {
    if (field.kind === "ref") examples[name] = idOf(field.target ?? "") ?? examples[name];
    if (field.kind === "id") delete examples[name];
  }
  return examples;
};

/** Doors through which every role goes. Through the channels one goes that may and one that may not, in turn: their callers are the pipeline's. */
const isWhole = (door: Door): boolean => doors.indexOf(door) < 2;

/** Who goes through a door for an operation; who may, last. */
const callersFor = (door: Door, operation: Operation, whos: readonly Who[], at: number): readonly Who[] => {
  if (isWhole(door)) return whos;
  const [open, closed] = [true, false].map((isOpen) => whos.filter(({ role }) => isOpenTo(operation, role) === isOpen));
  const inTurn = (some: readonly Who[] = []): readonly Who[] => (some.length === 0 ? [] : [some[at % some.length] as Who]);
  return [...inTurn(closed), ...inTurn(open)];
};

/** The work for each, at once where they cannot be in each other's way: the system answers them together, which takes it less. */
const forEach = async <Item>(items: readonly Item[], isAtOnce: boolean, work: (item: Item) => Promise<void>): Promise<void> => {
  if (isAtOnce) await Promise.all(items.map(work));
  else for (const item of items) await work(item);
};

forEachEngine((engine) => {
  describe("SECURITY 23, 24, 29: operation × role × tenant", () => {
    let world: World;
    beforeAll(async () => {
      world = await openWorld(await engine.create());
    }, testMsMax);
    afterAll(async () => {
      for (const door of doors) await door.close?.();
      await world[Symbol.asyncDispose]();
    });

    const operations = (): (readonly [Contract, Operation])[] =>
      [...world.contracts.values()].flatMap((contract) =>
        [...contract.operations.values()].map((operation) => [contract, operation] as const),
      );

    test("there is a row of nearly every resource to be found, and there are many operations", () => {
      const resources = [...world.contracts.values()].flatMap((contract) => [...contract.resources.values()]);
      expect(world.without).toEqual([]);
      expect(resources.filter((resource) => world.idOf(resource) !== undefined).length).toBe(resources.length);
      expect(operations().length).toBeGreaterThan(200);
    });

    // Channels stand before the pipeline and know of no engine: their walk over one tells of both.
    for (const door of engine.engine === "sqlite" ? doors : doors.slice(0, 2)) {
      test(
        `SECURITY 24: ${door.name}: every operation is refused to exactly the roles that it does not list`,
        async () => {
          const wrong: unknown[] = [];
          let asked = 0;
          for (const [at, [contract, operation]] of operations().entries()) {
            const { resource, name, service } = operation;
            const id = resource === undefined ? undefined : missingIdOf(resource);
            const body = inputOf(contract, operation, (of) => `${contract.resources.get(of)?.prefix}_00000000000000000000000000`);
            const nobody = { home: south, service, role: undefined, key: undefined };
            const whos = [...callersFor(door, operation, world.callers(south, service), at), nobody];
            await forEach(whos, isWhole(door), async (who) => {
              const more = {
                ...(id === undefined ? {} : { id, otherId: id }),
                ...(who.key === undefined ? { tenant: south.tenant } : {}),
              };
              const visit = { contract, operation, key: who.key, body, ...more };
              for (const { how, outcome } of await door.ask(world, visit)) {
                asked++;
                const isOpen = isOpenTo(operation, who.role);
                const refused = who.key === undefined ? "unauthenticated" : "forbidden";
                const isRight = isOpen ? !["unauthenticated", "internal"].includes(outcome) : outcome === refused;
                if (!isRight) wrong.push({ service, name, how, role: who.role, outcome, isOpen });
              }
            });
          }
          expect(wrong).toEqual([]);
          expect(asked).toBeGreaterThan(isWhole(door) ? 1_000 : 400);
        },
        testMsMax,
      );

      const strangers: readonly (readonly [string, Home])[] = [
        ["another tenant", south],
        ["another environment", northLive],
      ];
      test.each(isWhole(door) ? strangers : strangers.slice(0, 1))(
        `SECURITY 23, 29: ${door.name}: a row is to %s like one that is not there, whatever is asked for`,
        async (_, home) => {
          const before = await world.snapshot();
          const wrong: unknown[] = [];
          let compared = 0;
          for (const [position, [contract, operation]] of operations().entries()) {
            const { resource, name, service, target } = operation;
            // What is the tenant's as a whole is no other's in its other environment.
            if (home.tenant === north.tenant && contract.definition.rowsOf === "tenant") continue;
            const real = (of: string): string | undefined => {
              const found = contract.resources.get(of);
              return found === undefined ? undefined : world.idOf(found);
            };
            const missing = (of: string): string | undefined => {
              const found = contract.resources.get(of);
              return found === undefined ? undefined : missingIdOf(found);
            };
            const refers = Object.values(operation.input).some(({ kind }) => kind === "ref");
            const whos = callersFor(door, operation, world.callers(home, service), position).slice(isWhole(door) ? 0 : -1);
            // What others change in between may be answered differently.
            await forEach(whos, operation.kind === "query", async (who) => {
              const heardWith = async (idOf: (of: string) => string | undefined): Promise<readonly [string, string][]> => {
                const id = resource === undefined ? undefined : idOf(resource.name);
                const body = inputOf(contract, operation, idOf);
                const visit = { contract, operation, key: who.key, body, ...(id === undefined ? {} : { id, otherId: id }) };
                const ids = [...contract.resources.keys()].flatMap((of) => idOf(of) ?? []);
                return (await door.ask(world, visit)).map(({ how, face }) => [
                  how,
                  ids.reduce((rest, known) => rest.replaceAll(known, "(id)"), face),
                ]);
              };
              const absent = await heardWith(missing);
              const hidden = await heardWith(real);
              for (const [at, [how, face]] of hidden.entries()) {
                compared++;
                const shows = face.includes(canary) || face.includes("(id)") !== absent[at]?.[1].includes("(id)");
                // What makes a row of one's own is answered anew each time.
                const isComparable = target === "item" || refers || operation.kind === "query";
                if (shows || (isComparable && face !== absent[at]?.[1]))
                  wrong.push({
                    service,
                    name,
                    how,
                    role: who.role,
                    face: face.slice(0, 600),
                    absent: absent[at]?.[1].slice(0, 600),
                  });
              }
            });
          }
          expect(wrong).toEqual([]);
          expect(compared).toBeGreaterThan(isWhole(door) ? 300 : 200);
          expect(await world.snapshot()).toBe(before);
        },
        testMsMax,
      );
    }

    test("to its own tenant each row is there", async () => {
      let found = 0;
      for (const [contract, operation] of operations()) {
        const { resource, action } = operation;
        if (action !== "get" || operation.target !== "item" || resource === undefined) continue;
        const id = world.idOf(resource);
        for (const { key } of world.callers(north, contract.service)) {
          const visit = { contract, operation, key, body: {}, ...(id === undefined ? {} : { id }) };
          const [heard] = (await doors[0]?.ask(world, visit)) ?? [];
          if (heard?.outcome === "done" && heard.face.includes(id ?? "")) found++;
        }
      }
      expect(found).toBeGreaterThan(50);
    });

    test("no error of ours", () => expect(world.nodes.errors).toEqual([]));
  });
});
