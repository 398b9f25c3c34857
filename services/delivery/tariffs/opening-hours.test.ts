import { describe, expect, test } from "bun:test";
import { isOpenAt, type OpeningHours, worktimeOf } from "./opening-hours.ts";

const week = (weekdays: readonly number[], from: number, to: number) => weekdays.map((weekday) => ({ weekday, from, to }));

const hours: OpeningHours = {
  weekly: [...week([1, 2, 3, 4, 5], 840, 1080), ...week([1, 2, 3, 4, 5], 480, 780), ...week([6], 600, 1440)],
  exceptions: [
    { date: "2026-12-31", intervals: [{ from: 540, to: 900 }] },
    { date: "2026-12-25", intervals: [] },
  ],
};

describe("opening hours", () => {
  test("as one line of text", () => {
    expect(worktimeOf(hours)).toBe(
      "Mon–Fri 08:00–13:00, 14:00–18:00; Sat 10:00–24:00; Sun closed; 2026-12-25 closed; 2026-12-31 09:00–15:00",
    );
    expect(worktimeOf({ weekly: week([1, 2, 3, 4, 5, 6, 7], 0, 1440), exceptions: [] })).toBe("Mon–Sun 00:00–24:00");
    const words = { weekdays: ["Пн", "Вт", "Ср", "Чт", "Пт", "Сб", "Вс"], closed: "закрыто" };
    expect(worktimeOf({ weekly: week([1], 540, 600), exceptions: [] }, { words })).toBe("Пн 09:00–10:00; Вт–Вс закрыто");
    // What is over is told no more; the day itself is.
    expect(worktimeOf(hours, { since: "2026-12-31" })).toEndWith("Sun closed; 2026-12-31 09:00–15:00");
  });

  const cases: readonly (readonly [what: string, timeZone: string, at: string, isOpen: boolean])[] = [
    ["the first minute, summer time", "Europe/Berlin", "2026-06-01T06:00:00Z", true],
    ["a second before", "Europe/Berlin", "2026-06-01T05:59:59Z", false],
    ["the same moment in winter", "Europe/Berlin", "2026-01-05T06:30:00Z", false],
    ["the end is not open", "Europe/Berlin", "2026-01-05T12:00:00Z", false],
    ["after the break", "Europe/Berlin", "2026-01-05T13:00:00Z", true],
    ["Saturday there, Friday in UTC", "Pacific/Auckland", "2026-06-05T23:00:00Z", true],
    ["Saturday in UTC, Sunday there", "Pacific/Auckland", "2026-06-06T13:00:00Z", false],
    ["a shorter day", "Europe/Berlin", "2026-12-31T14:00:00Z", false],
    ["a holiday", "Europe/Berlin", "2026-12-25T09:00:00Z", false],
  ];
  test.each(cases)("%s", (_, timeZone, at, isOpen) => {
    expect(isOpenAt(hours, { timeZone, at })).toBe(isOpen);
  });

  test("an unknown zone or instant is a fault", () => {
    expect(() => isOpenAt(hours, { timeZone: "Nowhere/Town", at: "2026-01-01T00:00:00Z" })).toThrow(RangeError);
    expect(() => isOpenAt(hours, { timeZone: "Europe/Berlin", at: "noon" })).toThrow(RangeError);
  });
});
