/**
 * The ceiling for reads: Bun.serve answers every request with the same recorded status, headers and body, and looks at nothing.
 * Environment: PORT, ANSWER (a file with `{ status, headers, body }` as JSON).
 */
interface Recorded {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const { status, headers, body } = (await Bun.file(Bun.env.ANSWER ?? "").json()) as Recorded;
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(Bun.env.PORT),
  development: false,
  fetch: () => new Response(body, { status, headers }),
});
