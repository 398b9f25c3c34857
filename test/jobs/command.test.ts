/** `pons jobs`, beside a server that runs: what was parked is shown, tried again or dropped, and who did it is in the journal. */
import { expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDirect } from "../faults/direct.ts";
import { line } from "../host/command-line.ts";
import { pons, startServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";

const services = ["--services", join(import.meta.dir, "command-service.ts")];
const waitMsMax = 15_000;

const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  for (const end = performance.now() + waitMsMax; performance.now() < end; await Bun.sleep(100)) if (await isSo()) return;
  throw new Error("it has not come to that");
};

for (const { engine, create } of testDatabases()) {
  test(`${engine}: parked events are shown, tried again and dropped`, async () => {
    await using database = await create();
    using folder = new TemporaryFolder();
    const broken = folder.at("broken");
    writeFileSync(broken, "");
    const environment = { PONS_DATABASE_URL: database.url, PONS_DATA: folder.path, PONS_TEST_BROKEN: broken };
    await using server = await startServer({
      data: folder.path,
      services: [services[1] ?? ""],
      environment: { ...environment, PONS_LOG: "warn" },
    });
    await using direct = openDirect(database.url);
    for (const customer of ["first", "second"]) expect((await server.post("/works/v1/orders", { customer })).status).toBe(201);
    const parkedNow = async () => {
      const { out } = await line(["jobs", "parked", "--json", ...services], environment);
      return (JSON.parse(out) as { parked: { event: string; job: string; problem: string }[] }).parked;
    };
    await until(async () => (await direct.query("SELECT 1 FROM pons_job_events WHERE state = 'parked'")).length === 2);
    const parked = await parkedNow();
    expect(parked).toMatchObject([
      {
        job: "works.welcome",
        tenant: "demo",
        environment: "sandbox",
        type: "orders.placed",
        attempts: 1,
        problem: "Error: it is broken",
      },
      { job: "works.welcome" },
    ]);
    expect(server.log).toContain("job_parked");
    const listed = JSON.parse(
      (await line(["jobs", "--json", "--tenant", "demo", "--environment", "sandbox", ...services], environment)).out,
    ) as {
      jobs: { job: string; parked: number; lag: number | null; nextAt: string | null }[];
    };
    expect(listed.jobs.filter(({ job }) => job.startsWith("works."))).toMatchObject([
      { job: "works.welcome", kind: "background", parked: 2, waiting: 0, lag: 0, nextAt: null },
      { job: "works.nightly", kind: "scheduled", parked: 0, lag: null },
    ]);
    expect(listed.jobs.find(({ job }) => job === "works.nightly")?.nextAt).toContain("T03:00:00.000Z");
    const text = await line(["jobs", "parked", "works.welcome", ...services], environment);
    expect(text.out).toContain("it is broken");

    rmSync(broken);
    const [first, second] = parked.map(({ event }) => event);
    const retried = await pons(["jobs", "retry", "works.welcome", first ?? "", ...services], environment);
    expect(retried).toMatchObject({ code: 0, out: "1 event is tried again within seconds.\n" });
    await until(async () => (await direct.query("SELECT 1 FROM works_marks")).length === 1);
    const dropped = await pons(["jobs", "drop", "works.welcome", second ?? "", ...services], environment);
    expect(dropped).toMatchObject({ code: 0, out: "1 event is dropped.\n" });
    expect(await parkedNow()).toEqual([]);
    const operations = await direct.query("SELECT operation FROM pons_journal WHERE channel = 'cli' ORDER BY seq");
    expect(operations.map(({ operation }) => operation)).toEqual(["works.jobs.retry", "works.jobs.drop"]);
    const nothing = await line(["jobs", "retry", "works.welcome", ...services], environment);
    expect(nothing.code).toBe(64);
    expect(nothing.err).toContain("works.welcome has nothing parked");
  }, 60_000);
}
