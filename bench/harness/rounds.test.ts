import { expect, test } from "bun:test";
import { measured } from "./load.ts";
import { interleave } from "./rounds.ts";

const latency = { p50: 1, p90: 1, p99: 1, max: 1 };

test("every contestant is measured once a round, in a turning order, after a warm-up that does not count", async () => {
  const order: string[] = [];
  const contestant = (name: string) => ({
    name,
    measure: async (seconds: number) => {
      order.push(`${name}${seconds}`);
      return measured({ calls: order.length, seconds, latency }, 1);
    },
  });
  const rounds = await interleave([contestant("a"), contestant("b")], { rounds: 3, seconds: 2, warmUpSeconds: 1 });
  expect(order).toEqual(["a1", "b1", "a2", "b2", "b2", "a2", "a2", "b2"]);
  expect(rounds.get("a")?.map(({ calls }) => calls)).toEqual([3, 6, 7]);
  expect(rounds.get("b")?.map(({ calls }) => calls)).toEqual([4, 5, 8]);
});

test("a failure names the contestant", async () => {
  const broken = { name: "c", measure: () => Promise.reject(new Error("GET /: 500")) };
  const failure = await interleave([broken], { rounds: 1, seconds: 1, warmUpSeconds: 0 }).catch((error: unknown) => error);
  expect((failure as Error).message).toBe("c: GET /: 500");
});
