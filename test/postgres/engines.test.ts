import { Database } from "bun:sqlite";
import { SQL } from "bun";
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { testDatabases } from "./index.ts";

const minute = 60_000;

test("both engines, in this order", () => {
  expect(testDatabases().map(({ engine }) => engine)).toEqual(["sqlite", "postgres"]);
});

for (const { engine, create } of testDatabases()) {
  test(
    `${engine}: databases are apart, and gone after drop()`,
    async () => {
      const [one, two] = [await create(), await create()];
      expect(one.engine).toBe(engine);
      expect(one.url).not.toBe(two.url);
      if (engine === "sqlite") {
        const path = new URL(one.url).pathname;
        const database = new Database(path);
        database.run("create table t (x integer)");
        database.close();
        expect(existsSync(new URL(two.url).pathname)).toBe(false);
        await one.drop();
        expect(existsSync(dirname(path))).toBe(false);
      } else {
        const open = new SQL(one.url, { max: 1 });
        await open`create table t (x integer)`;
        await one.drop();
        const refusal = await new SQL(one.url, { max: 1 })`select 1`.catch((error: { errno?: string }) => error.errno);
        expect(refusal).toBe("3D000");
      }
      await one.drop();
      await two.drop();
    },
    minute,
  );
}
