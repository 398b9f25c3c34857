/** What the test of `pons jobs` serves: a job that fails as long as a file is there, and a schedule. */
import { existsSync } from "node:fs";
import { job, schedule } from "../../src/index.ts";
import { mark, worksWith } from "./works.ts";

export default worksWith({
  welcome: job({
    doc: "Fails while it is told to.",
    on: "orders.placed",
    attempts: 1,
    run: (ctx, event) => {
      mark(ctx, "welcome", event);
      if (existsSync(process.env["PONS_TEST_BROKEN"] ?? "")) throw new Error("it is broken");
    },
  }),
  nightly: schedule("0 3 * * *", { doc: "At night.", run: () => undefined }),
});
