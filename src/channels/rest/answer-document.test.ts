import { expect, test } from "bun:test";
import { attachment } from "./answer-document.ts";

const cases: readonly (readonly [filename: string, header: string])[] = [
  ["may.csv", 'attachment; filename="may.csv"'],
  ["Auszug März.csv", "attachment; filename=\"Auszug M_rz.csv\"; filename*=UTF-8''Auszug%20M%C3%A4rz.csv"],
  ["выписка.xml", "attachment; filename=\"_______.xml\"; filename*=UTF-8''%D0%B2%D1%8B%D0%BF%D0%B8%D1%81%D0%BA%D0%B0.xml"],
  ["it's (1)!*é", "attachment; filename=\"it's (1)!*_\"; filename*=UTF-8''it%27s%20%281%29%21%2A%C3%A9"],
  ["😀.csv", "attachment; filename=\"_.csv\"; filename*=UTF-8''%F0%9F%98%80.csv"],
];

test.each(cases)("the name %p as a header", (filename, header) => {
  expect(attachment(filename)).toBe(header);
  // As a client would read it back.
  const extended = /filename\*=UTF-8''(\S+)$/.exec(header)?.[1];
  expect(decodeURIComponent(extended ?? filename)).toBe(filename);
});
