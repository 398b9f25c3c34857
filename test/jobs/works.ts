/** A small service for the tests of jobs: orders, which emit events, and marks, which jobs leave. */
import { resource, service, t } from "../../src/index.ts";
import type { JobDefinition } from "../../src/define/jobs.ts";
import type { JobEvent } from "../../src/define/jobs.ts";
import type { CommandContext } from "../../src/define/function.ts";
import type { Running } from "../core/harness.ts";

export const orders = resource(
  "orders",
  {
    doc: "Orders.",
    fields: { id: t.id("ord", { client: true }), customer: t.string({ maxLength: 64 }), weight: t.integer({ default: 1 }) },
  },
  ({ all, command }) => ({
    rows: { clerk: all },
    access: { create: ["clerk"], update: ["clerk"] },
    events: {
      placed: { on: "create", data: { order: t.ref("orders"), customer: t.string() } },
      changed: { on: "update", data: { order: t.ref("orders"), weight: t.integer() } },
      poked: { data: { order: t.ref("orders"), note: t.string() } },
      counted: { doc: "About no order.", data: { count: t.integer() } },
    },
    functions: {
      poke: command({
        doc: "Emits events about an order.",
        on: "item",
        roles: ["clerk"],
        input: { notes: t.array(t.string({ maxLength: 10_000 }), { maxItems: 100 }) },
        output: "none",
        run: (ctx, { row, input }) => {
          for (const note of input.notes) ctx.emit("poked", { order: row.id, note });
        },
      }),
      tally: command({
        doc: "Emits an event about no order.",
        on: "collection",
        roles: ["clerk"],
        input: { count: t.integer() },
        output: "none",
        run: (ctx, { input }) => ctx.emit("counted", { count: input.count }),
      }),
    },
  }),
);

export const marks = resource(
  "marks",
  {
    doc: "What jobs have done.",
    fields: {
      id: t.id("mrk"),
      job: t.string({ maxLength: 64 }),
      event: t.string({ maxLength: 64 }),
      about: t.string({ maxLength: 64, default: "" }),
      key: t.string({ optional: true, unique: true, maxLength: 64 }),
      number: t.integer({ set: "sequence" }),
    },
  },
  ({ all }) => ({ rows: { clerk: all }, sortBy: "number", perPage: 20_000, maxPerPage: 20_000 }),
);

export const worksWith = (jobs: Readonly<Record<string, JobDefinition>>) =>
  service("works", {
    doc: "Works orders off.",
    version: "v1",
    roles: { clerk: "Places orders." },
    resources: [orders, marks],
    jobs,
  });

/** Leaves a mark of an event. */
export const mark = (ctx: CommandContext, job: string, { id, row }: JobEvent, key: string | null = null) =>
  ctx.table(marks).insert({ job, event: id, about: row ?? "", key });

export interface Mark {
  readonly job: string;
  readonly event: string;
  readonly about: string;
  readonly number: number;
}

/** What jobs have done, in the order in which they did it. */
export const marksOf = async (running: Running, job?: string): Promise<Mark[]> => {
  const rows = await running.store.admin.query("SELECT job, event, about, number FROM works_marks ORDER BY number");
  return rows
    .map((row) => ({
      job: String(row["job"]),
      event: String(row["event"]),
      about: String(row["about"]),
      number: Number(row["number"]),
    }))
    .filter((found) => job === undefined || found.job === job);
};
