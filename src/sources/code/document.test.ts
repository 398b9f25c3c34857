import { describe, expect, test } from "bun:test";
import { safeFilename } from "./document.ts";

describe("names of files are safe to save under", () => {
  const cases: readonly (readonly [given: string, safe: string])[] = [
    ["may.csv", "may.csv"],
    ["Kontoauszug März.csv", "Kontoauszug März.csv"],
    ["../../etc/passwd", "_.._etc_passwd"],
    ["C:\\Windows\\win.ini", "C__Windows_win.ini"],
    ["-rf", "rf"],
    [".bashrc", "bashrc"],
    ['a"b\r\nSet-Cookie: x', "a_b__Set-Cookie_ x"],
    ["gpj\u202Eexe.csv", "gpj_exe.csv"],
    ["a\ud800b", "a�b"],
    ["name. ", "name"],
    ["   ", "document"],
    ["", "document"],
    ["...", "document"],
    [`${"a".repeat(300)}.csv`, `${"a".repeat(116)}.csv`],
    ["😀".repeat(200), "😀".repeat(120)],
  ];
  test.each(cases)("%p", (given, safe) => {
    expect(safeFilename(given)).toBe(safe);
  });
});
