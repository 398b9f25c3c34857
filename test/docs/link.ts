/** Links and headings of a Markdown file; those inside code count for neither. */

export interface Link {
  readonly target: string;
  readonly line: number;
}

/** Lines with code blanked, so that positions stay. */
const proseOf = (markdown: string): readonly string[] => {
  let isCode = false;
  return markdown.split("\n").map((line) => {
    if (/^\s*```/.test(line)) {
      isCode = !isCode;
      return "";
    }
    return isCode ? "" : line;
  });
};

/** Inline links, images and definitions of reference links. */
export const linksOf = (markdown: string): readonly Link[] =>
  proseOf(markdown).flatMap((text, index) => {
    const prose = text.replace(/`[^`]*`/g, (code) => " ".repeat(code.length));
    const inline = [...prose.matchAll(/\]\(\s*<?([^()\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
    const defined = [...prose.matchAll(/^\s*\[[^\]]+\]:\s+<?(\S+?)>?\s*$/g)];
    return [...inline, ...defined].map(([, target]) => ({ target: target ?? "", line: index + 1 }));
  });

/** Fragments of the headings, as code hostings make them. */
export const slugsOf = (markdown: string): ReadonlySet<string> => {
  const slugs = new Set<string>();
  for (const line of proseOf(markdown)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    let unique = slug;
    for (let count = 1; slugs.has(unique); count++) unique = `${slug}-${count}`;
    slugs.add(unique);
  }
  return slugs;
};
