/** Definitions that could never work are refused when they are compiled, with the field and the reason. */
import { describe, expect, test } from "bun:test";
import { command, type Fields, resource, service, t } from "../../../src/index.ts";
import { DefinitionError } from "../../../src/contract/index.ts";
import { compileServices } from "../../../src/host/app.ts";

const problemsOf = (fields: Fields, options: { readonly byCode?: true; readonly create?: readonly string[] } = {}) => {
  const things = resource("things", { doc: "Things.", fields: { id: t.id("thg"), ...fields } }, ({ all }) => ({
    rows: { maker: all, clerk: all },
    access: { create: options.create ?? ["maker"] },
    ...(options.byCode === undefined
      ? {}
      : { create: command({ doc: "Makes one.", roles: ["maker"], output: { made: t.boolean() }, run: () => ({ made: true }) }) }),
  }));
  const roles = { maker: "Makes.", clerk: "Counts." };
  try {
    compileServices([service("shop", { doc: "Things.", version: "v1", roles, resources: [things] })]);
  } catch (error) {
    if (error instanceof DefinitionError) return error.problems;
    throw error;
  }
  return [];
};

describe("a field that a creator has to fill and may not write", () => {
  test("is told with its name and the role", () => {
    expect(problemsOf({ total: t.money({ write: "never" }) })).toEqual([
      expect.stringContaining('things.total: must have a value, but role "maker" creates rows and may not write it'),
    ]);
    expect(problemsOf({ note: t.string({ write: ["clerk"] }) }, { create: ["clerk", "maker"] })).toEqual([
      expect.stringContaining('role "maker"'),
    ]);
  });

  test("is none where something fills it: a default, null, the writer, code, or every creator", () => {
    expect(
      problemsOf({
        defaulted: t.money({ write: "never", default: 0n }),
        empty: t.string({ write: "never", optional: true }),
        at: t.dateTime({ set: "created", write: "never" }),
        fixed: t.string({ write: "create" }),
        own: t.string({ write: ["maker", "clerk"] }),
      }),
    ).toEqual([]);
    expect(problemsOf({ total: t.money({ write: "never" }) }, { byCode: true })).toEqual([]);
  });
});
