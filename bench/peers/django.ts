/** Django REST Framework from Debian's packages under gunicorn: peers/django/app.py, its customers and its transfers. */
import { join } from "node:path";
import { type Peer, Unavailable } from "../harness/peer.ts";
import { serve } from "../harness/server.ts";
import { apiKey, countRows, createBank, newCustomer, newCustomers, sampleIds } from "./bank.ts";
import { booksOf, createLedger, ledgerIds, type LedgerPeer, peerCalls } from "./ledger.ts";

const python = "/usr/bin/python3";
const packages = ["python3-djangorestframework", "python3-django-filters", "python3-psycopg2", "gunicorn"];
const headers = { authorization: `Bearer ${apiKey}` };
const posted = { ...headers, "content-type": "application/json" };

/** Installs Debian's packages where they are missing and this is root on a Debian; throws Unavailable otherwise. */
function ensurePackages(): void {
  const works = () =>
    Bun.spawnSync([python, "-c", "import rest_framework, django_filters, psycopg2, gunicorn"], { stderr: "ignore" }).exitCode ===
    0;
  const missing = `needs Debian's packages ${packages.join(", ")}`;
  if (Bun.which(python) === null) throw new Unavailable(missing);
  if (works()) return;
  if (Bun.which("apt-get") === null || process.getuid?.() !== 0) throw new Unavailable(missing);
  process.stderr.write(`installing ${packages.join(", ")} …\n`);
  Bun.spawnSync(["apt-get", "update", "-qq"]);
  Bun.spawnSync(["apt-get", "install", "-y", "-qq", "--no-install-recommends", ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
  if (!works()) throw new Unavailable(`${missing}, and apt-get could not install them`);
}

const startDjango = (database: string, account = "") =>
  serve({
    command: [
      "sh",
      "-c",
      `exec ${python} -m gunicorn --workers 2 --bind "127.0.0.1:$PORT" --backlog 1024 --log-level warning app:application`,
    ],
    cwd: join(import.meta.dir, "django"),
    env: { DATABASE_URL: database, PYTHONDONTWRITEBYTECODE: "1" },
    path: `/accounts/${account}`,
    headers,
  });

export const django: Peer = {
  name: "drf",
  what: "Django REST Framework (Debian) on gunicorn, two sync workers: ModelViewSet, cached keys, kept connections, audit row in the transaction",
  async start(surroundings) {
    ensurePackages();
    const database = await surroundings.createDatabase();
    await createBank(database);
    const server = await startDjango(database, sampleIds[0]);
    return {
      ...server,
      pids: [...server.serverPids, surroundings.postgresPid],
      calls: {
        get: { method: "GET", paths: sampleIds.map((id) => `/accounts/${id}`), headers, status: 200, check: "item", rows: 1 },
        list: {
          method: "GET",
          paths: ["/accounts?status=active&ordering=-createdAt&perPage=20"],
          headers,
          status: 200,
          check: "list",
          rows: 20,
        },
        create: {
          method: "POST",
          paths: ["/customers"],
          headers: posted,
          body: newCustomer,
          status: 201,
          check: "created",
          rows: 1,
        },
        batch: {
          method: "POST",
          paths: ["/customers"],
          headers: posted,
          body: newCustomers,
          status: 200,
          check: "batch",
          rows: 1000,
        },
      },
      count: (what) => countRows(database, what),
    };
  },
};

export const djangoTransfers: LedgerPeer = {
  name: "drf",
  what: "Django REST Framework (Debian) on gunicorn, two sync workers: transaction.atomic, select_for_update of both accounts in the order of their ids, cached keys, kept connections",
  async start(surroundings) {
    ensurePackages();
    const database = await surroundings.createDatabase();
    await createLedger(database);
    const server = await startDjango(database, ledgerIds[0]);
    const pids = [...server.serverPids, surroundings.postgresPid];
    return { ...server, pids, calls: peerCalls, books: booksOf(database) };
  },
};
