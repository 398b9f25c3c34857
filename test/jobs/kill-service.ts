/** What the killed servers serve: a job inside, one that follows the first, one with work outside, and a schedule. Nothing of it forgives being done twice. */
import { appendFileSync } from "node:fs";
import { job, schedule } from "../../src/index.ts";
import { mark, marks, worksWith } from "./works.ts";

const file = process.env["PONS_TEST_OUTSIDE"] ?? "";

export default worksWith({
  inside: job({
    doc: "Marks each order.",
    on: ["orders.placed", "orders.poked"],
    run: (ctx, event) => void mark(ctx, "inside", event),
  }),
  outside: job({
    doc: "Tells a file of each order, then marks it.",
    on: "orders.placed",
    work: async (_, { id }) => {
      appendFileSync(file, `${id}\n`);
      return id;
    },
    run: (ctx, event) => void mark(ctx, "outside", event),
  }),
  shaky: job({
    doc: "Fails now and then.",
    on: "orders.placed",
    run: (ctx, event) => {
      mark(ctx, "shaky", event);
      if (Math.random() < 0.1) throw new Error("now and then");
    },
  }),
  often: schedule(
    { every: 1 },
    { doc: "Every second.", run: (ctx, { dueAt }) => void ctx.table(marks).insert({ job: "often", event: dueAt }) },
  ),
});
