/** The ceiling for writes: Bun.serve parses the JSON sent to it and answers with the same, stores nothing. Environment: PORT. */
Bun.serve({
  hostname: "127.0.0.1",
  port: Number(Bun.env.PORT),
  development: false,
  // A request without a body asks whether the server is up.
  fetch: async (request) =>
    request.method === "POST" ? Response.json(await request.json(), { status: 201 }) : new Response(null, { status: 204 }),
});
