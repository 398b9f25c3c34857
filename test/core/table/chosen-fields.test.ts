/** Reads of one row with chosen fields: planned once for those who ask for the same, and still everybody's own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import definition from "../depot/index.ts";
import { type Caller, dataOf, forEachEngine, idOf, refusalOf, type Running, serve } from "../harness.ts";

forEachEngine((engine) => {
  describe("chosen fields", () => {
    let depot: Running;
    let asAnn: Caller;
    let asBob: Caller;
    let annBox: string;
    let bobBox: string;

    beforeAll(async () => {
      depot = await serve(await engine.create(), { services: [definition] });
      const owner = async (name: string, phone: string): Promise<string> =>
        idOf(await depot.call("owners.create", { body: { name, pin: "1234", phone } }));
      const [ann, bob] = [await owner("Ann", "+493012345678"), await owner("Bob", "+4930119301")];
      asAnn = depot.caller("owner", { subject: ann, user: "ann" });
      asBob = depot.caller("owner", { subject: bob, user: "bob" });
      annBox = idOf(await depot.call("boxes.create", { body: { owner: ann, code: "a", value: 10 } }));
      bobBox = idOf(await depot.call("boxes.create", { body: { owner: bob, code: "b", value: 20 } }));
    });
    afterAll(() => depot[Symbol.asyncDispose]());

    const get = (as: Caller, id: string, fields: readonly string[]) => depot.call("boxes.get", { as, id, query: { fields } });

    test("SECURITY 23: what was planned for one caller shows another his own rows and no others", async () => {
      for (let round = 0; round < 2; round++) {
        expect(dataOf(await get(asAnn, annBox, ["code", "value"]))).toEqual({ code: "a", value: 10 } as never);
        expect(dataOf(await get(asBob, bobBox, ["code", "value"]))).toEqual({ code: "b", value: 20 } as never);
        expect(refusalOf(await get(asBob, annBox, ["code", "value"])).type).toBe("not_found");
        expect(refusalOf(await get(asAnn, bobBox, ["code", "value"])).type).toBe("not_found");
      }
    });

    test("each list of fields is its own, however it is written", async () => {
      expect(dataOf(await get(asAnn, annBox, ["code"]))).toEqual({ code: "a" } as never);
      expect(dataOf(await get(asAnn, annBox, ["code", "value"]))).toEqual({ code: "a", value: 10 } as never);
      for (const fields of [["code,value"], ["code", "nothing"], [""], []])
        expect(refusalOf(await get(asAnn, annBox, fields)).type).toBe("validation_failed");
      const onlyShown = (fields: readonly string[]) =>
        depot.call("boxes.get", { as: asAnn, id: annBox, query: { fields, onlyShown: true } });
      expect(dataOf(await onlyShown(["code,value", "state"]))).toEqual({ state: "open" } as never);
      expect(dataOf(await onlyShown(["code", "value,state"]))).toEqual({ code: "a" } as never);
      expect(dataOf(await onlyShown(["code", "value", "state"]))).toEqual({ code: "a", value: 10, state: "open" } as never);
    });

    test("relations are chosen anew each time", async () => {
      for (const as of [asAnn, asBob]) {
        const id = as === asAnn ? annBox : bobBox;
        const name = as === asAnn ? "Ann" : "Bob";
        expect(dataOf(await get(as, id, ["code", "owner.name"]))).toMatchObject({ owner: { name } });
      }
    });
  });
});
