/** Draws lines over the ones drawn before, where the output is a terminal; elsewhere news come as they happen and the headline now and then. */
import type { News } from './tally.ts';
import { headline, linesOf, newsLine, type View } from './show.ts';

export interface Screen {
  draw(view: View): void;
  news(news: News): void;
  /** Below all that was drawn. */
  print(lines: readonly string[]): void;
}

const HEADLINE_EVERY_S = 10;
/** What was printed before stays in sight: the things to try. */
const ABOVE_ROWS = 8;
const LEAST_ROWS = 12;
const CLEAR_TO_END = '\u001b[0J';

export function openScreen(out: NodeJS.WriteStream): Screen {
  return out.isTTY ? liveScreen(out) : plainScreen(out);
}

function liveScreen(out: NodeJS.WriteStream): Screen {
  let drawn = 0;
  const put = (lines: readonly string[]) => {
    const up = drawn > 0 ? `\u001b[${drawn}F` : '';
    out.write(`${up}${CLEAR_TO_END}${lines.join('\n')}\n`);
  };
  return {
    draw: (view) => {
      const lines = linesOf(view, out.columns - 1).slice(0, Math.max(LEAST_ROWS, out.rows - ABOVE_ROWS));
      put(lines);
      drawn = lines.length;
    },
    // Part of the view.
    news: () => {},
    print: (lines) => {
      drawn = 0;
      put(['', ...lines]);
    },
  };
}

function plainScreen(out: NodeJS.WriteStream): Screen {
  let next = 0;
  const line = (text: string) => void out.write(`${text}\n`);
  return {
    draw: (view) => {
      if (view.seconds < next) return;
      next = view.seconds + HEADLINE_EVERY_S;
      line(headline(view));
    },
    news: (news) => line(newsLine(news)),
    print: (lines) => lines.forEach(line),
  };
}
