/** A bar for long work, only where a person watches; it leaves no trace in a log. */
import type { Output } from "./output.ts";

const barWidth = 28;
const redrawMs = 80;

export interface Progress {
  /** So far; drawn at most every 80 ms. */
  show(label: string, done: number, total: number): void;
  /** Takes the bar away. */
  end(): void;
}

export const createProgress = (output: Output, clock: () => number = performance.now.bind(performance)): Progress => {
  let drawnAt = Number.NEGATIVE_INFINITY;
  let isDrawn = false;
  return {
    show(label, done, total) {
      if (!output.isWatched || total <= 0) return;
      const now = clock();
      if (now - drawnAt < redrawMs && done < total) return;
      drawnAt = now;
      isDrawn = true;
      const share = Math.min(1, Math.max(0, done / total));
      const filled = Math.round(share * barWidth);
      const bar = "█".repeat(filled) + "░".repeat(barWidth - filled);
      const line = `${label} ${bar} ${String(Math.floor(share * 100)).padStart(3)} % (${done} of ${total})`;
      output.overwrite(line.slice(0, output.columns - 1));
    },
    end() {
      if (isDrawn) output.overwrite("");
      isDrawn = false;
    },
  };
};
