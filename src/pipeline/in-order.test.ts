import { expect, test } from "bun:test";
import { andThen } from "./condition.ts";
import { InOrder } from "./in-order.ts";

/** Runs steps that become ready as they are told to; answers in which order they ran. */
const play = async (gates: readonly (Promise<string> | string)[]): Promise<{ ran: string[]; atOnce: string[] }> => {
  const order = new InOrder();
  const ran: string[] = [];
  const all = gates.map((gate) => andThen(order.next(gate), (name) => void ran.push(name)));
  const atOnce = [...ran];
  await Promise.allSettled(all.map(async (one) => one));
  return { ran, atOnce };
};

const later = (name: string, ms: number): Promise<string> => Bun.sleep(ms).then(() => name);

test("nothing is waited for where nothing has to be", async () => {
  expect(await play(["a", "b", "c"])).toEqual({ ran: ["a", "b", "c"], atOnce: ["a", "b", "c"] });
});

test("those behind one that waits come after it, and one that fails holds nobody up", async () => {
  expect(await play(["a", later("b", 20), "c", later("d", 1), "e"])).toEqual({ ran: ["a", "b", "c", "d", "e"], atOnce: ["a"] });
  const failing = Bun.sleep(5).then((): string => {
    throw new Error("nobody");
  });
  expect((await play([failing, "b", later("c", 1)])).ran).toEqual(["b", "c"]);
});
