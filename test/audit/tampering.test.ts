/** Whatever somebody who owns the database does to a row of the audit is found, and the first bad row is named. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RawRows, signingKeyOf } from "../../src/audit/index.ts";
import { chainHash, chainStart, type JournalRow, journalText } from "../../src/batch/chain.ts";
import { Writer } from "../../src/batch/index.ts";
import { installationTables } from "../../src/host/app.ts";
import { grantKeys } from "../../src/host/keys.ts";
import { openStore } from "../../src/store/index.ts";
import { forEachEngine } from "../core/harness.ts";
import { audited, type Audited, publicKey } from "./audited.ts";

/** What is done to six rows of the journal in realm R (checkpoints behind rows 3 and 6), and what is told. */
const journalCases: readonly { readonly name: string; readonly sql: readonly string[]; readonly told: readonly unknown[] }[] = [
  {
    name: "a flipped character of a JSON value",
    sql: [
      `UPDATE pons_journal SET changes = replace(CAST(changes AS TEXT), 'Owner 2', 'Owner 7')::json WHERE realm = R AND seq = 2`,
    ],
    told: ["pons_journal realm 2: its hash is not that of its content and of the row before"],
  },
  {
    name: "a space that means nothing to JSON",
    sql: [
      `UPDATE pons_journal SET changes = replace(CAST(changes AS TEXT), '"name":', '"name": ')::json WHERE realm = R AND seq = 2`,
    ],
    told: ["pons_journal realm 2: its hash is not that of its content and of the row before"],
  },
  ...[
    [`"user" = 'somebody else'`, "who did it"],
    [`"at" = '2020-01-01T00:00:00.000Z'`, "when"],
    [`"operation" = 'depot.owners.delete'`, "what was called"],
    [`"address" = '192.0.2.1'`, "from where"],
    [`"actor" = '{"tenant":"x"}'::json`, "who really acted"],
    [`"status" = 200`, "how it ended"],
    [`"request_id" = 'another'`, "the request"],
    [`"events" = '[]'::json`, "its events"],
    [`"hash" = '${"0".repeat(64)}'`, "its hash"],
  ].map(([set = "", name = ""]) => ({
    name: `another value: ${name}`,
    sql: [`UPDATE pons_journal SET ${set} WHERE realm = R AND seq = 4`],
    told: [expect.stringMatching(/^pons_journal realm 4: its hash/)],
  })),
  {
    name: "a hash taken away",
    sql: ["UPDATE pons_journal SET hash = NULL WHERE realm = R AND seq = 4"],
    told: ["pons_journal realm 4: it has no hash"],
  },
  {
    name: "the hashes of the first rows taken away, as if they were older than the chain",
    sql: ["UPDATE pons_journal SET hash = NULL WHERE realm = R AND seq <= 2"],
    told: ["pons_journal realm 3: its hash is not that of its content and of the row before"],
  },
  {
    name: "a deleted row",
    sql: ["DELETE FROM pons_journal WHERE realm = R AND seq = 2"],
    told: ["pons_journal realm 2: it is missing"],
  },
  {
    name: "a deleted row, with the later ones moved up",
    sql: [
      "DELETE FROM pons_journal WHERE realm = R AND seq = 2",
      ...[3, 4, 5, 6].map((seq) => `UPDATE pons_journal SET seq = ${seq - 1} WHERE realm = R AND seq = ${seq}`),
    ],
    told: [
      "pons_journal realm 2: its hash is not that of its content and of the row before",
      expect.stringMatching(/^pons_journal realm 3: its hash is another one than was signed in checkpoint 1 /),
    ],
  },
  {
    name: "the first row deleted",
    sql: ["DELETE FROM pons_journal WHERE realm = R AND seq = 1"],
    told: ["pons_journal realm 1: it is missing"],
  },
  {
    name: "two rows exchanged",
    sql: [
      "UPDATE pons_journal SET seq = 100 WHERE realm = R AND seq = 4",
      "UPDATE pons_journal SET seq = 4 WHERE realm = R AND seq = 5",
      "UPDATE pons_journal SET seq = 5 WHERE realm = R AND seq = 100",
    ],
    told: ["pons_journal realm 4: its hash is not that of its content and of the row before"],
  },
  {
    name: "a row put in at the end",
    sql: [copied("7")],
    told: ["pons_journal realm 7: its hash is not that of its content and of the row before"],
  },
  {
    name: "a row put in before the first",
    sql: [copied("-9223372036854775807 - 1")],
    told: ["pons_journal realm 1: there is a row -9223372036854776000"],
  },
  {
    name: "a row of another realm put in",
    sql: [copied("1").replace("SELECT realm,", "SELECT 4711,")],
    told: [expect.stringMatching(/^pons_journal realm 1: its hash/)],
  },
  {
    name: "the end cut off",
    sql: ["DELETE FROM pons_journal WHERE realm = R AND seq > 4"],
    told: [
      "pons_journal realm 5: it is missing, and all up to row 6, which the counter tells of",
      expect.stringMatching(/^pons_journal realm 6: it is missing, although it was signed in checkpoint 2 /),
    ],
  },
  {
    name: "the end cut off, and the counter set back",
    sql: [
      "DELETE FROM pons_journal WHERE realm = R AND seq > 4",
      "UPDATE pons_counters SET value = 4 WHERE realm = R AND name = 'journal'",
    ],
    told: [expect.stringMatching(/^pons_journal realm 6: it is missing, although it was signed in checkpoint 2 /)],
  },
  {
    name: "the counter set back",
    sql: ["UPDATE pons_counters SET value = 5 WHERE realm = R AND name = 'journal'"],
    told: ["pons_journal realm 6: the counter ends with row 5"],
  },
  {
    name: "the whole journal gone",
    sql: ["DELETE FROM pons_journal WHERE realm = R", "DELETE FROM pons_counters WHERE realm = R"],
    told: [expect.stringMatching(/^pons_journal realm 3: it is missing, although it was signed in checkpoint 1 /)],
  },
];

/** A copy of row 6 under another number. */
function copied(seq: string): string {
  const columns = `"at", operation, channel, request_id, address, app, "user", subject, status, changes, events, actor, hash`;
  return `INSERT INTO pons_journal (realm, seq, ${columns}) SELECT realm, ${seq}, ${columns} FROM pons_journal WHERE realm = R AND seq = 6`;
}

/** Statements that make the hashes of a realm anew after `change`, as who knows the code can do it. */
const forged = async (world: Audited, change: (row: JournalRow) => JournalRow): Promise<readonly string[]> => {
  const statements: string[] = [];
  let previous = chainStart;
  for await (const row of new RawRows(world.store).journal(world.depot.realm)) {
    previous = chainHash(journalText(previous, change(row)));
    statements.push(`UPDATE pons_journal SET hash = '${previous}' WHERE realm = R AND seq = ${row.seq}`);
  }
  return statements;
};

const columnsOfRefusals =
  'realm, stream, SEQ, at, count, type, status, tenant, operation, channel, request_id, address, app, key_id, "user", subject, actor, hash';

forEachEngine((engine) => {
  describe("SECURITY 64: tampering with the audit is found", () => {
    /** Six rows of the journal, three refusals, and two checkpoints, behind the third row and behind all. */
    let world: Audited;
    beforeAll(async () => {
      world = await audited(await engine.create());
      await world.create(3);
      await world.audit.flush();
      await world.create(3);
      await world.beRefused();
      await world.audit.flush();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    test("what nobody has touched agrees", async () => {
      expect(await world.verify({ withExport: true })).toEqual({
        journal: { realms: 1, rows: 6, unchained: 0 },
        refusals: { streams: 2, rows: 3 },
        checkpoints: { statements: 2, heads: 4 },
        exported: { statements: 2, heads: 4 },
        problems: [],
      });
    });

    test.each(journalCases.map((one) => [one.name, one] as const))("journal: %s", async (_, { sql, told }) => {
      expect(await world.told(sql)).toEqual([told as string[]]);
    });

    test("journal: a row changed, and every hash behind it made anew: only who signed can tell", async () => {
      const change = `UPDATE pons_journal SET "user" = 'somebody else' WHERE realm = R AND seq = 2`;
      const forgery = [change, ...(await forged(world, (row) => (row.seq === 2 ? { ...row, user: "somebody else" } : row)))];
      const signed = expect.stringMatching(/^pons_journal realm 3: its hash is another one than was signed in checkpoint 1 /);
      expect(await world.told(forgery)).toEqual([[signed]]);
      // Where the checkpoints of the database are gone too, those that were exported tell.
      expect(await world.told([...forgery, "DELETE FROM pons_checkpoints"], {}, { withExport: true })).toEqual([
        [],
        ["pons_checkpoints 0 1: it is missing, although it was exported", signed],
      ]);
    });

    test("the end of everything cut off, counters and checkpoints with it: what was exported tells", async () => {
      const cut = [
        "DELETE FROM pons_journal WHERE realm = R AND seq > 3",
        "UPDATE pons_counters SET value = 3 WHERE realm = R AND name = 'journal'",
        "DELETE FROM pons_refusals",
        "DELETE FROM pons_checkpoints WHERE seq = 2",
      ];
      expect(await world.told(cut, {}, { withExport: true })).toEqual([
        [],
        [
          "pons_checkpoints 0 2: it is missing, although it was exported",
          expect.stringMatching(/^pons_journal realm 6: it is missing, although it was signed in checkpoint 2 /),
          expect.stringMatching(/^pons_refusals realm 2: it is missing, although it was signed in checkpoint 2 /),
          expect.stringMatching(/^pons_refusals 0 1: it is missing, although it was signed in checkpoint 2 /),
        ],
      ]);
    });

    const ofRefusals: readonly (readonly [name: string, sql: readonly string[], told: string])[] = [
      ["changed", ["UPDATE pons_refusals SET address = '192.0.2.9' WHERE realm = R AND seq = 2"], "2: its hash is not that"],
      ["with another count", ["UPDATE pons_refusals SET count = 9 WHERE realm = R AND seq = 1"], "1: its hash is not that"],
      ["deleted", ["DELETE FROM pons_refusals WHERE realm = R AND seq = 1"], "1: it is missing"],
      ["cut off", ["DELETE FROM pons_refusals WHERE realm = R AND seq = 2"], "2: it is missing, although it was signed"],
      ["all gone", ["DELETE FROM pons_refusals WHERE realm = R"], "2: it is missing, although it was signed"],
      ["moved to another realm", ["UPDATE pons_refusals SET realm = 4711 WHERE realm = R"], "1: its hash is not that"],
      [
        "put in behind the end",
        [
          `INSERT INTO pons_refusals (${columnsOfRefusals.replace("SEQ", "seq")}) SELECT ${columnsOfRefusals.replace("SEQ", "3")} ` +
            "FROM pons_refusals WHERE realm = R AND seq = 2",
        ],
        "3: its hash is not that",
      ],
      [
        "exchanged with another",
        [
          "UPDATE pons_refusals SET seq = CASE seq WHEN 1 THEN -2 ELSE -1 END WHERE realm = R",
          "UPDATE pons_refusals SET seq = -seq WHERE realm = R",
        ],
        "1: its hash is not that",
      ],
    ];
    test.each(ofRefusals)("refusals: a row %s", async (_, sql, told) => {
      expect((await world.told(sql))[0]?.[0]).toStartWith(`pons_refusals realm ${told}`);
    });

    const ofCheckpoints: readonly (readonly [name: string, sql: string, told: string])[] = [
      [
        "whose statement is changed",
        "UPDATE pons_checkpoints SET statement = replace(statement, ',6,', ',5,') WHERE seq = 2",
        "2: its signature is not that",
      ],
      [
        "whose signature is changed",
        "UPDATE pons_checkpoints SET signature = 'AAAA' WHERE seq = 1",
        "1: its signature is not that",
      ],
      [
        "of another key",
        "UPDATE pons_checkpoints SET signer = '0000000000000000' WHERE seq = 1",
        "1: it is signed with a key that is not known",
      ],
      ["that is missing", "DELETE FROM pons_checkpoints WHERE seq = 1", "1: it is missing"],
      [
        "that takes the place of another",
        "UPDATE pons_checkpoints SET stream = 'x', seq = 1 WHERE seq = 2",
        "1: it states another place",
      ],
      ["that states nothing", "UPDATE pons_checkpoints SET statement = 'nothing' WHERE seq = 1", "1: its signature is not that"],
    ];
    test.each(ofCheckpoints)("checkpoints: one %s", async (_, sql, told) => {
      expect((await world.told([sql])).flat()).toContainEqual(expect.stringContaining(`pons_checkpoints 0 ${told}`));
    });

    test("a key of another installation does not count, a former one does when it is given", async () => {
      const other = signingKeyOf("the secret of another installation").public;
      const unknown = [1, 2].map(
        (seq) => `pons_checkpoints 0 ${seq}: it is signed with a key that is not known: ${publicKey.id}`,
      );
      expect(await world.told([], { keys: [other] }, { keys: [other, publicKey] })).toEqual([unknown, []]);
    });

    test("one tenant's rows are verified without the others'", async () => {
      const { realm } = world.depot;
      const change = "UPDATE pons_journal SET status = 200 WHERE realm = R AND seq = 2";
      const told = await world.told([change], { realms: new Set([realm + 1]) }, { realms: new Set([realm]) });
      expect(told.map(({ length }) => length)).toEqual([0, 1]);
    });

    test("the tables refuse changes by themselves", async () => {
      for (const table of ["pons_journal", "pons_refusals", "pons_checkpoints"]) {
        for (const sql of [`UPDATE ${table} SET seq = seq + 1`, `DELETE FROM ${table}`])
          expect(async () => world.store.admin.query(sql)).toThrow(/append-only/);
      }
    });
  });

  describe("chain", () => {
    const grant = async (writer: Writer, name: string): Promise<void> =>
      grantKeys({ writer }, [
        { key: `pons_live_${name}`, tenant: "a", environment: "live", app: name, user: null, subject: null, roles: ["clerk"] },
      ]);
    const inInstallation = { realms: new Set([0]) };

    test("rows that are older than the chain stand before it", async () => {
      await using world = await audited(await engine.create());
      const newWriter = (): Writer => new Writer(world.store, { order: installationTables });
      const before = newWriter();
      await grant(before, "one");
      await grant(before, "two");
      await world.tamper("UPDATE pons_journal SET hash = NULL");
      // As a process that starts on a database of an earlier version.
      await grant(newWriter(), "three");
      const { journal, problems } = await world.verify(inInstallation);
      expect({ journal, problems }).toEqual({ journal: { realms: 1, rows: 3, unchained: 2 }, problems: [] });
      await world.tamper("DELETE FROM pons_journal WHERE seq = 1");
      expect((await world.verify(inInstallation)).problems).toMatchObject([
        { table: "pons_journal", seq: 1, what: "it is missing" },
      ]);
    });

    test("processes that write one realm in turns make one chain", async () => {
      await using world = await audited(await engine.create());
      const elsewhere = await openStore(world.url);
      const writers = [world.store, elsewhere, world.store].map((store) => new Writer(store, { order: installationTables }));
      for (let round = 0; round < 4; round++)
        for (const [at, writer] of writers.entries()) await Promise.all([1, 2].map((n) => grant(writer, `r${round}w${at}n${n}`)));
      const { journal, problems } = await world.verify(inInstallation);
      expect({ journal, problems }).toEqual({ journal: { realms: 1, rows: 24, unchained: 0 }, problems: [] });
      await elsewhere.close();
    });

    test("rows that are written while it is verified are no problem", async () => {
      await using world = await audited(await engine.create());
      const writing = world.create(40);
      for (let round = 0; round < 6; round++) expect((await world.verify()).problems).toEqual([]);
      await writing;
      expect(await world.verify()).toMatchObject({ journal: { rows: 40 }, problems: [] });
    });

    test("a batch that is rolled back leaves no trace in it", async () => {
      await using world = await audited(await engine.create());
      const { depot } = world;
      await world.create(1);
      const results = await depot.batch(
        [
          { operation: "owners.create", options: { body: { name: "Kept?" } } },
          { operation: "boxes.seal", options: { id: "box_00000000000000000000000000", body: {} } },
        ],
        "atomic",
      );
      expect(results.map(({ ok }) => ok)).toEqual([false, false]);
      await world.create(1);
      expect((await world.verify()).journal).toEqual({ realms: 1, rows: 2, unchained: 0 });
    });
  });
});
