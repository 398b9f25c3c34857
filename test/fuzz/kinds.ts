/** A service with one resource that has a field of every kind, and functions that take them: where values are fuzzed by type. */
import { command, query, resource, service, t } from "pons";

const fields = {
  id: t.id("thg", { client: true }),
  line: t.string({ minLength: 1, maxLength: 100, unique: true }),
  lines: t.text({ optional: true, maxLength: 5000 }),
  code: t.string({ optional: true, pattern: "[A-Z]{2}-[0-9]{1,8}" }),
  whole: t.integer({ optional: true }),
  small: t.integer({ min: -5, max: 5, default: 0 }),
  cents: t.money({ optional: true }),
  exact: t.decimal({ scale: 4, optional: true }),
  flag: t.boolean({ default: false }),
  choice: t.enum(["a", "b", "constructor"], { default: "a" }),
  day: t.date({ optional: true }),
  moment: t.dateTime({ optional: true }),
  span: t.duration({ optional: true }),
  mail: t.email({ optional: true }),
  link: t.url({ optional: true }),
  phone: t.phone({ optional: true }),
  currency: t.currency({ optional: true }),
  country: t.country({ optional: true }),
  tongue: t.language({ optional: true }),
  free: t.json({ optional: true }),
  box: t.object({ width: t.integer(), label: t.string({ optional: true }) }, { optional: true }),
  list: t.array(t.integer(), { optional: true, maxItems: 10 }),
  boxes: t.array(t.object({ name: t.string(), at: t.dateTime({ optional: true }) }), { optional: true }),
  bytes: t.binary({ optional: true, maxBytes: 1000 }),
  parent: t.ref("things", { optional: true }),
  secret: t.string({ optional: true, write: "never", read: ["nobodyHasIt"] }),
  first: t.string({ optional: true, write: "create" }),
  createdAt: t.dateTime({ set: "created" }),
  updatedAt: t.dateTime({ set: "updated" }),
  number: t.integer({ set: "sequence" }),
  version: t.integer({ set: "version" }),
};

const { line, whole, cents, exact, flag, choice, day, moment, span, free, box, list, bytes } = fields;
const taken = { line, whole, cents, exact, flag, choice, day, moment, span, free, box, list, bytes };

const things = resource("things", { doc: "One of every kind.", fields }, ({ all, count, max, command: change, many }) => ({
  rows: { clerk: all },
  access: { create: ["clerk"], update: ["clerk"], delete: ["clerk"] },
  relations: { children: many("things", { by: "parent" }) },
  stats: { byChoice: { group: ["choice"], measures: { things: count() } } },
  properties: { most: max("whole") },
  functions: {
    touch: change({
      on: "item",
      doc: "Takes one of every kind.",
      roles: ["clerk"],
      input: taken,
      output: "row",
      run: (_, { row }) => row,
    }),
  },
}));

export default service("kinds", {
  doc: "One of every kind.",
  version: "v1",
  roles: { clerk: "Does everything.", nobodyHasIt: "No key has it." },
  resources: [things],
  operations: {
    echo: query({ doc: "Answers what it took.", roles: ["clerk"], input: taken, output: taken, run: (_, { input }) => input }),
    take: command({ doc: "Takes, and answers nothing.", roles: ["clerk"], input: taken, output: "none", run: () => undefined }),
  },
});
