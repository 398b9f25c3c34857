/**
 * Calls on one channel in a closed loop, from a process of its own. Reads one Job as JSON from standard input, writes a Load to standard output. Exit 1 with a
 * sentence on standard error when any answer is wrong or missing. Every status is checked, and the row of the first answers and of every eighth one.
 */
import type { Load } from "../../harness/generator.ts";
import { quantile } from "../../harness/statistics.ts";
import { type CallName, currency, formsFor, grpcPaths, type Subject } from "./forms.ts";
import { type Link, openLink, type Where } from "./links.ts";

export interface Job {
  readonly form: string;
  /** `ping`: an empty message over gRPC, answered by one that nobody looks into. */
  readonly call: CallName | "ping";
  readonly where: Where;
  /** Ids of accounts, and whose they are. */
  readonly ids: readonly string[];
  readonly customer: string;
  readonly connections: number;
  /** Calls under way on each. */
  readonly underWay: number;
  readonly seconds: number;
  readonly firstNumber: number;
}

const sampleEvery = 8;
const answerMs = 60_000;

const fail = (why: string): never => {
  process.stderr.write(`${why}\n`);
  process.exit(1);
};

const load = async (job: Job): Promise<Load> => {
  const { where, call, ids, customer, connections, underWay } = job;
  const form =
    formsFor({ host: `${where.hostname}:${where.port}`, key: where.key }).find(({ name }) => name === job.form) ??
    fail(`no form ${job.form}`);
  const open = (): Promise<Link> => openLink(form.carrier, where, grpcPaths[call], (error) => fail(error.message));
  const links = await Promise.all(Array.from({ length: connections }, open));
  const status = call === "ping" ? 200 : (form.status?.(call) ?? 200);
  let number = job.firstNumber;
  /** Requests of reads are written once. */
  const written = new Map<string, Buffer>();
  const subjectAt = (at: number): Subject =>
    call === "create"
      ? { id: "", name: `Customer ${at}`, customer }
      : { id: ids[at % ids.length] ?? "", name: `Account ${(ids[at % ids.length] ?? "").slice(-9)}`, customer };
  const requestOf = (subject: Subject): Buffer => {
    if (call === "ping") return Buffer.alloc(0);
    if (call === "create") return form.request(call, subject);
    let request = written.get(subject.id);
    if (request === undefined) written.set(subject.id, (request = form.request(call, subject)));
    return request;
  };
  const check = (subject: Subject, body: Buffer): void => {
    if (call === "ping") return;
    const row = form.row(body, call);
    const isId = call === "get" ? row.id === subject.id : typeof row.id === "string" && row.id.startsWith("acc_");
    if (!isId || row.name !== subject.name || row.customer !== customer || row.currency !== currency)
      fail(`asked for ${JSON.stringify(subject)}, got ${JSON.stringify(row)} in ${body.toString().slice(0, 500)}`);
  };
  const latencies: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  let [calls, open_] = [0, connections * underWay];
  const startedMs = performance.now();
  const endMs = startedMs + job.seconds * 1_000;
  setTimeout(() => fail("not every call was answered in time"), job.seconds * 1_000 + answerMs).unref();
  const next = (link: Link): void => {
    const sentMs = performance.now();
    if (sentMs >= endMs) {
      if (--open_ === 0) resolve();
      return;
    }
    const subject = subjectAt(number++);
    link.send(
      requestOf(subject),
      (wrong, body) => {
        calls++;
        latencies.push(performance.now() - sentMs);
        if (wrong !== undefined) fail(wrong);
        if (call !== "ping" && !form.isDone(body())) fail(body().toString().slice(0, 500));
        if (calls <= connections * underWay || calls % sampleEvery === 0) check(subject, body());
        next(link);
      },
      status,
    );
  };
  for (const link of links) for (let at = 0; at < underWay; at++) next(link);
  await promise;
  const seconds = (performance.now() - startedMs) / 1_000;
  for (const link of links) link.close();
  const sorted = Float64Array.from(latencies).toSorted();
  const at = (share: number): number => quantile(sorted, share);
  return { calls, seconds, latency: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }, nextNumber: number };
};

if (import.meta.main) {
  const result = await load((await Bun.stdin.json()) as Job);
  process.stdout.write(JSON.stringify(result));
  process.exit(0);
}
