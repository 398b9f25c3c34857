/**
 * A simulated carrier as a process: no carrier that exists.
 *
 *   node bin/pons.mjs --bun services/delivery/carriers/simulator/main.ts --port 9300 --seed 7 --pace 10 --faults 0.05 --token secret
 *
 * `--pace`: seconds between two events of a parcel. `--faults`: share of answers that are spoilt, by the seed. A server that is to reach it is started with
 * `PONS_OUTBOUND_ALLOW=http://127.0.0.1:9300`. It prints one line of JSON once it listens.
 */
import { faults, SimulationHandler } from "./handler.ts";
import { SimulatedCarrier } from "./simulated-carrier.ts";

const known = ["port", "seed", "pace", "faults", "token", "slow"] as const;

/** `--name value` of the command line; what is unknown or has no value ends the process. */
const values: { [name in (typeof known)[number]]?: string } = {};
for (let at = 2; at < Bun.argv.length; at += 2) {
  const name = known.find((one) => `--${one}` === Bun.argv[at]);
  const value = Bun.argv[at + 1];
  if (name === undefined || value === undefined || (name !== "token" && !/^\d+(?:\.\d+)?$/.test(value))) {
    console.error(`${Bun.argv[at]}: expected ${known.map((one) => `--${one} <value>`).join(", ")}`);
    process.exit(2);
  }
  values[name] = value;
}
const seed = Number(values.seed ?? 1);
const share = Number(values.faults ?? 0);
let asked = 0;
const chance = () => {
  const drawn = Bun.hash.crc32(`${seed} fault ${asked++}`);
  return (drawn % 10_000) / 10_000 < share ? faults[drawn % faults.length] : undefined;
};
const handler = new SimulationHandler({
  carrier: new SimulatedCarrier({ seed, paceMs: Number(values.pace ?? 10) * 1_000, clock: Date.now, firstNo: Date.now() }),
  token: values.token,
  ...(share > 0 ? { chance } : {}),
  ...(values.slow === undefined ? {} : { slowMs: Number(values.slow) * 1_000 }),
});
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(values.port ?? 9_300),
  idleTimeout: 60,
  fetch: (request) => handler.handle(request),
});
console.log(JSON.stringify({ simulation: true, origin: `http://127.0.0.1:${server.port}`, seed }));
