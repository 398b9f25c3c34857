/** kill -9 of the server while a carrier, which has booked already, takes its time to answer: after the start all are booked, each once. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { SimulationHandler } from "../../services/delivery/carriers/simulator/handler.ts";
import { SimulatedCarrier } from "../../services/delivery/carriers/simulator/simulated-carrier.ts";
import { root, startServer, type TestServer } from "../host/server.ts";
import { TemporaryFolder } from "../host/temporary-folder.ts";
import { testDatabases } from "../postgres/index.ts";
import type { Data } from "./house.ts";

const waitMsMax = 30_000;

const until = async (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  for (const end = performance.now() + waitMsMax; !(await holds());) {
    if (performance.now() > end) throw new Error(`${what} did not come to be`);
    await Bun.sleep(25);
  }
};

test.each(testDatabases())(
  "$engine: between the carrier's booking and the note of it",
  async ({ create }) => {
    await using database = await create();
    using folder = new TemporaryFolder();
    const simulated = new SimulatedCarrier({ seed: 3, paceMs: 3_600_000, clock: Date.now });
    const handler = new SimulationHandler({ carrier: simulated, slowMs: 3_000 });
    const carrier = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => handler.handle(request) });
    const address = `http://127.0.0.1:${carrier.port}`;
    const start = (): Promise<TestServer> =>
      startServer({
        data: folder.path,
        services: [join(root, "services", "delivery")],
        environment: { PONS_DATABASE_URL: database.url, PONS_OUTBOUND_ALLOW: address, PONS_LOG: "silent" },
      });
    let server = await start();
    try {
      const [row] = await server.data<Data[]>("/delivery/v1/carriers");
      const json = { "content-type": "application/json" };
      const path = `/delivery/v1/carriers/${String(row?.["id"])}`;
      await server.data(path, { method: "PATCH", headers: json, body: JSON.stringify({ address }) });
      const [manifest] = await server.data<Data[]>("/delivery/v1/manifests");
      handler.ordered.push({ fault: "slow", of: "book", times: 8 });
      expect((await server.post(`/delivery/v1/manifests/${String(manifest?.["id"])}/handOver`, {})).status).toBe(200);
      await until(() => simulated.booked > 0, "a booking");
      await server.stop("SIGKILL");
      const booked = simulated.booked;
      server = await start();
      const count = Number(manifest?.["orderCount"]);
      const consignments = (): Promise<readonly Data[]> => server.data("/delivery/v1/consignments?state=booked&perPage=100");
      await until(async () => (await consignments()).length === count, "all bookings");
      expect(booked).toBeGreaterThan(0);
      expect(simulated.booked).toBe(count);
      const found = (await consignments()).map(({ number }) => number);
      expect(new Set(found).size).toBe(count);
      expect(found).not.toContain(null);
    } finally {
      await server[Symbol.asyncDispose]();
      await carrier.stop(true);
    }
  },
  60_000,
);
