/** Boxes: unique values of one and of two fields, everything the writer sets, nested values, rules over relations, guards and functions. */
import { and, eq, gt, gte, lt, notNull, related, resource, rowOf, t } from "../../../src/index.ts";
import { moves } from "./moves.ts";
import { owners } from "./owners.ts";

/** The greatest int64. */
const valueMax = 2n ** 63n - 1n;

export const boxes = resource(
  "boxes",
  {
    doc: "What owners keep.",
    fields: {
      id: t.id("box"),
      owner: t.ref("owners"),
      code: t.string({ minLength: 1, maxLength: 40, unique: true }),
      label: t.string({ optional: true, maxLength: 40 }),
      value: t.money({ min: 0n, default: 0n }),
      weight: t.decimal({ scale: 3, optional: true }),
      state: t.enum(["open", "sealed", "lost"], { default: "open", write: "never" }),
      size: t.object(
        { width: t.integer({ min: 1 }), height: t.integer({ min: 1 }), note: t.string({ optional: true }) },
        { optional: true },
      ),
      meta: t.json({ optional: true }),
      packedOn: t.date({ optional: true }),
      seenAt: t.dateTime({ optional: true }),
      number: t.integer({ set: "sequence" }),
      version: t.integer({ set: "version" }),
      createdAt: t.dateTime({ set: "created" }),
      updatedAt: t.dateTime({ set: "updated" }),
    },
  },
  ({ all, own, rows, many, manyToMany, filter, count, sum, max, avg, countDistinct, guard, self, command, query }) => ({
    rows: {
      clerk: all,
      auditor: all,
      owner: own("owner"),
      agent: rows(({ owner }, caller) => eq(related(owner, "agent"), caller.user)),
    },
    access: { create: ["clerk", "owner", "agent"], update: ["clerk", "owner", "agent"], delete: ["clerk", "owner"] },
    refusals: {
      sealed: { status: 409, doc: "A sealed box cannot be deleted." },
      too_dear: { status: 422, doc: "No box is worth that much." },
    },
    guard: {
      delete: guard((ctx, { row }) => (row.state === "sealed" ? ctx.refuse("sealed", { code: row.code }) : undefined)),
      update: guard(async (ctx, { row, changes }) => {
        await ctx.table(owners).get(row.owner);
        return (changes.value ?? 0n) > 1_000_000_000_000_000_000n
          ? ctx.refuse("too_dear", undefined, { fields: { value: ["too_dear"] } })
          : undefined;
      }),
    },
    indexes: [{ fields: ["owner", "label"], unique: true }, ["value"]],
    relations: {
      items: many("items", { by: "box" }),
      moves: many("moves", { by: ["source", "target"] }),
      tags: manyToMany("tags", { through: "labels", from: "box", to: "tag" }),
    },
    filters: {
      packed: filter(({ packedOn }) => notNull(packedOn)),
      worth: filter({ from: t.money({ default: 100n }), to: t.money() }, ({ value }, { from, to }) =>
        and(gte(value, from), lt(value, to)),
      ),
    },
    stats: {
      byState: { group: ["state"], measures: { boxes: count(), value: sum("value"), owners: countDistinct("owner") } },
      packing: { group: [{ by: "packedOn", part: "month" }], measures: { boxes: count() } },
      overall: { measures: { boxes: count(), mean: avg("value"), heaviest: max("weight") }, roles: ["clerk", "auditor"] },
    },
    properties: { totalValue: sum("value"), heaviest: max("weight") },
    events: { sealed: { doc: "A box was sealed.", data: { box: t.ref("boxes"), value: t.money() } } },
    functions: {
      seal: command({
        on: "item",
        doc: "Seals a box.",
        roles: ["clerk", "owner"],
        input: { reason: t.string({ optional: true }) },
        refusals: { already_sealed: { status: 409, doc: "It is sealed already." } },
        run: (ctx, { row }) => {
          if (row.state === "sealed") return ctx.refuse("already_sealed", { code: row.code });
          ctx.emit("sealed", { box: row.id, value: row.value });
          return ctx.table(self).update(row.id, { state: "sealed" });
        },
      }),
      pour: command({
        on: "item",
        doc: "Moves value into another box and notes the move.",
        roles: ["clerk", "owner", "agent"],
        input: { into: t.ref("boxes"), value: t.money({ min: 1n }) },
        output: { left: t.money(), move: t.ref("moves") },
        refusals: {
          target_not_found: { status: 404, doc: "There is no such box." },
          too_little: { status: 422, doc: "There is less in it." },
          too_much: { status: 422, doc: "No box holds that much." },
        },
        load: ({ input }) => ({ target: rowOf(self, input.into) }),
        run: (ctx, { row, input, loaded }) => {
          const { target } = loaded;
          if (target === undefined) return ctx.refuse("target_not_found", { box: input.into });
          if (target.value + input.value > valueMax) return ctx.refuse("too_much");
          ctx.table(self).update(row.id, { value: row.value - input.value });
          ctx.table(self).update(target.id, { value: target.value + input.value });
          const move = ctx.table(moves).insert({ source: row.id, target: target.id, value: input.value });
          if (row.value < input.value) return ctx.refuse("too_little", { available: row.value });
          return { left: row.value - input.value, move: move.id };
        },
      }),
      survey: command({
        on: "item",
        doc: "Changes the box, then counts and finds: a command sees what it and the batch changed.",
        roles: ["clerk"],
        input: { value: t.money() },
        output: { dear: t.integer(), codes: t.array(t.string()), own: t.money() },
        run: async (ctx, { row, input }) => {
          const table = ctx.table(self);
          table.update(row.id, { value: input.value });
          const dear = await table.count(({ value, owner }) => and(gte(value, input.value), eq(owner, row.owner)));
          const found = await table.find(({ value, owner }) => and(gte(value, input.value), eq(owner, row.owner)), {
            sortBy: "code.desc",
            limit: 50,
          });
          return { dear, codes: found.map(({ code }) => code), own: (await table.get(row.id))?.value ?? -1n };
        },
      }),
      raiseAll: command({
        on: "collection",
        doc: "Raises every box of an owner, found by a condition.",
        roles: ["clerk"],
        input: { owner: t.ref("owners"), by: t.money() },
        output: { raised: t.integer() },
        refusals: { too_much: { status: 422, doc: "No box holds that much." } },
        run: async (ctx, { input }) => {
          const table = ctx.table(self);
          const found = await table.find(({ owner }) => eq(owner, input.owner));
          for (const { id, value } of found) {
            if (value + input.by > valueMax || value + input.by < 0n) return ctx.refuse("too_much");
            table.update(id, { value: value + input.by });
          }
          return { raised: found.length };
        },
      }),
      break: command({
        on: "item",
        doc: "Changes the box and then fails, in one of many ways.",
        roles: ["clerk"],
        input: {
          how: t.enum([
            "throw",
            "reject",
            "refuse",
            "keep",
            "undeclared",
            "undeclaredEvent",
            "nothing",
            "duplicate",
            "dangling",
            "unread",
          ]),
        },
        output: { done: t.boolean() },
        refusals: { broken: { status: 422, doc: "It broke." } },
        run: (ctx, { row, input }) => {
          const table = ctx.table(self);
          table.update(row.id, { value: row.value + 1_000n });
          ctx.emit("sealed", { box: row.id, value: row.value });
          switch (input.how) {
            case "throw":
              throw new Error("broken on purpose");
            case "reject":
              return Promise.resolve().then(() => {
                throw new Error("broken on purpose, later");
              });
            case "refuse":
              return ctx.refuse("broken", { value: row.value });
            case "keep":
              return ctx.refuse("broken", { value: row.value }, { keep: true });
            case "undeclared":
              return ctx.refuse("nobody_declared_this");
            case "undeclaredEvent":
              return ctx.emit("nobodyDeclaredThis", {});
            case "nothing":
              return undefined;
            case "duplicate":
              // Not checked before the flush: code is trusted until the database objects.
              table.insert({ owner: row.owner, code: row.code });
              return { done: true };
            case "dangling":
              table.insert({ owner: "own_00000000000000000000000000", code: `${row.code}-dangling` });
              return { done: true };
            case "unread":
              return table.update("box_00000000000000000000000000", { value: 1n });
          }
        },
      }),
      visibleTo: command({
        on: "collection",
        doc: "Whether the caller sees a box, asked by code.",
        roles: ["clerk", "owner"],
        input: { box: t.ref("boxes") },
        output: { visible: t.boolean() },
        run: async (ctx, { input }) => {
          const row = await ctx.table(self).get(input.box);
          return { visible: row !== undefined && ctx.visible(self, row) };
        },
      }),
      twins: query({
        on: "item",
        doc: "Other boxes worth as much.",
        roles: ["clerk", "owner", "agent", "auditor"],
        output: "rows",
        run: async (ctx, { row }) =>
          (await ctx.table(self).find(({ value, owner }) => and(eq(value, row.value), eq(owner, row.owner)))).filter(
            ({ id }) => id !== row.id,
          ),
      }),
      worthOf: query({
        on: "item",
        doc: "What a box is worth, many at a time.",
        roles: ["clerk", "owner"],
        input: { times: t.integer({ default: 1 }) },
        output: { worth: t.money(), together: t.integer() },
        refusals: { worthless: { status: 409, doc: "It is worth nothing." } },
        runMany: (ctx, calls) =>
          calls.map(({ row, input }) => {
            if (input.times === 666) throw new Error("one of many is broken");
            return row.value === 0n
              ? ctx.refuse("worthless")
              : { worth: row.value * BigInt(input.times), together: calls.length };
          }),
      }),
      dearest: query({
        on: "collection",
        doc: "The dearest box.",
        roles: ["clerk", "owner"],
        output: "row",
        refusals: { no_boxes: { status: 404, doc: "There is no box." } },
        run: async (ctx) =>
          (await ctx.table(self).find(({ value }) => gt(value, -1n), { sortBy: "value.desc", limit: 1 }))[0] ??
          ctx.refuse("no_boxes"),
      }),
    },
    perPage: 5,
    maxPerPage: 50,
    sortBy: "code",
  }),
);
