/** Jobs are bounded in number, in time and in memory, and belong to who started them. */
import { expect, test } from "bun:test";
import { Jobs } from "./jobs.ts";
import type { Verdict } from "./verdict.ts";

const limits = { jobsMax: 4, jobsPerCallerMax: 2, jobMsMax: 1000, jobBytesMax: 1000 };
const done: Verdict = { success: true, status: 200, data: 1 };

const openJobs = () => {
  let now = 1_000_000;
  const jobs = new Jobs(limits, () => now);
  return { jobs, pass: (ms: number) => (now += ms) };
};

test("a job runs, is done, and expires", async () => {
  const { jobs, pass } = openJobs();
  const work = Promise.withResolvers<Verdict>();
  const { id } = jobs.start("a", work.promise);
  expect(jobs.find("a", id)).toEqual({ id, status: "running", createdAt: "1970-01-01T00:16:40.000Z" });
  expect(jobs.find("b", id)).toBeUndefined();
  pass(5000);
  // What runs does not expire.
  expect(jobs.find("a", id)?.status).toBe("running");
  work.resolve(done);
  await Bun.sleep(0);
  expect(jobs.find("a", id)).toMatchObject({ status: "done", finishedAt: "1970-01-01T00:16:45.000Z", outcome: done });
  pass(1001);
  expect(jobs.find("a", id)).toBeUndefined();
});

test("there is room for so many in all, and of one caller", () => {
  const { jobs } = openJobs();
  const never = new Promise<Verdict>(() => {});
  jobs.start("a", never);
  jobs.start("a", never);
  expect([jobs.hasRoom("a"), jobs.hasRoom("b")]).toEqual([false, true]);
  jobs.start("b", never);
  jobs.start("c", never);
  expect(jobs.hasRoom("d")).toBe(false);
});

test("outcomes beyond the memory push out the oldest", async () => {
  const { jobs } = openJobs();
  const big: Verdict = { success: true, status: 200, data: "x".repeat(200) };
  const ids: string[] = [];
  for (const owner of ["a", "b", "c"]) {
    ids.push(jobs.start(owner, Promise.resolve(big)).id);
    await Bun.sleep(0);
  }
  expect(["a", "b", "c"].map((owner, index) => jobs.find(owner, ids[index] as string)?.status)).toEqual([
    undefined,
    "done",
    "done",
  ] as never);
});

test("an unknown key leaves nothing", async () => {
  const { jobs } = openJobs();
  const { id } = jobs.start("a", Promise.resolve({ success: false, status: 401 }));
  await Bun.sleep(0);
  expect(jobs.find("a", id)).toBeUndefined();
  expect(jobs.hasRoom("a")).toBe(true);
});
