/** The simulated carrier within the server, for development: what `https://carrier.example` answers there. */
import { SimulationHandler } from "./handler.ts";
import { SimulatedCarrier } from "./simulated-carrier.ts";

const paceMs = 10_000;

export const demoCarrier = (): ((request: Request) => Promise<Response>) => {
  const carrier = new SimulatedCarrier({ seed: 1, paceMs, clock: Date.now, firstNo: Date.now() });
  const handler = new SimulationHandler({ carrier });
  return (request) => handler.handle(request);
};
