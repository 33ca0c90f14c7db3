import type { LogLine } from "../api/queries";

/** How high a row of text is, in pixels: log.css says the same. */
export const ROW = 20;

const LOUD = new Set(["warning", "error", "critical"]);
const CODES = /\u001b\[[!<-?]*[\d;]*[ -,]*[@-~]/g;
const UNEVEN = /[^\u001b -~]/; // letters that may be wider than others, tabs, ends of lines

/** Whether a line says its level in front. */
export function isLoud(line: LogLine): boolean {
  return LOUD.has(line.level.toLowerCase());
}

/** Whether only drawing it tells how many rows it takes. */
export function isUneven(line: LogLine): boolean {
  return UNEVEN.test(line.text);
}

/** The rows of a line where lines break at any letter and all letters are as wide. */
export function rowsOf(line: LogLine, columns: number): number {
  const before = isLoud(line) ? line.level.length + 1 : 0;
  if (line.text.length + before <= columns && !line.text.includes("\n")) return 1;
  return line.text
    .replace(CODES, "")
    .split("\n")
    .map((part, index) => Math.max(1, Math.ceil((part.length + (index ? 0 : before)) / columns)))
    .reduce((sum, rows) => sum + rows, 0);
}

/**
 * Where each of the shown lines begins, without drawing any of them. It grows with them, and what
 * was measured after all is put right.
 */
export class Heights {
  private readonly ends: number[] = [];

  constructor(
    private readonly lines: LogLine[],
    private readonly shown: number[],
    private readonly columns: number,
  ) {}

  /** Take in the lines that have come. */
  grow(): void {
    let end = this.total;
    for (let index = this.ends.length; index < this.shown.length; index++) {
      const line = this.lines[this.shown[index] ?? 0];
      end += line ? rowsOf(line, this.columns) : 1;
      this.ends.push(end);
    }
  }

  get total(): number {
    return this.ends.at(-1) ?? 0;
  }

  begin(index: number): number {
    return index > 0 ? (this.ends[index - 1] ?? 0) : 0;
  }

  rows(index: number): number {
    return (this.ends[index] ?? 0) - this.begin(index);
  }

  correct(index: number, rows: number): void {
    const more = rows - this.rows(index);
    for (let one = index; one < this.ends.length; one++)
      this.ends[one] = (this.ends[one] ?? 0) + more;
  }

  /** The line that a row is of. */
  at(row: number): number {
    let [low, high] = [0, this.ends.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.ends[middle] ?? 0) > row) high = middle;
      else low = middle + 1;
    }
    return Math.max(0, low);
  }
}
