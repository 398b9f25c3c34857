/** What `pons doctor` says of a Postgres. */
import { describe, expect, test } from "bun:test";
import { pons } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { startPostgres } from "../postgres/index.ts";

const minuteMs = 60_000;

const findingOf = async (url: string): Promise<unknown> => {
  using folder = new TemporaryFolder();
  const ended = await pons(["doctor", "--json"], { PONS_DATA: folder.path, PONS_PORT: "0", PONS_DATABASE_URL: url });
  const { findings } = JSON.parse(ended.out) as { findings: { check: string }[] };
  return findings.find(({ check }) => check === "database");
};

describe("doctor on Postgres", () => {
  test(
    "a server that waits for the disk is good; one that does not is doubtful",
    async () => {
      {
        await using server = await startPostgres();
        expect(await findingOf(await server.createDatabase())).toMatchObject({ verdict: "good", found: "Postgres answers" });
      }
      await using server = await startPostgres({ fsync: false });
      expect(await findingOf(await server.createDatabase())).toMatchObject({
        verdict: "doubtful",
        found: "Postgres answers; off: fsync, full_page_writes",
        advice: expect.stringContaining("postgresql.conf"),
      });
    },
    minuteMs,
  );
});
