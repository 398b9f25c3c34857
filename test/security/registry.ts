/**
 * Two small services for tests of credentials: `registry` publishes any entry of the directory, as a control plane does with its rows, and `archive` is
 * what is called with the credentials.
 */
import { command, entry, query, resource, service, t, type Value } from "../../src/index.ts";

const entries = resource(
  "entries",
  {
    doc: "Entries of the directory.",
    fields: { id: t.id("ent"), kind: t.string(), name: t.string({ maxLength: 200 }), value: t.json() },
  },
  ({ all, directory }) => ({
    rows: { keeper: all },
    access: { create: ["keeper"], update: ["keeper"], delete: ["keeper"] },
    directory: directory(({ kind, name, value }) => [entry(kind, name, value as Readonly<Record<string, Value>>)]),
  }),
);

export const registry = service("registry", {
  doc: "What the installation knows of credentials.",
  version: "v1",
  rowsOf: "tenant",
  roles: { keeper: "Registers." },
  resources: [entries],
});

export const papers = resource(
  "papers",
  {
    doc: "Papers, some of them long.",
    fields: {
      id: t.id("pap"),
      title: t.string({ maxLength: 100 }),
      text: t.text({ optional: true }),
      owner: t.string({ optional: true, maxLength: 64 }),
      price: t.integer({ optional: true, read: ["keeper"], write: ["keeper"] }),
    },
  },
  ({ self, all, own, command: change }) => ({
    rows: { keeper: all, reader: all, author: own("owner") },
    access: { create: ["keeper", "author"], update: ["keeper", "author"], delete: ["keeper"] },
    functions: {
      stamp: change({
        doc: "Stamps a paper.",
        on: "item",
        roles: ["keeper"],
        run: (ctx, { row }) => ctx.table(self).update(row.id, { title: `${row.title} (stamped)` }),
      }),
    },
  }),
);

export const archive = service("archive", {
  doc: "An archive.",
  version: "v1",
  roles: { keeper: "Keeps papers.", reader: "Reads them.", author: "Writes the own ones.", helper: "Acts for authors." },
  actFor: { helper: "author" },
  resources: [papers],
  operations: {
    look: query({ doc: "Looks.", roles: ["keeper", "reader"], output: { ok: t.boolean() }, run: () => ({ ok: true }) }),
    knock: command({ doc: "Knocks.", roles: ["keeper", "author"], output: "none", run: () => undefined }),
  },
});
