/**
 * Fresh databases on a running Postgres. They belong to an ordinary role, since a superuser is not bound by row-level security and a test
 * as superuser would prove nothing about it.
 */
import { SQL } from "bun";

/** The role that owns the databases of tests, and may make the one that calls run as; it has the password of the server's superuser. */
const owner = "pons_test";
const duplicateObject = "42710";
const namePattern = /^[a-z][a-z0-9_]{0,62}$/;

async function run(url: string, statements: readonly string[]): Promise<void> {
  const sql = new SQL(url, { max: 1 });
  try {
    for (const statement of statements) await sql.unsafe(statement);
  } finally {
    await sql.close({ timeout: 0 });
  }
}

/** Makes the role that owns databases of tests, where it does not exist yet. `adminUrl`: a superuser's. */
export async function createOwner(adminUrl: string): Promise<void> {
  const password = decodeURIComponent(new URL(adminUrl).password).replaceAll("'", "''");
  try {
    await run(adminUrl, [`create role ${owner} login createrole password '${password}'`]);
  } catch (error) {
    if ((error as { errno?: string }).errno !== duplicateObject) throw error;
  }
}

function checkedName(name: string): string {
  if (namePattern.test(name)) return name;
  throw new TypeError(`a database's name is ${namePattern.source}, not ${JSON.stringify(name)}`);
}

/** A fresh, empty database; its owner's URL. The name is made up where none is given. */
export async function createDatabaseOn(adminUrl: string, name = `t_${crypto.randomUUID().replaceAll("-", "")}`): Promise<string> {
  await run(adminUrl, [`create database ${checkedName(name)} owner ${owner} template template0`]);
  const url = new URL(adminUrl);
  url.username = owner;
  url.pathname = `/${name}`;
  return url.href;
}

/** Removes a database, also under connections that are still open. */
export async function dropDatabaseOn(adminUrl: string, name: string): Promise<void> {
  await run(adminUrl, [`drop database if exists ${checkedName(name)} with (force)`]);
}
