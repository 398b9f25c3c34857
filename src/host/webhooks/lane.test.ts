import { expect, test } from "bun:test";
import type { EventQuery } from "../../events/event.ts";
import { type Position, positionText, type PresentedEvent } from "../../events/index.ts";
import { Lane } from "./lane.ts";

const eventOf = (seq: number): PresentedEvent => ({
  id: `${seq}-0`,
  seq,
  at: "2026-01-01T00:00:00.000Z",
  service: "post",
  type: "letters.moved",
  subject: undefined,
  data: {},
});

const start: Position = { seq: 0, index: Number.POSITIVE_INFINITY };

/** A lane over batches of events; one that is empty stands for events that nobody may see. */
const laneOf = (batches: readonly (readonly number[])[], last: number) => {
  const ended: unknown[] = [];
  const open = async ({ onLooked }: EventQuery) => ({
    ok: true as const,
    after: start,
    events: (async function* events() {
      let through = 0;
      for (const batch of batches) {
        through = batch.at(-1) ?? through + 1;
        if (batch.length > 0) yield batch.map(eventOf);
        onLooked?.({ seq: through, index: 0 });
      }
    })(),
    one: async () => undefined,
  });
  const lane = new Lane({
    after: start,
    until: { seq: last, index: 0 },
    types: undefined,
    filters: {},
    open,
    onReady: () => undefined,
    onEnded: (why) => ended.push(why),
  });
  return { lane, ended };
};

const settled = () => Bun.sleep(2);

test("everything before the first that is not settled is behind it; what was passed over counts once nothing is under way", async () => {
  const { lane, ended } = laneOf([[1, 2, 3], [], [], [6]], 6);
  await settled();
  const [one, two] = [lane.take(), lane.take()];
  if (one === undefined || two === undefined) throw new Error("nothing was given");
  expect(positionText(lane.cursor)).toBe("0");
  lane.settle(two);
  expect(positionText(lane.cursor)).toBe("0");
  lane.settle(one);
  expect(positionText(lane.cursor)).toBe("2-0");
  const three = lane.take();
  await settled();
  // The next is there, and two of nobody's lie between.
  expect(lane.peek()?.id).toBe("6-0");
  expect(positionText(lane.cursor)).toBe("2-0");
  if (three !== undefined) lane.settle(three);
  expect(positionText(lane.cursor)).toBe("5-0");
  const six = lane.take();
  if (six !== undefined) lane.settle(six);
  await settled();
  expect([lane.isDone, positionText(lane.cursor), ended]).toEqual([true, "6-0", []]);
});

test("one that is stopped has not come further than what was taken and settled", async () => {
  const { lane } = laneOf([[1, 2, 3, 4], [5]], 5);
  await settled();
  const one = lane.take();
  const two = lane.take();
  lane.stop();
  await settled();
  expect(lane.isOver).toBe(false);
  for (const taken of [one, two]) if (taken !== undefined) lane.settle(taken);
  await settled();
  expect([lane.isOver, lane.isDone, lane.peek(), positionText(lane.cursor)]).toEqual([true, false, undefined, "2-0"]);
});
