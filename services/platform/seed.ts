/** The platform of the demo tenant: what it offers, and a community that everyone may join. */
import type { Seeder } from "pons";
import { seedCommerce } from "./commerce/index.ts";

/** Makes it by the operations that administrators use. Yields the number of rows done. */
export async function* seed(seeder: Seeder): AsyncGenerator<{ readonly done: number; readonly total: number }> {
  let done = 0;
  for await (const step of seedCommerce(seeder)) {
    ({ done } = step);
    yield { done, total: step.total + 1 };
  }
  await seeder.call("communities.create", [
    {
      name: "developers",
      title: "Demo developers",
      doc: "Everyone who wants to try the demo's services. One's first call is a sign-up away.",
      joining: "open",
    },
  ]);
  yield { done: done + 1, total: done + 1 };
}
