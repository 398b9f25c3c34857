/** A small service whose events are delivered in the tests: a post office. Readers do not see what a letter costs; who owns a letter sees it alone. */
import { command, resource, service, t } from "pons";

export const letters = resource(
  "letters",
  {
    doc: "Letters.",
    fields: {
      id: t.id("let"),
      text: t.text({ maxLength: 100_000 }),
      step: t.integer({ default: 0, write: "never" }),
      cost: t.integer({ default: 90, read: ["clerk"], write: ["clerk"] }),
      account: t.string({ default: "12345678", read: ["clerk"], mask: "last4", write: ["clerk"] }),
      holder: t.string({ optional: true, maxLength: 64 }),
    },
  },
  ({ self, all, rows, command: change }) => ({
    rows: {
      clerk: all,
      reader: all,
      holder: rows((row, { app }) => ({ op: "eq", left: row.holder, right: app })),
    },
    access: { delete: ["clerk"] },
    events: {
      posted: {
        doc: "A letter was posted.",
        data: { letter: t.ref("letters"), text: t.text(), cost: t.integer(), account: t.string() },
      },
      moved: { doc: "A letter is somewhere else.", data: { letter: t.ref("letters"), step: t.integer() } },
      swept: { doc: "The office was swept.", data: { floor: t.string() } },
    },
    create: change({
      doc: "Posts a letter.",
      on: "collection",
      roles: ["clerk"],
      input: { text: t.text({ maxLength: 100_000 }), holder: t.string({ optional: true, maxLength: 64 }) },
      run: (ctx, { input }) => {
        const row = ctx.table(self).insert(input);
        ctx.emit("posted", { letter: row.id, text: row.text, cost: row.cost, account: row.account });
        return ctx.created(row);
      },
    }),
    functions: {
      move: change({
        doc: "Moves a letter on.",
        on: "item",
        roles: ["clerk"],
        input: { times: t.integer({ default: 1, min: 1, max: 500 }) },
        run: (ctx, { row, input }) => {
          for (let time = 1; time <= input.times; time++) ctx.emit("moved", { letter: row.id, step: row.step + time });
          return ctx.table(self).update(row.id, { step: row.step + input.times });
        },
      }),
    },
  }),
);

export const post = service("post", {
  doc: "A post office.",
  version: "v1",
  roles: { clerk: "Works there.", reader: "Reads along.", holder: "Has letters." },
  resources: [letters],
  operations: {
    sweep: command({
      doc: "Sweeps.",
      roles: ["clerk"],
      input: { floors: t.integer({ default: 1, min: 1, max: 500 }) },
      output: "none",
      run: (ctx, { input }) => {
        for (let floor = 0; floor < input.floors; floor++) ctx.emit("swept", { floor: String(floor) }, letters);
      },
    }),
  },
});
