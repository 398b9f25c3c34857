/** Starts the peers of a run; one that cannot run here is left out and named. */
import { type Peer, type Running, type Surroundings, Unavailable } from "./peer.ts";

export interface Started<R extends Running = Running> {
  readonly peer: Peer<R>;
  readonly running: R;
}

export interface Lineup<R extends Running = Running> {
  readonly started: readonly Started<R>[];
  /** Name and reason. */
  readonly absent: readonly { readonly name: string; readonly why: string }[];
}

export async function startPeers<R extends Running>(peers: readonly Peer<R>[], surroundings: Surroundings): Promise<Lineup<R>> {
  const started: Started<R>[] = [];
  const absent: { name: string; why: string }[] = [];
  for (const peer of peers) {
    process.stderr.write(`starting ${peer.name} …\n`);
    try {
      started.push({ peer, running: await peer.start(surroundings) });
    } catch (error) {
      if (error instanceof Unavailable) {
        absent.push({ name: peer.name, why: error.message });
        process.stderr.write(`${peer.name} is left out: ${error.message}\n`);
        continue;
      }
      for (const { running } of started) await running.stop();
      throw new Error(`${peer.name} does not start: ${(error as Error).message}`, { cause: error });
    }
  }
  return { started, absent };
}
