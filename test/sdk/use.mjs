// @ts-nocheck: the client it is given is made when the test runs.
/**
 * Uses a generated client as a program would: given its address, the server's and a key. Prints what it saw as JSON. Runs in Node, Bun and, as `use(…)`, in a
 * browser.
 */
export const use = async (module, baseUrl, key) => {
  const { createBazaarClient, createSigner, PonsError } = module;
  const seen = {};
  const tag = crypto.randomUUID().slice(0, 8);
  const bazaar = createBazaarClient({ baseUrl, key, language: "de" });
  const stall = await bazaar.stalls.create({ name: `Stall ${tag}` });
  const body = {
    stall: stall.id,
    name: `Cup ${tag}`,
    price: 9007199254740993n,
    stock: 3,
    shownAt: new Date("2026-02-03T04:05:06Z"),
  };
  const ware = await bazaar.wares.create(body);
  seen.created = [ware.price, ware.shownAt, ware.edition];
  seen.changed = (await bazaar.wares.update(ware.id, { stock: 4 }, { ifMatch: "*" })).stock;
  seen.quoted = (await bazaar.wares.quote(ware.id, { amount: 1 })).total;
  try {
    await bazaar.wares.sell(ware.id, { amount: 50 });
  } catch (error) {
    seen.refused = [error instanceof PonsError, error.type, error.status, error.message, error.details.left];
  }
  try {
    await bazaar.wares.create({ ...body, name: "x" });
  } catch (error) {
    seen.invalid = [error.type, Object.keys(error.issues)];
  }
  await Promise.all(
    Array.from({ length: 12 }, (_, at) => bazaar.wares.create({ stall: stall.id, name: `Item ${tag} ${at}`, price: at })),
  );
  const page = await bazaar.wares.list({
    stall: stall.id,
    price: { gte: 2, lt: 8 },
    sortBy: "price.desc",
    perPage: 4,
    include: "stall",
  });
  seen.page = [page.data.map(({ price }) => price), page.pagination.totalRecords, page.data[0].stall.name ?? page.data[0].stall];
  seen.named = (await bazaar.wares.list({ filters: { name: "named", params: { name: `Item ${tag} 3` } } })).data.length;
  const prices = [];
  for await (const row of bazaar.wares.all({ stall: stall.id, name: { contains: "Item" }, perPage: 5, sortBy: "price.asc" }))
    prices.push(row.price);
  seen.all = prices;
  seen.count = await bazaar.wares.count({ stall: stall.id });
  // One effect, however often it is sent.
  const idempotencyKey = crypto.randomUUID();
  const again = [1, 2].map(() => bazaar.wares.create({ stall: stall.id, name: `Once ${tag}`, price: 1 }, { idempotencyKey }));
  const [first, second] = await Promise.all(again);
  const made = await bazaar.wares.list({ stall: stall.id, name: `Once ${tag}` });
  seen.once = [first.id === second.id, made.data.map(({ id }) => id === first.id)];
  // The first two attempts fail, the third is answered; all carry the same key.
  const keys = [];
  let failures = 2;
  const failing = createBazaarClient({
    baseUrl,
    key,
    fetch: async (request) => {
      keys.push(request.headers.get("idempotency-key"));
      if (failures-- > 0) throw new TypeError("the network is away");
      return fetch(request);
    },
  });
  seen.retried = [
    (await failing.wares.create({ stall: stall.id, name: `Again ${tag}`, price: 1 })).price,
    keys.length,
    new Set(keys).size,
  ];
  const verdicts = await bazaar.batch([
    { id: "a", path: "/wares", body: { stall: stall.id, name: `Batch ${tag}`, price: 1 } },
    { path: "/wares", body: { stall: stall.id, name: "x", price: 1 } },
  ]);
  seen.batch = verdicts.map(({ success }) => success);
  // Events of what is done from now on.
  const ending = new AbortController();
  const events = [];
  let last;
  const listening = (async () => {
    for await (const event of bazaar.events(
      { types: ["bazaar.wares.sold"], filters: { ware: ware.id } },
      { signal: ending.signal },
    )) {
      events.push([event.type, event.data.left]);
      last = event.id;
      if (events.length === 2) ending.abort();
    }
  })();
  await new Promise((resolve) => setTimeout(resolve, 400));
  for (let sale = 0; sale < 2; sale++) await bazaar.wares.sell(ware.id, { amount: 1 });
  await listening;
  seen.events = events;
  // The network cuts every connection in the middle of something, or falls silent; no event is missed, and none comes twice.
  const names = Array.from({ length: 16 }, (_, at) => `Offer ${tag} ${at}`);
  let connections = 0;
  const cut = createBazaarClient({
    baseUrl,
    key,
    headers: { "x-cut": "yes" },
    silenceMs: 1_500,
    fetch: (request) => {
      connections++;
      return fetch(request);
    },
  });
  const over = new AbortController();
  const offered = [];
  const hearing = (async () => {
    for await (const { data } of cut.events({ types: ["bazaar.wares.offered"], after: last }, { signal: over.signal })) {
      offered.push(data.name);
      if (data.name === names.at(-1)) over.abort();
    }
  })();
  for (const name of names) {
    await bazaar.wares.create({ stall: stall.id, name, price: 1 });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await hearing;
  // What comes twice or is missed is seen here.
  seen.resumed = offered.map((name) => names.indexOf(name));
  seen.connections = connections > 3;
  let signed;
  const signing = createBazaarClient({
    baseUrl,
    signer: await createSigner({ keyId: "app_1", secret: "a secret of at least thirty-two bytes" }),
    fetch: async (request) => {
      signed = [request.headers.has("signature"), request.headers.get("signature-input")?.includes("content-digest")];
      return Response.json({ success: true, data: {} });
    },
  });
  await signing.wares.create({ stall: stall.id, name: "Signed", price: 1 });
  seen.signed = signed;
  await bazaar.wares.delete(ware.id);
  seen.gone = await bazaar.wares.get(ware.id).catch(({ type }) => type);
  return seen;
};

if (globalThis.process?.argv?.[1]?.endsWith("use.mjs")) {
  const [, , folder, baseUrl, key] = process.argv;
  console.log(JSON.stringify(await use(await import(`${folder}/index.js`), baseUrl, key)));
}
